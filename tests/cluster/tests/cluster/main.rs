//! Tests against a real API server. They need programs that are built for it, so that they are asked for by name:
//! `make test-cluster`, or `cargo test --test cluster -- --ignored` once `make build tools` has run.

mod case;
mod control;
mod crash;
mod decryption;
mod definitions;
mod deletion;
mod dependencies;
mod drift;
mod drop_in;
mod failures;
mod faults;
mod flux_command;
mod fresh;
mod health;
mod hostile;
mod kills;
mod main_path;
mod operation;
mod plugins;
mod prune;
mod releases;
mod remote;
mod shard;
mod source;
mod status;
mod storage;
mod substitution;
mod switch;
mod take_over;
