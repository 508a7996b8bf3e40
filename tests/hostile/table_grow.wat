;; Grows a table without end.
;; expect: it wanted more memory than the charter allows
(table $table 1 funcref)
(func $decide (type $decide) (loop $again (drop (table.grow $table (ref.null func) (i32.const 500))) (br $again)) (unreachable))
