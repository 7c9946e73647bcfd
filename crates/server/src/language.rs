//! Which language an answer is in: read from `Language`, else from `Accept-Language`.

use axum::http::{HeaderMap, header};

use crate::context::value_of;

/// The languages that there are texts in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    /// `zh` and every tag that begins with it.
    Chinese,
    /// Every other language: a language without translation falls back to English.
    English,
}

impl Language {
    /// Every language, for tests and documentation.
    pub(crate) const ALL: [Self; 2] = [Self::Chinese, Self::English];

    /// The language that errors and texts are answered in. `Language` wins; where it is absent or
    /// blank, `Accept-Language` speaks, so that even the error about the missing header is understood.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        value_of(headers, "language")
            .or_else(|| value_of(headers, header::ACCEPT_LANGUAGE.as_str()))
            .map_or(Self::English, |ranges| Self::from_ranges(&ranges))
    }

    /// Reads a list of language ranges with weights (RFC 9110, 12.5.4); a single tag is a list of one.
    /// Tags may be of any case and be written with `_`.
    fn from_ranges(ranges: &str) -> Self {
        let mut best: Option<(f32, Self)> = None;
        let mut refused = Vec::new();
        for range in ranges.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let tag = parts.next().unwrap_or_default();
            let weight = parts.find_map(weight).unwrap_or(1.0);
            let primary = tag.split(['-', '_']).next().unwrap_or_default();
            let Some(language) = Self::of_primary(primary) else { continue };
            if weight <= 0.0 {
                refused.push(language);
            } else if primary == "*" && refused.contains(&language) {
                // `*` means any language but those named: English was refused, so the other one.
                best = best.or(Some((weight, Self::Chinese)));
            } else if best.is_none_or(|(heaviest, _)| weight > heaviest) {
                best = Some((weight, language));
            }
        }
        best.map_or(Self::English, |(_, language)| language)
    }

    fn of_primary(primary: &str) -> Option<Self> {
        if primary.eq_ignore_ascii_case("zh") {
            Some(Self::Chinese)
        } else if primary.eq_ignore_ascii_case("en") || primary == "*" {
            Some(Self::English)
        } else {
            None
        }
    }
}

/// The weight in `q=0.8`; a malformed one is as good as none.
fn weight(parameter: &str) -> Option<f32> {
    let (name, value) = parameter.split_once('=')?;
    name.trim().eq_ignore_ascii_case("q").then(|| value.trim().parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spoken(name: &'static str, value: &str) -> Language {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().expect("a header value"));
        Language::of(&headers)
    }

    #[test]
    fn every_kind_of_chinese_is_chinese() {
        for tag in ["zh", "ZH", "zh-CN", "zh_CN", "zh-tw", "zh-Hans-SG", " zh ", "zh-CN,zh;q=0.9,en;q=0.8"] {
            assert_eq!(spoken("language", tag), Language::Chinese, "{tag}");
        }
    }

    #[test]
    fn every_other_language_is_english() {
        for tag in ["en", "en-US", "fr", "zho", "xzh", "*", "-", "_", ",", ";q=1", "zh;q=0", "zh;q=0, *"] {
            assert_eq!(spoken("language", tag), Language::English, "{tag}");
        }
    }

    #[test]
    fn accept_language_speaks_only_where_language_does_not() {
        for (ranges, language) in [
            ("fr, zh;q=0.5", Language::Chinese),
            ("en;q=0.4, zh;q=0.5", Language::Chinese),
            ("zh;q=0.4, en;q=0.5", Language::English),
            ("en;q=0, *", Language::Chinese),
            ("", Language::English),
        ] {
            assert_eq!(spoken("accept-language", ranges), language, "{ranges}");
        }
        let mut headers = HeaderMap::new();
        assert_eq!(Language::of(&headers), Language::English);
        headers.insert("accept-language", "zh".parse().expect("a header value"));
        headers.insert("language", "  ".parse().expect("a header value"));
        assert_eq!(Language::of(&headers), Language::Chinese);
        for without_translation in ["en", "中文"] {
            headers.insert("language", without_translation.parse().expect("a header value"));
            assert_eq!(Language::of(&headers), Language::English, "{without_translation}");
        }
    }
}
