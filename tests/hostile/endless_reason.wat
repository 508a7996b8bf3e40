;; Explains in 100 KB why it could not decide.
;; expect: it could not decide: 1024 bytes
(func $decide (type $decide)
  (memory.fill (i32.const 65536) (i32.const 97) (i32.const 100000))
  (i32.store8 (global.get $decision) (i32.const 1))
  (i32.store offset=4 (global.get $decision) (i32.const 65536))
  (i32.store offset=8 (global.get $decision) (i32.const 100000))
  (global.get $decision))
