;; Has a second memory.
;; expect: refused: the component is damaged or cut off, or uses what is switched off here
(memory $second 1)
