//! Days of the Gregorian calendar, for people: no draw and no decision depends on them.

use std::fmt;
use std::str::FromStr;

/// A day, counted from 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date(pub i64);

impl Date {
    /// The day of a year between 1900 and 2200, a month from 1 and a day from 1, if there is one (H. Hinnant,
    /// "chrono-compatible low-level date algorithms").
    #[must_use]
    pub fn new(year: i64, month: u32, day: u32) -> Option<Self> {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let length = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u32::from(leap),
            _ => return None,
        };
        if !(1..=length).contains(&day) || !(1900..=2200).contains(&year) {
            return None;
        }
        let year = if month <= 2 { year - 1 } else { year };
        let (era, month) = (year.div_euclid(400), i64::from((month + 9) % 12));
        let of_era = year - era * 400;
        let of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
        Some(Self(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468))
    }

    /// The day on which a step begins, of a season that begins on this day.
    #[must_use]
    pub fn of_step(self, step: usize, step_days: f64) -> Self {
        // Steps of half an hour are 48 parts of a day, of which the sum must not fall short of it.
        Self(self.0 + (step as f64 * step_days + 1e-9).floor() as i64)
    }

    /// Day of the week; 0 is Monday.
    #[must_use]
    pub fn weekday(self) -> usize {
        // 1970-01-01 was a Thursday.
        (self.0 + 3).rem_euclid(7) as usize
    }
}

impl FromStr for Date {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` is no date such as 2026-06-01");
        let parts: Vec<&str> = text.split('-').collect();
        let [year, month, day] = parts[..] else { return Err(bad()) };
        let digits = [year, month, day].iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()));
        if !digits || [year.len(), month.len(), day.len()] != [4, 2, 2] {
            return Err(bad());
        }
        let date = (|| Self::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?))();
        date.ok_or_else(bad)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = self.0 + 719_468;
        let era = day.div_euclid(146_097);
        let of_era = day.rem_euclid(146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let month = (5 * of_year + 2) / 153;
        let date = of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = year + era * 400 + i64::from(month <= 2);
        write!(formatter, "{year:04}-{month:02}-{date:02}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_and_days_dates() {
        assert_eq!("1970-01-01".parse(), Ok(Date(0)));
        assert_eq!("2000-03-01".parse(), Ok(Date(11_017)));
        for day in [-1_000, 0, 11_016, 11_017, 20_000] {
            assert_eq!(Date(day).to_string().parse(), Ok(Date(day)));
        }
        for bad in
            ["2001-02-29", "2026-6-1", "2026-13-01", "01-06-2026", "2026-06", "", "20260601", "2026-06-+1"]
        {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
        // 1 June 2026 is a Monday.
        assert_eq!("2026-06-01".parse::<Date>().map(Date::weekday), Ok(0));
    }

    #[test]
    fn steps_of_any_length_fall_on_their_days() {
        let first = Date(20_000);
        assert_eq!(first.of_step(3, 1.0), Date(20_003));
        assert_eq!(first.of_step(2, 7.0), Date(20_014));
        let half_hours: Vec<i64> =
            [0, 47, 48, 95, 96].map(|step| first.of_step(step, 1.0 / 48.0).0 - 20_000).to_vec();
        assert_eq!(half_hours, [0, 0, 1, 1, 2]);
    }
}
