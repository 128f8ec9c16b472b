//! Types and functions generated from `wit/`. Compiles natively too; there, calling an import panics.

wit_bindgen::generate!({
    world: "plugin",
    path: "../../wit",
    pub_export_macro: true,
    default_bindings_module: "rosin_plugin::bindings",
    export_macro_name: "export_component",
    additional_derives: [PartialEq, Eq],
    generate_all,
});
