//! Git over HTTP: find out what a reference means on the server, fetch that revision, read its files from the object database.
//! Nothing is ever checked out, so no hook, filter, attribute or configuration of a repository can have an effect.
//!
//! libgit2 speaks the protocol and keeps the objects; the connection is ours ([`connection`]): trust, proxies, redirects,
//! credentials, deadlines and limits.

mod advertisement;
mod cache;
mod checkout;
mod commit;
mod compose;
mod connection;
mod error;
mod fetch;
mod names;
pub mod observe;
mod reference;
mod remote;
mod resolve;
mod revision;
pub mod signature;
mod submodules;
mod transport;

pub use checkout::Checkout;
pub use commit::Commit;
pub use compose::{Contents, Included};
pub use connection::{Budget, ResponseLimits};
pub use error::{GitError, RemoteError};
pub use fetch::{Fetched, Git};
pub use reference::Reference;
pub use remote::{Credentials, InvalidCredentials, InvalidUrl, Remote, RemoteUrl};
pub use revision::Revision;
