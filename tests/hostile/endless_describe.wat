;; Loops when it is asked what it is.
;; expect: refused: it could not be asked what it is, because it used up its fuel
(func $describe (type $describe) (loop $again (br $again)) (unreachable))
