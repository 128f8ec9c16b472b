  ;; Gives an object if a byte that it never wrote is not zero.
  (data (i32.const 0) "{\"found\":1}")
  (func $render (param $source i32) (result i32)
    (local $at i32)
    (drop (memory.grow (i32.const 64)))
    (local.set $at (i32.const 8192))
    (loop $next
      (if (i64.ne (i64.load (local.get $at)) (i64.const 0)) (then (return (call $one (i32.const 0) (i32.const 11)))))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 4000000))))
    (call $empty))
