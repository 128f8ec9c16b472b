  ;; Says why, with characters that a terminal would obey, and gives up.
  (data (i32.const 0) "boom\1b[2J at line 7")
  (func $render (param $source i32) (result i32)
    (call $say (i32.const 0) (i32.const 0) (i32.const 18))
    (unreachable))
