;; Gives crooked room for what it is told.
;; expect: it answered nonsense: realloc return: result not aligned
(func $realloc (type $realloc) (i32.const 65537))
