;; Holds for a reason that is no text.
;; expect: nonsense
(func $decide (type $decide)
  (i32.store8 (i32.const 65536) (i32.const 0xff))
  (i32.store offset=8 (global.get $decision) (i32.const 65536))
  (i32.store offset=12 (global.get $decision) (i32.const 1))
  (global.get $decision))
