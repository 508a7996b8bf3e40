;; Wants memory that threads share.
;; expect: refused: the component is damaged or cut off, or uses what is switched off here
(func $nothing (drop (i32.atomic.load (i32.const 0))))
