  ;; Makes up a handle that it was not given.
  (data (i32.const 0) "object.json")
  (func $render (param $source i32) (result i32)
    (call $read (i32.const 77) (i32.const 0) (i32.const 11) (i32.const 64))
    (call $empty))
