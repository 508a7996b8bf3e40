;; Gives room behind its memory for what it is told.
;; expect: it answered nonsense: realloc return: beyond end of memory
(func $realloc (type $realloc) (i32.const -65536))
