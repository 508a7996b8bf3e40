;; Divides by zero.
;; expect: it trapped: wasm trap: integer divide by zero
(func $decide (type $decide) (i32.div_u (i32.const 1) (i32.const 0)))
