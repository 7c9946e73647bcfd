//! Reads YAML of others: as `docker compose` does where that matters, within limits. What it means is not known here.

use serde_json::{Map, Value};
use serde_saphyr::UserMessageFormatter;

use crate::formats::Untranslatable;

/// Collections inside each other. The deepest of the field has 14.
const DEPTH_LIMIT: usize = 48;
/// Values in one file, as many as a package's own may have: the largest of the field have some thousands.
const NODE_LIMIT: usize = 20_000;
/// Bytes of all texts in one file, those of uses of anchors each time.
const TEXTS_LIMIT_BYTES: usize = 1 << 20;
/// Anchors, and uses of them.
const ALIAS_LIMIT: usize = 2_000;

/// Reads a mapping. Merge keys are resolved; a key that is there twice is an error, as it is for compose. Texts stay
/// texts: `no` and `22:22` are not made something else; numbers are what they are to compose, so `022` is 18. `name` is the file's, for people.
///
/// # Errors
///
/// `Unreadable`: it is no YAML, no mapping, or too large.
pub(crate) fn read_mapping(name: &str, text: &str) -> Result<Map<String, Value>, Untranslatable> {
    match read(name, text)? {
        Value::Object(map) => Ok(map),
        _ => Err(Untranslatable::Unreadable(format!("{name} is not a mapping"))),
    }
}

/// Reads any document. See [`read_mapping`].
///
/// # Errors
///
/// `Unreadable`.
pub(crate) fn read(name: &str, text: &str) -> Result<Value, Untranslatable> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: DEPTH_LIMIT,
            max_nodes: NODE_LIMIT,
            max_aliases: ALIAS_LIMIT,
            max_anchors: ALIAS_LIMIT,
            max_documents: 1,
            max_total_scalar_bytes: TEXTS_LIMIT_BYTES,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: NODE_LIMIT },
        strict_booleans: true,
        legacy_octal_numbers: true,
        with_snippet: false,
    };
    // Compose takes a tab after a value; the grammar does not.
    let text: String = text.lines().flat_map(|line| [line.trim_end_matches('\t'), "\n"]).collect();
    let mut value = serde_saphyr::from_str_with_options(&text, options).map_err(|error| {
        Untranslatable::Unreadable(format!("{name}: {}", error.render_with_formatter(&UserMessageFormatter)))
    })?;
    write_whole_numbers(&mut value);
    Ok(value)
}

/// `1.0`, `1e3` and `08` are whole numbers to compose.
fn write_whole_numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0);
            if let Some(whole) = float.and_then(|float| format!("{float}").parse::<i64>().ok()) {
                *value = whole.into();
            }
        }
        Value::Array(items) => items.iter_mut().for_each(write_whole_numbers),
        Value::Object(map) => map.values_mut().for_each(write_whole_numbers),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_stay_texts_and_merge_keys_are_resolved() {
        let text = "x: &x { a: 1, b: 2 }\ny: { <<: *x, b: 3 }\nrestart: no\nport: 22:22\nmode: 022\n\
                    day: 2026-01-02\nversion: 1.10\nwhole: 1.0\ntab: value\t\non: on\n";
        let expected = json!({
            "x": { "a": 1, "b": 2 }, "y": { "a": 1, "b": 3 }, "restart": "no", "port": "22:22", "mode": 18,
            "day": "2026-01-02", "version": 1.1, "whole": 1, "tab": "value", "on": "on",
        });
        assert_eq!(read("file", text), Ok(expected));
    }

    #[test]
    fn what_is_there_twice_is_no_mapping_of_compose() {
        let error = read_mapping("file", "a: 1\na: 2\n").expect_err("refused");
        assert!(error.to_string().contains("file"), "{error}");
        assert!(read_mapping("file", "- a\n").is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "(a|b|: |- |\n|  |&x|\\*x|<<|\\{|\\}|\\[|\\||\"|'|\t|#){0,80}") {
            drop(read("file", &text));
        }
    }
}
