//! Numbers as a person reads them.

use outlay_environment::Money;
use sha2::{Digest, Sha256};
use unicode_width::UnicodeWidthStr;

use crate::statistics::Interval;

/// SHA-256 of `bytes` in hex digits.
pub(crate) fn sha256(bytes: impl AsRef<[u8]>) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Columns of a terminal that a text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// A text with spaces behind it, up to so many columns.
pub(crate) fn padded(text: &str, columns: usize) -> String {
    text.to_owned() + &" ".repeat(columns.saturating_sub(width(text)))
}

/// What stands where a value is not defined.
pub(crate) const UNDEFINED: &str = "-";

/// About four digits: `1,234`, `123.4`, `12.34`, `0.1234`.
pub(crate) fn number(value: f64) -> String {
    let size = value.abs();
    if !value.is_finite() {
        UNDEFINED.to_owned()
    } else if size >= 999.95 {
        grouped(value)
    } else if size >= 99.995 || size == 0.0 {
        trim(format!("{value:.1}"))
    } else if size >= 9.9995 {
        format!("{value:.2}")
    } else if size >= 0.001 {
        format!("{value:.3}")
    } else {
        format!("{value:.2e}")
    }
}

/// With its sign: `+12.3`.
pub(crate) fn signed(value: f64) -> String {
    let text = number(value);
    if value > 0.0 && value.is_finite() { format!("+{text}") } else { text }
}

/// `+12.3 %`
pub(crate) fn signed_percent(fraction: f64) -> String {
    format!("{:+.1} %", clean(fraction * 100.0))
}

/// `12 %`; what is neither nothing nor all is not rounded to either.
pub(crate) fn percent(fraction: f64) -> String {
    let percent = fraction * 100.0;
    let near_an_end = (0.0 < percent && percent < 1.0) || (99.0 < percent && percent < 100.0);
    if near_an_end { format!("{percent:.1} %") } else { format!("{percent:.0} %") }
}

/// A share of the best there is, to a hundredth of a percent.
pub(crate) fn share(value: f64) -> String {
    format!("{:.2} %", 100.0 * value)
}

/// A p value: `0.032`, `< 0.001`.
pub(crate) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { format!("{p:.3}") }
}

/// `[low, high]`
pub(crate) fn interval(ends: Interval, end: fn(f64) -> String) -> String {
    format!("[{}, {}]", end(ends[0]), end(ends[1]))
}

/// A value that may not be defined.
pub(crate) fn or_undefined(value: Option<f64>, text: fn(f64) -> String) -> String {
    value.map_or_else(|| UNDEFINED.to_owned(), text)
}

/// A return: `2.31`
pub(crate) fn ratio(value: f64) -> String {
    format!("{value:.2}")
}

/// Minor units as major ones without decimals: `300,000`.
pub(crate) fn major(minor: i64) -> String {
    grouped(Money(minor).major())
}

/// The same with its sign: `+1,234`.
pub(crate) fn signed_major(minor: i64) -> String {
    let text = major(minor);
    if minor > 0 && text != "0" { format!("+{text}") } else { text }
}

/// A count: `12,345`.
pub(crate) fn count(count: u64) -> String {
    grouped(count as f64)
}

/// A short time: `3.2 us`, `41 ms`, `2.1 s`.
pub(crate) fn seconds(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.1} us", s * 1e6),
        s if s < 1.0 => format!("{:.1} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}

/// A rate or a count: `41.2k`, `1.92M`.
pub(crate) fn short(value: f64) -> String {
    match value.abs() {
        size if size >= 999_500.0 => format!("{:.2}M", value / 1e6),
        size if size >= 9_999.5 => format!("{:.1}k", value / 1e3),
        _ => format!("{value:.0}"),
    }
}

/// A curve in one line of text, at most `width` characters: the mean of each part of it.
pub(crate) fn sparkline(values: &[f64], width: usize) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let width = width.min(finite.len());
    let parts: Vec<f64> = (0..width)
        .map(|part| &finite[part * finite.len() / width..(part + 1) * finite.len() / width])
        .map(|part| part.iter().sum::<f64>() / part.len() as f64)
        .collect();
    let low = parts.iter().copied().fold(f64::INFINITY, f64::min);
    let high = parts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let level =
        |value: f64| if high > low { ((value - low) / (high - low) * 7.0).round() as usize } else { 3 };
    parts.into_iter().map(|value| LEVELS[level(value).min(7)]).collect()
}

/// Whole, with commas.
pub(crate) fn grouped(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = if value < 0.0 && digits != "0" { String::from("-") } else { String::new() };
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn trim(text: String) -> String {
    text.strip_suffix(".0").map_or_else(|| text.clone(), ToOwned::to_owned)
}

/// No minus before what is rounded to nothing.
fn clean(percent: f64) -> f64 {
    if percent.abs() < 0.05 { 0.0 } else { percent }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_about_four_digits() {
        let texts =
            [1_234_567.8, 999.96, 123.45, 100.0, 12.345, 1.5, 0.01234, 0.0, -4321.0, 1e-7].map(number);
        assert_eq!(
            texts,
            ["1,234,568", "1,000", "123.5", "100", "12.35", "1.500", "0.012", "0", "-4,321", "1.00e-7"]
        );
        assert_eq!(number(f64::NAN), "-");
        assert_eq!([signed(3.0), signed(-3.0), signed(0.0)], ["+3.000", "-3.000", "0"]);
        assert_eq!(grouped(-0.2), "0");
    }

    #[test]
    fn percents_do_not_hide_the_ends() {
        assert_eq!([0.0, 0.004, 0.5, 0.995, 1.0].map(percent), ["0 %", "0.4 %", "50 %", "99.5 %", "100 %"]);
        assert_eq!([0.123, -0.0001].map(signed_percent), ["+12.3 %", "+0.0 %"]);
    }

    #[test]
    fn small_p_values_are_bounded() {
        assert_eq!([1.0, 0.0324, 0.001, 0.00001].map(p_value), ["1.000", "0.032", "0.001", "< 0.001"]);
    }

    #[test]
    fn a_wide_character_takes_two_columns() {
        assert_eq!(["pace", "节奏", "节 x"].map(width), [4, 4, 4]);
        assert_eq!(padded("节奏", 6), "节奏  ");
        assert_eq!(padded("a long one", 3), "a long one");
    }

    #[test]
    fn a_sparkline_rises_with_its_values() {
        assert_eq!(sparkline(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0], 8), "▁▂▃▄▅▆▇█");
        assert_eq!(sparkline(&[1.0, 1.0, f64::NAN], 8), "▄▄");
        assert_eq!(sparkline(&[], 8), "");
        assert_eq!(sparkline(&[0.0; 100], 10).chars().count(), 10);
    }

    #[test]
    fn times_and_rates_carry_units() {
        assert_eq!([4.2e-6, 0.0123, 2.0].map(seconds), ["4.2 us", "12.3 ms", "2.0 s"]);
        assert_eq!([12.0, 41_200.0, 1_920_000.0].map(short), ["12", "41.2k", "1.92M"]);
    }
}
