  ;; A million objects, each of which is the same megabyte of memory.
  (func $render (param $source i32) (result i32)
    (local $at i32) (local $end i32)
    (drop (memory.grow (i32.const 1000)))
    (local.set $at (i32.const 2097152))
    (local.set $end (i32.const 38097152))
    (loop $next
      (i32.store offset=16 (local.get $at) (i32.const 65536))
      (i32.store offset=20 (local.get $at) (i32.const 1048576))
      (local.set $at (i32.add (local.get $at) (i32.const 36)))
      (br_if $next (i32.lt_u (local.get $at) (local.get $end))))
    (call $output (i32.const 2097152) (i32.const 1000000)))
