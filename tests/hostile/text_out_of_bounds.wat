;; Holds for a reason behind its memory.
;; expect: it answered nonsense: string pointer/length out of bounds of memory
(func $decide (type $decide)
  (i32.store offset=12 (global.get $decision) (i32.const 0x7fffffff))
  (global.get $decision))
