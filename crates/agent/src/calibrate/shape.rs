//! The shape of a channel's response, and what is believed of it beforehand.

use outlay_environment::Key;

/// What is believed of the channels before anything is seen.
///
/// * *Contribution*, the share of the outcome that a channel caused on average over the history: half-normal. The scales are
///   such that all channels together are expected to have caused 40 % (the mean of Meridian's prior of the contribution of
///   all paid media); a channel's part of that goes half by its share in spending, half evenly (assumed), because small
///   channels often bring more for their money.
/// * *Half*, the spend a step that, kept up, brings half of the most there is, relative to the mean of the steps with
///   spending: log-normal with median 1 (Meridian: truncated normal, 0.8 and 0.8, of the median; ours is wider upward).
/// * *Slope* of the Hill curve: log-normal with median 1, where Meridian fixes it, and 90 % from 0.61 to 1.64 (Robyn searches
///   0.5 to 3, Jin et al. 2017 take a gamma of mean 3, both steeper).
/// * *Retention*: of weeks Beta(1, 3) (the default of PyMC-Marketing; its upper half reaches over Robyn's ranges, 0.3 to 0.8 of
///   television); of days uniform (Meridian).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Priors {
    /// Share of the outcome that all channels together are expected to have caused.
    pub total: f64,
    /// Standard deviation of the logarithm of the relative half.
    pub half_log_sd: f64,
    /// Standard deviation of the logarithm of the slope.
    pub slope_log_sd: f64,
    /// Second parameter of the retention's beta distribution, of which the first is 1.
    pub retention_beta: f64,
}

/// Ranges outside of which nothing is looked for: logarithms of half and slope, retention.
pub(super) const RANGES: [[f64; 2]; 3] = [[-3.5, 3.5], [-1.5, 1.5], [0.0, 0.98]];
/// First widths of the slices.
pub(super) const WIDTHS: [f64; 3] = [1.0, 0.5, 0.25];
/// Steps at the beginning whose mean spend is taken to have gone on before.
const OPENING: usize = 8;

/// Mean of the half-normal distribution of scale 1.
const HALF_NORMAL_MEAN: f64 = 0.797_884_560_802_865_4;

impl Priors {
    /// Those for steps of so many days.
    #[must_use]
    pub fn for_steps(step_days: u32) -> Self {
        let retention_beta = if step_days == 7 { 3.0 } else { 1.0 };
        Self { total: 0.4, half_log_sd: 0.8, slope_log_sd: 0.3, retention_beta }
    }

    /// `[channels]` scales of the half-normal contributions, as shares of the outcome, for these total spends.
    #[must_use]
    pub fn scales(&self, spends: &[f64]) -> Vec<f64> {
        let (all, count) = (spends.iter().sum::<f64>().max(f64::MIN_POSITIVE), spends.len() as f64);
        let part = |spend: &f64| 0.5 * spend / all + 0.5 / count;
        spends.iter().map(|spend| self.total / HALF_NORMAL_MEAN * part(spend)).collect()
    }

    /// Logarithm of the density of a shape, up to a constant.
    pub(super) fn log_density(&self, shape: &Shape) -> f64 {
        let [half, slope, retention] = shape.0;
        let (half, slope) = (half / self.half_log_sd, slope / self.slope_log_sd);
        -0.5 * (half * half + slope * slope) + (self.retention_beta - 1.0) * libm::log1p(-retention)
    }

    /// A shape drawn beforehand.
    pub(super) fn draw(&self, key: Key) -> Shape {
        let within = |value: f64, range: [f64; 2]| value.clamp(range[0], range[1]);
        // The quantile function of Beta(1, b) is 1 - (1 - u)^(1 / b).
        let retention = 1.0 - libm::pow(key.with(2).uniform(), 1.0 / self.retention_beta);
        Shape([
            within(self.half_log_sd * key.with(0).normal(), RANGES[0]),
            within(self.slope_log_sd * key.with(1).normal(), RANGES[1]),
            within(retention, RANGES[2]),
        ])
    }
}

/// Logarithm of the half relative to the channel's usual spend, logarithm of the slope, retention.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shape(pub(super) [f64; 3]);

impl Shape {
    pub(super) fn retention(&self) -> f64 {
        self.0[2]
    }
}

/// A channel's spend in its own unit: the mean of the steps with spending.
#[derive(Debug, Clone)]
pub(super) struct Spend {
    /// `[steps]`
    relative: Vec<f64>,
    /// Mean of the first steps, which is taken to have gone on before them.
    opening: f64,
    /// The unit, major units of money.
    pub(super) unit: f64,
}

impl Spend {
    /// Spend of which the unit follows from the first `rows` steps.
    pub(super) fn new(spend: &[f64], rows: usize) -> Self {
        let seen: Vec<f64> = spend[..rows].iter().copied().filter(|spend| *spend > 0.0).collect();
        let unit = if seen.is_empty() { 1.0 } else { super::history::mean(&seen) };
        let relative: Vec<f64> = spend.iter().map(|spend| spend / unit).collect();
        let opening = super::history::mean(&relative[..OPENING.min(rows)]);
        Self { relative, opening, unit }
    }

    /// `[steps]` logarithms of the level: the steady spend that leads to the same stock, `(1 - retention) * stock`. Minus
    /// infinity where nothing was ever spent.
    pub(super) fn log_levels(&self, retention: f64, logs: &mut [f64]) {
        let mut level = self.opening;
        for (log, spend) in logs.iter_mut().zip(&self.relative) {
            level = (1.0 - retention) * spend + retention * level;
            *log = libm::log(level);
        }
    }
}

/// `[steps]` Hill's share of the most there is, from the logarithms of levels.
pub(super) fn saturate(logs: &[f64], shape: &Shape, shares: &mut [f64]) {
    let [half, slope, _] = shape.0;
    let slope = libm::exp(slope);
    for (share, log) in shares.iter_mut().zip(logs) {
        *share = 1.0 / (1.0 + libm::exp(slope * (half - log)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_environment::curve::{adstock, hill};

    /// By hand: with half of it left each step, 4, 0, 2 on an opening level of 2 (stock 4) becomes 6, 3, 3.5 in stock and half
    /// as much in level; Hill of slope 1 and half 2 (level) gives 3 / 5, 1.5 / 3.5, 1.75 / 3.75.
    #[test]
    fn levels_and_shares_by_hand() {
        let spend = Spend { relative: vec![4.0, 0.0, 2.0], opening: 2.0, unit: 1.0 };
        let (mut logs, mut shares) = ([0.0; 3], [0.0; 3]);
        spend.log_levels(0.5, &mut logs);
        for (log, level) in logs.iter().zip([3.0, 1.5, 1.75]) {
            assert!((libm::exp(*log) - level).abs() < 1e-14);
        }
        saturate(&logs, &Shape([libm::log(2.0), 0.0, 0.5]), &mut shares);
        for (share, wanted) in shares.iter().zip([0.6, 1.5 / 3.5, 1.75 / 3.75]) {
            assert!((share - wanted).abs() < 1e-14);
        }
        // Slope 2: 9 / 13.
        saturate(&logs, &Shape([libm::log(2.0), libm::log(2.0), 0.5]), &mut shares);
        assert!((shares[0] - 9.0 / 13.0).abs() < 1e-14);
    }

    #[test]
    fn the_curves_world_has_the_same_stock_and_hill() {
        let money = [120.0, 0.0, 40.0, 300.0, 80.0];
        let mut spend = Spend::new(&money, 5);
        spend.opening = 0.0;
        let (retention, half, slope) = (0.6, 0.7_f64, 1.4_f64);
        let (mut logs, mut shares) = ([0.0; 5], [0.0; 5]);
        spend.log_levels(retention, &mut logs);
        saturate(&logs, &Shape([half.ln(), slope.ln(), retention]), &mut shares);
        let mut stock = money;
        adstock(&mut stock, retention);
        for (share, stock) in shares.iter().zip(stock) {
            let wanted = hill(stock, half * spend.unit / (1.0 - retention), slope);
            assert!((share - wanted).abs() < 1e-14, "{share} {wanted}");
        }
    }

    #[test]
    fn nothing_spent_is_nothing_brought() {
        let spend = Spend::new(&[0.0, 0.0, 5.0], 3);
        let (mut logs, mut shares) = ([0.0; 3], [0.0; 3]);
        let spend = Spend { opening: 0.0, ..spend };
        spend.log_levels(0.3, &mut logs);
        saturate(&logs, &Shape([0.0, 0.0, 0.3]), &mut shares);
        assert_eq!(shares[..2], [0.0, 0.0]);
    }

    #[test]
    fn scales_share_out_what_is_expected_of_all() {
        let scales = Priors::for_steps(7).scales(&[300.0, 100.0]);
        assert!((scales.iter().sum::<f64>() * HALF_NORMAL_MEAN - 0.4).abs() < 1e-15);
        assert!((scales[0] / scales[1] - (0.375 + 0.25) / (0.125 + 0.25)).abs() < 1e-12);
    }
}
