//! What Websoft9's repository tells people beside the apps' own folders: the answers of its content system that it
//! keeps for tests, and the labels of its variables. All of it may be missing.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::block::TextBlock;
use crate::formats::Tree;

/// Where the products lie; their texts are Chinese in both.
const PRODUCTS: [&str; 4] = [
    "dist/catalog-fixture/product_zh.json",
    "dist/catalog-fixture/product_en.json",
    "catalog/product_zh.json",
    "catalog/product_en.json",
];
const LABELS: &str = "i18n/translation.json";

/// What is told of an app.
#[derive(Debug, Default)]
pub(super) struct Texts {
    pub(super) description: Option<TextBlock>,
    pub(super) website: Option<String>,
    pub(super) categories: Vec<String>,
}

/// What the catalog tells of that app.
pub(super) fn of(tree: &Tree, app: &str) -> Texts {
    let is_it = |product: &Value| product.get("key").and_then(Value::as_str) == Some(app);
    PRODUCTS
        .iter()
        .find_map(|path| read(tree, path)?.as_array()?.iter().find(|p| is_it(p)).map(texts))
        .unwrap_or_default()
}

/// The labels of variables, in both languages.
pub(super) fn labels(tree: &Tree) -> BTreeMap<String, TextBlock> {
    let Some(Value::Object(labels)) = read(tree, LABELS) else { return BTreeMap::new() };
    let label = |(name, texts): (String, Value)| {
        let text =
            |index: usize| texts.get(index).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        let label = TextBlock { en: text(0), zh: text(1) };
        (!label.en.is_empty() || !label.zh.is_empty()).then_some((name, label))
    };
    labels.into_iter().filter_map(label).collect()
}

fn read(tree: &Tree, path: &str) -> Option<Value> {
    serde_json::from_str(&tree.text(path).ok()??).ok()
}

fn texts(product: &Value) -> Texts {
    let text = |key: &str| product.get(key).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
    let mut sentences: Vec<String> = Vec::new();
    for sentence in [text("summary"), text("overview")] {
        let sentence = sentence.trim_end_matches(['.', '。']).to_owned();
        if !sentence.is_empty() && !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    }
    let description = sentences.join("。");
    let inner = |value: &Value| -> Vec<Value> {
        let items = value.get("catalogCollection").and_then(|collection| collection.get("items"));
        items.and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let categories = inner(product)
        .into_iter()
        .flat_map(|category| inner(&category))
        .filter_map(|category| category.get("key").and_then(Value::as_str).map(str::to_owned));
    Texts {
        description: (!description.is_empty())
            .then(|| TextBlock { zh: description.clone(), en: description.clone() }),
        website: Some(text("websiteurl")).filter(|website| !website.is_empty()),
        categories: categories.collect(),
    }
}
