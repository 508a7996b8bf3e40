;; Calls itself without end.
;; expect: it trapped: wasm trap: call stack exhausted
(func $deeper (param i64) (result i64) (i64.add (i64.const 1) (call $deeper (local.get 0))))
(func $decide (type $decide) (drop (call $deeper (i64.const 0))) (global.get $decision))
