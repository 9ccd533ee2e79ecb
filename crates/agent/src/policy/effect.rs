//! A running estimate of what each line does to the shop's total, whatever its platform claims.
//!
//! Bayesian linear regression (ridge) of what the goal counts in the shop's book, per unit of calendar, on the recent spend of every
//! line and a constant. Reports credit by last click and take orders that were coming anyway; the shop's own book
//! cannot be claimed.

/// Ridge on the effect of a line, in squared units of a line's even spend: the weight of "no effect" before any data.
const PRIOR: f64 = 1.0;
/// Ridge on the constant: next to none.
const PRIOR_CONSTANT: f64 = 1e-3;

/// The estimate for one episode.
#[derive(Debug, Clone, Default)]
pub(crate) struct Effect {
    /// Lines plus the constant.
    size: usize,
    /// `[size, size]` sum of outer products of the regressors, prior included.
    gram: Vec<f64>,
    /// `[size]` sum of regressor x outcome.
    moment: Vec<f64>,
    /// `[size, size]` lower Cholesky factor of `gram`.
    factor: Vec<f64>,
    /// `[size]` the regressors of one step; scratch while solving.
    row: Vec<f64>,
    /// `[size]` estimated coefficients, the constant last.
    pub(crate) coefficients: Vec<f64>,
    /// `[size]` posterior standard deviation of each, in units of the outcome's noise.
    pub(crate) deviations: Vec<f64>,
}

impl Effect {
    /// Forgets everything.
    pub(crate) fn start(&mut self, lines: usize) {
        let size = lines + 1;
        self.size = size;
        for (buffer, length) in [
            (&mut self.gram, size * size),
            (&mut self.factor, size * size),
            (&mut self.moment, size),
            (&mut self.row, size),
            (&mut self.coefficients, size),
            (&mut self.deviations, size),
        ] {
            buffer.clear();
            buffer.resize(length, 0.0);
        }
        for i in 0..size {
            self.gram[i * size + i] = if i < lines { PRIOR } else { PRIOR_CONSTANT };
        }
        self.deviations[..lines].fill(1.0 / PRIOR.sqrt());
    }

    /// Adds one step: `spend` recent spend of each line, `outcome` what the goal counts per unit of calendar.
    pub(crate) fn add(&mut self, spend: impl Iterator<Item = f64>, outcome: f64) {
        let size = self.size;
        for (place, value) in self.row.iter_mut().zip(spend.chain(std::iter::once(1.0))) {
            *place = value;
        }
        for i in 0..size {
            for j in 0..size {
                self.gram[i * size + j] += self.row[i] * self.row[j];
            }
            self.moment[i] += self.row[i] * outcome;
        }
        self.solve();
    }

    /// Cholesky, one solve for the coefficients, one for each posterior variance.
    fn solve(&mut self) {
        let size = self.size;
        for i in 0..size {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|k| self.factor[i * size + k] * self.factor[j * size + k]).sum();
                let rest = self.gram[i * size + j] - dot;
                self.factor[i * size + j] =
                    if i == j { rest.max(1e-12).sqrt() } else { rest / self.factor[j * size + j] };
            }
        }
        self.row.copy_from_slice(&self.moment);
        self.forward(0);
        for i in (0..size).rev() {
            let dot: f64 = (i + 1..size).map(|k| self.factor[k * size + i] * self.coefficients[k]).sum();
            self.coefficients[i] = (self.row[i] - dot) / self.factor[i * size + i];
        }
        for place in 0..size {
            self.row.fill(0.0);
            self.row[place] = 1.0;
            self.forward(place);
            self.deviations[place] = self.row[place..].iter().map(|x| x * x).sum::<f64>().sqrt();
        }
    }

    /// Solves factor x y = row in place, where the row is zero before `first`.
    fn forward(&mut self, first: usize) {
        let size = self.size;
        for i in first..size {
            let dot: f64 = (first..i).map(|k| self.factor[i * size + k] * self.row[k]).sum();
            self.row[i] = (self.row[i] - dot) / self.factor[i * size + i];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_line_that_works_and_one_that_only_claims() {
        let mut effect = Effect::default();
        effect.start(2);
        for step in 0..400_u32 {
            let first = f64::from(step % 7) / 3.0;
            let second = f64::from(step % 5) / 2.0;
            effect.add([first, second].into_iter(), 10.0 + 2.0 * first);
        }
        assert!((effect.coefficients[0] - 2.0).abs() < 0.05, "{:?}", effect.coefficients);
        assert!(effect.coefficients[1].abs() < 0.05, "{:?}", effect.coefficients);
        assert!(effect.deviations[0] < 0.2);
    }

    #[test]
    fn one_observation_of_one_line_has_the_closed_form() {
        let mut effect = Effect::default();
        effect.start(1);
        effect.add([2.0].into_iter(), 5.0);
        // (X'X + diag(1, 0.001))^-1 X'y with X = (2, 1), y = 5: determinant 5 x 1.001 - 4.
        let determinant = 5.0 * 1.001 - 4.0;
        assert!((effect.coefficients[0] - (1.001 * 10.0 - 2.0 * 5.0) / determinant).abs() < 1e-9);
        assert!((effect.coefficients[1] - (-2.0 * 10.0 + 5.0 * 5.0) / determinant).abs() < 1e-9);
        assert!((effect.deviations[0] - (1.001 / determinant).sqrt()).abs() < 1e-9);
    }
}
