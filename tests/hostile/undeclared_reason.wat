;; Holds for a reason that its manifest does not have: a door for personal data.
;; expect: it answered nonsense: reason `qu` is not in its manifest
(func $decide (type $decide)
  (i32.store offset=12 (global.get $decision) (i32.const 2))
  (global.get $decision))
