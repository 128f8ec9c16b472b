//! When each object of a kind is reconciled: at once when it is woken, later when a reconcile says so, one run at a time for
//! each object and a bounded number of working runs for the kind.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use futures::StreamExt;
use tokio::{
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::Instant,
};
use tokio_util::{
    sync::CancellationToken,
    time::{DelayQueue, delay_queue},
};
use tracing::{Instrument, error, trace};

use super::{Key, Run};

/// Why an object is looked at. Ordered by how urgent it is to leave a wait for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wake {
    /// The interval or a retry is due.
    Due,
    /// Something that it applied changed in the cluster.
    Drift,
    /// A dependency became ready.
    Dependency,
    /// A source has a new artifact, or a watched configuration changed.
    Input,
    /// The object itself changed, a reconcile was requested, or it is being deleted.
    Object,
}

impl Wake {
    /// Does this end the waiting of a run that is under way? Health changes and drift do not: they are what it waits for.
    fn interrupts(self) -> bool {
        self >= Self::Input
    }
}

/// An input that comes sooner after the one before waits until so long none came: of a burst, the first and the last are worked on.
const QUIET: Duration = Duration::from_secs(1);

/// A burst that does not end is looked at this often.
const LONGEST_BURST: Duration = Duration::from_secs(15);

/// What a reconcile wants to happen next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Look again after this long. Resets the failure count.
    After(Duration),
    /// Look again at once: newer work is there.
    Now,
    /// Look again after a delay that grows with each failure in a row.
    Backoff,
    /// Nothing to do until something changes.
    OnChange,
    /// The object is gone: forget it.
    Forget,
}

impl Next {
    /// Look again after the interval, give or take some percent, so that objects made together do not come due together for ever.
    pub fn interval(interval: Duration, jitter_percent: u8) -> Self {
        Self::After(rosin_domain::schedule::jittered(
            interval,
            jitter_percent,
            rand::random(),
        ))
    }
}

/// The reconcile of one kind.
pub trait Reconcile: Send + Sync + 'static {
    /// Brings the object `key` up to date. Dropped at shutdown; everything that it must not lose is in the API server by then.
    fn reconcile(&self, key: &Key, wake: Wake, run: &Run) -> impl Future<Output = Next> + Send;
}

#[derive(Debug, Clone)]
pub struct SchedulerConfig {
    /// The kind, for logs.
    pub kind: &'static str,
    /// Runs that work at the same time; resting ones do not count.
    pub concurrent: usize,
    pub min_retry_delay: Duration,
    pub max_retry_delay: Duration,
}

/// An object to look at, why, and what made it so if that is another object.
#[derive(Debug)]
struct Woken {
    key: Key,
    wake: Wake,
    by: Option<Arc<str>>,
}

/// Wakes objects from anywhere. Cheap to clone; never blocks.
#[derive(Debug, Clone)]
pub struct WakeHandle(mpsc::UnboundedSender<Woken>);

impl WakeHandle {
    pub fn wake(&self, key: Key, wake: Wake) {
        self.send(key, wake, None);
    }

    /// `by` is what changed, as `<Kind>/<namespace>/<name>`: whose run is interrupted for it is told so.
    pub fn wake_by(&self, key: Key, wake: Wake, by: &str) {
        self.send(key, wake, Some(by.into()));
    }

    fn send(&self, key: Key, wake: Wake, by: Option<Arc<str>>) {
        // The scheduler ends only at shutdown; a wake that comes later has nobody to reach.
        let _ = self.0.send(Woken { key, wake, by });
    }
}

pub struct Scheduler {
    config: SchedulerConfig,
    handle: WakeHandle,
    wakes: mpsc::UnboundedReceiver<Woken>,
}

#[derive(Default)]
struct Entry {
    running: Option<Arc<Run>>,
    /// Woken while it ran.
    again: Option<Wake>,
    due: Option<delay_queue::Key>,
    failures: u32,
    burst: Burst,
}

/// Inputs in a row.
#[derive(Default)]
struct Burst {
    last: Option<Instant>,
    /// The first one that waits, and its place in the queue.
    waiting: Option<(Instant, delay_queue::Key)>,
}

impl Burst {
    /// Whether an input that comes now is to wait, and until when.
    fn defers(&mut self, now: Instant) -> Option<Instant> {
        let before = self.last.replace(now)?;
        if now - before >= QUIET && self.waiting.is_none() {
            return None;
        }
        let since = self.waiting.as_ref().map_or(now, |(since, _)| *since);
        Some((now + QUIET).min(since + LONGEST_BURST))
    }
}

impl Scheduler {
    pub fn new(config: SchedulerConfig) -> Self {
        let (sender, wakes) = mpsc::unbounded_channel();
        Self {
            config,
            handle: WakeHandle(sender),
            wakes,
        }
    }

    pub fn handle(&self) -> WakeHandle {
        self.handle.clone()
    }

    /// Runs until `stop`, then drops what rests and lets working runs finish up to a grace period of the caller.
    pub async fn run<R: Reconcile>(mut self, reconcile: Arc<R>, stop: CancellationToken) {
        let workers = Arc::new(Semaphore::new(self.config.concurrent));
        let mut entries: HashMap<Key, Entry> = HashMap::new();
        let mut due: DelayQueue<Key> = DelayQueue::new();
        let mut inputs: DelayQueue<Woken> = DelayQueue::new();
        let mut runs: JoinSet<()> = JoinSet::new();
        // Results travel apart from the join set, so that a panicking run still names its object.
        let (done_sender, mut done) = mpsc::unbounded_channel::<(Key, Option<Next>)>();
        loop {
            let (key, wake, by) = tokio::select! {
                () = stop.cancelled() => break,
                Some(woken) = self.wakes.recv() => match later(&mut entries, &mut inputs, woken) {
                    Some(Woken { key, wake, by }) => (key, wake, by),
                    None => continue,
                },
                Some(expired) = inputs.next(), if !inputs.is_empty() => {
                    let Woken { key, wake, by } = expired.into_inner();
                    if let Some(entry) = entries.get_mut(&key) { entry.burst.waiting = None; }
                    (key, wake, by)
                }
                Some(expired) = due.next(), if !due.is_empty() => {
                    let key = expired.into_inner();
                    if let Some(entry) = entries.get_mut(&key) { entry.due = None; }
                    (key, Wake::Due, None)
                }
                Some((key, next)) = done.recv() => {
                    match self.finished(&mut entries, &mut due, &key, next) {
                        Some(wake) => (key, wake, None),
                        None => continue,
                    }
                }
                Some(_) = runs.join_next(), if !runs.is_empty() => continue,
            };
            let entry = entries.entry(key.clone()).or_default();
            if let Some(run) = &entry.running {
                entry.again = entry.again.max(Some(wake));
                if wake.interrupts() {
                    let by = by.unwrap_or_else(|| format!("{}/{key}", self.config.kind).into());
                    run.interrupt(by);
                }
                continue;
            }
            if let Some(queued) = entry.due.take() {
                due.remove(&queued);
            }
            self.start(
                entry,
                key,
                wake,
                &workers,
                &reconcile,
                &mut runs,
                &done_sender,
                &stop,
            );
        }
        // Nothing new starts; runs that work go on to their end or their next rest, for as long as the caller's grace period allows.
        workers.close();
        while runs.join_next().await.is_some() {}
    }

    #[expect(
        clippy::too_many_arguments,
        reason = "the scheduler's own parts, each used once"
    )]
    fn start<R: Reconcile>(
        &self,
        entry: &mut Entry,
        key: Key,
        wake: Wake,
        workers: &Arc<Semaphore>,
        reconcile: &Arc<R>,
        runs: &mut JoinSet<()>,
        done: &mpsc::UnboundedSender<(Key, Option<Next>)>,
        stop: &CancellationToken,
    ) {
        let run = Arc::new(Run::waiting());
        entry.running = Some(run.clone());
        let (workers, reconcile, done, stop) = (
            workers.clone(),
            reconcile.clone(),
            done.clone(),
            stop.clone(),
        );
        let span = tracing::info_span!(
            "reconcile",
            kind = self.config.kind,
            namespace = key.namespace,
            name = key.name,
            reconcileID = reconcile_id()
        );
        runs.spawn(
            async move {
                let mut report = Report {
                    key: key.clone(),
                    next: None,
                    done,
                };
                let Ok(permit) = workers.acquire_owned().await else {
                    return;
                };
                run.work(permit);
                trace!(?wake, "start");
                let stopped_at_rest = async {
                    stop.cancelled().await;
                    run.resting().await;
                };
                tokio::select! {
                    next = reconcile.reconcile(&key, wake, &run) => report.next = Some(next),
                    () = stopped_at_rest => {}
                }
                run.rest();
            }
            .instrument(span),
        );
    }

    /// Books the end of a run; the answer is a wake that must start at once.
    fn finished(
        &self,
        entries: &mut HashMap<Key, Entry>,
        due: &mut DelayQueue<Key>,
        key: &Key,
        next: Option<Next>,
    ) -> Option<Wake> {
        let entry = entries.get_mut(key)?;
        entry.running = None;
        let again = entry.again.take();
        let delay = match next {
            Some(Next::After(delay)) => {
                entry.failures = 0;
                Some(delay)
            }
            Some(Next::Now) => return Some(again.unwrap_or(Wake::Object)),
            Some(Next::OnChange) => {
                entry.failures = 0;
                None
            }
            Some(Next::Forget) if again.is_none() => {
                entries.remove(key);
                return None;
            }
            Some(Next::Forget) => None,
            Some(Next::Backoff) => Some(self.backoff(entry)),
            None => {
                error!(
                    kind = self.config.kind,
                    name = key.name,
                    namespace = key.namespace,
                    "the reconcile panicked; it is tried again"
                );
                Some(self.backoff(entry))
            }
        };
        if again.is_some() {
            return again;
        }
        if let Some(delay) = delay {
            entry.due = Some(due.insert(key.clone(), delay));
        }
        None
    }

    fn backoff(&self, entry: &mut Entry) -> Duration {
        let factor = 1u32.checked_shl(entry.failures).unwrap_or(u32::MAX);
        entry.failures = (entry.failures + 1).min(31);
        self.config
            .min_retry_delay
            .saturating_mul(factor)
            .min(self.config.max_retry_delay)
    }
}

/// Puts an input off that is one of many in a row. The answer is what is to be looked at now.
fn later(
    entries: &mut HashMap<Key, Entry>,
    inputs: &mut DelayQueue<Woken>,
    woken: Woken,
) -> Option<Woken> {
    if woken.wake != Wake::Input {
        return Some(woken);
    }
    let now = Instant::now();
    let burst = &mut entries.entry(woken.key.clone()).or_default().burst;
    let Some(until) = burst.defers(now) else {
        return Some(woken);
    };
    match &burst.waiting {
        Some((_, queued)) => inputs.reset_at(queued, until),
        None => burst.waiting = Some((now, inputs.insert_at(woken, until))),
    }
    None
}

/// Reports the end of a run, also when it panics: `next` is then still `None`.
struct Report {
    key: Key,
    next: Option<Next>,
    done: mpsc::UnboundedSender<(Key, Option<Next>)>,
}

impl Drop for Report {
    fn drop(&mut self) {
        let _ = self.done.send((self.key.clone(), self.next));
    }
}

/// By which the lines of one run are found in the log: a random UUID, as controller-runtime's.
fn reconcile_id() -> String {
    let id: u128 = rand::random();
    let id = (id & !(0xf << 76) & !(0x3 << 62)) | (0x4 << 76) | (0x2 << 62);
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        id >> 96,
        (id >> 80) & 0xffff,
        (id >> 64) & 0xffff,
        (id >> 48) & 0xffff,
        id & 0xffff_ffff_ffff
    )
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    type Script = Box<dyn Fn(&Key, usize) -> Option<Next> + Send + Sync>;

    /// Answers by script; `None` means: rest until interrupted.
    struct Scripted {
        script: Script,
        seen: Mutex<Vec<(Key, Wake)>>,
    }

    impl Reconcile for Scripted {
        async fn reconcile(&self, key: &Key, wake: Wake, run: &Run) -> Next {
            let nth = {
                let mut seen = self.seen.lock().unwrap();
                seen.push((key.clone(), wake));
                seen.iter().filter(|(k, _)| k == key).count()
            };
            match (self.script)(key, nth) {
                Some(next) => next,
                None => {
                    run.rest();
                    run.interrupted().await;
                    Next::Now
                }
            }
        }
    }

    fn start(
        concurrent: usize,
        script: Script,
    ) -> (
        Arc<Scripted>,
        WakeHandle,
        CancellationToken,
        tokio::task::JoinHandle<()>,
    ) {
        let config = SchedulerConfig {
            kind: "Test",
            concurrent,
            min_retry_delay: Duration::from_millis(750),
            max_retry_delay: Duration::from_secs(900),
        };
        let scheduler = Scheduler::new(config);
        let (handle, stop) = (scheduler.handle(), CancellationToken::new());
        let reconcile = Arc::new(Scripted {
            script,
            seen: Mutex::default(),
        });
        let task = tokio::spawn(scheduler.run(reconcile.clone(), stop.clone()));
        (reconcile, handle, stop, task)
    }

    // parity: KS-SCHED-003, SRC-GEN-021
    #[tokio::test(start_paused = true)]
    async fn failures_back_off_exponentially_and_stop_at_the_maximum() {
        let (reconcile, handle, stop, task) = start(1, Box::new(|_, _| Some(Next::Backoff)));
        handle.wake(Key::new("a", "b"), Wake::Object);
        // 0.75 + 1.5 + 3 + 6 = 11.25 s for the first four delays.
        tokio::time::sleep(Duration::from_millis(11_300)).await;
        assert_eq!(reconcile.seen.lock().unwrap().len(), 5);
        tokio::time::sleep(Duration::from_secs(3600 * 3)).await;
        let before = reconcile.seen.lock().unwrap().len();
        tokio::time::sleep(Duration::from_secs(900 * 4)).await;
        assert_eq!(reconcile.seen.lock().unwrap().len(), before + 4);
        stop.cancel();
        task.await.unwrap();
    }

    // parity: KS-SCHED-010
    #[tokio::test(start_paused = true)]
    async fn who_is_interrupted_hears_by_what() {
        let run = Run::waiting();
        run.interrupt("GitRepository/apps/source".into());
        run.interrupt("Kustomization/apps/later".into());
        assert_eq!(&*run.interrupted().await.by, "GitRepository/apps/source");
    }

    // parity: KS-SCHED-011
    #[tokio::test(start_paused = true)]
    async fn so_many_run_at_once_and_each_object_once() {
        struct Counting {
            now: Mutex<HashMap<Key, usize>>,
            most: Mutex<(usize, usize)>,
        }
        impl Reconcile for Counting {
            async fn reconcile(&self, key: &Key, _: Wake, _: &Run) -> Next {
                {
                    let mut now = self.now.lock().unwrap();
                    *now.entry(key.clone()).or_default() += 1;
                    let mut most = self.most.lock().unwrap();
                    most.0 = most.0.max(now.values().sum());
                    most.1 = most.1.max(now[key]);
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
                *self.now.lock().unwrap().get_mut(key).unwrap() -= 1;
                Next::OnChange
            }
        }
        let scheduler = Scheduler::new(SchedulerConfig {
            kind: "Test",
            concurrent: 4,
            min_retry_delay: Duration::from_millis(750),
            max_retry_delay: Duration::from_secs(900),
        });
        let (handle, stop) = (scheduler.handle(), CancellationToken::new());
        let counting = Arc::new(Counting {
            now: Mutex::default(),
            most: Mutex::default(),
        });
        let task = tokio::spawn(scheduler.run(counting.clone(), stop.clone()));
        for round in 0..3 {
            for name in 0..10 {
                handle.wake(Key::new("a", format!("{name}").as_str()), Wake::Object);
            }
            tokio::time::sleep(Duration::from_millis(300 * round)).await;
        }
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(*counting.most.lock().unwrap(), (4, 1));
        stop.cancel();
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn resting_runs_hold_no_worker_and_newer_input_interrupts_them() {
        let (reconcile, handle, stop, task) = start(
            1,
            Box::new(|key, nth| (key.name != "waits" || nth > 1).then_some(Next::OnChange)),
        );
        let (waits, other) = (Key::new("a", "waits"), Key::new("a", "other"));
        handle.wake(waits.clone(), Wake::Object);
        handle.wake(other.clone(), Wake::Object);
        handle.wake(waits.clone(), Wake::Drift);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(
            *reconcile.seen.lock().unwrap(),
            [(waits.clone(), Wake::Object), (other, Wake::Object)]
        );
        handle.wake(waits.clone(), Wake::Input);
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(
            reconcile.seen.lock().unwrap().last(),
            Some(&(waits, Wake::Input))
        );
        stop.cancel();
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn of_many_inputs_in_a_row_the_first_and_the_last_are_worked_on() {
        let (reconcile, handle, stop, task) = start(1, Box::new(|_, _| Some(Next::OnChange)));
        let key = Key::new("a", "b");
        let runs = || reconcile.seen.lock().unwrap().len();
        for _ in 0..50 {
            handle.wake(key.clone(), Wake::Input);
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        assert_eq!(runs(), 1);
        // A burst keeps nobody else from being heard.
        handle.wake(key.clone(), Wake::Object);
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(runs(), 2);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(runs(), 3);
        // One that comes later is alone again.
        handle.wake(key.clone(), Wake::Input);
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert_eq!(runs(), 4);
        // And one that does not end is looked at now and then.
        for _ in 0..200 {
            tokio::time::sleep(Duration::from_millis(500)).await;
            handle.wake(key.clone(), Wake::Input);
        }
        assert!((6..=4 + 7 + 1).contains(&runs()), "{}", runs());
        stop.cancel();
        task.await.unwrap();
    }

    // parity: KS-SCHED-014
    #[tokio::test(start_paused = true)]
    async fn a_panic_costs_only_its_own_object_a_delay() {
        let (reconcile, handle, stop, task) = start(
            2,
            Box::new(|key, nth| {
                assert!(
                    key.name != "bad" || nth > 1,
                    "the first run of this object fails"
                );
                Some(Next::OnChange)
            }),
        );
        handle.wake(Key::new("a", "bad"), Wake::Object);
        handle.wake(Key::new("a", "good"), Wake::Object);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(
            reconcile
                .seen
                .lock()
                .unwrap()
                .iter()
                .filter(|(k, _)| k.name == "bad")
                .count(),
            2
        );
        stop.cancel();
        task.await.unwrap();
    }
}
