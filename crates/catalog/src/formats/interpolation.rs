//! The variables in compose files of others, in every form that `docker compose` knows. Packages of ours write
//! `${NAME}` only; what a variable is, and what is written for it, is decided elsewhere.

/// Bytes of one `${…}`: a default may be a short text; nothing in the field comes near.
pub(crate) const EXPRESSION_LIMIT_BYTES: usize = 4096;
/// Defaults inside defaults. Two are seen.
const DEPTH_LIMIT: usize = 8;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    /// Means itself; `$$` has become `$`.
    Text(String),
    /// Is replaced.
    Use(Use),
}

/// A variable in a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Use {
    pub(crate) name: String,
    pub(crate) otherwise: Otherwise,
}

/// What stands there where the variable is not set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Otherwise {
    /// Nothing: `$X`, `${X}`.
    Nothing,
    /// Another text: `${X-text}`, and with `:` also where the variable is empty.
    Default { text: Vec<Part>, if_empty: bool },
    /// It has to be set: `${X:?why}`.
    Required,
    /// A text where it *is* set (with `:`: and not empty), else nothing: `${X:+text}`.
    Instead { text: Vec<Part>, if_empty: bool },
}

impl Part {
    /// As it is written in a text.
    pub(crate) fn written(&self) -> String {
        let all = |parts: &[Self]| parts.iter().map(Self::written).collect::<String>();
        let operator =
            |sign: char, if_empty: &bool| if *if_empty { format!(":{sign}") } else { sign.to_string() };
        let (name, otherwise) = match self {
            Self::Text(text) => return escaped(text),
            Self::Use(Use { name, otherwise }) => (name, otherwise),
        };
        match otherwise {
            Otherwise::Nothing => format!("${{{name}}}"),
            Otherwise::Default { text, if_empty } => {
                format!("${{{name}{}{}}}", operator('-', if_empty), all(text))
            }
            Otherwise::Required => format!("${{{name}:?}}"),
            Otherwise::Instead { text, if_empty } => {
                format!("${{{name}{}{}}}", operator('+', if_empty), all(text))
            }
        }
    }
}

/// The pieces of a text. A `$` that compose would refuse means itself.
pub(crate) fn parse(text: &str) -> Vec<Part> {
    let closing = if text.contains("${") { closing_braces(text) } else { Vec::new() };
    parse_within(Span { whole: text, start: 0, end: text.len() }, &closing, DEPTH_LIMIT)
}

/// A text that compose reads as exactly that text.
pub(crate) fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

/// Whether that is how a variable may be called.
pub(crate) fn is_name(text: &str) -> bool {
    split_name(text).is_some_and(|(_, rest)| rest.is_empty())
}

/// The names in a text, those in defaults too.
pub(crate) fn names(text: &str) -> Vec<String> {
    let mut names = Vec::new();
    collect_names(&parse(text), &mut names);
    names
}

fn collect_names(parts: &[Part], names: &mut Vec<String>) {
    for part in parts {
        let Part::Use(used) = part else { continue };
        names.push(used.name.clone());
        if let Otherwise::Default { text, .. } | Otherwise::Instead { text, .. } = &used.otherwise {
            collect_names(text, names);
        }
    }
}

/// A part of a text, which knows where in it it stands.
#[derive(Clone, Copy)]
struct Span<'t> {
    whole: &'t str,
    start: usize,
    end: usize,
}

impl<'t> Span<'t> {
    fn text(self) -> &'t str {
        &self.whole[self.start..self.end]
    }

    fn skip(self, bytes: usize) -> Self {
        Self { start: self.start + bytes, ..self }
    }
}

fn parse_within(span: Span<'_>, closing: &[Option<usize>], depth: usize) -> Vec<Part> {
    let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), span);
    while let Some((before, after)) = rest.text().split_once('$') {
        plain.push_str(before);
        let behind = rest.skip(before.len() + 1);
        if after.starts_with('$') {
            plain.push('$');
            rest = behind.skip(1);
        } else if let Some((used, after_use)) = read_use(behind, closing, depth) {
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Use(used));
            rest = after_use;
        } else {
            plain.push('$');
            rest = behind;
        }
    }
    plain.push_str(rest.text());
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    parts
}

/// What stands after a `$`: a variable, and the text behind it.
fn read_use<'t>(span: Span<'t>, closing: &[Option<usize>], depth: usize) -> Option<(Use, Span<'t>)> {
    let after = span.text();
    if !after.starts_with('{') {
        let (name, _) = split_name(after)?;
        return Some((Use { name: name.to_owned(), otherwise: Otherwise::Nothing }, span.skip(name.len())));
    }
    let end = closing[span.start].filter(|end| *end - span.start <= EXPRESSION_LIMIT_BYTES)?;
    let expression = Span { end, ..span.skip(1) };
    let (name, operation) = split_name(expression.text())?;
    let (if_empty, operation) = operation.strip_prefix(':').map_or((false, operation), |rest| (true, rest));
    let mut characters = operation.chars();
    let (operator, text) = (characters.next(), characters.as_str());
    let inner = || {
        let text = Span { start: end - text.len(), ..expression };
        depth.checked_sub(1).map(|depth| parse_within(text, closing, depth))
    };
    let otherwise = match operator {
        None if !if_empty => Otherwise::Nothing,
        Some('-') => Otherwise::Default { text: inner()?, if_empty },
        Some('+') => Otherwise::Instead { text: inner()?, if_empty },
        Some('?') => Otherwise::Required,
        _ => return None,
    };
    Some((Use { name: name.to_owned(), otherwise }, Span { start: end + 1, ..span }))
}

/// A variable's name at the beginning of a text, and what follows.
fn split_name(text: &str) -> Option<(&str, &str)> {
    let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let starts_well = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts_well.then(|| text.split_at(length))
}

/// By the place of each brace that opens, where it closes. All are found in one go: a text may be nothing but braces.
fn closing_braces(text: &str) -> Vec<Option<usize>> {
    let (mut closing, mut open) = (vec![None; text.len()], Vec::new());
    for (index, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open.push(index),
            b'}' => {
                if let Some(opened) = open.pop() {
                    closing[opened] = Some(index);
                }
            }
            _ => {}
        }
    }
    closing
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn text(text: &str) -> Part {
        Part::Text(text.to_owned())
    }

    fn used(name: &str, otherwise: Otherwise) -> Part {
        Part::Use(Use { name: name.to_owned(), otherwise })
    }

    #[test]
    fn every_form_of_compose_is_read() {
        let default = |inner: Vec<Part>, if_empty| Otherwise::Default { text: inner, if_empty };
        for (written, expected) in [
            ("a$B-c", vec![text("a"), used("B", Otherwise::Nothing), text("-c")]),
            ("${B}", vec![used("B", Otherwise::Nothing)]),
            ("${b_1:-x}", vec![used("b_1", default(vec![text("x")], true))]),
            ("${B-}", vec![used("B", default(vec![], false))]),
            ("${B:?say}", vec![used("B", Otherwise::Required)]),
            ("${B?}", vec![used("B", Otherwise::Required)]),
            ("${B:+y}", vec![used("B", Otherwise::Instead { text: vec![text("y")], if_empty: true })]),
            (
                "${A:-${B:-{1}}}c",
                vec![used("A", default(vec![used("B", default(vec![text("{1}")], true))], true)), text("c")],
            ),
            ("$$A $$${B}", vec![text("$A $"), used("B", Otherwise::Nothing)]),
        ] {
            assert_eq!(parse(written), expected, "{written}");
        }
    }

    #[test]
    fn what_compose_would_refuse_means_itself() {
        for written in ["5$", "$(date)", "${", "${}", "${1A}", "${A:}", "${A!b}", "${A.b}", "$-"] {
            assert_eq!(parse(written), [text(written)], "{written}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(any in "(\\$|\\{|\\}|:-|\\?|\\+|A|b|é| |\n){0,60}") {
            let parts = parse(&any);
            prop_assert!(parts.len() <= any.len());
        }

        #[test]
        fn what_is_written_is_read_again(any in "(\\$|\\{|\\}|:-|\\?|\\+|A|b|é| ){0,60}") {
            let parts = parse(&any);
            let written: String = parts.iter().map(Part::written).collect();
            prop_assert_eq!(parse(&written), parts);
        }

        #[test]
        fn an_escaped_text_means_itself(any in "(\\$|\\{|\\}|:-|A|b|é| ){0,40}") {
            let expected: Vec<Part> = Some(any.clone()).filter(|t| !t.is_empty()).map(Part::Text).into_iter().collect();
            prop_assert_eq!(parse(&escaped(&any)), expected);
        }
    }
}
