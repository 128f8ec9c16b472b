//! The tests of the last revision: hooks that run to their end, and tell by it.

use rosin_release::{Hook, HookEvent};

use super::Work;
use crate::reconcile::helm_release::{objects::Failure, storage::Storage};

/// Runs the selected tests; says which revision was tested.
pub(in super::super) async fn test(
    work: &Work<'_>,
    storage: &mut Storage<'_>,
) -> Result<(), Failure> {
    let options = work.object.spec.test.clone().unwrap_or_default();
    let mut release = storage
        .last()
        .cloned()
        .ok_or_else(|| Failure::new("release: not found"))?;
    let named = |hook: &Hook, exclude: bool| {
        let mut filters = options.filters.iter().filter(|f| f.exclude == exclude);
        filters.any(|filter| filter.name == hook.name)
    };
    let includes = options.filters.iter().any(|filter| !filter.exclude);
    let chosen = |hook: &Hook| {
        hook.runs_at(HookEvent::Test) && !named(hook, true) && (!includes || named(hook, false))
    };
    let timeout = work.timeout(options.timeout);
    let hooks = work.hooks(timeout, release.server_side(), true);
    let (order, end) = hooks
        .run(storage, &mut release, HookEvent::Test, chosen)
        .await;
    storage.note(&release).await;
    hooks.clear(&release, &order, end).await
}
