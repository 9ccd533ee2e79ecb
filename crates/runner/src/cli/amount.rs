//! Numbers and money as people write them.

/// Most major units that an amount may be.
const MOST: f64 = 1e12;

/// Units that may follow a number, longer ones first.
const UNITS: [(&str, f64); 6] = [("万元", 1e4), ("元", 1.0), ("万", 1e4), ("k", 1e3), ("K", 1e3), ("M", 1e6)];

/// A number from 0: `10000`, `10_000`, `10,000`, `10k`, `1.5M`, `30万`. A comma parts thousands, so that `1,5` is none.
pub(crate) fn number(text: &str) -> Option<f64> {
    let unit = UNITS.iter().find_map(|(unit, times)| Some((text.strip_suffix(unit)?, *times)));
    let (digits, times) = unit.unwrap_or((text, 1.0));
    let digits = digits.trim_end();
    let whole = digits.split('.').next().unwrap_or_default();
    let grouped = || {
        whole.split(',').enumerate().all(|(place, group)| match place {
            0 => (1..=3).contains(&group.len()),
            _ => group.len() == 3,
        })
    };
    let sound =
        digits.starts_with(|first: char| first.is_ascii_digit()) && (!digits.contains(',') || grouped());
    let number = digits.replace([',', '_'], "").parse::<f64>().ok().filter(|_| sound)?;
    Some(number * times).filter(|number| number.is_finite())
}

/// Money above 0, in major units.
pub(crate) fn money(text: &str) -> Option<f64> {
    number(text).filter(|money| *money > 0.0 && *money <= MOST)
}

/// The same as clap asks for it.
pub(super) fn money_above_zero(text: &str) -> Result<f64, String> {
    money(text)
        .ok_or_else(|| format!("`{text}` is not an amount above 0, such as `300000`, `300k` or `30万`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, wanted) in [
            ("0", 0.0),
            ("10_000", 1e4),
            ("300,000", 3e5),
            ("1,234,567.5", 1_234_567.5),
            ("300k", 3e5),
            ("1.5M", 1.5e6),
            ("30万", 3e5),
            ("30 万元", 3e5),
            ("500元", 500.0),
            ("1e3", 1e3),
        ] {
            assert_eq!(number(text), Some(wanted), "{text}");
        }
        for bad in
            ["", "-3", "+3", "k", "nan", "inf", "1e999", "viel", "1,5", "1,50M", "1000,000", ",100", "10 000"]
        {
            assert_eq!(number(bad), None, "{bad}");
        }
        assert_eq!(["0", "3e13", "1"].map(money), [None, None, Some(1.0)]);
    }
}
