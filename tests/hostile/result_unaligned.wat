;; Points to a crooked address for the answer.
;; expect: it answered nonsense: return pointer not aligned
(func $decide (type $decide) (i32.add (global.get $decision) (i32.const 1)))
