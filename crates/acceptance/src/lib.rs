//! The real-engine suite: the real binary before a real, private Docker engine, and nothing faked between.
//!
//! It is a black box: the binary is known by its HTTP API, its settings and its log, the engine by the
//! `docker` command and its socket. `cargo xtask test` starts the engine and runs the suite; by hand:
//!
//! ```text
//! cargo build -p appmanage && eval "$(cargo xtask engine env --name NAME)"
//! cargo test -p acceptance -- --include-ignored
//! ```
//!
//! Every test has servers of its own ([`Server`]), with their own data directory and names of apps that no
//! other has, and takes away by those names what is left when it ends, passed or not.

pub mod api;
pub mod apps;
pub mod docker;
pub mod follower;
pub mod gateway;
pub mod http;
pub mod json;
pub mod machine;
pub mod packages;
pub mod pebble;
pub mod programs;
pub mod proxy;
pub mod random;
pub mod server;
pub mod setup;
pub mod share;
pub mod small_disk;
pub mod store;
pub mod traces;
pub mod wait;
pub mod wordpress;

pub use api::{Api, Refused};
pub use follower::Follower;
pub use gateway::Gateway;
pub use packages::{Hello, Package};
pub use server::Server;
pub use setup::Setup;
pub use small_disk::SmallDisk;

/// Shows a figure that was measured or counted; seen with `--nocapture`, and when the test fails.
#[expect(clippy::print_stderr, reason = "the output of tests")]
pub fn note(words: &str) {
    eprintln!("{words}");
}
