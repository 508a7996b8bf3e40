;; Takes memory page by page.
;; expect: it wanted more memory than the charter allows
(func $decide (type $decide) (loop $again (drop (memory.grow (i32.const 1))) (br $again)) (unreachable))
