//! One call into a fresh instance, within limits: the only place where guest code runs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use wasmtime::Store;

use crate::bindings::Plugin;
use crate::call::Diagnostics;
use crate::call::{Call, Stop};
use crate::limits::Refused;
use crate::rendered::Stats;
use crate::renderer::Inner;
use crate::{Crash, Limits, ReadSet, RenderError, Services, Source, Subject};

/// What is left of a call that gave an answer.
pub(crate) struct Done {
    pub(crate) reads: ReadSet,
    pub(crate) diagnostics: Diagnostics,
    pub(crate) stats: Stats,
    pub(crate) invalid_path: Option<String>,
}

/// What one call works on.
pub(crate) struct Scene {
    pub(crate) subject: Subject,
    pub(crate) source: Source,
    pub(crate) services: Services,
    /// Which renderers led to this one, the first one first.
    pub(crate) nested: Vec<Nested>,
}

/// Renderers that may lead to another one.
pub(crate) const MOST_NESTED: usize = 3;

/// One renderer that was asked for by another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nested {
    pub(crate) renderer: String,
    pub(crate) path: String,
}

/// Makes an instance when there is room, calls it, and tells why that failed.
pub(crate) async fn run<T, F>(
    plugin: &Arc<Inner>,
    limits: &Limits,
    scene: Scene,
    call: F,
) -> Result<(Done, T), RenderError>
where
    T: Send + 'static,
    F: for<'a> FnOnce(&'a Plugin, &'a mut Store<Call>) -> BoxFuture<'a, wasmtime::Result<T>>
        + Send
        + 'static,
{
    let guest = guest(plugin.clone(), limits.clone(), scene, call);
    match plugin.engine.run(guest).await {
        Some((result, queued)) => result.map(|(mut done, answer)| {
            done.stats.queued = queued;
            (done, answer)
        }),
        None => Err(RenderError::Host {
            plugin: plugin.name.clone(),
            reason: "the engine stopped".to_owned(),
        }),
    }
}

/// Makes an instance and calls it, in the turn of whoever polls this. What the guest has left behind goes away with the store.
pub(crate) async fn guest<T, F>(
    inner: Arc<Inner>,
    limits: Limits,
    scene: Scene,
    call: F,
) -> Result<(Done, T), RenderError>
where
    T: Send + 'static,
    F: for<'a> FnOnce(&'a Plugin, &'a mut Store<Call>) -> BoxFuture<'a, wasmtime::Result<T>>
        + Send
        + 'static,
{
    let data = Call::new(&limits, inner.engine.memory(), scene);
    let mut store = new_store(&inner, &limits, data);
    let mut times = Times::default();
    let answer = async {
        let start = Instant::now();
        let instance = inner.pre.instantiate_async(&mut store).await?;
        times.instantiate = start.elapsed();
        let answer = call(&instance, &mut store).await;
        times.run = start.elapsed() - times.instantiate;
        answer
    };
    // The guest hands over at every tick, so the timer is heard in time; waiting for the cluster counts too.
    let answer = tokio::time::timeout(limits.deadline, answer).await;
    let peak_memory = store.data().limiter.peak();
    let data = store.into_data();
    match answer {
        Ok(Ok(answer)) => {
            let stats = Stats {
                queued: Duration::ZERO,
                instantiate: times.instantiate,
                run: times.run,
                peak_memory,
            };
            let Call {
                reads,
                diagnostics,
                invalid_path,
                ..
            } = data;
            Ok((
                Done {
                    reads,
                    diagnostics,
                    stats,
                    invalid_path,
                },
                answer,
            ))
        }
        Ok(Err(error)) => Err(explain(&inner, data, error)),
        Err(_) => Err(RenderError::Deadline {
            plugin: inner.name.clone(),
            limit: limits.deadline,
        }),
    }
}

#[derive(Default)]
struct Times {
    instantiate: Duration,
    run: Duration,
}

fn new_store(plugin: &Inner, limits: &Limits, data: Call) -> Store<Call> {
    let mut store = Store::new(plugin.engine.wasm(), data);
    store.limiter(|call| &mut call.limiter);
    store.set_epoch_deadline(1);
    store.epoch_deadline_async_yield_and_update(1);
    store.set_hostcall_fuel(limits.output);
    store
}

/// Finds the cause that helps most in an error of the runtime.
fn explain(inner: &Inner, call: Call, error: wasmtime::Error) -> RenderError {
    let plugin = inner.name.clone();
    tracing::debug!(%plugin, error = crate::error::causes(&error), "a guest was stopped");
    let error = match error.downcast::<Stop>() {
        Ok(Stop::Source(error)) => return RenderError::Source(error),
        Ok(Stop::Unavailable(message)) => return RenderError::Unavailable { plugin, message },
        Ok(stop @ Stop::Random(_)) => {
            return RenderError::Trapped {
                plugin,
                crash: Crash::Contract(stop.to_string()),
                message: None,
            };
        }
        Err(error) => error,
    };
    if let Some(path) = call.invalid_path {
        return RenderError::InvalidPath { plugin, path };
    }
    match call.limiter.refused {
        Some(Refused::OwnLimit) => {
            return RenderError::Memory {
                plugin,
                limit: call.limits.memory,
            };
        }
        Some(Refused::HostLimit) => {
            return RenderError::Busy {
                plugin,
                limit: inner.engine.config().total_memory,
            };
        }
        None => {}
    }
    if is_output_limit(&error) {
        return RenderError::OutputTooLarge {
            plugin,
            limit: call.limits.output,
        };
    }
    if error
        .downcast_ref::<wasmtime::PoolConcurrencyLimitError>()
        .is_some()
    {
        return RenderError::Host {
            plugin,
            reason: "all instances are in use".to_owned(),
        };
    }
    let message = call.diagnostics.last_error().map(str::to_owned);
    RenderError::Trapped {
        plugin,
        crash: Crash::of(&error),
        message,
    }
}

/// Wasmtime gives this error no public type; a test pins its words.
fn is_output_limit(error: &wasmtime::Error) -> bool {
    error
        .root_cause()
        .to_string()
        .contains("fuel allocated for hostcalls has been exhausted")
}
