//! The interfaces, as clients meet them: through the real router, over a world in memory.

#![expect(clippy::disallowed_methods, reason = "tests talk to the world directly")]

mod answers;
mod browsers;
mod catalog;
mod client;
mod codes;
mod contract;
mod documents;
mod events;
mod live;
mod metrics;
mod sockets;
