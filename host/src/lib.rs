//! The host: edges to Git, the API server, disk and the sandbox, the reconciles that connect them, and the command line.

pub mod build;
pub mod cli;
pub mod cluster;
pub mod config;
pub mod controller;
pub mod gates;
pub mod live;
pub mod metrics;
pub mod plugin;
pub mod reconcile;
pub mod renderers;
pub mod serve;
pub mod telemetry;
pub mod template;
pub mod wiring;
