//! The line editor, on files as catalogs have them and on arbitrary ones.

use proptest::prelude::*;

use super::*;

fn edited(text: &str, name: &str, value: &str) -> String {
    EnvFile::of(text).with([(name, value)])
}

#[test]
fn values_are_quoted_as_compose_reads_them() {
    for (value, expected) in [
        ("plain", "'plain'"),
        (r#"$HOME ${X} \n # "q""#, r#"'$HOME ${X} \n # "q"'"#),
        ("it's $5", r#""it's \$5""#),
        (r"ends with \", r#""ends with \\""#),
    ] {
        assert_eq!(edited("", "A", value), format!("A={expected}\n"));
        assert_eq!(EnvFile::of(format!("A={expected}")).value("A").as_deref(), Some(value));
    }
}

#[test]
fn a_value_is_changed_where_it_stands_and_nothing_else() {
    for (text, expected) in [
        ("A=1", "A='v'"),
        ("A=1\r\nB=2\r\n", "A='v'\r\nB=2\r\n"),
        ("A=\r\nB=2", "A='v'\r\nB=2"),
        ("A =  1  # one\n", "A =  'v'  # one\n"),
        ("# A=0\n\n  export A: 1\n", "# A=0\n\n  export A: 'v'\n"),
        ("A=1\nA=2\nB=3\n", "A=1\nA='v'\nB=3\n"),
        ("A=\"1\nB=2\"\nC=3", "A='v'\nC=3"),
        ("B='it\\'s\nA=1'\nA=\"x\"C=3", "B='it\\'s\nA=1'\nA='v'C=3"),
        ("A=#no-comment\n", "A='v'\n"),
        ("A=a#b 'c' \t\n", "A='v' \t\n"),
        ("A\nexport\tA=\n", "A\nexport\tA='v'\n"),
        ("a=1\n", "A='v'\na=1\n"),
        ("\u{feff}B=1\n", "\u{feff}A='v'\nB=1\n"),
        ("exportA=1\nA", "A='v'\nexportA=1\nA"),
        ("<?php A=1\nA='open\nA=2", "<?php A=1\nA='open\nA='v'"),
    ] {
        assert_eq!(edited(text, "A", "v"), expected, "{text:?}");
    }
}

#[test]
fn names_that_are_not_there_come_first_in_the_order_given_each_once() {
    let values = [("B", "2"), ("A", "1"), ("C", "3"), ("B", "4")];
    assert_eq!(EnvFile::of("A=0\nD=${B}\n").with(values), "B='4'\nC='3'\nA='1'\nD=${B}\n");
}

#[test]
fn lines_for_which_compose_would_refuse_the_file_are_told() {
    for (text, line) in [
        ("A=1\nB: 2\n# x\nC\nexport D=\"\n\"\n", None),
        ("A=1\n\ntwo words\n", Some(3)),
        ("A B=1", Some(1)),
        ("A$=1", Some(1)),
        ("=1", Some(1)),
        ("A='1\nB=2", Some(1)),
        ("A='1' two words\n", Some(1)),
    ] {
        assert_eq!(EnvFile::of(text).broken_line(), line, "{text:?}");
    }
}

#[test]
fn values_are_told_where_nothing_in_them_is_replaced() {
    for (text, value) in [
        ("A=a b # c", Some("a b")),
        ("A=", Some("")),
        ("A=a$B", None),
        (r"A='$B \n \\ it\'s'", Some(r"$B \n \\ it's")),
        (r#"A="a\\b \"q\" \$ \z""#, Some(r#"a\b "q" $ \z"#)),
        (r#"A="a\nb""#, None),
        ("A=\"$B\"", None),
        ("A=1\nA=2", Some("2")),
        ("B=1", None),
    ] {
        assert_eq!(EnvFile::of(text).value("A").as_deref(), value, "{text:?}");
    }
}

#[test]
fn variables_in_values_are_told_with_the_place_and_whether_they_have_a_default() {
    let file = EnvFile::of("A=$B-${C}${D:-$E}\nF='$G'\nH=\"\\$I $$J ${K}\"\nL=\\$M $1");
    let expected =
        [(0, "B", false), (0, "C", false), (0, "D", true), (0, "E", false), (2, "K", false), (3, "M", false)];
    assert_eq!(file.uses(), expected);
}

#[test]
fn lines_of_unwanted_names_go_whole() {
    let file = EnvFile::of("A=1 # one\nB=2\nexport A=\"x\ny\"\nC=3\nA=4");
    assert_eq!(file.without(|name| name == "A"), "B=2\nC=3\n");
}

#[test]
fn no_debug_output_tells_a_value() {
    let shown = format!("{:?}", EnvFile::of("PASSWORD=Abcdefgh12345678"));
    assert_eq!(shown, "[\"PASSWORD\"]");
}

fn any_file() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "(export )?[ABC] ?[=:] ?[ -~]{0,8}",
        r#"[ABC]=("[a\\$"' \n#]{0,6}"|'[a\\$"' \n#]{0,6}'|[a\\$"' #]{0,6})( # c)?"#,
        "# [ -~]{0,6}",
        "[ABC]?",
        "(?s:.){0,6}",
    ];
    let ended = (line, prop_oneof!["\n", "\r\n", "\n\n"]).prop_map(|(line, end)| line + &end);
    (proptest::collection::vec(ended, 0..6), "[ABC]?=?[ab]?").prop_map(|(lines, last)| lines.concat() + &last)
}

fn any_value() -> impl Strategy<Value = String> {
    prop_oneof![r#"[a\\$"' #={}]{0,8}"#, "(?s:.){0,8}"]
}

proptest! {
    #[test]
    fn every_byte_that_is_not_an_edited_value_is_kept(text in any_file(), one in any_value(), two in any_value()) {
        let file = EnvFile::of(text.clone());
        // Elsewhere a new quote may end what had no end.
        prop_assume!(file.broken_line().is_none());
        let edited = EnvFile::of(file.with([("A", &*one), ("D", &*two)]));
        prop_assert_eq!(edited.value("A"), Some(one.clone()));
        prop_assert_eq!(edited.value("D"), Some(two.clone()));
        // Taking the edits back, value by value, gives the file as it was.
        let mut back = edited.text.clone();
        if let Some(last) = file.entries.iter().rfind(|entry| entry.name == "A") {
            let now = edited.entries.iter().rfind(|entry| entry.name == "A").expect("it was edited");
            back.replace_range(now.value.clone(), &text[last.value.clone()]);
        } else {
            back = back.replacen(&line("A", &one), "", 1);
        }
        prop_assert_eq!(back.replacen(&line("D", &two), "", 1), text);
    }

    #[test]
    fn an_edit_is_done_once(text in any_file(), value in any_value()) {
        let file = EnvFile::of(text);
        prop_assume!(file.broken_line().is_none());
        let once = file.with([("A", &*value), ("D", &*value)]);
        prop_assert_eq!(EnvFile::of(once.clone()).with([("D", &*value), ("A", &*value)]), once);
    }

    #[test]
    fn names_and_values_of_others_stay(text in any_file(), value in any_value()) {
        let (before, after) = (EnvFile::of(text.clone()), EnvFile::of(edited(&text, "A", &value)));
        prop_assume!(before.broken_line().is_none());
        let names = |file: &EnvFile| file.names().filter(|name| *name != "A").map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(names(&before), names(&after));
        for name in ["B", "C"] {
            prop_assert_eq!(before.value(name), after.value(name));
        }
        prop_assert_eq!(after.broken_line(), None);
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "(?s:.){0,60}") {
        let file = EnvFile::of(text);
        let _ = (file.uses(), file.value("A"), file.without(|_| true));
    }
}
