;; Takes all memory there is at once.
;; expect: it wanted more memory than the charter allows
(func $decide (type $decide) (drop (memory.grow (i32.const 65000))) (global.get $decision))
