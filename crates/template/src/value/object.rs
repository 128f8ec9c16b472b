//! Values with methods: what Go programs hand to templates as structs and named types, such as Helm's `.Files`.

use std::any::Any;

use super::{Kind, Value};
use crate::func::Signature;

/// A Go value with fields and methods.
pub trait Object: Any {
    /// The type as Go prints it, `*semver.Version` for example.
    fn type_name(&self) -> &str;

    fn kind(&self) -> Kind {
        Kind::Struct
    }

    /// A field, in the sense of Go: absent names are an error at the place of use.
    fn field(&self, _name: &str) -> Option<Value> {
        None
    }

    /// What a map among the objects gives for a key that it does not have; none for nil.
    fn missing(&self) -> Option<Value> {
        None
    }

    /// The signature of a method.
    fn method(&self, _name: &str) -> Option<Signature> {
        None
    }

    /// Calls a method whose arguments were checked against its signature.
    fn call(&self, name: &str, _args: &[Value]) -> Result<Value, String> {
        Err(format!("no method {name}"))
    }

    /// What `String()` gives, for types that have it.
    fn string(&self) -> Option<String> {
        None
    }

    /// The value without its methods: printed, ranged over, measured and encoded in its place.
    fn plain(&self) -> Value;

    /// What `deepCopy` makes of it, if that is not the same: it sees no private fields.
    fn copied(&self) -> Option<Value> {
        None
    }

    fn as_any(&self) -> &dyn Any;
}
