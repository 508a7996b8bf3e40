;; Writes behind its memory.
;; expect: it trapped: wasm trap: out of bounds memory access
(func $decide (type $decide) (i32.store (i32.const -8) (i32.const 1)) (global.get $decision))
