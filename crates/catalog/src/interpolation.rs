//! The `${NAME}` of compose files: which are used, and that no other form is.
//!
//! `docker compose` knows more forms (`$NAME`, `${NAME:-default}` and others). Packages do without: every
//! variable is declared, so no default is ever needed, and what is pulled is what compose asks for.

use std::collections::BTreeSet;

use domain::Template;
use serde_json::Value;

use crate::error::PackageError;

/// The names used in every text of `value`, which stands at `place`.
///
/// # Errors
///
/// A rule, at the first `$` that is neither `$$` nor the beginning of `${NAME}`.
pub(crate) fn names_used(place: &str, value: &Value) -> Result<BTreeSet<String>, PackageError> {
    let mut names = BTreeSet::new();
    collect(place, value, &mut names)?;
    Ok(names)
}

fn collect(place: &str, value: &Value, names: &mut BTreeSet<String>) -> Result<(), PackageError> {
    match value {
        Value::String(text) => collect_text(place, text, names),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| collect(&format!("{place}[{index}]"), item, names)),
        Value::Object(map) => map.iter().try_for_each(|(key, item)| {
            let inner = if place.is_empty() { key.clone() } else { format!("{place}.{key}") };
            collect(&inner, item, names)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn collect_text(place: &str, text: &str, names: &mut BTreeSet<String>) -> Result<(), PackageError> {
    let Some(template) = Template::parse(text) else {
        return Err(PackageError::rule(
            place,
            "has a $ that is not the beginning of ${NAME}",
            "write ${NAME} with a declared variable, or $$ for a dollar sign",
        ));
    };
    names.extend(template.names().map(str::to_owned));
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_are_found_wherever_compose_would_replace_them() {
        let value = json!({ "a": ["${ONE}-${TWO}", 3, null], "b": { "c": "x$${NOT}y ${three}" } });
        let names = names_used("", &value).expect("every form is known");
        assert_eq!(names, ["ONE", "TWO", "three"].map(String::from).into());
    }

    #[test]
    fn every_other_form_is_refused_with_its_place() {
        for text in ["$NAME", "${NAME:-x}", "${NAME", "cost: 5$", "${}", "${1}", "$"] {
            let error = names_used("", &json!({ "services": [text] })).expect_err("refused");
            assert!(error.to_string().starts_with("services[0] has a $"), "{text}: {error}");
        }
    }
}
