//! Types and traits generated from `wit/`: the host's half of the contract.

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin",
    imports: {
        "rosin:render/cluster": async | trappable,
        "rosin:render/remote": async | trappable,
        "rosin:render/crypto": async | trappable,
        "rosin:render/compose": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: { "rosin:render/source.tree": crate::imports::source::OpenTree },
});
