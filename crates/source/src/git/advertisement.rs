//! The server's list of references, as the first request of the smart protocol returns it.

use std::collections::BTreeMap;
use std::ops::Bound;

use git2::Oid;

use super::RemoteError;

/// More references than the largest public repositories have.
const MAX_REFERENCES: usize = 2_000_000;

/// Names as the server gives them; what an annotated tag leads to is under its name with `^{}`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct References(BTreeMap<String, Oid>);

impl References {
    pub(super) fn parse(answer: &[u8]) -> Result<Self, RemoteError> {
        let mut lines = Lines(answer);
        match lines.next() {
            Some(Ok(Line::Data(line))) if trim(line) == b"# service=git-upload-pack" => {}
            Some(Err(error)) => return Err(error),
            _ => {
                return Err(RemoteError::Protocol(
                    "it does not begin with the name of the service",
                ));
            }
        }
        let Some(Ok(Line::Flush)) = lines.next() else {
            return Err(RemoteError::Protocol(
                "the name of the service is not followed by a flush",
            ));
        };
        let mut found = BTreeMap::new();
        let mut first = true;
        for line in lines {
            let line = match line? {
                Line::Flush => return Ok(Self(found)),
                Line::Data(line) => trim(line),
            };
            if line.starts_with(b"version ") || line.starts_with(b"shallow ") {
                continue;
            }
            if let Some(message) = line.strip_prefix(b"ERR ") {
                return Err(RemoteError::Transfer(super::error::printable(message)));
            }
            let reference = if first {
                line.split(|byte| *byte == 0).next().unwrap_or_default()
            } else {
                line
            };
            first = false;
            let (oid, name) = reference_of(reference)?;
            // An empty repository states its capabilities on a line without reference.
            if name != "capabilities^{}" {
                found.insert(name.to_owned(), oid);
            }
            if found.len() > MAX_REFERENCES {
                return Err(RemoteError::Protocol("it lists too many references"));
            }
        }
        Err(RemoteError::Protocol("the list of references is cut off"))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, name: &str) -> Option<Oid> {
        self.0.get(name).copied()
    }

    /// The commit that a reference leads to, through annotated tags.
    pub(super) fn peeled(&self, name: &str) -> Option<Oid> {
        self.get(&format!("{name}^{{}}")).or_else(|| self.get(name))
    }

    pub(super) fn below<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, Oid)> {
        self.0
            .range::<str, _>((Bound::Included(prefix), Bound::Unbounded))
            .take_while(move |(name, _)| name.starts_with(prefix))
            .map(|(name, oid)| (name.as_str(), *oid))
    }
}

fn reference_of(line: &[u8]) -> Result<(Oid, &str), RemoteError> {
    let malformed = RemoteError::Protocol("a line of the list is malformed");
    let Some((oid, rest)) = line.split_at_checked(40) else {
        return Err(malformed);
    };
    let oid = std::str::from_utf8(oid)
        .ok()
        .and_then(|oid| oid.parse().ok());
    let name = rest.strip_prefix(b" ").map(std::str::from_utf8);
    match (oid, name) {
        (Some(oid), Some(Ok(name))) => Ok((oid, name)),
        // A name that is not UTF-8 cannot be asked for; it must not hide the others.
        (Some(oid), Some(Err(_))) => Ok((oid, "")),
        _ => Err(malformed),
    }
}

fn trim(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\n").unwrap_or(line)
}

enum Line<'a> {
    Flush,
    Data(&'a [u8]),
}

/// Packet lines: four hexadecimal digits of length, which count themselves, then the content.
struct Lines<'a>(&'a [u8]);

impl<'a> Iterator for Lines<'a> {
    type Item = Result<Line<'a>, RemoteError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let line = self.0.split_at_checked(4).and_then(|(digits, rest)| {
            let mut bytes = [0; 2];
            hex::decode_to_slice(digits, &mut bytes).ok()?;
            match usize::from(u16::from_be_bytes(bytes)) {
                0 => Some((Line::Flush, rest)),
                length => {
                    let (data, rest) = rest.split_at_checked(length.checked_sub(4)?)?;
                    Some((Line::Data(data), rest))
                }
            }
        });
        let Some((line, rest)) = line else {
            self.0 = &[];
            return Some(Err(RemoteError::Protocol("a packet line is malformed")));
        };
        self.0 = rest;
        Some(Ok(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";
    const B: &str = "2222222222222222222222222222222222222222";

    fn line(text: &str) -> String {
        format!("{:04x}{text}", text.len() + 4)
    }

    fn answer(lines: &[&str]) -> Vec<u8> {
        let mut out = line("# service=git-upload-pack\n") + "0000";
        for text in lines {
            out += &line(text);
        }
        (out + "0000").into_bytes()
    }

    #[test]
    fn references_and_peeled_tags_are_read() {
        let first = format!("{A} HEAD\0multi_ack shallow symref=HEAD:refs/heads/main\n");
        let tag = format!("{A} refs/tags/v1\n");
        let peeled = format!("{B} refs/tags/v1^{{}}\n");
        let found = References::parse(&answer(&[&first, &tag, &peeled])).expect("valid");
        assert_eq!(found.get("HEAD"), A.parse().ok());
        assert_eq!(found.peeled("refs/tags/v1"), B.parse().ok());
        assert_eq!(found.peeled("refs/tags/v2"), None);
        assert_eq!(found.below("refs/tags/").count(), 2);
    }

    #[test]
    fn empty_repository_has_no_references() {
        let zero = "0".repeat(40);
        let capabilities = format!("{zero} capabilities^{{}}\0multi_ack\n");
        assert!(
            References::parse(&answer(&[&capabilities]))
                .expect("valid")
                .is_empty()
        );
        assert!(References::parse(&answer(&[])).expect("valid").is_empty());
    }

    #[test]
    fn anything_else_is_refused() {
        // parity: SEC-GIT-05, SEC-GIT-12
        let good = answer(&[&format!("{A} HEAD\0x\n")]);
        for cut in 0..good.len() {
            assert!(References::parse(&good[..cut]).is_err(), "cut at {cut}");
        }
        for bad in [
            "<html>",
            "0000",
            "0003",
            "ffff",
            "001e# service=git-upload-pack\n0000zzzz",
            "001e# service=git-upload-pack\n0000ffffffff",
        ] {
            assert!(References::parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(References::parse(&answer(&["short"])).is_err());
        assert!(References::parse(&answer(&[&format!("{} HEAD", "z".repeat(40))])).is_err());
    }
}
