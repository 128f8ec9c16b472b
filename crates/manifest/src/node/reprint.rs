//! What becomes of a string when kyaml prints the tree and reads it again, as kustomize does on the way to JSON. Only folded block
//! scalars change: the emitter decides by the start of the text how many line breaks it needs before an indented line.

use std::borrow::Cow;

use super::{Scalar, Style};
use crate::yaml;

pub(crate) fn string(scalar: &Scalar) -> Cow<'_, str> {
    let text = scalar.value.as_str();
    if scalar.style != Style::Folded || !text.contains('\n') {
        return text.into();
    }
    yaml::reprint_folded(text).map_or(text.into(), Cow::Owned)
}
