//! Money: integers of the minor unit in the ledger, integers of a millionth of the major unit for prices.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Sub, SubAssign};

use serde::{Deserialize, Serialize};

/// Minor units in one major unit (fen in a yuan, cents in a dollar).
pub const MINOR_PER_MAJOR: i64 = 100;
/// Price units in one minor unit; a price is an integer of a millionth of the major unit.
pub const MICRO_PER_MINOR: i64 = 10_000;

/// An exact amount in minor units (fen, cents).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Money(pub i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// The nearest amount to `major` units. What is not a number is nothing; what is too large is the largest amount.
    #[must_use]
    pub fn from_major(major: f64) -> Self {
        // A cast from floating point saturates and maps NaN to zero.
        Self((major * MINOR_PER_MAJOR as f64).round() as i64)
    }

    /// The amount in major units (yuan).
    #[must_use]
    pub fn major(self) -> f64 {
        self.0 as f64 / MINOR_PER_MAJOR as f64
    }

    /// Whether this is nothing.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        *self == Self::ZERO
    }

    /// The amount in price units.
    #[must_use]
    pub fn micro(self) -> i64 {
        self.0.saturating_mul(MICRO_PER_MINOR)
    }
}

/// Writes `300,000.00`.
impl fmt::Display for Money {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let minor = self.0.unsigned_abs();
        let digits = (minor / MINOR_PER_MAJOR as u64).to_string();
        let mut grouped = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        formatter.pad(&format!("{sign}{grouped}.{:02}", minor % MINOR_PER_MAJOR as u64))
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl SubAssign for Money {
    fn sub_assign(&mut self, other: Self) {
        self.0 -= other.0;
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        Self(amounts.map(|amount| amount.0).sum())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_thousands_and_two_decimals() {
        assert_eq!(Money(30_000_000).to_string(), "300,000.00");
        assert_eq!(Money(-5).to_string(), "-0.05");
        assert_eq!(Money(123_456).to_string(), "1,234.56");
    }

    #[test]
    fn takes_any_number_without_panic() {
        assert_eq!(Money::from_major(f64::NAN), Money::ZERO);
        assert_eq!(Money::from_major(f64::INFINITY).0, i64::MAX);
        assert_eq!(Money::from_major(1.005).0, 100);
        assert_eq!(Money::from_major(0.015).0, 2);
    }
}
