  (data (i32.const 0) "object.json\00.txt")
  (func $render (param $source i32) (result i32)
    (call $read (local.get $source) (i32.const 0) (i32.const 16) (i32.const 64))
    (call $empty))
