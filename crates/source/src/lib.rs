//! Git fetches, ignore rules, the artifact store and its server.

pub mod ignore;
pub mod semver;
