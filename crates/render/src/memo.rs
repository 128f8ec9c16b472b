//! Earlier output, used again while everything that it was made from is unchanged: the request, the plugin, and all that it
//! read. Bounded in bytes; what was not used for longest goes first.
//!
//! Output is found by the tenant it was made for, so that neither content nor timing tells one about another.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use rosin_tree::Digest;
use sha2::{Digest as _, Sha256};

use crate::{Limits, Manifest, RenderError, Rendered, Renderer, Request, Services, Source};

/// Rendered output by [`MemoKey`].
pub struct Memo {
    state: Mutex<State>,
    limit: usize,
}

#[derive(Default)]
struct State {
    entries: HashMap<MemoKey, Kept>,
    /// Keys by last use.
    order: BTreeMap<u64, MemoKey>,
    clock: u64,
    size: usize,
}

struct Kept {
    rendered: Arc<Rendered>,
    size: usize,
    used: u64,
}

/// What output is for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MemoKey {
    tenant: String,
    renderer: Digest,
    request: Digest,
}

impl MemoKey {
    /// `tenant` is whoever may see the output: the namespace of the object that is rendered.
    pub fn new(tenant: &str, renderer: &Renderer, request: &Request) -> Self {
        let Request {
            subject,
            path,
            options,
        } = request;
        let mut hash = Sha256::new();
        for part in [
            &subject.kind,
            &subject.namespace,
            &subject.name,
            path,
            options,
        ] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part);
        }
        Self {
            tenant: tenant.to_owned(),
            renderer: renderer.digest(),
            request: Digest(hash.finalize().into()),
        }
    }
}

/// Output, and whether it was there before.
#[derive(Clone, Debug)]
pub struct Remembered {
    pub rendered: Arc<Rendered>,
    pub reused: bool,
}

impl Memo {
    /// A memo of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            state: Mutex::default(),
            limit,
        }
    }

    /// Renders, unless there is output that still holds.
    pub async fn render(
        &self,
        tenant: &str,
        renderer: &Renderer,
        request: &Request,
        source: &Source,
        services: &Services,
        limits: &Limits,
    ) -> Result<Remembered, RenderError> {
        let key = MemoKey::new(tenant, renderer, request);
        if let Some(rendered) = self.get(&key)
            && rendered.reads.unchanged(source)
            && rendered
                .reads
                .unchanged_in(services.cluster.as_deref())
                .await
        {
            return Ok(Remembered {
                rendered,
                reused: true,
            });
        }
        let rendered = Arc::new(renderer.render(request, source, services, limits).await?);
        if rendered.reads.is_reusable() {
            self.put(key, rendered.clone());
        }
        Ok(Remembered {
            rendered,
            reused: false,
        })
    }

    /// Bytes in use, roughly.
    pub fn size(&self) -> usize {
        self.lock().size
    }

    fn get(&self, key: &MemoKey) -> Option<Arc<Rendered>> {
        let state = &mut *self.lock();
        state.clock += 1;
        let kept = state.entries.get_mut(key)?;
        state.order.remove(&kept.used);
        kept.used = state.clock;
        state.order.insert(kept.used, key.clone());
        Some(kept.rendered.clone())
    }

    fn put(&self, key: MemoKey, rendered: Arc<Rendered>) {
        let size = size(&rendered);
        let state = &mut *self.lock();
        state.remove(&key);
        if size > self.limit {
            return;
        }
        while state.size + size > self.limit {
            let Some((_, oldest)) = state.order.pop_first() else {
                break;
            };
            state.remove(&oldest);
        }
        state.clock += 1;
        let used = state.clock;
        state.size += size;
        state.order.insert(used, key.clone());
        state.entries.insert(
            key,
            Kept {
                rendered,
                size,
                used,
            },
        );
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn remove(&mut self, key: &MemoKey) {
        if let Some(kept) = self.entries.remove(key) {
            self.order.remove(&kept.used);
            self.size -= kept.size;
        }
    }
}

fn size(rendered: &Rendered) -> usize {
    let manifest = |manifest: &Manifest| {
        size_of::<Manifest>()
            + manifest.json.len()
            + manifest.origin.path.len()
            + manifest.text.as_ref().map_or(0, String::len)
    };
    let manifests: usize = rendered
        .manifests
        .iter()
        .chain(&rendered.definitions)
        .map(manifest)
        .sum();
    let messages: usize = rendered
        .diagnostics
        .iter()
        .map(|diagnostic| diagnostic.message.len() + 100)
        .sum();
    manifests + messages + rendered.notes.as_ref().map_or(0, String::len) + rendered.reads.size()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Location, ReadSet};

    fn key(name: &str) -> MemoKey {
        MemoKey {
            tenant: "apps".to_owned(),
            renderer: Digest([0; 32]),
            request: Digest::of(name.as_bytes()),
        }
    }

    fn output(bytes: usize) -> Arc<Rendered> {
        Arc::new(Rendered {
            definitions: Vec::new(),
            manifests: vec![Manifest {
                origin: Location::default(),
                json: "x".repeat(bytes),
                text: None,
            }],
            notes: None,
            diagnostics: Vec::new(),
            diagnostics_dropped: 0,
            reads: ReadSet::default(),
            stats: crate::Stats::default(),
        })
    }

    #[test]
    fn what_was_not_used_for_longest_goes_first() {
        let memo = Memo::new(3500);
        for name in ["a", "b", "c"] {
            memo.put(key(name), output(1000));
        }
        assert!(memo.get(&key("a")).is_some());
        memo.put(key("d"), output(1000));
        assert!(memo.get(&key("b")).is_none(), "b is the oldest");
        for name in ["a", "c", "d"] {
            assert!(memo.get(&key(name)).is_some(), "{name}");
        }
        assert!(memo.size() <= 3500);
    }

    #[test]
    fn replaced_output_is_not_counted_twice() {
        let memo = Memo::new(10_000);
        memo.put(key("a"), output(1000));
        let size = memo.size();
        memo.put(key("a"), output(1000));
        assert_eq!(memo.size(), size);
        memo.put(key("a"), output(20_000));
        assert_eq!(
            memo.size(),
            0,
            "too large to keep, and what it replaces does not hold any more"
        );
    }

    #[test]
    fn tenants_do_not_share_output() {
        let memo = Memo::new(10_000);
        memo.put(key("a"), output(10));
        assert!(
            memo.get(&MemoKey {
                tenant: "other".to_owned(),
                ..key("a")
            })
            .is_none()
        );
    }
}
