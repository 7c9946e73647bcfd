//! The catalog: reads packages, checks them once, and keeps them in memory as [`domain::Package`].
//!
//! A package is a folder with a `compose.yaml`, whose `x-appmanage` block says what the app is, and an
//! `icon.svg`; docs/packages.md explains it to authors. This crate knows the format and nothing of Docker:
//! the compose text is passed on word for word. It is not responsible for packages of other formats yet.

mod block;
mod builtin;
mod catalog;
mod compose;
mod directory;
mod emit;
mod error;
pub mod formats;
mod generation;
mod interpolation;
mod kinds;
mod mounts;
mod package;
mod ports;
mod risks;
#[cfg(test)]
mod schema_tests;
mod size;
mod source;
mod sources;
mod variables;
mod yaml;

pub use catalog::{Loaded, PackageCatalog};
pub use error::{Broken, PackageError};
pub use variables::BUILT_IN_VARIABLES;

/// The certificate of an authority, for HTTPS.
pub type Authority = tokio_rustls::rustls::pki_types::CertificateDer<'static>;
