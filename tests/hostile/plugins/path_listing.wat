  (data (i32.const 0) "apps/..")
  (func $render (param $source i32) (result i32)
    (call $files (local.get $source) (i32.const 0) (i32.const 7) (i32.const 64))
    (call $empty))
