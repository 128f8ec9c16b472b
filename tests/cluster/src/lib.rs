//! A real Kubernetes control plane, a real git server and the controller under test, as values that stop what they started.
//! The tests, the demo, the benchmark and the runner of recorded scenarios all stand on these.

pub mod api;
mod certificates;
pub mod chart_repository;
pub mod control_plane;
pub mod controller;
pub mod fault_proxy;
pub mod flux;
pub mod flux_controllers;
pub mod git_server;
pub mod helm;
pub mod install;
pub mod paths;
pub mod process;
pub mod registry;
pub mod repository;
pub mod wait;

pub use api::Api;
pub use control_plane::{ControlPlane, Options};
pub use controller::Controller;
pub use fault_proxy::{Fault, FaultProxy};
pub use flux_controllers::FluxControllers;
pub use git_server::GitServer;
pub use registry::Registry;
pub use repository::Repository;
