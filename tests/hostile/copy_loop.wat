;; Copies its memory again and again.
;; expect: one of: it used up its fuel | it took too long
(func $decide (type $decide)
  (loop $again (memory.copy (i32.const 65536) (i32.const 131072) (i32.const 120000)) (br $again))
  (unreachable))
