//! Renders Helm charts as Helm 4 does, to the same bytes. A plain library; `component.rs` makes it a plugin.
//!
//! The way of a rendering: `rosin-chart` loads files into charts, decides which subcharts take part and what they hand up,
//! and puts the user's values (`values`) over the defaults; `engine` runs the templates, `rosin-chart` cuts, sorts and
//! separates what came out. [`render`] tells that story.

pub mod chart;
mod component;
mod context;
mod engine;
mod error;
mod functions;
mod glob;
pub mod options;
pub mod render;
mod schema;
mod text;
pub mod values;

pub use context::{Capabilities, default_api_versions};
pub use engine::Scene;
pub use error::Error;
pub use functions::functions;
pub use options::Options;
pub use render::{Rendered, render, render_text, render_with};
pub use rosin_chart::manifests::{Hook, Manifest};
pub use text::render_alone;
