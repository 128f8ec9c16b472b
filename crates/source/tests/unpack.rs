//! Archives that mean harm. Whatever they hold, nothing appears outside of the folder and nothing is left in it.

use std::io::Write;
use std::time::{Duration, Instant};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use rosin_source::artifact::{UnpackError, unpack};
use rosin_tree::{Limits, TreeError};

const SMALL: Limits = Limits {
    entries: 1000,
    file_bytes: 1 << 20,
    total_bytes: 4 << 20,
};

struct Item {
    name: Vec<u8>,
    kind: u8,
    link: Vec<u8>,
    size: Option<u64>,
    content: Vec<u8>,
    mode: u32,
}

fn item(name: &[u8], kind: u8, content: &[u8]) -> Item {
    Item {
        name: name.to_vec(),
        kind,
        link: Vec::new(),
        size: None,
        content: content.to_vec(),
        mode: 0o644,
    }
}

fn link(name: &str, kind: u8, target: &str) -> Item {
    Item {
        link: target.as_bytes().to_vec(),
        ..item(name.as_bytes(), kind, b"")
    }
}

/// A tar as bytes, with whatever in its headers.
fn tar(items: &[Item]) -> Vec<u8> {
    let mut out = Vec::new();
    for item in items {
        let mut header = tar::Header::new_ustar();
        let fields = header.as_ustar_mut().expect("ustar");
        fields.name[..item.name.len()].copy_from_slice(&item.name);
        fields.linkname[..item.link.len()].copy_from_slice(&item.link);
        header.as_mut_bytes()[156] = item.kind;
        header.set_mode(item.mode);
        header.set_size(item.size.unwrap_or(item.content.len() as u64));
        header.set_cksum();
        out.extend_from_slice(header.as_bytes());
        out.extend_from_slice(&item.content);
        out.resize(out.len().next_multiple_of(512), 0);
    }
    out.resize(out.len() + 1024, 0);
    out
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("writes");
    encoder.finish().expect("finishes")
}

/// Unpacks into a folder whose surroundings are watched.
fn attempt(archive: &[u8], limits: Limits) -> Result<usize, UnpackError> {
    let outer = tempfile::tempdir().expect("folder");
    std::fs::create_dir(outer.path().join("inner")).expect("folder");
    std::fs::write(outer.path().join("witness"), "as it was").expect("file");
    let inner =
        Dir::open_ambient_dir(outer.path().join("inner"), ambient_authority()).expect("opens");
    let outcome = unpack(archive, limits, &inner).map(|(_, links)| links);
    let around: Vec<_> = std::fs::read_dir(outer.path())
        .expect("reads")
        .map(|entry| entry.expect("entry").file_name())
        .collect();
    assert_eq!(around.len(), 2, "{around:?}");
    assert_eq!(
        std::fs::read(outer.path().join("witness")).expect("reads"),
        b"as it was"
    );
    assert_eq!(
        std::fs::read_dir(outer.path().join("inner"))
            .expect("reads")
            .count(),
        0,
        "nothing is left"
    );
    outcome
}

fn pax(records: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (key, value) in records {
        let body = format!(" {key}={value}\n");
        let length = (1..)
            .map(|digits| body.len() + digits)
            .find(|length| length.to_string().len() + body.len() == *length);
        out.extend_from_slice(format!("{}{body}", length.expect("some length")).as_bytes());
    }
    out
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    // parity: SEC-SRC-01, SEC-SRC-02, SEC-SRC-13
    for name in [
        "../x",
        "a/../../x",
        "..",
        "/etc/x",
        "//x",
        "a/..",
        "a//b",
        "C:\\x",
        "..\\x",
        "\\x",
        "./../x",
        "./",
        "a/./b",
    ] {
        let outcome = attempt(&gzip(&tar(&[item(name.as_bytes(), b'0', b"x")])), SMALL);
        if name == "./" {
            assert!(outcome.is_ok(), "the root itself");
        } else {
            assert!(
                matches!(
                    outcome,
                    Err(UnpackError::Tree(TreeError::InvalidPath { .. }))
                ),
                "{name}: {outcome:?}"
            );
        }
        let header = item(b"harmless", b'0', b"x");
        let long = pax(&[("path", name)]);
        let outcome = attempt(&gzip(&tar(&[item(b"pax", b'x', &long), header])), SMALL);
        assert_eq!(outcome.is_ok(), name == "./", "{name} in an extension");
        let header = item(b"harmless", b'0', b"x");
        let outcome = attempt(
            &gzip(&tar(&[item(b"long", b'L', name.as_bytes()), header])),
            SMALL,
        );
        assert_eq!(outcome.is_ok(), name == "./", "{name} as a GNU long name");
    }
    let nul = attempt(
        &gzip(&tar(&[
            item(b"pax", b'x', &pax(&[("path", "a\0b")])),
            item(b"h", b'0', b""),
        ])),
        SMALL,
    );
    assert!(matches!(nul, Err(UnpackError::Extension)));
    let latin =
        attempt(&gzip(&tar(&[item(b"\xe4\x1b[2J", b'0', b"x")])), SMALL).expect_err("not UTF-8");
    assert!(!latin.to_string().contains('\x1b'), "{latin}");
}

#[test]
fn links_are_left_out_and_nothing_is_written_through_them() {
    // parity: SEC-SRC-03, SEC-SRC-04, SEC-SRC-05
    let through = [link("a", b'2', "/etc"), item(b"a/passwd", b'0', b"x")];
    assert_eq!(
        attempt(&gzip(&tar(&through)), SMALL).expect("the link is gone, a is a folder"),
        1
    );
    let through = [
        item(b"a/passwd", b'0', b"x"),
        link("a", b'2', "/etc"),
        link("a/b", b'2', ".."),
        item(b"a/b/x", b'0', b"x"),
    ];
    assert_eq!(attempt(&gzip(&tar(&through)), SMALL).expect("unpacks"), 2);
    let chain: Vec<Item> = (0..900)
        .map(|n| link(&format!("l{n}"), b'2', &format!("l{}", n + 1)))
        .collect();
    let started = Instant::now();
    assert_eq!(attempt(&gzip(&tar(&chain)), SMALL).expect("unpacks"), 900);
    assert!(started.elapsed() < Duration::from_secs(1));
    for target in ["/etc/passwd", "later", "self"] {
        let outcome = attempt(
            &gzip(&tar(&[
                link("self", b'1', target),
                item(b"later", b'0', b""),
            ])),
            SMALL,
        );
        assert!(
            matches!(outcome, Err(UnpackError::Unsupported { .. })),
            "{outcome:?}"
        );
    }
}

#[test]
fn other_kinds_of_entries_are_named_and_refused() {
    // parity: SEC-SRC-06
    for kind in *b"346S7MVDN9A" {
        let error = attempt(&gzip(&tar(&[item(b"odd", kind, b"")])), SMALL).expect_err("odd");
        let expected = format!(
            "\"odd\", which is neither a file nor a folder (type '{}')",
            char::from(kind)
        );
        assert!(error.to_string().contains(&expected), "{error}");
    }
}

#[test]
fn modes_and_owners_of_the_archive_do_not_count() {
    // parity: SEC-SRC-07
    let mut items = [
        item(b"d", b'5', b""),
        item(b"d/f", b'0', b"x"),
        item(b"d/x", b'0', b"x"),
    ];
    items[0].mode = 0;
    items[1].mode = 0;
    items[2].mode = 0o7777;
    assert_eq!(
        attempt(&gzip(&tar(&items)), SMALL).expect("unpacks, and can be removed again"),
        0
    );
}

#[test]
fn bombs_stop_at_the_limit() {
    // parity: SEC-SRC-08, SEC-SRC-11
    let zeros = vec![0; 8 << 20];
    let big = attempt(&gzip(&tar(&[item(b"big", b'0', &zeros)])), SMALL);
    assert!(
        matches!(big, Err(UnpackError::Tree(TreeError::TooLarge { .. }))),
        "{big:?}"
    );
    let many: Vec<Item> = (0..10)
        .map(|n| item(format!("f{n}").as_bytes(), b'0', &zeros[..1 << 20]))
        .collect();
    let total = attempt(&gzip(&tar(&many)), SMALL);
    assert!(
        matches!(
            total,
            Err(UnpackError::Tree(TreeError::TotalTooLarge { .. }))
        ),
        "{total:?}"
    );
    let same: Vec<Item> = (0..20)
        .map(|_| item(b"same", b'0', &zeros[..1 << 20]))
        .collect();
    let replaced = attempt(&gzip(&tar(&same)), SMALL);
    assert!(
        matches!(replaced, Err(UnpackError::TooLarge { .. })),
        "one file over and over: {replaced:?}"
    );
    let hidden: Vec<Item> = (0..20)
        .map(|_| Item {
            size: Some(1 << 20),
            ..item(b"l", b'2', &zeros[..1 << 20])
        })
        .collect();
    assert!(
        attempt(&gzip(&tar(&hidden)), SMALL).is_err(),
        "bytes behind links count"
    );
    let members: Vec<u8> = gzip(&tar(&[]))
        .into_iter()
        .chain((0..200).flat_map(|_| gzip(&zeros[..1 << 20])))
        .collect();
    assert!(
        matches!(attempt(&members, SMALL), Err(UnpackError::TooLarge { .. })),
        "bytes after the end count"
    );
    let files: Vec<Item> = (0..1001)
        .map(|n| item(format!("f{n}").as_bytes(), b'0', b""))
        .collect();
    let count = attempt(&gzip(&tar(&files)), SMALL);
    assert!(
        matches!(
            count,
            Err(UnpackError::Tree(TreeError::TooManyEntries { limit: 1000 }))
        ),
        "{count:?}"
    );
    let deep = item(b"pax", b'x', &pax(&[("path", &vec!["d"; 600].join("/"))]));
    assert!(attempt(&gzip(&tar(&[deep, item(b"h", b'0', b"")])), SMALL).is_err());
    let extension = Item {
        size: Some(2 << 20),
        ..item(b"pax", b'x', &zeros[..2 << 20])
    };
    assert!(matches!(
        attempt(&gzip(&tar(&[extension])), SMALL),
        Err(UnpackError::Extension)
    ));
}

#[test]
fn sizes_that_lie_are_refused() {
    // parity: SEC-SRC-09, SEC-SRC-10
    let declared = |size: u64| Item {
        size: Some(size),
        ..item(b"f", b'0', b"0123456789")
    };
    let huge = attempt(&gzip(&tar(&[declared(0o7_7777_7777)])), SMALL);
    assert!(
        matches!(huge, Err(UnpackError::Tree(TreeError::TooLarge { .. }))),
        "{huge:?}"
    );
    let mut base256 = tar(&[declared(10)]);
    base256[124..136].copy_from_slice(&[
        0x80, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    ]);
    assert!(attempt(&gzip(&base256), SMALL).is_err());
    let mut short = tar(&[declared(5000)]);
    short.truncate(600);
    assert!(attempt(&gzip(&short), SMALL).is_err());
    let two = [item(b"pax", b'x', &pax(&[("size", "512")])), declared(10)];
    assert!(matches!(
        attempt(&gzip(&tar(&two)), SMALL),
        Err(UnpackError::Ambiguous(_))
    ));
    let agreeing = [
        item(b"pax", b'x', &pax(&[("size", "10"), ("mtime", "1.5")])),
        declared(10),
    ];
    assert!(attempt(&gzip(&tar(&agreeing)), SMALL).is_ok());
    let global = [
        item(b"g", b'g', &pax(&[("path", "everything")])),
        declared(10),
    ];
    assert!(matches!(
        attempt(&gzip(&tar(&global)), SMALL),
        Err(UnpackError::Extension)
    ));
    let comment = [
        item(b"pax_global_header", b'g', &pax(&[("comment", "0123")])),
        declared(10),
    ];
    assert!(
        attempt(&gzip(&tar(&comment)), SMALL).is_ok(),
        "git archive writes these"
    );
    for malformed in [
        "9 a=b\n",
        "99 path=x\n",
        "x path=y\n",
        "7 path=x\n",
        "11 path x\n\n",
    ] {
        let items = [item(b"pax", b'x', malformed.as_bytes()), declared(10)];
        assert!(
            matches!(
                attempt(&gzip(&tar(&items)), SMALL),
                Err(UnpackError::Extension)
            ),
            "{malformed:?}"
        );
    }
}

#[test]
fn last_duplicate_wins_and_conflicts_are_refused() {
    // parity: SEC-SRC-14
    let twice = [
        item(b"a", b'0', b"first"),
        item(b"A", b'0', b"x"),
        item(b"a", b'0', b"2"),
    ];
    assert!(attempt(&gzip(&tar(&twice)), SMALL).is_ok());
    for conflict in [
        [item(b"a", b'0', b""), item(b"a/b", b'0', b"")],
        [item(b"a/b", b'0', b""), item(b"a", b'0', b"")],
    ] {
        assert!(attempt(&gzip(&tar(&conflict)), SMALL).is_err());
    }
}

#[test]
fn every_cut_of_a_good_archive_is_harmless() {
    // parity: SEC-SRC-09, SEC-SRC-15
    let archive = gzip(&tar(&[
        item(b"d", b'5', b""),
        item(b"d/f", b'0', &[7; 3000]),
        item(b"g", b'0', b"x"),
    ]));
    assert!(attempt(&archive, SMALL).is_ok());
    for end in 0..archive.len() {
        assert!(attempt(&archive[..end], SMALL).is_err(), "cut at {end}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]
    #[test]
    fn damaged_archives_do_no_harm(at in 0..3000_usize, bit in 0..8, second in 0..3000_usize) {
        let mut plain = tar(&[item(b"d", b'5', b""), item(b"pax", b'x', &pax(&[("path", "d/long")])), item(b"d/f", b'0', b"content"), link("l", b'2', "d")]);
        let length = plain.len();
        plain[at % length] ^= 1_u8 << bit;
        plain[second % length] = plain[second % length].wrapping_add(1);
        // The checksum is put right, so that the damage gets past it.
        for block in (0..length).step_by(512) {
            let sum: u32 = plain[block..block + 512].iter().enumerate().map(|(n, byte)| if (148..156).contains(&n) { 32 } else { u32::from(*byte) }).sum();
            if sum != 256 {
                plain[block + 148..block + 156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
            }
        }
        let _ = attempt(&gzip(&plain), SMALL);
    }
}
