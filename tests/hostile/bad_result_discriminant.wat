;; Answers neither a decision nor an error.
;; expect: it answered nonsense: invalid expected discriminant
(func $decide (type $decide) (i32.store8 (global.get $decision) (i32.const 9)) (global.get $decision))
