//! Tells the code of a Rust file from its comments and its strings, by characters, without parsing it.

/// A source text taken apart. Both have the same lines as the text; what is left out is blank.
pub(super) struct Scanned {
    /// The code, with strings and comments blanked.
    pub(super) code: String,
    /// The comments alone.
    pub(super) comments: String,
}

/// Takes a source text apart.
pub(super) fn scan(text: &str) -> Scanned {
    let mut scanner = Scanner {
        rest: text,
        code: String::with_capacity(text.len()),
        comments: String::with_capacity(text.len()),
    };
    while !scanner.rest.is_empty() {
        scanner.step();
    }
    Scanned { code: scanner.code, comments: scanner.comments }
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Function {
    pub(super) name: String,
    /// The line of the word `fn`, from 1.
    pub(super) line: usize,
    /// From that line to the closing brace, both included.
    pub(super) lines: usize,
}

/// The functions in blanked code, nested ones too.
pub(super) fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = code[from..].find("fn ").map(|at| from + at) {
        from = at + "fn ".len();
        if code[..at].chars().next_back().is_some_and(is_word) {
            continue;
        }
        let name: String = code[from..].trim_start().chars().take_while(|c| is_word(*c)).collect();
        if name.is_empty() {
            continue;
        }
        if let Some(end) = body_end(code, from) {
            let line = 1 + newlines(&code[..at]);
            found.push(Function { name, line, lines: 1 + newlines(&code[at..end]) });
        }
    }
    found
}

/// Where the body of the function that starts before `from` ends; nothing for a declaration without body.
fn body_end(code: &str, from: usize) -> Option<usize> {
    let mut round = 0;
    let mut curly = 0;
    for (at, c) in code[from..].char_indices() {
        match c {
            '(' | '[' => round += 1,
            ')' | ']' => round -= 1,
            ';' if round == 0 && curly == 0 => return None,
            '{' => curly += 1,
            '}' => {
                curly -= 1;
                // Braces in the signature, of a constant in a type, stand inside brackets or angles.
                if curly == 0 && round == 0 {
                    return Some(from + at);
                }
            }
            _ => {}
        }
    }
    None
}

fn newlines(text: &str) -> usize {
    text.matches('\n').count()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Where a stretch of text goes.
#[derive(Clone, Copy)]
enum Kind {
    Code,
    Comment,
    Text,
}

struct Scanner<'a> {
    rest: &'a str,
    code: String,
    comments: String,
}

impl Scanner<'_> {
    /// Takes the next comment, string, character, or one character of code.
    fn step(&mut self) {
        let rest = self.rest;
        if rest.starts_with("//") {
            self.take(rest.find('\n').unwrap_or(rest.len()), Kind::Comment);
        } else if rest.starts_with("/*") {
            self.take(block_comment(rest), Kind::Comment);
        } else if let Some(length) = self.raw_string() {
            self.take(length, Kind::Text);
        } else if rest.starts_with('"') {
            self.take(quoted(rest, '"'), Kind::Text);
        } else if let Some(length) = character(rest) {
            self.take(length, Kind::Text);
        } else {
            self.take(rest.chars().next().map_or(0, char::len_utf8), Kind::Code);
        }
    }

    /// The length of the raw string that starts here. `r` must not be the end of a longer word.
    fn raw_string(&self) -> Option<usize> {
        if self.code.chars().next_back().is_some_and(is_word) {
            return None;
        }
        let start = self.rest.trim_start_matches(['b', 'c']).strip_prefix('r')?;
        let hashes = start.len() - start.trim_start_matches('#').len();
        let body = start[hashes..].strip_prefix('"')?;
        let end = format!("\"{}", "#".repeat(hashes));
        let length = body.find(&end).map_or(body.len(), |at| at + end.len());
        Some(self.rest.len() - body.len() + length)
    }

    fn take(&mut self, length: usize, kind: Kind) {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        let blank: String = taken.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        self.code.push_str(if matches!(kind, Kind::Code) { taken } else { &blank });
        self.comments.push_str(if matches!(kind, Kind::Comment) { taken } else { &blank });
    }
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The length of a quoted text from its first to its last quote.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of a character in quotes. A lifetime has no second quote.
fn character(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    let first = inside.chars().next()?;
    if first == '\\' {
        return Some(quoted(rest, '\''));
    }
    inside[first.len_utf8()..].starts_with('\'').then(|| 2 + first.len_utf8())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(String, usize, usize)> {
        functions(&scan(text).code).into_iter().map(|f| (f.name, f.line, f.lines)).collect()
    }

    #[test]
    fn braces_in_strings_and_comments_do_not_count() {
        let text = "fn one() {\n    let a = \"}\"; // }\n    let b = '}'; /* } /* } */ } */\n    let c = r#\"\"}\"#;\n    let d = b\"\\\"}\";\n}\nfn two() {}\n";
        assert_eq!(names(text), [("one".to_owned(), 1, 6), ("two".to_owned(), 7, 1)]);
    }

    #[test]
    fn lifetimes_are_no_characters() {
        let text = "fn a<'x>(s: &'x str) -> &'x str {\n    let q = '\\'';\n    s\n}\n";
        assert_eq!(names(text), [("a".to_owned(), 1, 4)]);
    }

    #[test]
    fn declarations_and_pointer_types_are_no_functions() {
        let text = "trait T {\n    fn declared(&self, a: [u8; 3]);\n    fn given(&self) {\n    }\n}\ntype P = fn(u8) -> u8;\n";
        assert_eq!(names(text), [("given".to_owned(), 3, 2)]);
    }

    #[test]
    fn nested_functions_are_found_too() {
        let text = "fn outer() {\n    fn inner() {\n    }\n    let f = |x: u8| { x };\n}\n";
        assert_eq!(names(text), [("outer".to_owned(), 1, 5), ("inner".to_owned(), 2, 2)]);
    }

    #[test]
    fn text_between_quotes_is_neither_code_nor_comment() {
        let scanned = scan("let a = \"// not one\"; // one\n");
        assert!(!scanned.code.contains("not one") && !scanned.comments.contains("not one"));
        assert!(scanned.comments.contains("// one"));
    }

    #[test]
    fn every_line_keeps_its_number() {
        let text = "let a = \"1\n2\";\n/* 3\n4 */ fn b() {}\n";
        assert_eq!(names(text), [("b".to_owned(), 4, 1)]);
        assert_eq!(scan(text).comments.lines().count(), text.lines().count());
    }
}
