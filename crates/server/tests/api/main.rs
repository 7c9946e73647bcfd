//! The interfaces, as clients meet them: through the real router, over a world in memory.

#![expect(clippy::disallowed_methods, reason = "tests talk to the world directly")]

mod accounts;
mod answers;
mod attacks;
mod audit;
mod browsers;
mod catalog;
mod catalogs;
mod client;
mod codes;
mod codes_of_access;
mod contract;
mod documents;
mod domains;
mod events;
mod fuzz;
mod gateway;
mod live;
mod messages;
mod metrics;
mod sockets;
