//! Comments that stand with a value. kustomize prints YAML that is held in strings with its comments, and reads schemas from them.

use smol_str::SmolStr;

/// Comments with their `#`. Those of a field stand with its value, those of a list's item with the item.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Comments {
    /// Lines before the field or item; an empty line at the end keeps its distance.
    pub head: SmolStr,
    /// Behind the value, or behind the key of a block.
    pub line: SmolStr,
    /// Lines after the last field or item of a block.
    pub foot: SmolStr,
}
