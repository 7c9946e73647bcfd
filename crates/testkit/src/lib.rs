//! A world in memory for tests: an engine, a disk, a host and a clock that do as they are told.
//!
//! Fakes, not mocks: they keep state and obey the same rules as the real adapters, whose contract suites
//! they pass. [`World`] outlives the servers that are started in it, so a crash is a server that stops
//! and another that starts.

pub mod catalog;
pub mod costs;
pub mod engine;
pub mod fake_daemon;
pub mod faults;
pub mod front;
pub mod fuzz;
mod gate;
pub mod host;
pub mod memory_store;
pub mod of_life;
pub mod packages;
pub mod programs;
pub mod projects;
pub mod store_suite;
pub mod world;

pub use engine::{Behaviour, FOREIGN_PORT, FakeEngine};
pub use fake_daemon::FakeDaemon;
pub use faults::{Fault, Life};
pub use front::FakeFront;
pub use host::FakeHost;
pub use memory_store::MemoryStore;
pub use projects::FakeProjects;
pub use world::{Running, World};
