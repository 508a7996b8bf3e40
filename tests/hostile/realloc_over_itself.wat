;; Lets what it is told overwrite its own answer.
;; expect: nonsense
(func $realloc (type $realloc) (i32.and (global.get $decision) (i32.const -16)))
