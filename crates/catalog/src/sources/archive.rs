//! Reading a `.tar.gz` from somebody else: plain files and folders are taken, and nothing leads out of the folder that they
//! are written to. Links, devices and everything special are passed over.
//!
//! It is read by hand, 512 bytes at a time: what libraries do with long names takes as much memory as the archive says.

use std::fs;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::folder::write_file;
use super::limits::{Budget, DEPTH_MAX, FetchError};

/// Everything in a tar is in blocks of so many bytes.
const BLOCK: usize = 512;
/// What a header that goes before another one may hold: a path, and what else pax writes.
const EXTENSION_BYTES_MAX: u64 = 64 << 10;

/// Writes what is in an archive into a folder, which is there and empty.
pub(super) fn unpack(archive: impl Read, to: &Path, budget: &mut Budget) -> Result<(), FetchError> {
    let mut reader = MultiGzDecoder::new(archive);
    let mut long_name: Option<Vec<u8>> = None;
    while let Some(header) = next_header(&mut reader)? {
        budget.file()?;
        let size = number(&header[124..136]).ok_or_else(|| broken("a size that is none"))?;
        let mut content = (&mut reader).take(size);
        match header[156] {
            // The name of the next entry, as GNU and as POSIX write it.
            b'L' => long_name = Some(extension(&mut content, size, budget)?),
            b'x' => long_name = path_of_pax(&extension(&mut content, size, budget)?).or(long_name),
            kind @ (b'0' | 0 | b'7' | b'5') => {
                let name = long_name.take().unwrap_or_else(|| name_of(&header));
                if let Some(path) = inside(&name, to) {
                    // A name that ends with a slash is a folder for old programs.
                    let is_folder = kind == b'5' || name.ends_with(b"/");
                    write(&mut content, &header, &path, is_folder, budget)?;
                }
            }
            _ => long_name = None,
        }
        // What is not taken is read all the same, and costs.
        skip(&mut content, budget)?;
        let padding = (BLOCK as u64 - size % BLOCK as u64) % BLOCK as u64;
        skip(&mut (&mut reader).take(padding), budget)?;
    }
    Ok(())
}

/// Where the files are: archives of repositories have one folder in which all else lies.
pub(super) fn root_of(unpacked: &Path) -> PathBuf {
    let entries = fs::read_dir(unpacked).into_iter().flatten().flatten().take(2);
    match entries.map(|entry| entry.path()).collect::<Vec<_>>().as_slice() {
        [only] if only.is_dir() => only.clone(),
        _ => unpacked.to_owned(),
    }
}

fn broken(what: &str) -> FetchError {
    FetchError::Format(format!("the archive has {what}"))
}

/// The next header; `None` at the end.
fn next_header(reader: &mut impl Read) -> Result<Option<[u8; BLOCK]>, FetchError> {
    let mut header = [0; BLOCK];
    match reader.read_exact(&mut header) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Err(broken("no end")),
        Err(error) => return Err(FetchError::Format(format!("it is no .tar.gz: {error}"))),
    }
    if header.iter().all(|byte| *byte == 0) {
        return Ok(None);
    }
    let summed = header.iter().enumerate().map(|(at, byte)| match at {
        148..156 => u64::from(b' '),
        _ => u64::from(*byte),
    });
    if number(&header[148..156]) != Some(summed.sum()) {
        return Err(broken("a broken header"));
    }
    Ok(Some(header))
}

/// A number in octal digits, or in the binary form of GNU.
fn number(field: &[u8]) -> Option<u64> {
    if field[0] & 0x80 != 0 {
        let (first, rest) = field.split_first()?;
        let start = u64::from(first & 0x7f);
        return rest.iter().try_fold(start, |sum, byte| sum.checked_mul(256)?.checked_add((*byte).into()));
    }
    let text = std::str::from_utf8(field).ok()?.trim_matches(['\0', ' ']);
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

fn name_of(header: &[u8; BLOCK]) -> Vec<u8> {
    let text = |field: &[u8]| field.split(|byte| *byte == 0).next().unwrap_or_default().to_vec();
    let (prefix, name) = (text(&header[345..500]), text(&header[..100]));
    if &header[257..262] == b"ustar" && header[262] == 0 && !prefix.is_empty() {
        return [prefix, name].join(&b'/');
    }
    name
}

fn extension(content: &mut impl Read, size: u64, budget: &mut Budget) -> Result<Vec<u8>, FetchError> {
    if size > EXTENSION_BYTES_MAX {
        return Err(broken("a name that is too long"));
    }
    budget.bytes(size)?;
    let mut bytes = Vec::new();
    content.read_to_end(&mut bytes).map_err(|error| FetchError::Format(error.to_string()))?;
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    Ok(bytes)
}

/// The path in a header of pax: lines of `LENGTH KEY=VALUE`.
fn path_of_pax(mut lines: &[u8]) -> Option<Vec<u8>> {
    let mut path = None;
    while let Some(space) = lines.iter().position(|byte| *byte == b' ') {
        let length: usize = std::str::from_utf8(&lines[..space]).ok()?.parse().ok()?;
        let line = lines.get(space + 1..length)?;
        if let Some(value) = line.strip_prefix(b"path=") {
            path = Some(value.strip_suffix(b"\n").unwrap_or(value).to_vec());
        }
        lines = &lines[length..];
    }
    path
}

/// Where an entry goes; `None` for one that would lead out, or that no catalog has.
fn inside(name: &[u8], to: &Path) -> Option<PathBuf> {
    let name = Path::new(std::str::from_utf8(name).ok()?);
    let mut path = to.to_owned();
    let mut depth = 0;
    for part in name.components() {
        match part {
            Component::Normal(part) if part != ".git" => path.push(part),
            Component::CurDir => continue,
            _ => return None,
        }
        depth += 1;
    }
    (1..=DEPTH_MAX).contains(&depth).then_some(path)
}

fn write(
    content: &mut impl Read,
    header: &[u8; BLOCK],
    path: &Path,
    is_folder: bool,
    budget: &mut Budget,
) -> Result<(), FetchError> {
    let cannot_make = || FetchError::disk(format!("{} cannot be made", path.display()));
    let folder = if is_folder { path } else { path.parent().unwrap_or(path) };
    // Where a file is in the way, whatever it names is no file of a catalog.
    if let Err(error) = fs::create_dir_all(folder) {
        let is_in_the_way = folder.ancestors().any(Path::is_file);
        return if is_in_the_way { Ok(()) } else { Err(cannot_make()(error)) };
    }
    if is_folder || path.is_dir() {
        return Ok(());
    }
    let is_executable = number(&header[100..108]).unwrap_or_default() & 0o111 != 0;
    write_file(content, path, if is_executable { 0o755 } else { 0o644 }, budget)
}

fn skip(content: &mut impl Read, budget: &mut Budget) -> Result<(), FetchError> {
    let mut chunk = [0; 8 << 10];
    loop {
        let length = content.read(&mut chunk).map_err(|error| FetchError::Format(error.to_string()))?;
        if length == 0 {
            return Ok(());
        }
        budget.bytes(length as u64)?;
    }
}

#[cfg(test)]
#[path = "archive_tests.rs"]
mod tests;
