//! Writes a `compose.yaml` out of values: what the readers of other formats have understood, as a file of ours that
//! people can read. What stands in it is not known here.

use serde_json::{Map, Value};

use crate::block::{BLOCK_KEY, Block};

/// The file with that block first and all the rest of `compose` after it. Every reader of YAML, of version 1.1 too,
/// takes texts for texts: `no`, `22:22` and `1e3` are quoted.
pub(crate) fn compose_text(block: &Block, compose: &Map<String, Value>) -> String {
    let mut document = Map::from_iter([(BLOCK_KEY.to_owned(), block.to_value())]);
    document.extend(compose.iter().filter(|(key, _)| *key != BLOCK_KEY).map(|(k, v)| (k.clone(), v.clone())));
    // A long line stays one line, as people write it; several lines become a `|` block.
    let options = serde_saphyr::ser_options! { folded_wrap_chars: usize::MAX, compact_list_indent: false };
    serde_saphyr::to_string_with_options(&document, options).expect("JSON is a part of YAML")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::block::{Document, Kind, TextBlock, VariableBlock, VersionBlock};
    use crate::yaml;

    fn block() -> Block {
        Block {
            trademark: "Notes: no. 1".to_owned(),
            description: TextBlock { zh: "笔记".to_owned(), en: "Notes # or so".to_owned() },
            categories: vec!["on".to_owned()],
            versions: vec![VersionBlock { name: "2.0".to_owned(), ..VersionBlock::default() }],
            ..Block::default()
        }
    }

    fn read(text: &str) -> Map<String, Value> {
        yaml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(map) = value else { panic!("it is an object") };
        map
    }

    #[test]
    fn a_file_is_written_as_a_person_would_with_the_block_first() {
        let compose = object(json!({
            "services": { "web": { "image": "web:1.0", "ports": ["22:22", "8080:80"], "restart": "no",
                "environment": { "A": "", "B": "first\nsecond\n", "C": 5, "D": null, "E": true } } },
            "x-appmanage": "another",
        }));
        let text = compose_text(&block(), &compose);
        let expected = "services:\n  web:\n    image: web:1.0\n    ports:\n      - '22:22'\n      - 8080:80\n    \
                        restart: 'no'\n    environment:\n      A: ''\n      B: |\n        first\n        second\n      \
                        C: 5\n      D: null\n      E: true\n";
        let (block, rest) = text.split_at(text.find("services:").expect("there are services"));
        assert!(block.starts_with("x-appmanage:\n  trademark: "), "{text}");
        assert_eq!(rest.replace('"', "'"), expected);
    }

    #[test]
    fn dollar_signs_of_texts_come_back_and_templates_stay() {
        let variable = |kind, value: Option<&str>, default: Option<&str>| VariableBlock {
            name: "A".to_owned(),
            kind,
            label: TextBlock { zh: "$5".to_owned(), en: "${5}".to_owned() },
            default: default.map(Value::from),
            optional: false,
            options: Vec::new(),
            shape: None,
            of: None,
            value: value.map(str::to_owned),
        };
        let variables =
            vec![variable(Kind::Derived, Some("${B}$$"), None), variable(Kind::Text, None, Some("a$$b"))];
        let block = Block { variables, ..block() };
        let text = compose_text(&block, &Map::new());
        assert!(text.contains("value: ${B}$$\n") && text.contains("default: a$$$$b\n"), "{text}");
        let Document { block: written } = yaml::from_str(&text).expect("it is one");
        assert_eq!(written.expect("it is there").unescaped(), block);
    }

    fn any_text() -> impl Strategy<Value = String> {
        prop_oneof![
            "[ -~]{0,12}",
            "(?s:.){0,12}",
            "[-+.0-9a-fA-FxobeE_:]{1,8}",
            "( |\t|\n|\r|x|#|:|-|\\|){0,6}",
            "no|on|yes|off|y|n|~|null|True|<<|=|0x10|1e3|22:22|2026-01-02|---|\\.inf",
            "x{90,200} [a-z ]{0,90}",
        ]
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any_text().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                proptest::collection::btree_map(any_text(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_back_as_it_was(value in any_value()) {
            let compose = object(json!({ "services": value }));
            let text = compose_text(&block(), &compose);
            let mut back = read(&text);
            back.remove(BLOCK_KEY);
            prop_assert_eq!(back, compose, "{}", text);
        }
    }
}
