  ;; What every plugin of this folder has: imports, memory, an allocator that never frees, the exports of the contract.
  (import "rosin:render/source@0.1.0" "[method]tree.read" (func $read (param i32 i32 i32 i32)))
  (import "rosin:render/source@0.1.0" "[method]tree.files" (func $files (param i32 i32 i32 i32)))
  (import "rosin:render/source@0.1.0" "[resource-drop]tree" (func $drop-tree (param i32)))
  (import "rosin:render/diagnostics@0.1.0" "report" (func $report (param i32 i32 i32 i32 i32 i32 i32 i32)))
  (memory (export "memory") 2)
  ;; Addresses below 4096 belong to the plugin's own data, those from 1024 on to results.
  (global $free (mut i32) (i32.const 4096))

  (func $realloc (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and (i32.add (global.get $free) (i32.const 7)) (i32.const -8)))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (block $enough
      (loop $more
        (br_if $enough (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
        (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (unreachable)))
        (br $more)))
    (local.get $at))

  ;; A `result<output, failure>` at 1024 that is an output without objects.
  (func $empty (result i32)
    (memory.fill (i32.const 1024) (i32.const 0) (i32.const 64))
    (i32.const 1024))

  ;; The same with `count` manifests from an address on; each has 36 bytes.
  (func $output (param $manifests i32) (param $count i32) (result i32)
    (drop (call $empty))
    (i32.store (i32.const 1036) (local.get $manifests))
    (i32.store (i32.const 1040) (local.get $count))
    (i32.const 1024))

  ;; One manifest, at 1100, with this JSON.
  (func $one (param $json i32) (param $length i32) (result i32)
    (memory.fill (i32.const 1100) (i32.const 0) (i32.const 36))
    (i32.store (i32.const 1116) (local.get $json))
    (i32.store (i32.const 1120) (local.get $length))
    (call $output (i32.const 1100) (i32.const 1)))

  (func $say (param $severity i32) (param $message i32) (param $length i32)
    (call $report (local.get $severity) (local.get $message) (local.get $length)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))

  (data (i32.const 1200) "hostile0.1.0{}")
  (func (export "rosin:render/renderer@0.1.0#describe") (result i32)
    (i32.store (i32.const 1024) (i32.const 1200)) (i32.store (i32.const 1028) (i32.const 7))
    (i32.store (i32.const 1032) (i32.const 1207)) (i32.store (i32.const 1036) (i32.const 5))
    (i32.store (i32.const 1040) (i32.const 1212)) (i32.store (i32.const 1044) (i32.const 2))
    (i32.const 1024))

  (func (export "rosin:render/renderer@0.1.0#render")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (param $source i32) (result i32)
    (local $result i32)
    (local.set $result (call $render (local.get $source)))
    (call $drop-tree (local.get $source))
    (local.get $result))
