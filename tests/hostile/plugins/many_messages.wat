  ;; 100,000 diagnostics.
  (data (i32.const 0) "again")
  (func $render (param $source i32) (result i32)
    (local $left i32)
    (local.set $left (i32.const 100000))
    (loop $next
      (call $say (i32.const 1) (i32.const 0) (i32.const 5))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (call $empty))
