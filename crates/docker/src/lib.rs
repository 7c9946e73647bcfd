//! The two ways to Docker, and nothing else knows them: the Engine API over its socket ([`Docker`]) and
//! the `docker compose` command ([`ComposeProjects`]).
//!
//! What either says is translated into `domain`'s nouns here; no type of theirs leaves the crate. What is
//! to be done, and when, is `control`'s business.

mod api;
mod compose;
mod environment;
mod markers;
mod process;

pub use api::{Docker, EndpointError};
pub use compose::{Compose, ComposeError, ComposeProjects};
pub use environment::Environment;
