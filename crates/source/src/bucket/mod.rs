//! Object storage that speaks S3: listing a bucket and reading its objects, with and without keys.

mod client;
mod sign;
mod xml;

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

pub use client::{Client, ClientOptions, Keys, S3Error};

use crate::ignore::{FILE, IgnoreRules};

/// What a bucket holds that is wanted: names and the tags of their contents, sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listing(Vec<Listed>);

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Listed {
    pub key: String,
    pub etag: String,
}

impl Listing {
    /// Without folders, the list of what is ignored, and what that leaves out.
    #[must_use]
    pub fn new(objects: Vec<Listed>, rules: &IgnoreRules) -> Self {
        let kept = objects.into_iter().filter(|object| {
            let key = &object.key;
            !key.ends_with('/') && key != FILE && !rules.excludes(key, false)
        });
        let mut kept: Vec<Listed> = kept.collect();
        kept.sort();
        kept.dedup_by(|left, right| left.key == right.key);
        Self(kept)
    }

    #[must_use]
    pub fn objects(&self) -> &[Listed] {
        &self.0
    }

    /// `sha256:<hex>` of the names and tags.
    #[must_use]
    pub fn revision(&self) -> String {
        let mut lines = String::new();
        let mut hash = Sha256::new();
        for Listed { key, etag } in &self.0 {
            lines.clear();
            // Writing to a string does not fail.
            let _ = writeln!(lines, "{key} {etag}");
            hash.update(&lines);
        }
        format!("sha256:{}", hex::encode(hash.finalize()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // parity: SRC-BKT-008, SRC-BKT-009
    #[test]
    fn revisions_are_those_of_what_is_kept() {
        let object = |key: &str, etag: &str| Listed {
            key: key.into(),
            etag: etag.into(),
        };
        let rules = IgnoreRules::without_defaults([("", b"*.txt\n".as_slice())], Some("!a.txt"));
        let objects = vec![
            object("b.yaml", "2"),
            object("a.txt", "1"),
            object("c.txt", "3"),
            object("folder/", "4"),
            object(".sourceignore", "5"),
            object("image.png", "6"),
        ];
        let listing = Listing::new(objects, &rules);
        let keys: Vec<_> = listing.objects().iter().map(|o| o.key.as_str()).collect();
        assert_eq!(keys, ["a.txt", "b.yaml", "image.png"]);
        let digest = hex::encode(Sha256::digest("a.txt 1\nb.yaml 2\nimage.png 6\n"));
        assert_eq!(listing.revision(), format!("sha256:{digest}"));
    }
}
