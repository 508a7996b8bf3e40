;; Fills its memory again and again: every fill is one cheap instruction.
;; expect: one of: it used up its fuel | it took too long
(func $decide (type $decide)
  (loop $again (memory.fill (i32.const 65536) (i32.const 7) (i32.const 190000)) (br $again))
  (unreachable))
