;; Traps before anything is asked.
;; expect: refused: it could not be asked what it is, because it trapped: wasm trap: wasm `unreachable` instruction executed
(func $start (unreachable))
(start $start)
