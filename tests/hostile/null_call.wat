;; Calls an empty place of a table.
;; expect: it trapped: wasm trap: uninitialized element
(table 1 funcref)
(func $decide (type $decide) (call_indirect (result i32) (i32.const 0)))
