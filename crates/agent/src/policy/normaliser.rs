//! Running mean and variance of every feature, saved with the policy and frozen outside training.

/// Features further out than this many standard deviations are cut off.
const LIMIT: f32 = 8.0;

/// Count, sum and sum of squares of a vector of features: what rollouts collect and the normaliser reads.
#[derive(Debug, Clone, PartialEq)]
pub struct Moments {
    /// Vectors seen.
    pub count: f64,
    /// `[features]`
    pub sum: Vec<f64>,
    /// `[features]`
    pub squares: Vec<f64>,
}

impl Moments {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(features: usize) -> Self {
        Self { count: 0.0, sum: vec![0.0; features], squares: vec![0.0; features] }
    }

    /// Adds one vector.
    pub fn add(&mut self, values: &[f32]) {
        self.count += 1.0;
        for ((sum, square), &value) in self.sum.iter_mut().zip(&mut self.squares).zip(values) {
            let value = f64::from(value);
            *sum += value;
            *square += value * value;
        }
    }

    /// Adds what another has seen.
    pub fn merge(&mut self, other: &Self) {
        self.count += other.count;
        for (sum, add) in self.sum.iter_mut().zip(&other.sum) {
            *sum += add;
        }
        for (square, add) in self.squares.iter_mut().zip(&other.squares) {
            *square += add;
        }
    }
}

impl Moments {
    /// What `count` vectors would have left behind for `normaliser` to be read from them: how a run goes on from a policy of
    /// which no more is kept.
    #[must_use]
    pub fn behind(normaliser: &Normaliser, count: f64) -> Self {
        let both =
            || normaliser.mean.iter().zip(&normaliser.scale).map(|(m, s)| (f64::from(*m), f64::from(*s)));
        let variance = |scale: f64| if scale > 0.0 { 1.0 / (scale * scale) } else { 0.0 };
        Self {
            count,
            sum: both().map(|(mean, _)| count * mean).collect(),
            squares: both().map(|(mean, scale)| count * (mean * mean + variance(scale))).collect(),
        }
    }
}

/// Shifts and scales features to mean 0 and variance 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Normaliser {
    /// `[features]`
    pub mean: Vec<f32>,
    /// `[features]` one over the standard deviation; 0 switches a feature off that never varied.
    pub scale: Vec<f32>,
}

impl Normaliser {
    /// Leaves every feature as it is.
    #[must_use]
    pub fn identity(features: usize) -> Self {
        Self { mean: vec![0.0; features], scale: vec![1.0; features] }
    }

    /// From what was seen so far.
    #[must_use]
    pub fn of(moments: &Moments) -> Self {
        let count = moments.count.max(1.0);
        let mean: Vec<f64> = moments.sum.iter().map(|sum| sum / count).collect();
        let scale = moments.squares.iter().zip(&mean).map(|(square, mean)| {
            let variance = square / count - mean * mean;
            // Rounding leaves about 1e-12 of the square of the mean; what varies less never varied.
            if variance > 1e-8 * (1.0 + mean * mean) { (1.0 / variance.sqrt()) as f32 } else { 0.0 }
        });
        Self { scale: scale.collect(), mean: mean.iter().map(|&mean| mean as f32).collect() }
    }

    /// Normalises in place. What is not a number becomes 0.
    pub fn apply(&self, values: &mut [f32]) {
        for ((value, mean), scale) in values.iter_mut().zip(&self.mean).zip(&self.scale) {
            let normal = ((*value - mean) * scale).clamp(-LIMIT, LIMIT);
            *value = if normal.is_nan() { 0.0 } else { normal };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_can_be_made_up_for_a_normaliser() {
        let normaliser = Normaliser { mean: vec![2.0, -1.0, 5.0], scale: vec![0.5, 4.0, 0.0] };
        let again = Normaliser::of(&Moments::behind(&normaliser, 1000.0));
        let close = |a: &[f32], b: &[f32]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-4);
        assert!(close(&again.mean, &normaliser.mean) && close(&again.scale, &normaliser.scale), "{again:?}");
    }

    #[test]
    fn normalises_to_mean_zero_and_variance_one_in_parts_as_in_one() {
        let rows: Vec<[f32; 3]> = (0..100).map(|i| [i as f32, 5.0, (i % 2) as f32]).collect();
        let mut whole = Moments::new(3);
        rows.iter().for_each(|row| whole.add(row));
        let (mut first, mut second) = (Moments::new(3), Moments::new(3));
        rows[..30].iter().for_each(|row| first.add(row));
        rows[30..].iter().for_each(|row| second.add(row));
        first.merge(&second);
        assert_eq!(first, whole);

        let normaliser = Normaliser::of(&whole);
        assert!((normaliser.mean[0] - 49.5).abs() < 1e-5);
        assert!((normaliser.scale[2] - 2.0).abs() < 1e-5);
        let mut row = [49.5, 5.0, 1.0];
        normaliser.apply(&mut row);
        assert_eq!(row, [0.0, 0.0, 1.0]);
        let mut row = [f32::NAN, 7.0, f32::INFINITY];
        normaliser.apply(&mut row);
        assert_eq!(row, [0.0, 0.0, LIMIT]);
    }
}
