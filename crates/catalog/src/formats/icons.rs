//! Icons, of our own packages as of others: pictures by their content, and of SVG only such as draw and do nothing else.

use crate::formats::Icon;

/// Bytes of an icon: larger ones are photographs.
const LIMIT_BYTES: usize = 256 * 1024;

/// What an SVG must not have, in small letters: what runs, what takes in other documents, what leads elsewhere.
const FORBIDDEN_IN_SVG: [&str; 8] =
    ["<script", "<foreignobject", "<iframe", "<!entity", "javascript:", "<embed", "<object", "@import"];

/// The icon, if it is one that may be served.
pub(crate) fn checked(bytes: Vec<u8>) -> Option<Icon> {
    let extension = match bytes.as_slice() {
        _ if bytes.len() > LIMIT_BYTES => return None,
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => "png",
        [0xff, 0xd8, 0xff, ..] => "jpg",
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => "webp",
        _ => return svg(&bytes),
    };
    Some(Icon { extension, bytes })
}

/// The drawing without what stands before it.
fn svg(bytes: &[u8]) -> Option<Icon> {
    let text = std::str::from_utf8(bytes).ok()?;
    let drawing = &text[text.find("<svg")?..];
    let lower = drawing.to_ascii_lowercase();
    let is_quiet = FORBIDDEN_IN_SVG.iter().all(|part| !lower.contains(part))
        && !has_handler(&lower)
        && !leads_away(&lower);
    is_quiet.then(|| Icon { extension: "svg", bytes: drawing.as_bytes().to_vec() })
}

/// Whether an attribute begins with `on`.
fn has_handler(lower: &str) -> bool {
    lower.match_indices("on").any(|(at, _)| {
        let name = lower[at..].bytes().take_while(u8::is_ascii_alphabetic).count();
        let after = lower[at + name..].trim_start();
        let starts_word = lower[..at].ends_with([' ', '\t', '\n', '\r', '"', '\'', '/']);
        starts_word && name > 2 && after.starts_with('=')
    })
}

/// Whether a link or an address in a style leads out of the picture.
fn leads_away(lower: &str) -> bool {
    let target = |at: usize| lower[at..].trim_start_matches([' ', '=', '"', '\'', '(', '\t', '\n', '\r']);
    let is_inner = |target: &str| target.starts_with('#') || target.starts_with("data:image/");
    let attribute = lower.match_indices("href").any(|(at, word)| !is_inner(target(at + word.len())));
    attribute || lower.match_indices("url(").any(|(at, word)| !is_inner(target(at + word.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_known_by_their_content() {
        assert_eq!(checked(b"\x89PNG\r\n\x1a\nrest".to_vec()).map(|icon| icon.extension), Some("png"));
        assert_eq!(checked(b"\xff\xd8\xffrest".to_vec()).map(|icon| icon.extension), Some("jpg"));
        assert_eq!(checked(b"RIFF1234WEBPrest".to_vec()).map(|icon| icon.extension), Some("webp"));
        let drawing = br##"<svg><path fill="url(#a)"/><use href="#b" stroke-position="1"/></svg>"##;
        let icon = checked([b"<?xml version='1.0'?>\n".as_slice(), drawing].concat()).expect("it only draws");
        assert_eq!((icon.extension, icon.bytes.as_slice()), ("svg", drawing.as_slice()));
        assert_eq!(checked(b"<html></html>".to_vec()), None);
        assert_eq!(checked(vec![0x89; LIMIT_BYTES + 1]), None);
    }

    #[test]
    fn drawings_that_do_more_are_no_icons() {
        for inner in [
            "<script>1</script>",
            "<g onload='x()'/>",
            "<a href='https://x.example'/>",
            "<foreignObject/>",
            "<image xlink:href=\"//x.example/y\"/>",
            "<g style='fill:url(http://x)'/>",
            "<a HREF='javascript:x'/>",
        ] {
            assert_eq!(checked(format!("<svg>{inner}</svg>").into_bytes()), None, "{inner}");
        }
    }
}
