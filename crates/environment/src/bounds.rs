//! What numbers in files must satisfy, and how that is said.

/// What a number must satisfy, and what it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Least value.
    pub low: f64,
    /// Largest value.
    pub high: f64,
    /// Whether `low` itself is excluded.
    pub open: bool,
    /// What is counted, and in what.
    pub unit: &'static str,
}

impl Bounds {
    /// Above zero.
    #[must_use]
    pub const fn above_zero(unit: &'static str) -> Self {
        Self { low: 0.0, high: 1e15, open: true, unit }
    }
    /// Zero or more.
    #[must_use]
    pub const fn at_least_zero(unit: &'static str) -> Self {
        Self { low: 0.0, high: 1e15, open: false, unit }
    }
    /// From zero to one.
    #[must_use]
    pub const fn share(unit: &'static str) -> Self {
        Self { low: 0.0, high: 1.0, open: false, unit }
    }
    /// From `low` to `high`, both included.
    #[must_use]
    pub const fn between(low: f64, high: f64, unit: &'static str) -> Self {
        Self { low, high, open: false, unit }
    }

    pub(crate) fn holds(&self, value: f64) -> bool {
        value.is_finite()
            && value <= self.high
            && if self.open { value > self.low } else { value >= self.low }
    }

    pub(crate) fn sentence(&self) -> String {
        match (self.open, self.high) {
            (true, high) if high >= 1e15 => format!("must be above {}", self.low),
            (false, high) if high >= 1e15 => format!("must be at least {}", self.low),
            (true, high) => format!("must lie above {} and be at most {high}", self.low),
            (false, high) => format!("must lie between {} and {high}", self.low),
        }
    }

    pub(crate) fn help(&self, value: f64) -> String {
        if self.high == 1.0 && value > 1.0 && value <= 100.0 {
            format!("{}: a share, not a percentage; {value} % is {}", self.unit, value / 100.0)
        } else {
            format!("the unit is {}", self.unit)
        }
    }
}
