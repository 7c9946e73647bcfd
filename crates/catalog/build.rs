//! Compiles the crate again when a package is added or taken away; the compiler itself sees changed files only.

fn main() {
    println!("cargo::rerun-if-changed=../../packages");
}
