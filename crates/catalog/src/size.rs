//! Sizes as packages write them: `512M`, `2G`.

/// The number of bytes that `text` names: a whole number and one of `K`, `M`, `G`, in powers of 1024.
/// `None` where it is anything else, or too large to count.
pub(crate) fn parse_bytes(text: &str) -> Option<u64> {
    let unit = text.chars().last()?;
    let factor: u64 = match unit {
        'K' => 1 << 10,
        'M' => 1 << 20,
        'G' => 1 << 30,
        _ => return None,
    };
    let number = text.strip_suffix(unit)?;
    if !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_whole_numbers_with_a_unit() {
        assert_eq!(parse_bytes("512M"), Some(512 * 1024 * 1024));
        assert_eq!(parse_bytes("2G"), Some(2 * 1024 * 1024 * 1024));
        assert_eq!(parse_bytes("64K"), Some(65_536));
        for wrong in
            ["", "M", "512", "1.5G", "+1G", "-1G", "1 G", "1g", "1GB", "99999999999999999999G", "１G"]
        {
            assert_eq!(parse_bytes(wrong), None, "{wrong:?}");
        }
    }
}
