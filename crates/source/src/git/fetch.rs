//! From a reference to a revision whose objects are here: list, decide, download.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::Arc;

use git2::{AutotagOption, FetchOptions, RemoteCallbacks, Repository};
use tokio::runtime::Handle;

use super::advertisement::References;
use super::cache::{Caches, Depth, Lease};
use super::checkout::Tag;
use super::connection::Connection;
use super::resolve::{Wanted, resolve};
use super::transport::{Open, Session};
use super::{
    Budget, Checkout, Credentials, GitError, Reference, Remote, RemoteError, ResponseLimits,
    Revision, submodules,
};
use crate::http::HttpClients;

/// More objects than the largest public histories have; each costs memory while it is indexed.
const MAX_OBJECTS: usize = 30_000_000;

/// Fetches from git servers. Cheap to clone.
#[derive(Clone)]
pub struct Git {
    clients: Arc<HttpClients>,
    caches: Caches,
    limits: ResponseLimits,
    runtime: Handle,
}

pub enum Fetched {
    /// The server still has what is known already; nothing was downloaded.
    Unchanged(Revision),
    Checkout(Checkout),
}

impl Git {
    /// `cache` is a folder of our own; `runtime` runs the connections.
    #[must_use]
    pub fn new(cache: PathBuf, clients: Arc<HttpClients>, runtime: Handle) -> Self {
        Self {
            clients,
            caches: Caches::new(cache),
            limits: ResponseLimits::default(),
            runtime,
        }
    }

    #[must_use]
    pub fn with_limits(self, limits: ResponseLimits) -> Self {
        Self { limits, ..self }
    }

    /// Fetches what `reference` means now. `known` is the revision that is stored: while a branch, tag or name still means it, one
    /// small request is all. `object` names whom the fetch is for: objects share no cache, since they may not see the same.
    ///
    /// Blocks; not to be called on a thread that drives the runtime.
    ///
    /// # Errors
    /// In the words of Flux, without its prefix `failed to checkout and determine revision: `.
    pub fn fetch(
        &self,
        remote: &Remote,
        reference: &Reference,
        known: Option<&str>,
        object: &str,
        budget: &Budget,
    ) -> Result<Fetched, GitError> {
        let url = remote.url.to_string();
        let has_shortcut = matches!(
            reference,
            Reference::Branch(_) | Reference::Tag(_) | Reference::Name(_)
        );
        let listed = known.is_some() && has_shortcut || matches!(reference, Reference::Name(_));
        let open = self.list(remote, budget).map_err(|cause| match cause {
            ListError::Remote(cause) if listed => GitError::List {
                url: url.clone(),
                cause,
            },
            ListError::Remote(cause) => GitError::Clone {
                url: url.clone(),
                cause,
            },
            ListError::Git(error) => error,
        })?;
        let (open, references) = open;
        let wanted = resolve(reference, &references, &url, known.is_some())?;
        if let (Wanted::Tip { revision, .. }, Some(known), true) = (&wanted, known, has_shortcut)
            && revision.is(known)
        {
            return Ok(Fetched::Unchanged(revision.clone()));
        }
        let depth = match wanted {
            Wanted::Within { .. } => Depth::Full,
            Wanted::Tip { .. } | Wanted::YoungestOf(_) => Depth::One,
        };
        let lease = self.caches.lease(object, &url, depth);
        let download = Download {
            open: &open,
            url: &url,
        };
        match download.run(&lease, &wanted) {
            Ok(checkout) => Ok(Fetched::Checkout(checkout.keep(lease))),
            Err(error) if download.may_be_the_cache(&error) => {
                // A damaged cache shows as missing or corrupt objects. Without it, the next error is the server's.
                tracing::debug!(error = %error, "fetching into an existing cache failed, starting anew");
                lease.clear()?;
                let checkout = download.run(&lease, &wanted)?;
                Ok(Fetched::Checkout(checkout.keep(lease)))
            }
            Err(error) => Err(error),
        }
    }

    /// Fetches the submodules of a checkout, and theirs. Credentials go to the server that they were given for, and to no other that
    /// a commit may name.
    ///
    /// Blocks, as [`Git::fetch`] does.
    ///
    /// # Errors
    /// When one cannot be fetched; it is named.
    pub fn follow_submodules(
        &self,
        checkout: &mut Checkout,
        remote: &Remote,
        budget: &Budget,
    ) -> Result<(), GitError> {
        let mut left = submodules::MAX_COUNT;
        self.follow(checkout, remote, budget, submodules::MAX_DEPTH, &mut left)
    }

    fn follow(
        &self,
        checkout: &mut Checkout,
        remote: &Remote,
        budget: &Budget,
        depth: usize,
        left: &mut usize,
    ) -> Result<(), GitError> {
        for (path, address, commit) in checkout.submodules()? {
            let too_many = GitError::TooManySubmodules(submodules::MAX_COUNT);
            *left = left.checked_sub(1).ok_or(too_many)?;
            let fetched = match depth {
                0 => Err(GitError::TooManySubmodules(submodules::MAX_COUNT)),
                _ => self.submodule(&address, &commit, remote, budget, depth, left),
            };
            let fetched = fetched.map_err(|cause| GitError::Submodule {
                path: path.clone(),
                cause: Box::new(cause),
            })?;
            checkout.add_submodule(path, fetched);
        }
        Ok(())
    }

    fn submodule(
        &self,
        address: &str,
        commit: &str,
        parent: &Remote,
        budget: &Budget,
        depth: usize,
        left: &mut usize,
    ) -> Result<Checkout, GitError> {
        let url = parent.url.submodule(address)?;
        let credentials = match url.has_origin_of(&parent.url) {
            true => parent.credentials.clone(),
            false => Credentials::none(),
        };
        let remote = Remote {
            credentials,
            url,
            proxy: parent.proxy.clone(),
        };
        let shown = remote.url.to_string();
        let (open, references) = self.list(&remote, budget).map_err(|cause| match cause {
            ListError::Remote(cause) => GitError::Clone {
                url: shown.clone(),
                cause,
            },
            ListError::Git(error) => error,
        })?;
        let wanted = Reference::Commit {
            commit: commit.to_owned(),
            branch: None,
        };
        let wanted = resolve(&wanted, &references, &shown, false)?;
        let download = Download {
            open: &open,
            url: &shown,
        };
        let lease = self.caches.temporary();
        let mut checkout = download.run(&lease, &wanted)?.keep(lease);
        self.follow(&mut checkout, &remote, budget, depth - 1, left)?;
        Ok(checkout)
    }

    /// Drops what is kept for an object that is gone.
    ///
    /// # Errors
    /// When the disk fails.
    pub fn remove(&self, object: &str) -> std::io::Result<()> {
        self.caches.remove(object)
    }

    fn list(&self, remote: &Remote, budget: &Budget) -> Result<(Open, References), ListError> {
        let connect = remote.credentials.connect(remote.proxy.as_ref());
        let client = self.clients.get(&connect).map_err(GitError::from)?;
        let credentials = remote.credentials.clone();
        let connection = Connection::new(
            client,
            self.runtime.clone(),
            credentials,
            self.limits,
            budget.clone(),
        );
        let (base, list) = connection.references(&remote.url)?;
        let references = References::parse(&list)?;
        let open = Session::new(connection, base, list)
            .open()
            .map_err(GitError::objects)?;
        Ok((open, references))
    }
}

enum ListError {
    Remote(RemoteError),
    Git(GitError),
}

impl From<RemoteError> for ListError {
    fn from(error: RemoteError) -> Self {
        Self::Remote(error)
    }
}

impl From<GitError> for ListError {
    fn from(error: GitError) -> Self {
        Self::Git(error)
    }
}

struct Download<'a> {
    open: &'a Open,
    url: &'a str,
}

impl Download<'_> {
    fn run(&self, lease: &Lease, wanted: &Wanted) -> Result<Checkout, GitError> {
        let repository = lease.open()?;
        match wanted {
            Wanted::Tip {
                reference,
                revision,
            } => {
                // A tag may be signed anew on the same commit.
                if reference.starts_with("refs/tags/")
                    || repository.find_commit(revision.oid()).is_err()
                {
                    self.download(&repository, std::slice::from_ref(reference), Depth::One)?;
                }
                let tag = tag_of(&repository, reference);
                Ok(Checkout::new(repository, revision.clone())?.tagged(tag))
            }
            Wanted::YoungestOf(tags) => {
                let names: Vec<String> = tags.iter().map(|(name, _)| name.clone()).collect();
                self.download(&repository, &names, Depth::One)?;
                let time = |revision: &Revision| {
                    repository
                        .find_commit(revision.oid())
                        .map(|commit| commit.time().seconds())
                };
                let youngest = tags
                    .iter()
                    .max_by_key(|(_, revision)| time(revision).unwrap_or(i64::MIN));
                let Some((name, youngest)) = youngest.cloned() else {
                    return Err(GitError::NoMatch(String::new()));
                };
                let tag = tag_of(&repository, &name);
                Ok(Checkout::new(repository, youngest)?.tagged(tag))
            }
            Wanted::Within {
                references,
                revision,
            } => {
                self.download(&repository, references, Depth::Full)?;
                if !is_within(&repository, references, revision) {
                    return Err(GitError::UnknownCommit(revision.commit()));
                }
                Checkout::new(repository, revision.clone())
            }
        }
    }

    fn download(
        &self,
        repository: &Repository,
        references: &[String],
        depth: Depth,
    ) -> Result<(), GitError> {
        let fail = |cause| GitError::Clone {
            url: self.url.to_owned(),
            cause,
        };
        let budget = self.open.session().connection.budget();
        let mut callbacks = RemoteCallbacks::new();
        let too_many = Cell::new(false);
        callbacks.transfer_progress(|progress| {
            too_many.set(progress.total_objects() > MAX_OBJECTS);
            !too_many.get() && budget.check().is_ok()
        });
        let mut options = FetchOptions::new();
        options
            .remote_callbacks(callbacks)
            .download_tags(AutotagOption::None)
            .update_fetchhead(false);
        if depth == Depth::One {
            options.depth(1);
        }
        let specs: Vec<String> = references
            .iter()
            .map(|name| format!("+{name}:{}", local(name)))
            .collect();
        let fetched = repository
            .remote_anonymous(&self.open.url())
            .and_then(|mut remote| remote.fetch(&specs, Some(&mut options), None));
        fetched.map_err(|error| match budget.check() {
            Err(over) => fail(over),
            Ok(()) if too_many.get() => fail(RemoteError::Protocol("it holds too many objects")),
            Ok(()) => fail(self.open.explain(&error)),
        })
    }

    fn may_be_the_cache(&self, error: &GitError) -> bool {
        let transfer = matches!(
            error,
            GitError::Clone {
                cause: RemoteError::Transfer(_),
                ..
            }
        );
        (transfer || matches!(error, GitError::Objects(_) | GitError::NotACommit(_)))
            && self.open.session().connection.budget().check().is_ok()
    }
}

/// The tag that a remote reference is, as it was fetched.
fn tag_of(repository: &Repository, reference: &str) -> Option<Tag> {
    let name = reference.strip_prefix("refs/tags/")?.to_owned();
    let target = repository.refname_to_id(&local(reference)).ok()?;
    let object = repository.find_tag(target).is_ok().then_some(target);
    Some(Tag { name, object })
}

/// Where a remote reference is kept in the cache: out of the way of names that mean something to libgit2.
fn local(name: &str) -> String {
    format!("refs/rosin/{name}")
}

fn is_within(repository: &Repository, references: &[String], revision: &Revision) -> bool {
    let commit = revision.oid();
    references.iter().any(|name| {
        let tip = repository.refname_to_id(&local(name)).ok();
        tip.is_some_and(|tip| {
            tip == commit || repository.graph_descendant_of(tip, commit).unwrap_or(false)
        })
    })
}
