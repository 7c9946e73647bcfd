//! The administrator's folder of packages: it adds, it overrides, and what is broken in it harms nothing else.

use std::fs;
use std::path::Path;

use catalog::{Loaded, PackageCatalog};
use control::ports::Catalog;

const NOTES: &str = r#"
x-appmanage:
  trademark: Notes
  description: { zh: 笔记, en: Notes }
  categories: [office]
  versions: [{ name: "1" }]
  requirements: { cpu_cores: 1, memory: 16M, disk: 16M }
services:
  notes: { image: "example/notes:1" }
"#;

/// Loads with a folder in which `prepare` has put something.
fn load(prepare: impl FnOnce(&Path)) -> Loaded {
    let folder = tempfile::tempdir().expect("a folder can be made");
    prepare(folder.path());
    PackageCatalog::load(Some(folder.path()), "/nowhere")
}

fn put(folder: &Path, package: &str, file: &str, content: impl AsRef<[u8]>) {
    fs::create_dir_all(folder.join(package)).expect("a folder can be made");
    fs::write(folder.join(package).join(file), content).expect("a file can be written");
}

/// The reason for which that package was skipped.
fn reason(loaded: &Loaded, package: &str) -> String {
    let broken = loaded.broken.iter().find(|broken| broken.package == package);
    broken.unwrap_or_else(|| panic!("{package} is not broken: {:?}", loaded.broken)).reason.to_string()
}

#[test]
fn a_package_is_added_beside_those_that_ship() {
    let loaded = load(|folder| put(folder, "notes", "compose.yaml", NOTES));
    let notes = loaded.catalog.find("notes").expect("it was added");
    assert!(!notes.official && notes.icon.is_none() && notes.main.is_none());
    assert_eq!(notes.compose, NOTES);
    assert!(loaded.catalog.find("hello").expect("it ships").official);
    assert!(loaded.broken.is_empty(), "{:?}", loaded.broken);
}

#[test]
fn a_package_that_ships_is_overridden_and_no_longer_official() {
    let loaded = load(|folder| put(folder, "hello", "compose.yaml", NOTES));
    let hello = loaded.catalog.find("hello").expect("it is overridden");
    assert_eq!((hello.official, hello.trademark.as_str()), (false, "Notes"));
}

#[test]
fn a_broken_override_hides_what_it_was_to_override_and_nothing_else() {
    let loaded = load(|folder| put(folder, "hello", "compose.yaml", "services: {}"));
    assert!(loaded.catalog.find("hello").is_none());
    assert!(loaded.catalog.find("redis").is_some());
    assert!(reason(&loaded, "hello").contains("x-appmanage"));
}

#[test]
fn files_and_hidden_folders_are_not_packages() {
    let loaded = load(|folder| {
        put(folder, ".git", "config", "");
        put(folder, ".", "README.md", "");
    });
    assert!(loaded.broken.is_empty(), "{:?}", loaded.broken);
}

#[test]
fn a_folder_that_is_not_there_is_reported_and_the_rest_goes_on() {
    let loaded = PackageCatalog::load(Some(Path::new("/nonexistent/packages")), "/nowhere");
    assert!(reason(&loaded, "/nonexistent/packages").contains("cannot be read"));
    assert!(loaded.catalog.find("hello").is_some());
}

#[test]
fn files_that_cannot_be_read_break_their_package_only() {
    let loaded = load(|folder| {
        put(folder, "empty", "README.md", "");
        put(folder, "binary", "compose.yaml", [0xff, 0xfe, 0x00]);
        put(folder, "large", "compose.yaml", vec![b'#'; 300 * 1024]);
        put(folder, "icon", "compose.yaml", NOTES);
        put(folder, "icon", "icon.svg", "<html>");
        put(folder, "script", "compose.yaml", NOTES);
        put(folder, "script", "icon.svg", "<svg><SCRIPT>alert(1)</SCRIPT></svg>");
        put(folder, "handler", "compose.yaml", NOTES);
        put(folder, "handler", "icon.svg", "<svg onload='alert(1)'/>");
        put(folder, "elsewhere", "compose.yaml", NOTES);
        put(folder, "elsewhere", "icon.svg", "<svg><image href='https://a.example/b'/></svg>");
        put(folder, "Upper", "compose.yaml", NOTES);
        fs::create_dir_all(folder.join("folder/compose.yaml")).expect("a folder can be made");
    });
    for (package, words) in [
        ("empty", "cannot be read"),
        ("binary", "is not text; save it as UTF-8"),
        ("large", "is larger than 256 KiB"),
        ("icon", "icon.svg is not an SVG image"),
        ("script", "icon.svg is not an SVG image"),
        ("handler", "icon.svg is not an SVG image"),
        ("elsewhere", "icon.svg is not an SVG image"),
        ("Upper", "is not a package's name"),
        ("folder", "not a file"),
    ] {
        assert!(reason(&loaded, package).contains(words), "{}", reason(&loaded, package));
    }
    assert!(loaded.catalog.find("hello").is_some());
}

#[test]
fn a_link_in_a_package_is_not_followed_wherever_it_leads() {
    for (file, target) in
        [("compose.yaml", "/etc/passwd"), ("icon.svg", "/etc/passwd"), ("icon.svg", "/nowhere")]
    {
        let loaded = load(|folder| {
            put(folder, "notes", "compose.yaml", NOTES);
            let link = folder.join("notes").join(file);
            // Not there yet, if it is the icon.
            let _ = fs::remove_file(&link);
            std::os::unix::fs::symlink(target, link).expect("a link can be made");
        });
        assert!(loaded.catalog.find("notes").is_none(), "{file}");
        let reason = reason(&loaded, "notes");
        assert!(
            reason.contains("a link; put the file itself there") && !reason.contains("root:"),
            "{reason}"
        );
    }
}

#[test]
fn a_package_is_named_after_its_folder_and_no_name_leads_out_of_it() {
    for name in [
        "..notes",
        "a b",
        "a;b",
        "a$(b)",
        "a`b`",
        "a'b",
        "a\"b",
        "a\nb",
        "a|b",
        "%2e%2e",
        "\u{430}\u{440}p",
        "-rf",
    ] {
        let loaded = load(|folder| put(folder, name, "compose.yaml", NOTES));
        assert!(loaded.catalog.entries().iter().all(|package| package.official), "{name}");
    }
}
