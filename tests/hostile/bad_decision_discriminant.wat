;; Decides something that no decision is.
;; expect: nonsense
(func $decide (type $decide) (i32.store8 offset=4 (global.get $decision) (i32.const 200)) (global.get $decision))
