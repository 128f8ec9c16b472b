//! Git fetches, ignore rules, the artifact store and its server.

pub mod artifact;
pub mod http;
pub mod ignore;
pub mod semver;
pub mod serve;
