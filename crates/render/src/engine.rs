//! The process's one engine: a pool of instances, threads that only guests run on, and a clock that lets them take turns.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;
use tokio_util::task::AbortOnDropHandle;

use crate::{LoadError, config};

/// How long a guest runs before another one has its turn; deadlines are this exact.
const TICK: Duration = Duration::from_millis(10);

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineConfig {
    /// Renders that may be under way at a time; others wait.
    pub concurrency: usize,
    /// Threads that guests run on. They take turns there, so a long render delays short ones only a little.
    pub threads: usize,
    /// The most memory that one instance can be granted, in bytes.
    pub instance_memory: usize,
    /// The most memory of all instances together, in bytes.
    pub total_memory: usize,
    /// The largest component that is accepted, in bytes.
    pub component_size: usize,
}

impl Default for EngineConfig {
    fn default() -> Self {
        let cores = thread::available_parallelism().map_or(2, usize::from);
        Self {
            concurrency: (cores * 4).clamp(8, 64),
            threads: cores,
            instance_memory: 1 << 30,
            total_memory: 2 << 30,
            component_size: 64 << 20,
        }
    }
}

/// Cheap to clone.
#[derive(Clone)]
pub struct Engine(Arc<Inner>);

struct Inner {
    wasm: wasmtime::Engine,
    /// Some until drop.
    guests: Option<Runtime>,
    slots: Arc<Semaphore>,
    ticker: Arc<Ticker>,
    memory: Arc<Budget>,
    config: EngineConfig,
}

impl Engine {
    pub fn new(config: EngineConfig) -> Result<Self, LoadError> {
        let failed = |error: &dyn std::fmt::Display| LoadError::Engine(error.to_string());
        // Each render may ask for others, one inside of the other.
        let instances = config.concurrency * (1 + crate::run::MOST_NESTED);
        let instances = u32::try_from(instances).map_err(|e| failed(&e))?;
        let settings = config::engine(instances, config.instance_memory).map_err(|e| failed(&e))?;
        let wasm = wasmtime::Engine::new(&settings)
            .map_err(|e| LoadError::Engine(crate::error::causes(&e)))?;
        let guests = Builder::new_multi_thread()
            .worker_threads(config.threads.max(1))
            .thread_name("render")
            .enable_time()
            .build()
            .map_err(|e| failed(&e))?;
        let ticker = Ticker::start(wasm.clone()).map_err(|e| failed(&e))?;
        Ok(Self(Arc::new(Inner {
            wasm,
            guests: Some(guests),
            slots: Arc::new(Semaphore::new(config.concurrency)),
            ticker,
            memory: Arc::new(Budget {
                used: AtomicUsize::new(0),
                limit: config.total_memory,
            }),
            config,
        })))
    }

    pub fn config(&self) -> &EngineConfig {
        &self.0.config
    }

    pub(crate) fn wasm(&self) -> &wasmtime::Engine {
        &self.0.wasm
    }

    pub(crate) fn memory(&self) -> Arc<Budget> {
        self.0.memory.clone()
    }

    /// Runs a guest on the threads for guests, when there is room. Gives its result and how long it waited for room; none
    /// if the task panicked or the engine is going away. A caller that goes away takes the guest with it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        guest: impl Future<Output = T> + Send + 'static,
    ) -> Option<(T, Duration)> {
        let start = Instant::now();
        let slot = self.0.slots.clone().acquire_owned().await.ok()?;
        let queued = start.elapsed();
        let running = Running::new(self.0.ticker.clone());
        let task = self.0.guests.as_ref()?.spawn(async move {
            let (_slot, _running) = (slot, running);
            guest.await
        });
        let result = AbortOnDropHandle::new(task).await.ok()?;
        Some((result, queued))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.ticker.stop();
        if let Some(guests) = self.guests.take() {
            // The last engine may go away on a thread that must not block.
            guests.shutdown_background();
        }
    }
}

/// Memory of all guests together.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicUsize,
    pub(crate) limit: usize,
}

impl Budget {
    /// Takes `bytes`, if they are there.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        let add = |used: usize| used.checked_add(bytes).filter(|sum| *sum <= self.limit);
        self.used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
            .is_ok()
    }

    pub(crate) fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Moves the engine's epoch on while guests run, and sleeps while none does.
struct Ticker {
    state: Mutex<TickerState>,
    changed: Condvar,
}

#[derive(Default)]
struct TickerState {
    running: usize,
    stopped: bool,
}

impl Ticker {
    fn start(engine: wasmtime::Engine) -> std::io::Result<Arc<Self>> {
        let ticker = Arc::new(Self {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let own = ticker.clone();
        thread::Builder::new()
            .name("render-ticks".to_owned())
            .spawn(move || own.tick(&engine))?;
        Ok(ticker)
    }

    fn tick(&self, engine: &wasmtime::Engine) {
        loop {
            {
                let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
                let idle = |state: &mut TickerState| state.running == 0 && !state.stopped;
                let state = self
                    .changed
                    .wait_while(state, idle)
                    .unwrap_or_else(PoisonError::into_inner);
                if state.stopped {
                    return;
                }
            }
            thread::sleep(TICK);
            engine.increment_epoch();
        }
    }

    fn update(&self, change: impl FnOnce(&mut TickerState)) {
        change(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }

    fn stop(&self) {
        self.update(|state| state.stopped = true);
    }
}

/// Keeps the ticker awake.
struct Running(Arc<Ticker>);

impl Running {
    fn new(ticker: Arc<Ticker>) -> Self {
        ticker.update(|state| state.running += 1);
        Self(ticker)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.update(|state| state.running -= 1);
    }
}
