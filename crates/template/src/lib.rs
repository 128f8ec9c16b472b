//! Go's `text/template` in Rust, faithful to the byte: language, value model, `fmt` verbs and error texts; and sprig's
//! functions. Helm's own functions and charts are the business of `rosin-helm`.
//!
//! ```
//! use std::rc::Rc;
//! use rosin_template::{Env, Functions, Map, Still, Templates, Value, parse};
//!
//! let functions = Functions::builtin();
//! let mut templates = Templates::default();
//! templates.add(parse("greeting", "Hello, {{ .name | printf \"%q\" }}!", &functions)?);
//! let mut env = Env::new(Rc::new(functions), Rc::new(templates), Rc::new(Still));
//! let data = Map::from_iter([("name", "world")]);
//! assert_eq!(env.execute(b"greeting", Value::Map(data))?, b"Hello, \"world\"!");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ambient;
mod base64;
mod builtins;
mod crypto;
pub mod duration;
mod error;
mod exec;
pub mod fmt;
mod func;
pub mod json;
mod methods;
mod parse;
pub mod sprig;
pub mod strconv;
pub mod value;

pub use ambient::{Ambient, Crypto, KeyKind, ScryptCost, Still};
pub use error::{CallError, Missing, Place, RenderError};
pub use exec::{Env, Limits, MissingKey, Templates, ToYaml, Trace};
pub use func::{Body, Function, Functions, Param, Signature};
pub use parse::{ParseError, Tree, Trees, parse};
pub use value::{IntType, Kind, List, ListType, Map, MapType, Object, Str, UintType, Value};

/// Go's standard base 64, with padding.
#[must_use]
pub fn base64_encode(bytes: &[u8]) -> String {
    base64::encode(bytes)
}

/// The same read back, with Go's words for what is wrong.
pub fn base64_decode(text: &[u8]) -> Result<Vec<u8>, String> {
    base64::decode(text)
}
