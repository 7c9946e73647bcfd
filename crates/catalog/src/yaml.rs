//! Reads YAML within limits. What the values mean is not known here.

use serde::de::DeserializeOwned;
use serde_saphyr::UserMessageFormatter;

use crate::error::PackageError;

/// Collections inside each other. A compose file needs eight.
const DEPTH_LIMIT: usize = 32;
/// Values in one file. The largest compose files that people publish have some thousands.
const NODE_LIMIT: usize = 20_000;
/// Bytes of all texts in one file, those of uses of anchors each time.
const TEXTS_LIMIT_BYTES: usize = 1 << 20;
/// Anchors, and uses of them, in one file.
const ALIAS_LIMIT: usize = 200;
/// Events that uses of anchors may expand to: a few lines of aliases of aliases make billions otherwise.
const EXPANSION_LIMIT: usize = 20_000;

/// Reads one YAML document.
///
/// # Errors
///
/// [`PackageError::Malformed`], with line and column, where the text is not YAML, exceeds a limit or has
/// not the shape of `T`.
pub(crate) fn from_str<T: DeserializeOwned>(text: &str) -> Result<T, PackageError> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_LIMIT,
            max_nodes: NODE_LIMIT,
            max_aliases: ALIAS_LIMIT,
            max_anchors: ALIAS_LIMIT,
            max_documents: 1,
            max_total_scalar_bytes: TEXTS_LIMIT_BYTES,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: EXPANSION_LIMIT },
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options(text, options).map_err(|error| PackageError::Malformed {
        words: error.render_with_formatter(&UserMessageFormatter),
    })
}
