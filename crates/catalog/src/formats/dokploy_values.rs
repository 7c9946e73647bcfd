//! What the variables and helpers of a Dokploy template stand for. Its server makes passwords and addresses up when it
//! installs; here each becomes a variable of ours, made or asked for at each install, and one secret stays one secret
//! wherever it is used.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::block::{Kind, PortBlock, ShapeBlock, VariableBlock};
use crate::formats::addresses::Address;
use crate::formats::dokploy_template::{Domain, Template};
use crate::formats::interpolation::{Otherwise, Part, is_name, parse};
use crate::formats::offered::{is_reserved, text_variable};
use crate::formats::secret_names::is_made_for;
use crate::formats::{Untranslatable, bounds, dokploy_functions, env_lines};

/// Variables inside variables. Dokploy itself replaces twice.
const DEPTH_LIMIT: usize = 16;
/// Bytes of all texts of a template after its variables are put in, which may multiply. The largest of the field has
/// 400 KB.
const TEXTS_LIMIT_BYTES: usize = 8 << 20;
/// Putting in a variable takes about as long as copying so many bytes.
const USE_BYTES: usize = 64;
/// Things that are made at install in one template: the largest of the field has 12.
const MARKS_LIMIT: u32 = 200;
/// While a text is worked on, one character of this private block stands for each thing that is made at install.
const FIRST_MARK: u32 = 0xF_0000;

/// Something that is known at install only.
#[derive(Clone, Debug)]
pub(super) enum Mark {
    /// A host name, by the variable that it is the whole of.
    Host(Option<String>),
    /// A value of its own.
    Made { make: Make, wish: String, name: Option<String> },
}

/// How a value is come by.
#[derive(Clone, Debug)]
pub(super) enum Make {
    Secret(ShapeBlock),
    /// A token, signed with the secret of that mark.
    Jwt {
        key: usize,
        claims: Value,
    },
    Email,
    UserName,
}

/// What a domain leads to.
struct Place {
    /// The variable that its host is.
    host: String,
    path: String,
    /// The variable that tells its port; `None` for the app's own.
    port: Option<String>,
}

/// The texts of a template, and what was found in them.
pub(super) struct Values<'t> {
    template: &'t Template,
    marks: Vec<Mark>,
    resolved: BTreeMap<String, String>,
    open: Vec<String>,
    /// What all texts have taken so far, of [`TEXTS_LIMIT_BYTES`].
    taken_bytes: usize,
    /// The names of `.env` in their order, and their values as compose reads them.
    keys: Vec<String>,
    lines: BTreeMap<String, String>,
    /// The domains that lead to other ports than the first one, and the variables that tell those.
    others: Vec<(Domain, String)>,
    places: Vec<Place>,
    declared: BTreeMap<String, VariableBlock>,
    /// Values of several lines, or of names that no variable may have: written where they are used.
    settled: BTreeMap<String, String>,
}

impl<'t> Values<'t> {
    /// Works out the environment of a template.
    pub(super) fn of(template: &'t Template) -> Self {
        let mut values = Self {
            template,
            marks: Vec::new(),
            resolved: BTreeMap::new(),
            open: Vec::new(),
            taken_bytes: 0,
            keys: Vec::new(),
            lines: BTreeMap::new(),
            others: Vec::new(),
            places: Vec::new(),
            declared: BTreeMap::new(),
            settled: BTreeMap::new(),
        };
        let mut text = String::new();
        for line in &template.env {
            let key = line.split_once('=').map_or("", |(key, _)| key.trim());
            if is_name(key) && !values.keys.iter().any(|known| known == key) {
                values.keys.push(key.to_owned());
            }
            text.push_str(&values.text(line, key));
            text.push('\n');
        }
        values.lines = env_lines::templates(&text);
        values.keys.retain(|key| values.lines.contains_key(key));
        values.name_after_keys();
        values.find_domains();
        values.declare_keys();
        values
    }

    /// The domains beside the first that lead to another port, with the variable that tells it.
    pub(super) fn other_domains(&self) -> impl Iterator<Item = (&Domain, &str)> {
        self.others.iter().map(|(domain, variable)| (domain, variable.as_str()))
    }

    /// The names of `.env` that hold a host name and nothing else.
    pub(super) fn hosts(&self) -> BTreeMap<String, Address> {
        let address = |key: &String| match self.only_mark(self.lines.get(key)?)? {
            (_, Mark::Host(host)) => Some((key.clone(), self.address(host.as_ref()))),
            (_, Mark::Made { .. }) => None,
        };
        self.keys.iter().filter_map(address).collect()
    }

    /// A text as it is where nothing in it is made at install.
    pub(super) fn plain(&mut self, raw: &str) -> String {
        self.text(raw, "").chars().filter(|character| !is_mark(*character)).collect()
    }

    /// The content of a file: as it is, or as a text for compose, where something in it is made at install.
    pub(super) fn content(&mut self, raw: &str, wish: &str) -> Result<String, String> {
        let text = self.text(raw, wish);
        if text.contains(is_mark) {
            let mut written = String::new();
            self.write(&text, &mut written);
            return Err(written);
        }
        Ok(text)
    }

    /// The values of names that no variable can have.
    pub(super) fn settled(&self) -> BTreeMap<String, String> {
        self.settled.clone()
    }

    /// The variables, those of `.env` first.
    pub(super) fn variables(mut self) -> Vec<VariableBlock> {
        let mut variables: Vec<_> = self.keys.iter().filter_map(|key| self.declared.remove(key)).collect();
        variables.extend(self.declared.into_values());
        variables
    }

    /// Whether every text has been worked out in full.
    ///
    /// # Errors
    /// `Unsupported`: that would have taken too much.
    pub(super) fn check(&self) -> Result<(), Untranslatable> {
        bounds::check_count(
            "bytes in its texts and what stands for their variables",
            self.taken_bytes,
            TEXTS_LIMIT_BYTES,
        )
    }

    /// Whether there is room for so many bytes more, which are taken.
    fn take(&mut self, bytes: usize) -> bool {
        self.taken_bytes = self.taken_bytes.saturating_add(bytes).saturating_add(USE_BYTES);
        self.taken_bytes <= TEXTS_LIMIT_BYTES
    }

    /// Replaces variables and helpers; what is unknown stays, as in Dokploy: it may be meant for compose.
    fn text(&mut self, raw: &str, holder: &str) -> String {
        if !self.take(raw.len()) {
            return String::new();
        }
        let (mut text, mut rest) = (String::new(), raw);
        let push = |text: &mut String, plain: &str| text.extend(plain.chars().filter(|c| !is_mark(*c)));
        while let Some((before, after)) = rest.split_once("${") {
            push(&mut text, before);
            let Some((name, after_name)) = after.split_once('}') else {
                text.push_str("${");
                rest = after;
                break;
            };
            match self.variable(name).or_else(|| dokploy_functions::value(self, name, holder)) {
                Some(value) => text.push_str(&value),
                None => push(&mut text, &format!("${{{name}}}")),
            }
            rest = after_name;
        }
        push(&mut text, rest);
        text
    }

    /// The value of a variable of the template; `None` where it has none, or is being worked out already.
    pub(super) fn variable(&mut self, name: &str) -> Option<String> {
        if let Some(value) = self.resolved.get(name).cloned() {
            return self.take(value.len()).then_some(value);
        }
        let raw = self.template.variables.get(name)?;
        if self.open.len() >= DEPTH_LIMIT || self.open.iter().any(|open| open == name) {
            return None;
        }
        let value = if raw.trim() == "${domain}" {
            self.mark(Mark::Host(Some(name.to_owned())))?
        } else {
            self.open.push(name.to_owned());
            let value = self.text(raw, name);
            self.open.pop();
            value
        };
        self.resolved.insert(name.to_owned(), value.clone());
        Some(value)
    }

    /// A character that stands for that; `None` where there are too many.
    pub(super) fn mark(&mut self, mark: Mark) -> Option<String> {
        let index = u32::try_from(self.marks.len()).ok().filter(|index| *index < MARKS_LIMIT)?;
        self.marks.push(mark);
        char::from_u32(FIRST_MARK + index).map(String::from)
    }

    /// The mark that is the whole of a text.
    pub(super) fn only_mark(&self, text: &str) -> Option<(usize, &Mark)> {
        let mut characters = text.chars();
        let index = characters.next().filter(|_| characters.next().is_none()).and_then(mark_index)?;
        Some((index, self.marks.get(index)?))
    }

    /// What `.env` gives a name of its own is called so.
    fn name_after_keys(&mut self) {
        for key in self.keys.iter().filter(|key| !is_reserved(key)) {
            let only = self.lines.get(key).and_then(|line| self.only_mark(line)).map(|(index, _)| index);
            if let Some(Mark::Made { name: name @ None, .. }) =
                only.and_then(|index| self.marks.get_mut(index))
            {
                *name = Some(key.clone());
            }
        }
    }

    /// The first domain is the app's own; those that lead to other ports get variables for them, one for each port.
    fn find_domains(&mut self) {
        let template = self.template;
        let Some(main) = template.domains.first() else { return };
        for domain in &template.domains {
            let text = self.text(&domain.host, "");
            let host = match self.only_mark(&text) {
                Some((_, Mark::Host(host))) => host.clone(),
                _ => None,
            };
            let is_same = |other: &Domain| (&other.service, other.port) == (&domain.service, domain.port);
            let known = self.others.iter().find(|(other, _)| is_same(other)).map(|(_, port)| port.clone());
            let port = if is_same(main) {
                None
            } else if known.is_some() {
                known
            } else {
                let own_host = host.as_ref().filter(|_| domain.host != main.host);
                let port = self.free_name(&format!("{}_port", own_host.unwrap_or(&domain.service)));
                let of = Some(PortBlock { service: domain.service.clone(), port: domain.port, udp: false });
                self.declare(VariableBlock { of, ..block(&port, Kind::Port) });
                self.others.push((domain.clone(), port.clone()));
                Some(port)
            };
            self.places.extend(host.map(|host| Place { host, path: domain.path.clone(), port }));
        }
    }

    /// How that host is reached, and the parts of it that lead elsewhere.
    fn address(&self, host: Option<&String>) -> Address {
        let of_host: Vec<&Place> = self.places.iter().filter(|place| Some(&place.host) == host).collect();
        let whole = of_host.iter().find(|place| place.path.len() <= 1).or(of_host.first());
        let port = whole.and_then(|whole| whole.port.as_ref());
        let of = |port: Option<&String>| port.map_or_else(Address::main, |port| Address::of_port(port));
        let others = of_host.iter().filter(|place| place.path.len() > 1 && place.port.as_ref() != port);
        others.fold(of(port), |address, place| address.with_below(&place.path, of(place.port.as_ref())))
    }

    fn declare_keys(&mut self) {
        for (index, key) in self.keys.clone().into_iter().enumerate() {
            let line = self.lines.get(&key).cloned().unwrap_or_default();
            if let Some((mark, Mark::Made { name: Some(name), .. })) = self.only_mark(&line)
                && *name == key
            {
                self.declare_made(mark);
                continue;
            }
            let mut value = String::new();
            self.write_template(&parse(&line), index, &mut value);
            let plain = match parse(&value).as_slice() {
                [] => Some(String::new()),
                [Part::Text(text)] => Some(text.clone()),
                _ => None,
            };
            let has_control = value.contains(char::is_control);
            self.declare(match plain {
                Some(text) if has_control || is_reserved(&key) => {
                    self.settled.insert(key, text);
                    continue;
                }
                None if is_reserved(&key) => continue,
                Some(text) if text.is_empty() => {
                    match (self.template.required.contains(&key), is_made_for(&key)) {
                        (true, true) => block(&key, Kind::Secret),
                        (is_required, _) => {
                            VariableBlock { optional: !is_required, ..block(&key, Kind::Text) }
                        }
                    }
                }
                Some(text) => VariableBlock { default: Some(json!(text)), ..block(&key, Kind::Text) },
                None => {
                    let value = Some(value.replace(char::is_control, " "));
                    VariableBlock { value, ..block(&key, Kind::Derived) }
                }
            });
        }
    }

    /// Writes a value of `.env` as a template of ours. Compose replaces variables in it by what stands above.
    fn write_template(&mut self, parts: &[Part], index: usize, written: &mut String) {
        for part in parts {
            match part {
                Part::Text(text) => self.write(text, written),
                Part::Use(used) if self.keys[..index].contains(&used.name) => {
                    written.push_str(&format!("${{{}}}", used.name));
                }
                Part::Use(used) => match &used.otherwise {
                    Otherwise::Default { text, .. } => self.write_template(text, index, written),
                    Otherwise::Required if is_name(&used.name) && !self.keys.contains(&used.name) => {
                        self.declare(block(&used.name, Kind::Text));
                        written.push_str(&format!("${{{}}}", used.name));
                    }
                    Otherwise::Nothing | Otherwise::Required | Otherwise::Instead { .. } => {}
                },
            }
        }
    }

    /// Writes a text with the variables that its marks stand for.
    fn write(&mut self, text: &str, written: &mut String) {
        for (at, character) in text.char_indices() {
            let Some(index) = mark_index(character) else {
                written.push_str(if character == '$' { "$$" } else { &text[at..at + character.len_utf8()] });
                continue;
            };
            match self.marks.get(index) {
                Some(Mark::Host(host)) => {
                    self.address(host.as_ref()).write(written, &text[at + character.len_utf8()..]);
                }
                Some(Mark::Made { .. }) => written.push_str(&format!("${{{}}}", self.declare_made(index))),
                None => {}
            }
        }
    }

    /// Declares what a mark stands for, and gives its name.
    fn declare_made(&mut self, index: usize) -> String {
        let Some(Mark::Made { make, wish, name }) = self.marks.get(index).cloned() else {
            return String::new();
        };
        let name = name.unwrap_or_else(|| self.free_name(&wish));
        if let Some(Mark::Made { name: own, .. }) = self.marks.get_mut(index) {
            *own = Some(name.clone());
        }
        if self.declared.contains_key(&name) {
            return name;
        }
        let variable = match make {
            Make::Secret(shape) => VariableBlock { shape: Some(shape), ..block(&name, Kind::Secret) },
            Make::Jwt { key, claims } => {
                let shape = Some(ShapeBlock::Jwt { key: self.declare_made(key), claims });
                VariableBlock { shape, ..block(&name, Kind::Secret) }
            }
            Make::Email => block(&name, Kind::Text),
            Make::UserName => VariableBlock { default: Some(json!(USER_NAME)), ..block(&name, Kind::Text) },
        };
        self.declare(variable);
        name
    }

    fn declare(&mut self, variable: VariableBlock) {
        self.declared.entry(variable.name.clone()).or_insert(variable);
    }

    /// A name for a variable that nothing has yet.
    fn free_name(&self, wish: &str) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        let mut name: String = wish.chars().map(plain).collect();
        if !name.starts_with(|first: char| first.is_ascii_uppercase()) {
            name.insert_str(0, "VALUE_");
        }
        let is_taken = |name: &String| self.keys.contains(name) || self.declared.contains_key(name);
        let numbered = (2_u32..).map(|number| format!("{name}_{number}"));
        let free = std::iter::once(name.clone()).chain(numbered).find(|name| !is_taken(name));
        free.unwrap_or(name)
    }
}

/// What Dokploy makes up a name for. It is no secret, and people have to know it.
const USER_NAME: &str = "appuser";

fn block(name: &str, kind: Kind) -> VariableBlock {
    VariableBlock { kind, ..text_variable(name) }
}

/// The claims of a token, out of the text that is to hold them.
pub(super) fn claims(text: &str) -> Map<String, Value> {
    let plain: String = text.chars().filter(|character| !is_mark(*character)).collect();
    serde_json::from_str(plain.trim()).unwrap_or_default()
}

fn mark_index(character: char) -> Option<usize> {
    let index = u32::from(character).checked_sub(FIRST_MARK).filter(|index| *index < 0xFFFE)?;
    usize::try_from(index).ok()
}

fn is_mark(character: char) -> bool {
    mark_index(character).is_some()
}
