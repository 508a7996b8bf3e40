;; Proposes two billion actions.
;; expect: nonsense
(func $decide (type $decide)
  (i32.store8 offset=4 (global.get $decision) (i32.const 0))
  (i32.store offset=12 (global.get $decision) (i32.const 0x80000000))
  (global.get $decision))
