  ;; Not hostile: gives the object that `object.json` holds.
  (data (i32.const 0) "object.json")
  (func $render (param $source i32) (result i32)
    (call $read (local.get $source) (i32.const 0) (i32.const 11) (i32.const 64))
    (if (i32.load8_u (i32.const 64)) (then (return (call $empty))))
    (call $one (i32.load (i32.const 68)) (i32.load (i32.const 72))))
