;; Points to a crooked address for its proposals.
;; expect: it answered nonsense: list pointer is not aligned
(func $decide (type $decide)
  (i32.store8 offset=4 (global.get $decision) (i32.const 0))
  (i32.store offset=8 (global.get $decision) (i32.const 1025))
  (i32.store offset=12 (global.get $decision) (i32.const 1))
  (global.get $decision))
