//! Scripts that tests put in the place of programs.
//!
//! It does not run them.

use std::fs;
use std::path::Path;

/// Puts a shell script in that place, executable, and moved there whole if something is there already.
///
/// This process never opens for writing what will be executed: whatever another thread starts meanwhile would
/// inherit the descriptor, and until it has become its own program nobody could run the script ("text file busy").
/// So the text goes into a file beside, and a child copies it.
///
/// # Panics
///
/// If the folder is not there or cannot be written.
pub fn script(path: &Path, text: &str) {
    let [written, copied] = ["written", "copied"].map(|ending| path.with_extension(ending));
    fs::write(&written, format!("#!/bin/sh\n{text}\n")).expect("the folder is the test's own");
    let mut install = std::process::Command::new("install");
    let status = install.arg("--mode=0755").args([&written, &copied]).status();
    assert!(status.expect("install is part of every system").success(), "{} is not made", path.display());
    fs::rename(copied, path).expect("the folder is the test's own");
    fs::remove_file(written).expect("the folder is the test's own");
}
