//! Tables and blocks of fields whose columns stand one below the other, Chinese text included.

use console::{Alignment, measure_text_width, pad_str, truncate_str};

/// Between two columns.
const GAP: &str = "  ";

/// A last column that would get narrower than this is left to the terminal to break.
const LAST_WIDTH_MIN: usize = 8;

/// Rows under a head.
#[derive(Debug)]
pub(crate) struct Table {
    rows: Vec<Vec<String>>,
    right: Vec<usize>,
    cuts_last: bool,
}

impl Table {
    pub(crate) fn of<const N: usize>(head: [String; N]) -> Self {
        Self { rows: vec![head.into()], right: Vec::new(), cuts_last: false }
    }

    /// Columns of figures, which end where their heads end.
    pub(crate) fn right(mut self, columns: impl IntoIterator<Item = usize>) -> Self {
        self.right.extend(columns);
        self
    }

    /// The last column is prose, and is cut where the terminal ends.
    pub(crate) fn cut_last(mut self) -> Self {
        self.cuts_last = true;
        self
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.into());
    }

    /// The lines, for a terminal of `width` columns if it is one.
    pub(crate) fn lines(&self, width: Option<usize>) -> Vec<String> {
        let columns = self.rows.first().map_or(0, Vec::len);
        let widths: Vec<usize> = (0..columns)
            .map(|at| self.rows.iter().map(|row| measure_text_width(&row[at])).max().unwrap_or(0))
            .collect();
        let line = |row: &Vec<String>| {
            let mut line = String::new();
            for (at, cell) in row.iter().enumerate() {
                let side = if self.right.contains(&at) { Alignment::Right } else { Alignment::Left };
                if at > 0 {
                    line.push_str(GAP);
                }
                let left = width.map(|width| width.saturating_sub(measure_text_width(&line)));
                match left {
                    Some(left) if self.cuts_last && at + 1 == columns && left >= LAST_WIDTH_MIN => {
                        line.push_str(&truncate_str(cell, left, "…"));
                    }
                    _ => line.push_str(&pad_str(cell, widths[at], side, None)),
                }
            }
            line.trim_end().to_owned()
        };
        self.rows.iter().map(line).collect()
    }
}

/// Names with their values, the values one below the other and within `width`; those that are empty are left out.
pub(crate) fn fields(fields: &[(String, String)], width: Option<usize>) -> String {
    let shown = || fields.iter().filter(|(_, value)| !value.is_empty());
    let names = shown().map(|(name, _)| measure_text_width(name)).max().unwrap_or(0);
    let indent = names + GAP.len();
    let line = |(name, value): &(String, String)| {
        let value = wrapped(value, width.map(|width| width.saturating_sub(indent)));
        let value = value.replace('\n', &format!("\n{}", " ".repeat(indent)));
        format!("{}{GAP}{value}\n", pad_str(name, names, Alignment::Left, None))
    };
    shown().map(line).collect()
}

/// Text in lines of `width` columns, broken at spaces and between Chinese characters. A word that is wider stays whole.
pub(crate) fn wrapped(text: &str, width: Option<usize>) -> String {
    match width {
        Some(width) => text.split('\n').map(|line| wrapped_line(line, width)).collect::<Vec<_>>().join("\n"),
        None => text.to_owned(),
    }
}

fn wrapped_line(line: &str, width: usize) -> String {
    let (mut text, mut used) = (String::new(), 0);
    for piece in pieces(line) {
        let wide = measure_text_width(piece.trim_end());
        if used > 0 && used + wide > width {
            text.truncate(text.trim_end().len());
            text.push('\n');
            used = 0;
        }
        text.push_str(piece);
        used += measure_text_width(piece);
    }
    text
}

/// What stays together: a word with the spaces behind it, a wide character.
fn pieces(line: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut before = None;
    for (at, character) in line.char_indices() {
        let is_wide = |character: char| measure_text_width(character.encode_utf8(&mut [0; 4])) > 1;
        let breaks = before.is_some_and(|before: char| {
            let is_after_break = before == ' ' || is_wide(before);
            (is_after_break && character != ' ') || is_wide(character)
        });
        if breaks {
            pieces.push(&line[start..at]);
            start = at;
        }
        before = Some(character);
    }
    pieces.push(&line[start..]);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_under_each_other_with_chinese_text() {
        let mut table = Table::of(["应用", "STATUS", "BYTES"].map(str::to_owned)).right([2]);
        table.row(["myblog", "运行中", "7"].map(str::to_owned));
        table.row(["n8n", "running", "1234567"].map(str::to_owned));
        assert_eq!(
            table.lines(None),
            ["应用    STATUS     BYTES", "myblog  运行中         7", "n8n     running  1234567"]
        );
    }

    #[test]
    fn prose_ends_where_the_terminal_ends() {
        let mut table = Table::of(["A", "B"].map(str::to_owned)).cut_last();
        table.row(["a", "一二三四五六七八九十"].map(str::to_owned));
        assert_eq!(table.lines(Some(16)), ["A  B", "a  一二三四五六…"]);
        assert_eq!(table.lines(Some(8))[1], "a  一二三四五六七八九十", "it would say nothing");
    }

    #[test]
    fn fields_without_value_are_left_out() {
        let shown = fields(
            &[("地址", "http://a/"), ("b", ""), ("c", "1\n2")].map(|(n, v)| (n.into(), v.into())),
            None,
        );
        assert_eq!(shown, "地址  http://a/\nc     1\n      2\n");
    }

    #[test]
    fn prose_is_broken_at_spaces_and_between_chinese_characters() {
        assert_eq!(wrapped("one two three\nfour", Some(8)), "one two\nthree\nfour");
        assert_eq!(wrapped("应用目录 abc可以读取", Some(9)), "应用目录\nabc可以读\n取");
        assert_eq!(wrapped("a http://192.0.2.2:8080/ b", Some(8)), "a\nhttp://192.0.2.2:8080/\nb");
        assert_eq!(wrapped("one two", None), "one two");
    }
}
