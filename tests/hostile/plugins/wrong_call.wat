  ;; Calls a function through a table that does not have it.
  (table 1 funcref)
  (type $f (func (result i32)))
  (func $render (param $source i32) (result i32) (call_indirect (type $f) (i32.const 0)))
