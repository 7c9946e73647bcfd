//! Archives that were made to do harm, and ordinary ones of several programs.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;

use super::*;

/// An entry of a tar.
fn entry(name: &str, kind: u8, link: &str, content: &[u8]) -> Vec<u8> {
    let mut header = [0_u8; BLOCK];
    header[..name.len()].copy_from_slice(name.as_bytes());
    header[100..107].copy_from_slice(b"0000755");
    header[124..135].copy_from_slice(format!("{:011o}", content.len()).as_bytes());
    header[156] = kind;
    header[157..157 + link.len()].copy_from_slice(link.as_bytes());
    header[257..263].copy_from_slice(b"ustar\0");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut bytes = [&header[..], content].concat();
    bytes.resize(bytes.len().next_multiple_of(BLOCK), 0);
    bytes
}

fn packed(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    for entry in entries {
        encoder.write_all(entry).expect("in memory");
    }
    encoder.write_all(&[0; 2 * BLOCK]).expect("in memory");
    encoder.finish().expect("in memory")
}

/// What is there after an archive was unpacked, and how that went.
fn unpacked(archive: &[u8], budget: &mut Budget) -> (Vec<String>, Result<(), FetchError>) {
    let around = tempfile::tempdir().expect("a folder");
    let to = around.path().join("in/to");
    fs::create_dir_all(&to).expect("made");
    let went = unpack(archive, &to, budget);
    let mut found = Vec::new();
    let mut open = vec![around.path().to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).expect("it is there").flatten() {
            let kind = entry.file_type().expect("it is there");
            assert!(!kind.is_symlink());
            if kind.is_dir() {
                open.push(entry.path());
            } else {
                let path = entry.path();
                found.push(path.strip_prefix(around.path()).expect("below").display().to_string());
            }
        }
    }
    found.sort();
    (found, went)
}

#[test]
fn files_of_every_kind_of_tar_are_unpacked() {
    let long = format!("{}/deep/file", "a".repeat(120));
    let pax = format!("path=b/{long}\n");
    let pax = format!("{} {pax}", pax.len() + 4);
    let archive = packed(&[
        entry("pax_global_header", b'g', "", b"52 comment=0000000000000000000000000000000000000000\n"),
        entry("catalog/", b'5', "", b""),
        entry("catalog/app/compose.yaml", b'0', "", b"services: {}"),
        entry("././@LongLink", b'L', "", format!("{long}\0").as_bytes()),
        entry("short", b'0', "", b"x"),
        entry("x", b'x', "", pax.as_bytes()),
        entry("short", 0, "", b"x"),
    ]);
    let (found, went) = unpacked(&archive, &mut Budget::of(1 << 20, 100));
    went.expect("it is sound");
    assert_eq!(
        found,
        [format!("in/to/{long}"), format!("in/to/b/{long}"), "in/to/catalog/app/compose.yaml".into()]
    );
}

#[test]
fn nothing_leads_out_and_nothing_special_is_made() {
    let archive = packed(&[
        entry("/etc/absolute", b'0', "", b"x"),
        entry("../outside", b'0', "", b"x"),
        entry("a/../../outside", b'0', "", b"x"),
        entry("link", b'2', "../..", b""),
        entry("link/through", b'0', "", b"x"),
        entry("hard", b'1', "/etc/passwd", b""),
        entry("device", b'3', "", b""),
        entry("pipe", b'6', "", b""),
        entry(".git/config", b'0', "", b"x"),
        entry("file", b'0', "", b"x"),
        entry("file/below", b'0', "", b"x"),
        entry("last", b'0', "", b"x"),
    ]);
    let (found, went) = unpacked(&archive, &mut Budget::of(1 << 20, 100));
    went.expect("what is not taken harms nothing");
    // `link` was not made, so that what goes "through" it is an ordinary folder.
    assert_eq!(found, ["in/to/file", "in/to/last", "in/to/link/through"]);
}

#[test]
fn ten_gigabytes_of_zeros_are_not_unpacked() {
    let mut header = entry("zeros", b'0', "", b"");
    header[124..136].copy_from_slice(b"11200000000\0");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(&header).expect("in memory");
    // A part of them: the reader must not get to the end of even that.
    for _ in 0..64 {
        encoder.write_all(&vec![0; 1 << 20]).expect("in memory");
    }
    let archive = encoder.finish().expect("in memory");
    for kind in [b'0', b'2'] {
        let _ = kind;
        let (_, went) = unpacked(&archive, &mut Budget::of(32 << 20, 100));
        assert!(matches!(went, Err(FetchError::TooLarge(_))), "{went:?}");
    }
}

#[test]
fn a_million_files_are_not_unpacked() {
    let one = entry("x/", b'5', "", b"");
    let archive = packed(&vec![one; 5000]);
    let (_, went) = unpacked(&archive, &mut Budget::of(1 << 30, 4999));
    assert!(matches!(went, Err(FetchError::TooLarge(_))), "{went:?}");
}

#[test]
fn a_name_that_takes_all_memory_is_refused() {
    let archive = packed(&[entry("x", b'L', "", &vec![b'a'; 1 << 20])]);
    let (_, went) = unpacked(&archive, &mut Budget::of(1 << 30, 100));
    assert!(matches!(went, Err(FetchError::Format(_))), "{went:?}");
}

/// A tar whose headers have the sums that they need to be read at all.
fn with_sums(mut tar: Vec<u8>) -> Vec<u8> {
    let mut at = 0;
    while let Some(header) = tar.get_mut(at..at + BLOCK).filter(|header| header.iter().any(|byte| *byte != 0))
    {
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
        let size = number(&header[124..136]).and_then(|size| usize::try_from(size).ok());
        let Some(next) =
            size.and_then(|size| (at + BLOCK).checked_add(size.checked_next_multiple_of(BLOCK)?))
        else {
            break;
        };
        at = next;
    }
    tar
}

#[test]
fn any_bytes_are_an_archive_or_a_reason() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/archive");
    testkit::fuzz::run(&corpus, |input| {
        let (found, went) = unpacked(&packed(&[with_sums(input.to_vec())]), &mut Budget::of(1 << 16, 50));
        assert!(found.iter().all(|path| path.starts_with("in/to/")), "{found:?}");
        // As it is, it is hardly ever compressed.
        drop(unpack(input, Path::new("/nowhere"), &mut Budget::of(1 << 16, 50)));
        went.is_ok()
    });
}

proptest! {
    #[test]
    fn damaged_archives_are_errors_and_stay_inside(
        at in any::<proptest::sample::Index>(),
        bytes in proptest::collection::vec(any::<u8>(), 1..40),
    ) {
        let mut tar = [entry("a/b", b'0', "", b"content"), entry("x", b'x', "", b"12 path=../c\n"), entry("d", b'0', "", b"")].concat();
        let start = at.index(tar.len());
        let end = (start + bytes.len()).min(tar.len());
        tar.splice(start..end, bytes);
        let (found, _) = unpacked(&packed(&[tar]), &mut Budget::of(1 << 16, 50));
        prop_assert!(found.iter().all(|path| path.starts_with("in/to/")), "{found:?}");
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        drop(unpack(&*packed(std::slice::from_ref(&bytes)), Path::new("/nowhere"), &mut Budget::of(1000, 10)));
        drop(unpack(&*bytes, Path::new("/nowhere"), &mut Budget::of(1000, 10)));
    }
}
