//! The command line as a person drives it: the real binary in a terminal and through a pipe, in both languages,
//! against a server whose answers are scripted.
//!
//! The snapshots are what a person sees. Look at them when they change.

#![expect(clippy::disallowed_methods, reason = "the tests are about processes, and wait for them")]

mod answers;
mod checking;
mod errors;
mod fake_server;
mod following;
mod looks;
mod run;
mod terminal;
mod waiting;
