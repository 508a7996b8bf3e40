;; Answers well, then cleans up without end.
;; expect: it used up its fuel
(func $post_return (type $post_return) (loop $again (br $again)))
