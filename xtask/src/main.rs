//! The build scripts.
fn main() {}
