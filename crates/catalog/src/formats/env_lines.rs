//! The values of a catalog's `.env`, as compose would understand them. Files are edited elsewhere, byte by byte.

use std::collections::BTreeMap;

use crate::formats::interpolation::escaped;

/// Each name with its value, the last where it is there twice, as a text of compose's: what stands between single
/// quotes means itself, in other values variables are replaced.
pub(crate) fn templates(text: &str) -> BTreeMap<String, String> {
    let mut templates = BTreeMap::new();
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text);
    while !rest.is_empty() {
        let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
        rest = after;
        let statement = line.trim();
        let statement = statement.strip_prefix("export ").unwrap_or(statement);
        if statement.starts_with('#') {
            continue;
        }
        let Some((name, value)) = statement.split_once(['=', ':']) else { continue };
        let (name, value) = (name.trim(), value.trim());
        if name.is_empty() || name.contains(char::is_whitespace) {
            continue;
        }
        let quote = value.chars().next().filter(|first| matches!(first, '\'' | '"'));
        let template = match quote {
            None => value.split_once(" #").map_or(value, |(value, _)| value).trim_end().to_owned(),
            Some(quote) => {
                // Several lines: the quote closes on a later one.
                let (mut quoted, mut closed) = take_quoted(&value[1..], quote);
                while !closed && !rest.is_empty() {
                    let (line, after) = rest.split_once('\n').unwrap_or((rest, ""));
                    let (more, is_closed) = take_quoted(line, quote);
                    quoted.push('\n');
                    quoted.push_str(&more);
                    (rest, closed) = (after, is_closed);
                }
                quoted
            }
        };
        templates.insert(name.to_owned(), template);
    }
    templates
}

/// What stands before the closing quote, as a template, and whether there is one.
fn take_quoted(text: &str, quote: char) -> (String, bool) {
    let (mut taken, mut characters) = (String::new(), text.chars());
    while let Some(character) = characters.next() {
        match character {
            _ if character == quote => return (finished(&taken, quote), true),
            '\\' => match characters.next() {
                Some('$') if quote == '"' => taken.push_str("$$"),
                Some(next @ ('"' | '\\')) if quote == '"' => taken.push(next),
                Some('n') if quote == '"' => taken.push('\n'),
                Some('\'') if quote == '\'' => taken.push('\''),
                Some(next) => taken.extend(['\\', next]),
                None => taken.push('\\'),
            },
            _ => taken.push(character),
        }
    }
    (finished(&taken, quote), false)
}

fn finished(text: &str, quote: char) -> String {
    if quote == '\'' { escaped(text) } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_compose_reads_them() {
        let found = templates(
            "# comment\nA=1\nexport B = 'x $y'\nC=\"$A \\$n\" # why\nD=a b # why\nE=\nF: yes\r\nnothing\nA=2\nG='one\ntwo'\nH=a#b\n",
        );
        let expected = [
            ("A", "2"),
            ("B", "x $$y"),
            ("C", "$A $$n"),
            ("D", "a b"),
            ("E", ""),
            ("F", "yes"),
            ("G", "one\ntwo"),
            ("H", "a#b"),
        ];
        assert_eq!(found, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    }
}
