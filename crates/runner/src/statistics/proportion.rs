//! Shares of worlds in which something holds.

use super::Interval;
use super::aggregates::world_means;

/// Normal quantile of 97.5 %.
const Z: f64 = 1.959_963_984_540_054;

/// A share with its 95 % interval: Wilson's score interval (1927), which stays within 0 and 1 and holds what it says near the
/// ends (Brown, Cai and DasGupta 2001). Noises of one world may all agree, so they count as one trial together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Proportion {
    /// Share of episodes.
    pub(crate) share: f64,
    /// Its interval.
    pub(crate) interval: Interval,
}

impl Proportion {
    /// Of `[worlds, noises]` episodes, of which there is at least one.
    pub(crate) fn of(holds: &[bool], noises: usize) -> Self {
        let figures: Vec<f64> = holds.iter().map(|holds| f64::from(u8::from(*holds))).collect();
        let worlds = world_means(&figures, noises);
        let (share, count) = (super::mean(&figures), worlds.len() as f64);
        let centre = (share + Z * Z / (2.0 * count)) / (1.0 + Z * Z / count);
        let spread = (share * (1.0 - share) / count + Z * Z / (4.0 * count * count)).sqrt();
        let half = Z * spread / (1.0 + Z * Z / count);
        Self { share, interval: [(centre - half).max(0.0), (centre + half).min(1.0)] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `statsmodels.stats.proportion.proportion_confint(8, 10, method="wilson")`, and its ends by hand at none of 10:
    /// z^2 / (n + z^2).
    #[test]
    fn it_is_wilsons_interval() {
        let eight: Vec<bool> = (0..10).map(|place| place < 8).collect();
        let found = Proportion::of(&eight, 1);
        assert!((found.interval[0] - 0.490_162).abs() < 1e-6 && (found.interval[1] - 0.943_318).abs() < 1e-6);
        let none = Proportion::of(&[false; 10], 1);
        assert_eq!((none.share, none.interval[0]), (0.0, 0.0));
        assert!((none.interval[1] - Z * Z / (10.0 + Z * Z)).abs() < 1e-12);
    }

    #[test]
    fn noises_of_a_world_are_one_trial() {
        let twice: Vec<bool> = (0..20).map(|place| place / 2 < 8).collect();
        let once: Vec<bool> = (0..10).map(|place| place < 8).collect();
        assert_eq!(Proportion::of(&twice, 2), Proportion::of(&once, 1));
    }
}
