;; Starts with a table larger than a sandbox has.
;; expect: refused: the component does not fit into a sandbox
(table 100000 funcref)
