;; Has more tables than a sandbox.
;; expect: refused: the component does not fit into a sandbox
(table 1 funcref) (table 1 funcref) (table 1 funcref) (table 1 funcref)
