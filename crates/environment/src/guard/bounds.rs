//! What one line may be given in one step.

use crate::limits::LimitKind;

/// A line is off below its starting amount divided by this. Assumed: small enough that nobody calls it running.
const OFF: i64 = 100;

/// Lawful money of one line in one step, in minor units; `0 <= lower[k] <= lower[k + 1] <= upper`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// `[4]` lower end by nothing; and the pin; and the floor; and the largest change.
    pub(super) lower: [i64; 4],
    pub(super) upper: i64,
    /// The limit that set the upper end.
    pub(super) upper_limit: LimitKind,
    /// What the largest change alone allows.
    pub(super) change: Option<(i64, i64)>,
}

/// The limits behind `Bounds::lower`.
pub(super) const LOWER_LIMITS: [LimitKind; 3] = [LimitKind::Pin, LimitKind::Floor, LimitKind::LargestChange];

impl Bounds {
    /// Up to `upper`, by `limit`.
    pub(super) fn up_to(upper: i64, limit: LimitKind) -> Self {
        Self { lower: [0; 4], upper, upper_limit: limit, change: None }
    }

    /// Lowers the upper end.
    pub(super) fn cap(&mut self, upper: i64, limit: LimitKind) {
        if upper < self.upper {
            self.upper = upper.max(0);
            self.upper_limit = limit;
        }
    }

    /// Adds a weaker limit: the part of `low..=high` that is lawful, or else the lawful amount nearest to it.
    pub(super) fn hear(&mut self, level: usize, low: i64, high: i64) {
        let lower = self.lower[level];
        self.cap(high.max(lower), LOWER_LIMITS[level - 1]);
        self.lower[level..].fill(low.clamp(lower, self.upper));
    }
}

/// What the largest change allows after `previous`, in minor units.
pub(super) fn change_range(previous: i64, change: f64, start: i64) -> (i64, i64) {
    // The cast saturates.
    let by = (snapped(previous as f64 * change).floor() as i64).max(1);
    if previous.saturating_mul(OFF) < start {
        return (0, start.max(previous.saturating_add(by)));
    }
    (previous.saturating_sub(by).max(0), previous.saturating_add(by))
}

/// The nearest whole number where only rounding in the last places keeps `value` from it, so that 0.29 yuan is 29 fen.
pub(super) fn snapped(value: f64) -> f64 {
    let whole = value.round();
    if (value - whole).abs() <= 4.0 * f64::EPSILON * value.abs() { whole } else { value }
}
