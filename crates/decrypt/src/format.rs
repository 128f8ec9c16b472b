//! The formats of SOPS, and how one is told from another.

use std::fmt;

use memchr::memmem;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    Binary,
    Dotenv,
    Ini,
    Json,
    Yaml,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Binary => "binary",
            Self::Dotenv => "dotenv",
            Self::Ini => "INI",
            Self::Json => "JSON",
            Self::Yaml => "YAML",
        })
    }
}

/// What an encrypted file of a format contains. Files without it are not encrypted. Order matters to those that could be several.
const MARKERS: [(Format, &[u8]); 4] = [
    (Format::Dotenv, b"sops_mac=ENC["),
    (Format::Ini, b"[sops]"),
    (Format::Json, br#""mac": "ENC["#),
    (Format::Yaml, b"mac: ENC["),
];

impl Format {
    /// By the ending of a file's name, or of a key that a file is stored under.
    #[must_use]
    pub fn of_path(path: &str) -> Self {
        let ends = |endings: &[&str]| endings.iter().any(|ending| path.ends_with(ending));
        if ends(&[".json", ".dockerconfigjson"]) {
            Self::Json
        } else if ends(&[".yaml", ".yml"]) {
            Self::Yaml
        } else if ends(&[".env"]) {
            Self::Dotenv
        } else if ends(&[".ini"]) {
            Self::Ini
        } else {
            Self::Binary
        }
    }

    /// Whether these bytes look like an encrypted file of this format.
    #[must_use]
    pub fn is_marked(self, bytes: &[u8]) -> bool {
        // What was binary is JSON while it is encrypted.
        let stored = if self == Self::Binary {
            Self::Json
        } else {
            self
        };
        MARKERS
            .iter()
            .any(|(format, marker)| *format == stored && memmem::find(bytes, marker).is_some())
    }

    /// By content alone.
    #[must_use]
    pub fn detect(bytes: &[u8]) -> Option<Self> {
        MARKERS
            .iter()
            .find(|(_, marker)| memmem::find(bytes, marker).is_some())
            .map(|(format, _)| *format)
    }
}
