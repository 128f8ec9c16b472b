//! Helm's own functions, over Go's and sprig's.

mod duration;
mod include;
mod toml;
mod toml_read;
mod yaml;

use rosin_template::{Functions, sprig};

pub(crate) use include::{Includes, MISSING, author_message, without_missing};

/// All functions that a chart's templates may call.
#[must_use]
pub fn functions() -> Functions {
    let mut functions = sprig::functions();
    // Not in Helm: they would show the machine.
    functions.remove("env");
    functions.remove("expandenv");
    yaml::register(&mut functions);
    toml::register(&mut functions);
    duration::register(&mut functions);
    include::register(&mut functions);
    functions
}
