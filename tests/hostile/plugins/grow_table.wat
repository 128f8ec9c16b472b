  (table $t 1 funcref)
  (func $render (param $source i32) (result i32)
    (loop $more
      (if (i32.eq (table.grow $t (ref.null func) (i32.const 50000)) (i32.const -1)) (then (unreachable)))
      (br $more))
    (unreachable))
