//! Scripts and copies of binaries that tests have run.
//!
//! This process never opens for writing what will be executed: whatever another thread starts meanwhile would
//! inherit the descriptor, and until it has become its own program nobody could run it ("text file busy").
//! So a child copies it into its place.

use std::fs;
use std::path::Path;
use std::process::Command;

/// A folder with one script, to be found on the PATH or as a plugin.
///
/// # Panics
///
/// If it cannot be written.
pub fn script(folder: &Path, name: &str, text: &str) {
    fs::create_dir_all(folder).expect("it can be made");
    let path = folder.join(name);
    let written = path.with_extension("written");
    fs::write(&written, format!("#!/bin/sh\n{text}\n")).expect("it can be written");
    copy(&written, &path);
    fs::remove_file(written).expect("it was written");
}

/// An executable copy.
///
/// # Panics
///
/// If it cannot be written.
pub fn copy(from: &Path, to: &Path) {
    let status = Command::new("install").arg("--mode=0755").args([from, to]).status();
    assert!(status.expect("install is part of every system").success(), "{} is not made", to.display());
}
