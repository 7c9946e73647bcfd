//! The real binary, started, asked and stopped. No engine is needed: there is none, or one in memory.

#![expect(clippy::disallowed_methods, reason = "the tests are about processes, and wait for them")]

mod activation;
mod gateway;
mod limits;
mod logs;
mod place;
mod secrets;
mod starting;
mod stopping;
