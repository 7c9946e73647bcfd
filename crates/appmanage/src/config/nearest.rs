//! The known name that somebody probably meant.

/// The one among `known` that is closest to `given`, if one is close. A name given without its section
/// (`at_once` for `installs.at_once`) is close.
pub(super) fn nearest<'a>(given: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = given.chars().count() / 3 + 1;
    let distance_to = |name: &'a str| {
        let without_section = name.rsplit('.').next().unwrap_or(name);
        (distance(given, name).min(distance(given, without_section)), name)
    };
    known.map(distance_to).min().filter(|(distance, _)| *distance <= most).map(|(_, name)| name)
}

/// Characters that must be put in, taken out or replaced to make one out of the other.
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (taken_out, character) in (1..).zip(one.chars()) {
        let mut diagonal = row[0];
        row[0] = taken_out;
        for column in 0..other.len() {
            let replaced = diagonal + usize::from(other[column] != character);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(diagonal + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_close_and_another_word_is_not() {
        let nearest = |given| nearest(given, ["data_dir", "installs.at_once", "log.level"].into_iter());
        assert_eq!(nearest("datadir"), Some("data_dir"));
        assert_eq!(nearest("install.at_once"), Some("installs.at_once"));
        assert_eq!(nearest("at_once"), Some("installs.at_once"));
        assert_eq!(nearest("colour"), None);
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
