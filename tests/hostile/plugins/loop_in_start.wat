  ;; Never lets its instance be made.
  (func $start (loop $for-ever (br $for-ever)))
  (start $start)
  (func $render (param $source i32) (result i32) (call $empty))
