;; Looks for room without end.
;; expect: it used up its fuel
(func $realloc (type $realloc) (loop $again (br $again)) (unreachable))
