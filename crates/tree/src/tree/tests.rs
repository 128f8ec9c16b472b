use cap_std::ambient_authority;
use proptest::prelude::*;

use super::*;

fn tree(files: &[(&str, &str)]) -> Tree {
    Tree::from_files(
        files
            .iter()
            .map(|(path, content)| ((*path).to_owned(), content.as_bytes().to_vec())),
    )
}

fn over(files: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
    files
        .iter()
        .map(|(path, content)| ((*path).to_owned(), content.as_bytes().to_vec()))
        .collect()
}

#[test]
fn folder_is_listed_without_links_and_specials() {
    let folder = cap_tempfile::tempdir(ambient_authority()).expect("folder");
    folder.create_dir_all("a/empty").expect("folder");
    folder.write("a/run.sh", "#!/bin/sh").expect("file");
    folder.write("b", "b").expect("file");
    folder.symlink("b", "link").expect("link");
    folder.symlink("a", "linked-folder").expect("link");
    let _socket = std::os::unix::net::UnixListener::bind(socket_path(&folder)).expect("socket");
    use cap_std::fs::PermissionsExt;
    folder
        .set_permissions("a/run.sh", cap_std::fs::Permissions::from_mode(0o755))
        .expect("mode");

    let tree = Tree::from_dir(folder.try_clone().expect("handle")).expect("lists");
    assert_eq!(tree.files("").expect("root"), ["a/run.sh", "b"]);
    assert_eq!(tree.read("a/run.sh").expect("reads"), b"#!/bin/sh");
    assert!(tree.entry("a/run.sh").expect("listed").executable);
    assert!(!tree.entry("b").expect("listed").executable);
    assert!(tree.is_dir("a/empty"));
    assert_eq!(tree.files("a/empty").expect("empty"), Vec::<String>::new());
    assert!(matches!(tree.read("link"), Err(TreeError::NotFound(_))));
    assert!(
        matches!(tree.read("a"), Err(TreeError::NotFound(_))),
        "a folder"
    );
}

fn socket_path(folder: &Dir) -> std::path::PathBuf {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}/socket", folder.as_raw_fd()).into()
}

#[test]
fn content_that_changed_behind_the_listing_is_refused() {
    let folder = cap_tempfile::tempdir(ambient_authority()).expect("folder");
    for name in ["flipped", "grown", "gone", "linked"] {
        folder.write(name, "as listed").expect("file");
    }
    let tree = Tree::from_dir(folder.try_clone().expect("handle")).expect("lists");
    folder.write("flipped", "As listed").expect("file");
    folder.write("grown", "as listed and more").expect("file");
    folder.remove_file("gone").expect("file");
    folder.remove_file("linked").expect("file");
    std::os::unix::fs::symlink("/etc/passwd", format!("{}/linked", root_path(&folder)))
        .expect("link");
    for name in ["flipped", "grown", "gone"] {
        assert!(
            matches!(tree.read(name), Err(TreeError::Damaged(_))),
            "{name}"
        );
    }
    assert!(tree.read("linked").is_err(), "never leaves the folder");
}

fn root_path(folder: &Dir) -> String {
    use std::os::fd::AsRawFd;
    format!("/proc/self/fd/{}", folder.as_raw_fd())
}

#[test]
fn limits_stop_the_walk() {
    let folder = cap_tempfile::tempdir(ambient_authority()).expect("folder");
    folder.write("a", "12345").expect("file");
    let limits = Limits {
        file_bytes: 4,
        ..Limits::default()
    };
    let error =
        Tree::from_dir_within(folder.try_clone().expect("handle"), limits).expect_err("too large");
    assert_eq!(
        error.to_string(),
        "\"a\" has 5 bytes, more than the limit of 4"
    );
}

#[test]
fn overlay_replaces_and_adds_without_touching_the_original() {
    let base = tree(&[("a/secret", "ENC"), ("b", "b")]);
    let plain = base.overlay(over(&[
        ("a/secret", "plain"),
        ("c/new", "new"),
        ("../x", ""),
        ("b/x", ""),
        ("a", ""),
    ]));
    assert_eq!(plain.files("").expect("root"), ["a/secret", "b", "c/new"]);
    assert_eq!(plain.read("a/secret").expect("reads"), b"plain");
    assert_eq!(base.read("a/secret").expect("reads"), b"ENC");
    assert!(plain.is_dir("c") && !base.is_dir("c"));
    assert_ne!(plain.digest(), base.digest());
    let again = plain.overlay(over(&[("a/secret", "ENC")]));
    assert_eq!(again.read("c/new").expect("kept"), b"new");
    assert_eq!(
        again.digest(),
        tree(&[("a/secret", "ENC"), ("b", "b"), ("c/new", "new")]).digest()
    );
}

#[test]
fn subtree_sees_only_its_folder() {
    let whole = tree(&[("a/b/x", "x"), ("a/y", "y"), ("ab/z", "z")])
        .overlay(over(&[("a/o", "o"), ("q", "q")]));
    let part = whole.subtree("a").expect("is there");
    assert_eq!(part.files("").expect("root"), ["b/x", "o", "y"]);
    assert_eq!(part.files("b").expect("folder"), ["b/x"]);
    assert_eq!(part.read("o").expect("reads"), b"o");
    assert!(part.entry("q").is_none());
    assert!(matches!(
        part.read("../q"),
        Err(TreeError::InvalidPath { .. })
    ));
    assert_eq!(part.dirs().into_iter().collect::<Vec<_>>(), ["b"]);
    assert_eq!(
        part.digest(),
        tree(&[("b/x", "x"), ("o", "o"), ("y", "y")]).digest()
    );
    let deeper = part
        .subtree("b")
        .expect("is there")
        .overlay(over(&[("n", "n")]));
    assert_eq!(deeper.files("").expect("root"), ["n", "x"]);
    assert!(whole.subtree("a/y").is_none() && whole.subtree("nope").is_none());
}

#[test]
fn missing_folder_is_an_error_and_names_it() {
    let tree = tree(&[("a", "a")]);
    assert_eq!(
        tree.files("nope").expect_err("missing").to_string(),
        "\"nope\" does not exist in the source"
    );
    assert!(matches!(
        tree.files("../a"),
        Err(TreeError::InvalidPath { .. })
    ));
    assert!(
        matches!(tree.files("a"), Err(TreeError::NotFound(_))),
        "a file is no folder"
    );
}

proptest! {
    #[test]
    fn overlay_equals_a_tree_made_of_the_union(
        base in prop::collection::btree_map("[ab]{1,2}(/[ab]{1,2}){0,2}", "[xy]", 0..6),
        top in prop::collection::btree_map("[ab]{1,2}(/[ab]{1,2}){0,2}", "[xy]", 0..6),
    ) {
        let under = Tree::from_files(base.into_iter().map(|(path, text)| (path, text.into_bytes())));
        let laid = under.overlay(top.into_iter().map(|(path, text)| (path, text.into_bytes())).collect());
        let files = laid.files("").expect("root");
        let flat = Tree::from_files(files.iter().map(|path| (path.clone(), laid.read(path).expect("listed"))));
        prop_assert_eq!(flat.files("").expect("root"), files);
        prop_assert_eq!(flat.digest(), laid.digest());
        prop_assert_eq!(flat.dirs(), laid.dirs());
    }
}
