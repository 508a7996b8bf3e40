;; Proposes a million actions, more than its memory holds.
;; expect: nonsense
(func $decide (type $decide)
  (i32.store8 offset=4 (global.get $decision) (i32.const 0))
  (i32.store offset=8 (global.get $decision) (i32.const 0))
  (i32.store offset=12 (global.get $decision) (i32.const 1000000))
  (global.get $decision))
