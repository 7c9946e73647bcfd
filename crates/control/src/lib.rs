//! The use cases: what is accepted, how it is carried out, and what is answered.
//!
//! Data travels one way: a command accepts or refuses and stores; the runner works on what is stored;
//! queries read what the recorder keeps in memory. See `ARCHITECTURE.md` for the way of one AppInstall.

pub mod ports;
