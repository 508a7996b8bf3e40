;; Answers well, then traps while it cleans up.
;; expect: it trapped: wasm trap: wasm `unreachable` instruction executed
(func $post_return (type $post_return) (unreachable))
