  ;; One object of 100 MiB.
  (func $render (param $source i32) (result i32)
    (drop (memory.grow (i32.const 1600)))
    (call $one (i32.const 65536) (i32.const 104857600)))
