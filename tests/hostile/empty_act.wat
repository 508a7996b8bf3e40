;; Acts, but proposes nothing.
;; expect: it answered nonsense: it acts without a proposal: it should hold, for a reason
(func $decide (type $decide)
  (i32.store8 offset=4 (global.get $decision) (i32.const 0))
  (i32.store offset=12 (global.get $decision) (i32.const 0))
  (global.get $decision))
