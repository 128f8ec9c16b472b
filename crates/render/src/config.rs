//! How WebAssembly is compiled and run, in one place: code compiled ahead of time runs only in an engine with equal settings.

use std::borrow::Cow;
use std::sync::Arc;

use wasmtime::{
    Config, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, WasmBacktraceDetails,
};

use crate::LoadError;

/// What one component may consist of. A plugin made by the usual toolchains has one memory, two tables and three or four
/// core instances; interpreters that link dynamically have some more.
const CORE_INSTANCES: u32 = 24;
const MEMORIES: u32 = 2;
const TABLES: u32 = 24;

/// Guest frames live on a stack of their own. Recursive templates are the deepest that honest plugins go.
const GUEST_STACK: usize = 4 << 20;
/// What host functions may use on top of the guest's frames.
const HOST_STACK: usize = 2 << 20;

/// Code is made for the oldest processor of the family, not for the one at hand: an image built on one machine starts on
/// every other, and output cannot depend on the processor.
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
const TARGET: Option<&str> = Some("x86_64-unknown-linux-gnu");
#[cfg(all(target_arch = "aarch64", target_os = "linux"))]
const TARGET: Option<&str> = Some("aarch64-unknown-linux-gnu");
#[cfg(not(all(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    target_os = "linux"
)))]
const TARGET: Option<&str> = None;

/// Settings that the compiled code depends on.
fn code() -> Result<Config, wasmtime::Error> {
    let mut config = Config::new();
    if let Some(target) = TARGET {
        config.target(target)?;
    }
    config
        .epoch_interruption(true)
        .cranelift_opt_level(OptLevel::Speed)
        // Equal input, equal output: the bits of a NaN would differ between processors.
        .cranelift_nan_canonicalization(true)
        .wasm_relaxed_simd(false)
        // Proposals that no toolchain for plugins needs only widen what a hostile component can try.
        .wasm_memory64(false)
        .wasm_tail_call(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .max_wasm_stack(GUEST_STACK)
        .async_stack_size(GUEST_STACK + HOST_STACK)
        .with_custom_code_memory(Some(Arc::new(crate::code_memory::InPlace)))
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    Ok(config)
}

/// Settings of an engine that runs `instances` components at a time, none with more than `memory` bytes.
pub(crate) fn engine(instances: u32, memory: usize) -> Result<Config, wasmtime::Error> {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances * CORE_INSTANCES)
        .total_memories(instances * MEMORIES)
        .total_tables(instances * TABLES)
        .total_stacks(instances)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .table_elements(crate::limits::MAX_TABLE_ELEMENTS)
        .max_memory_size(memory)
        // Slots that were used keep no pages: an idle controller owns no guest memory.
        .max_unused_warm_slots(instances.min(8));
    let mut config = code()?;
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    Ok(config)
}

/// A component compiled ahead of time, with the digest of what it was compiled from. Borrowed code that begins at a multiple of
/// [`CODE_ALIGNMENT`] runs where it is, without a copy.
pub struct Precompiled {
    pub code: Cow<'static, [u8]>,
    pub digest: rosin_tree::Digest,
}

/// The largest page of the processors that this runs on.
pub const CODE_ALIGNMENT: usize = 1 << 16;

/// Compiles a component for [`Engine`](crate::Engine)s of this version of this crate.
pub fn precompile(component: &[u8]) -> Result<Precompiled, LoadError> {
    let compile = || wasmtime::Engine::new(&code()?)?.precompile_component(component);
    let code = compile().map_err(|error| LoadError::invalid(&error))?;
    Ok(Precompiled {
        code: code.into(),
        digest: rosin_tree::Digest::of(component),
    })
}

/// What code compiled ahead of time depends on beside the component: a value that changes with the version of wasmtime and its
/// settings.
pub fn compatibility() -> Result<impl std::hash::Hash, LoadError> {
    fingerprint()
}

pub(crate) fn fingerprint() -> Result<u64, LoadError> {
    let engine = code().and_then(|config| wasmtime::Engine::new(&config));
    let engine = engine.map_err(|error| LoadError::invalid(&error))?;
    let mut hash = std::hash::DefaultHasher::new();
    std::hash::Hash::hash(&engine.precompile_compatibility_hash(), &mut hash);
    Ok(std::hash::Hasher::finish(&hash))
}
