//! Where files come from and where they are kept: Git fetches, registries, ignore rules, the artifact store and its server.
//!
//! The way of a commit, as the host walks it:
//!
//! 1. [`git::Git::fetch`] lists the references of a remote and finds out which revision a [`git::Reference`] means. While that is
//!    the known one, nothing more happens; otherwise its objects are fetched into a cache and a [`git::Checkout`] comes back.
//! 2. [`artifact::Store::write`] makes an archive of it, [`git::Checkout::write`] says what goes in: ignore lists, sparse folders and
//!    included artifacts are applied there. The same pass unpacks the files for our own use.
//! 3. [`artifact::Store::tree`] gives those files to any number of readers as one shared [`rosin_tree::Tree`];
//!    [`serve::router`] gives the archive to everybody else; [`artifact::Downloads`] reads from other servers.
//!
//! An artifact of a registry goes the same way: [`oci::Reference::tag`] and [`oci::Reference::resolve`] find its manifest,
//! [`oci::Registry::layer`] downloads, [`artifact::Store::repack`] or [`artifact::Store::copy`] stores.
//!
//! Everything but downloading and serving blocks, and belongs on a thread that may. Nothing here knows Kubernetes.

pub mod artifact;
pub mod bucket;
pub mod git;
pub mod helm;
pub mod http;
pub mod ignore;
mod null;
pub mod oci;
pub mod proxy;
pub mod semver;
pub mod serve;
