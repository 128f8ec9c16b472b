  ;; Fills its memory with a pattern, for `look_for_marks` to find if memory were used again as it is.
  (func $render (param $source i32) (result i32)
    (drop (memory.grow (i32.const 64)))
    (memory.fill (i32.const 8192) (i32.const 170) (i32.const 4000000))
    (call $empty))
