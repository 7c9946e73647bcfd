//! Texts with `${NAME}` in them: the one form of variables that packages use. Which names there are, and what they
//! hold, is not known here.

/// A text with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

impl Template {
    /// Reads a text; `$$` is a dollar sign. `None` at any other `$` that is not the beginning of `${NAME}`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (mut parts, mut plain, mut rest) = (Vec::new(), String::new(), text);
        while let Some((before, after)) = rest.split_once('$') {
            plain.push_str(before);
            if let Some(after_escape) = after.strip_prefix('$') {
                plain.push('$');
                rest = after_escape;
                continue;
            }
            let (name, after_name) = after.strip_prefix('{')?.split_once('}')?;
            if !is_variable_name(name) {
                return None;
            }
            parts.push(Part::Text(std::mem::take(&mut plain)));
            parts.push(Part::Variable(name.to_owned()));
            rest = after_name;
        }
        plain.push_str(rest);
        parts.push(Part::Text(plain));
        parts.retain(|part| *part != Part::Text(String::new()));
        Some(Self(parts))
    }

    /// The names in it, in order; one that is there twice comes twice.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Bytes of it that are no variables.
    #[must_use]
    pub fn plain_bytes(&self) -> usize {
        let length = |part: &Part| match part {
            Part::Text(text) => text.len(),
            Part::Variable(_) => 0,
        };
        self.0.iter().map(length).sum()
    }

    /// The text with what `value` gives for each name.
    #[must_use]
    pub fn filled<'a>(&'a self, mut value: impl FnMut(&'a str) -> &'a str) -> String {
        let text = |part: &'a Part| match part {
            Part::Text(text) => text.as_str(),
            Part::Variable(name) => value(name),
        };
        self.0.iter().map(text).collect()
    }
}

/// Whether that is how a variable may be called, by the rule of `docker compose`: a letter or `_`, then those and digits.
#[must_use]
pub fn is_variable_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_replaced_and_doubled_dollar_signs_are_one() {
        let template = Template::parse("a${One}-${_2}$$${One}").expect("every form is known");
        assert_eq!(template.names().collect::<Vec<_>>(), ["One", "_2", "One"]);
        assert_eq!(template.filled(|name| if name == "One" { "${x}" } else { "" }), "a${x}-$${x}");
        assert_eq!(template.plain_bytes(), 3);
    }

    #[test]
    fn every_other_form_is_no_template() {
        for text in ["$NAME", "${NAME:-x}", "${NAME", "cost: 5$", "${}", "${2A}", "${A-b}", "${A B}", "$"] {
            assert_eq!(Template::parse(text), None, "{text}");
        }
    }
}
