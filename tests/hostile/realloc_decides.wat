;; Asks itself for a decision while it is being told.
;; expect: holds: quiet
(func $realloc (type $realloc)
  (drop (call $decide (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i64.const 0)
    (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0)))
  (global.set $heap (i32.and (i32.add (global.get $heap) (i32.const 15)) (i32.const -16)))
  (global.get $heap)
  (global.set $heap (i32.add (global.get $heap) (local.get 3))))
(func $decide (type $decide) (global.get $decision))
