;; Proposes one action more than allowed.
;; expect: it answered nonsense: 17 proposals, at most 16
(func $decide (type $decide)
  (memory.fill (i32.const 131072) (i32.const 0) (i32.const 4096))
  (i32.store8 offset=4 (global.get $decision) (i32.const 0))
  (i32.store offset=8 (global.get $decision) (i32.const 131072))
  (i32.store offset=12 (global.get $decision) (i32.const 17))
  (global.get $decision))
