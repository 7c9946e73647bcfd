//! Where the services of a package keep data: in named volumes, or below a folder. Which folders an app may
//! have is `domain::policy`'s.

use serde_json::{Map, Value};

use crate::compose::list;
use crate::error::PackageError;

/// Checks every mount of a service against the volumes that the file declares.
///
/// # Errors
///
/// A rule, at the first mount of a volume without a name or of another kind.
pub(crate) fn check(
    name: &str,
    service: &Map<String, Value>,
    declared: &[String],
) -> Result<(), PackageError> {
    let place = format!("services.{name}");
    for (index, entry) in list(&place, service, "volumes")?.iter().enumerate() {
        check_mount(&format!("{place}.volumes[{index}]"), entry, declared)?;
    }
    Ok(())
}

fn check_mount(place: &str, entry: &Value, declared: &[String]) -> Result<(), PackageError> {
    let (kind, source) = match entry {
        Value::String(text) => ("", text.split_once(':').map_or("", |(source, _)| source)),
        Value::Object(long) => {
            let text_of = |key: &str| long.get(key).and_then(Value::as_str).unwrap_or_default();
            (text_of("type"), text_of("source"))
        }
        _ => ("", ""),
    };
    // Where a path leads is judged on what compose makes of it, with variables replaced and links resolved.
    let is_path = source.starts_with(['.', '/', '~']) || source.contains("${");
    match kind {
        "tmpfs" => Ok(()),
        "" | "volume" | "bind" if source.is_empty() => Err(PackageError::rule(
            place,
            "has no name",
            "write volume:/path, with the volume declared under volumes",
        )),
        "" | "bind" if is_path => Ok(()),
        "" | "volume" if declared.iter().any(|volume| volume == source) => Ok(()),
        "" | "volume" => Err(PackageError::rule(
            place,
            format!("uses {source:?}, which is no declared volume"),
            "declare it under volumes, its name written plainly",
        )),
        _ => Err(PackageError::rule(place, "is a mount of another kind", "use a named volume")),
    }
}
