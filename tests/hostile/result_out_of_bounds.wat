;; Points behind its memory for the answer.
;; expect: it answered nonsense: pointer out of bounds of memory
(func $decide (type $decide) (i32.const -16))
