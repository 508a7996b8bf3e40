;; Has no room for what it is told.
;; expect: it trapped: wasm trap: wasm `unreachable` instruction executed
(func $realloc (type $realloc) (unreachable))
