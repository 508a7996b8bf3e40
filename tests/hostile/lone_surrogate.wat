;; Holds for a reason that is half of a character.
;; expect: nonsense
(func $decide (type $decide)
  (i32.store (i32.const 65536) (i32.const 0x80a0ed))
  (i32.store offset=8 (global.get $decision) (i32.const 65536))
  (i32.store offset=12 (global.get $decision) (i32.const 3))
  (global.get $decision))
