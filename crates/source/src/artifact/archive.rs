//! Writes the archive of an artifact: the same files give the same bytes, whenever and wherever they are packed.
//!
//! The layout is Flux's: paths without `./`, the root as an entry named `.`, folders without a slash at the end, owner 0, time 0,
//! three modes. The compression is ours, so digests differ from those that Flux gives the same files.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

/// Fast rather than small: manifests compress well at any level, and a commit waits for this.
const LEVEL: u32 = 3;

const DIR_MODE: u32 = 0o750;
const FILE_MODE: u32 = 0o600;
const EXECUTABLE_MODE: u32 = 0o700;

pub(crate) struct ArchiveWriter<W: Write> {
    tar: Builder<GzEncoder<W>>,
}

impl<W: Write> ArchiveWriter<W> {
    pub(crate) fn new(into: W) -> io::Result<Self> {
        let mut writer = Self {
            tar: Builder::new(GzEncoder::new(into, Compression::new(LEVEL))),
        };
        writer.dir(".")?;
        Ok(writer)
    }

    pub(crate) fn dir(&mut self, path: &str) -> io::Result<()> {
        self.append(path, EntryType::Directory, DIR_MODE, &[])
    }

    pub(crate) fn file(&mut self, path: &str, executable: bool, content: &[u8]) -> io::Result<()> {
        let mode = if executable {
            EXECUTABLE_MODE
        } else {
            FILE_MODE
        };
        self.append(path, EntryType::Regular, mode, content)
    }

    pub(crate) fn finish(self) -> io::Result<W> {
        self.tar.into_inner()?.finish()
    }

    fn append(&mut self, path: &str, kind: EntryType, mode: u32, content: &[u8]) -> io::Result<()> {
        let mut header = Header::new_ustar();
        if !set_path(&mut header, path) {
            self.tar
                .append_pax_extensions([("path", path.as_bytes())])?;
        }
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_size(content.len() as u64);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        self.tar.append(&header, content)
    }
}

/// Puts the path into the header if it fits; a long one goes into an extension, and the header keeps its beginning.
fn set_path(header: &mut Header, path: &str) -> bool {
    let Some(fields) = header.as_ustar_mut() else {
        return false;
    };
    let bytes = path.as_bytes();
    let (prefix, name) = split(bytes, fields.prefix.len(), fields.name.len());
    let fits = name.len() <= fields.name.len();
    let name = &name[..name.len().min(fields.name.len())];
    fields.name[..name.len()].copy_from_slice(name);
    fields.prefix[..prefix.len()].copy_from_slice(prefix);
    fits
}

/// At the first slash that leaves a short enough rest, if the part before it is short enough too.
fn split(path: &[u8], prefix_room: usize, name_room: usize) -> (&[u8], &[u8]) {
    if path.len() <= name_room {
        return (&[], path);
    }
    let slash = path
        .iter()
        .enumerate()
        .position(|(at, &byte)| byte == b'/' && path.len() - at - 1 <= name_room);
    match slash {
        Some(at) if at > 0 && at <= prefix_room => (&path[..at], &path[at + 1..]),
        _ => (&[], path),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn pack(files: &[(&str, bool, &str)]) -> Vec<u8> {
        let mut writer = ArchiveWriter::new(Vec::new()).expect("starts");
        for (path, executable, content) in files {
            writer
                .file(path, *executable, content.as_bytes())
                .expect("packs");
        }
        writer.finish().expect("finishes")
    }

    #[test]
    fn headers_are_those_of_flux() {
        // parity: SRC-GEN-011
        let mut writer = ArchiveWriter::new(Vec::new()).expect("starts");
        writer.dir("docs").expect("packs");
        writer.file("docs/a.md", false, b"a").expect("packs");
        writer.file("run.sh", true, b"#!").expect("packs");
        let packed = writer.finish().expect("finishes");
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
        let seen: Vec<_> = archive
            .entries()
            .expect("is a tar")
            .map(|entry| {
                let header = entry.expect("entry").header().clone();
                let ustar = header.as_ustar().expect("ustar");
                assert!(
                    ustar
                        .uname
                        .iter()
                        .chain(&ustar.gname)
                        .all(|byte| *byte == 0),
                    "no owner names"
                );
                let numbers = (
                    header.uid().expect("uid"),
                    header.gid().expect("gid"),
                    header.mtime().expect("mtime"),
                );
                assert_eq!(numbers, (0, 0, 0));
                (
                    String::from_utf8(header.path_bytes().to_vec()).expect("utf-8"),
                    header.mode().expect("mode"),
                )
            })
            .collect();
        let expected = [
            (".", 0o750),
            ("docs", 0o750),
            ("docs/a.md", 0o600),
            ("run.sh", 0o700),
        ];
        assert_eq!(seen, expected.map(|(path, mode)| (path.to_owned(), mode)));
    }

    #[test]
    fn long_paths_survive() {
        let paths = [
            "n".repeat(100),
            "n".repeat(101),
            format!("{}/{}", "p".repeat(155), "n".repeat(100)),
            format!("{}/{}", "p".repeat(156), "n".repeat(100)),
            format!("{}/ä/{}", "p".repeat(200), "n".repeat(200)),
            vec!["d"; 150].join("/"),
        ];
        for path in paths {
            let packed = pack(&[(&path, false, "x")]);
            let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&packed[..]));
            let mut entry = archive
                .entries()
                .expect("is a tar")
                .nth(1)
                .expect("second entry")
                .expect("entry");
            assert_eq!(String::from_utf8_lossy(&entry.path_bytes()), path);
            let mut content = String::new();
            entry.read_to_string(&mut content).expect("reads");
            assert_eq!(content, "x");
        }
    }

    #[test]
    fn same_files_same_bytes() {
        assert_eq!(
            pack(&[("a", false, "1"), ("b", true, "2")]),
            pack(&[("a", false, "1"), ("b", true, "2")])
        );
        assert_ne!(pack(&[("a", false, "1")]), pack(&[("a", true, "1")]));
    }
}
