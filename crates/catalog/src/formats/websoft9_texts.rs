//! What Websoft9's repository tells people beside the apps' own folders: the answers of its content system that it
//! keeps for tests, what it is to say of new apps, and the labels of its variables. All of it may be missing.

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
/// What is to go into the content system, a file for each app; in English.
const ENTRIES: &str = "metadata/catalog";
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
    let is_it = |product: &&Value| product.get("key").and_then(Value::as_str) == Some(app);
    let product =
        PRODUCTS.iter().find_map(|path| tree.table(path)?.as_array()?.iter().find(is_it).map(texts));
    let entry = tree.text(&format!("{ENTRIES}/{app}.json")).ok().flatten();
    let entry = entry.and_then(|text| serde_json::from_str(&text).ok()).map(|entry: Value| texts(&entry));
    let (Some(product), Some(entry)) = (&product, &entry) else {
        return product.or(entry).unwrap_or_default();
    };
    let description = |texts: &Texts| texts.description.clone();
    let either = description(product).or_else(|| description(entry));
    Texts {
        description: either.map(|text| TextBlock {
            en: description(entry).map_or_else(|| text.en.clone(), |entry| entry.en),
            zh: text.zh,
        }),
        website: product.website.clone().or_else(|| entry.website.clone()),
        categories: match product.categories.is_empty() {
            true => entry.categories.clone(),
            false => product.categories.clone(),
        },
    }
}

/// The labels of variables, in both languages.
pub(super) fn labels(tree: &Tree) -> BTreeMap<String, TextBlock> {
    let table = tree.table(LABELS);
    let label = |(name, texts): (&String, &Value)| {
        let text =
            |index: usize| texts.get(index).and_then(Value::as_str).unwrap_or_default().trim().to_owned();
        let label = TextBlock { en: text(0), zh: text(1) };
        (!label.en.is_empty() || !label.zh.is_empty()).then(|| (name.clone(), label))
    };
    table.as_deref().and_then(Value::as_object).into_iter().flatten().filter_map(label).collect()
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
    let end = if sentences.iter().all(|sentence| sentence.is_ascii()) { ". " } else { "。" };
    let description = sentences.join(end);
    let inner = |value: &Value| -> Vec<Value> {
        let items = value.get("catalogCollection").and_then(|collection| collection.get("items"));
        items.and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let key = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let bound = product.get("catalogBindings").and_then(Value::as_array).into_iter().flatten();
    let categories = inner(product)
        .into_iter()
        .flat_map(|category| inner(&category))
        .filter_map(|category| key(&category, "key"))
        .chain(bound.filter_map(|binding| key(binding, "parentKey")));
    Texts {
        description: (!description.is_empty())
            .then(|| TextBlock { zh: description.clone(), en: description.clone() }),
        website: Some(text("websiteurl")).filter(|website| !website.is_empty()),
        categories: categories.collect(),
    }
}
