//! The interfaces, as clients meet them: through the real router, over a world in memory.

mod answers;
mod browsers;
mod client;
mod codes;
mod contract;
mod documents;
mod sockets;
