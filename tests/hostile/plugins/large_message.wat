  ;; One diagnostic of 100 MiB.
  (func $render (param $source i32) (result i32)
    (drop (memory.grow (i32.const 1600)))
    (call $say (i32.const 2) (i32.const 65536) (i32.const 104857600))
    (call $empty))
