//! The `.env` file, quoted so that `docker compose` reads back each value as it is.
//!
//! What compose's reader does with quotes was tried with 2.40.3: between single quotes everything is
//! literal but `\'`; between double quotes `\\`, `\"` and `\$` are unescaped. The shell's `'\''` is a
//! syntax error. So single quotes where they can hold the value, else double ones.

/// One line (or several, if the value holds line ends) of a `.env` file.
pub(super) fn line(name: &str, value: &str) -> String {
    if !value.contains('\'') && !value.ends_with('\\') {
        return format!("{name}='{value}'\n");
    }
    let mut quoted = String::with_capacity(value.len() + 8);
    for character in value.chars() {
        if matches!(character, '\\' | '"' | '$') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    format!("{name}=\"{quoted}\"\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_quoted_as_compose_reads_them() {
        assert_eq!(line("A", "plain"), "A='plain'\n");
        assert_eq!(line("A", r#"$HOME ${X} \n # "q""#), "A='$HOME ${X} \\n # \"q\"'\n");
        assert_eq!(line("A", "it's $5"), "A=\"it's \\$5\"\n");
        assert_eq!(line("A", r"ends with \"), "A=\"ends with \\\\\"\n");
    }
}
