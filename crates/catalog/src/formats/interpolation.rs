//! The variables in compose files of others, in every form that `docker compose` knows. Packages of ours write
//! `${NAME}` only; what a variable is, and what is written for it, is decided elsewhere.

/// Bytes of one `${…}`: a default may be a short text; nothing in the field comes near.
const EXPRESSION_LIMIT_BYTES: usize = 8192;
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

/// The pieces of a text. A `$` that compose would refuse means itself.
pub(crate) fn parse(text: &str) -> Vec<Part> {
    parse_within(text, DEPTH_LIMIT)
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

fn parse_within(text: &str, depth: usize) -> Vec<Part> {
    let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
    while let Some((before, after)) = rest.split_once('$') {
        plain.push_str(before);
        if let Some(after_escape) = after.strip_prefix('$') {
            plain.push('$');
            rest = after_escape;
        } else if let Some((used, after_use)) = read_use(after, depth) {
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(Part::Use(used));
            rest = after_use;
        } else {
            plain.push('$');
            rest = after;
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        parts.push(Part::Text(plain));
    }
    parts
}

/// What stands after a `$`: a variable, and the text behind it.
fn read_use(after: &str, depth: usize) -> Option<(Use, &str)> {
    let Some(inner) = after.strip_prefix('{') else {
        let (name, rest) = split_name(after)?;
        return Some((Use { name: name.to_owned(), otherwise: Otherwise::Nothing }, rest));
    };
    let end = closing_brace(inner)?;
    let (expression, rest) = (&inner[..end], &inner[end + 1..]);
    let (name, operation) = split_name(expression)?;
    let (if_empty, operation) = operation.strip_prefix(':').map_or((false, operation), |rest| (true, rest));
    let mut characters = operation.chars();
    let (operator, text) = (characters.next(), characters.as_str());
    let inner = || depth.checked_sub(1).map(|depth| parse_within(text, depth));
    let otherwise = match operator {
        None if !if_empty => Otherwise::Nothing,
        Some('-') => Otherwise::Default { text: inner()?, if_empty },
        Some('+') => Otherwise::Instead { text: inner()?, if_empty },
        Some('?') => Otherwise::Required,
        _ => return None,
    };
    Some((Use { name: name.to_owned(), otherwise }, rest))
}

/// A variable's name at the beginning of a text, and what follows.
fn split_name(text: &str) -> Option<(&str, &str)> {
    let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    let starts_well = text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_');
    starts_well.then(|| text.split_at(length))
}

/// Where the brace closes that was opened before `text`.
fn closing_brace(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    for (index, byte) in text.bytes().enumerate().take(EXPRESSION_LIMIT_BYTES) {
        match byte {
            b'{' => open += 1,
            b'}' if open == 1 => return Some(index),
            b'}' => open -= 1,
            _ => {}
        }
    }
    None
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
        fn an_escaped_text_means_itself(any in "(\\$|\\{|\\}|:-|A|b|é| ){0,40}") {
            let expected: Vec<Part> = Some(any.clone()).filter(|t| !t.is_empty()).map(Part::Text).into_iter().collect();
            prop_assert_eq!(parse(&escaped(&any)), expected);
        }
    }
}
