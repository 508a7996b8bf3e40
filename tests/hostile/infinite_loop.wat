;; Loops without end.
;; expect: it used up its fuel
(func $decide (type $decide) (loop $again (br $again)) (unreachable))
