;; Proposes as many actions as its memory holds: the host must not copy them all.
;; expect: it answered nonsense: too much data is being copied between the host and the guest: fuel allocated for hostcalls has been exhausted
(func $decide (type $decide)
  (drop (memory.grow (i32.const 26)))
  (memory.fill (i32.const 65536) (i32.const 0) (i32.const 1900000))
  (i32.store8 offset=4 (global.get $decision) (i32.const 0))
  (i32.store offset=8 (global.get $decision) (i32.const 65536))
  (i32.store offset=12 (global.get $decision) (i32.const 19700))
  (global.get $decision))
