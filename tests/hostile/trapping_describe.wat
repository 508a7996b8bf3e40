;; Traps when it is asked what it is.
;; expect: refused: it could not be asked what it is, because it trapped: wasm trap: wasm `unreachable` instruction executed
(func $describe (type $describe) (unreachable))
