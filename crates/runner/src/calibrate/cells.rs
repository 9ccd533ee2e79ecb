//! Numbers and dates as they are written in tables.

use outlay_environment::Date as Day;

/// What a cell of numbers holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Number {
    /// A number, and the sign of its currency if it has one.
    Plain(f64, Option<char>),
    /// Nothing.
    Empty,
    /// Digits with separators: thousands, or a decimal comma.
    Separated,
    /// Something else.
    Text,
}

const CURRENCIES: [char; 7] = ['$', '€', '£', '¥', '￥', '₹', '₩'];

/// Reads a number.
pub(super) fn number(cell: &str) -> Number {
    let sign = cell.chars().find(|it| CURRENCIES.contains(it));
    let bare = match sign {
        Some(sign) => cell.replacen(sign, "", 1),
        None => cell.to_owned(),
    };
    let bare = bare.trim();
    if ["", "na", "n/a", "nan", "null", "none", "-", "#n/a"].contains(&bare.to_lowercase().as_str()) {
        return Number::Empty;
    }
    let digits = bare.strip_prefix(['+', '-']).unwrap_or(bare);
    let is_plain = digits.starts_with(|it: char| it.is_ascii_digit() || it == '.')
        && digits.chars().all(|it| it.is_ascii_digit() || matches!(it, '.' | 'e' | 'E' | '+' | '-'));
    if let (true, Ok(value)) = (is_plain, bare.parse::<f64>())
        && value.is_finite()
    {
        return Number::Plain(value, sign);
    }
    let separated = digits.starts_with(|it: char| it.is_ascii_digit())
        && digits.chars().all(|it| {
            it.is_ascii_digit() || matches!(it, '.' | ',' | '\'' | '’' | ' ' | '\u{a0}' | '\u{202f}')
        });
    if separated { Number::Separated } else { Number::Text }
}

/// A date as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Date {
    /// Days since 1970-01-01.
    Day(i64),
    /// Two small numbers of which nobody says which is the day, and a year.
    Either(u32, u32, i64),
}

/// Which of two small numbers is the day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DateOrder {
    /// Day, month, year
    Dmy,
    /// Month, day, year
    Mdy,
}

/// Reads a date; a time behind it is left out.
pub(super) fn date(cell: &str) -> Option<Date> {
    let day = cell.split(['T', ' ']).next().unwrap_or_default();
    let chinese = day.replace(['年', '月'], "-").replace('日', "");
    let parts: Vec<&str> = chinese.split(['-', '/', '.']).collect();
    let numbers: Vec<u32> = parts.iter().map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match (&numbers[..], parts[0].len()) {
        (&[number], 8) => civil(i64::from(number / 10_000), number / 100 % 100, number % 100),
        (&[year, month, day], 4) => civil(i64::from(year), month, day),
        (&[day, month, year], 1..=2) if chinese.contains('.') && year >= 1000 => {
            civil(i64::from(year), month, day)
        }
        (&[one, other, year], 1..=2)
            if year >= 1000 && (1..=31).contains(&one) && (1..=31).contains(&other) =>
        {
            Some(Date::Either(one, other, i64::from(year)))
        }
        _ => None,
    }
}

impl Date {
    /// The day, by an order.
    pub(super) fn ordered(self, order: DateOrder) -> Option<i64> {
        match self {
            Self::Day(day) => Some(day),
            Self::Either(one, other, year) => {
                let (day, month) = if order == DateOrder::Dmy { (one, other) } else { (other, one) };
                match civil(year, month, day)? {
                    Self::Day(day) => Some(day),
                    Self::Either(..) => None,
                }
            }
        }
    }
}

/// The day of a date that stands with its year first.
pub(crate) fn day_of(text: &str) -> Option<i64> {
    match date(text)? {
        Date::Day(day) => Some(day),
        Date::Either(..) => None,
    }
}

/// The day of a date of the Gregorian calendar.
fn civil(year: i64, month: u32, day: u32) -> Option<Date> {
    Day::new(year, month, day).map(|day| Date::Day(day.0))
}

/// A day as `2021-01-25`.
pub(super) fn day_text(day: i64) -> String {
    Day(day).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_plain_or_named() {
        assert_eq!(number("1234.5"), Number::Plain(1234.5, None));
        assert_eq!(number("$ 12"), Number::Plain(12.0, Some('$')));
        assert_eq!(number("-3e2"), Number::Plain(-300.0, None));
        for text in ["1,234", "1.234,50", "1 234", "1'000"] {
            assert_eq!(number(text), Number::Separated, "{text}");
        }
        for text in ["", "NA", "-", "NaN"] {
            assert_eq!(number(text), Number::Empty, "{text}");
        }
        for text in ["abc", "(12)", "12%", "inf", "1e999", "1-2"] {
            assert_eq!(number(text), Number::Text, "{text}");
        }
    }

    #[test]
    fn dates_are_days_or_open() {
        assert_eq!(date("1970-01-01"), Some(Date::Day(0)));
        assert_eq!(date("2000/3/1 00:00:00"), Some(Date::Day(11_017)));
        assert_eq!(date("20000301"), Some(Date::Day(11_017)));
        assert_eq!(date("2000年3月1日"), Some(Date::Day(11_017)));
        assert_eq!(date("01.03.2000"), Some(Date::Day(11_017)));
        assert_eq!(date("01/03/2000"), Some(Date::Either(1, 3, 2000)));
        assert_eq!(date("01/03/2000").and_then(|it| it.ordered(DateOrder::Dmy)), Some(11_017));
        assert_eq!(date("2001-02-29"), None);
        assert_eq!(date("spend"), None);
        for day in [-1_000, 0, 11_016, 11_017, 20_000] {
            assert_eq!(date(&day_text(day)), Some(Date::Day(day)));
        }
    }
}
