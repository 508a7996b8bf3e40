;; Two functions call each other through a table without end.
;; expect: it trapped: wasm trap: call stack exhausted
(table 2 funcref)
(elem (i32.const 0) $ping $pong)
(func $ping (param i32) (result i32) (i32.add (i32.const 1) (call_indirect (param i32) (result i32) (local.get 0) (i32.const 1))))
(func $pong (param i32) (result i32) (i32.add (i32.const 1) (call_indirect (param i32) (result i32) (local.get 0) (i32.const 0))))
(func $decide (type $decide) (drop (call $ping (i32.const 0))) (global.get $decision))
