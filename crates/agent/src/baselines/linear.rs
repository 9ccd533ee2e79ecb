//! Small dense least squares.

/// Solves `matrix * x = right` for a symmetric positive definite `matrix` (`[n, n]`, row by row) by Cholesky; both are
/// overwritten and `right` becomes `x`. Directions without any information give 0.
pub(crate) fn solve(matrix: &mut [f64], right: &mut [f64]) {
    let n = right.len();
    factor(matrix, n);
    forward(matrix, right);
    backward(matrix, right);
}

/// `matrix` (`[n, n]`, lower half) becomes its Cholesky factor; directions without any information become 0.
pub(crate) fn factor(matrix: &mut [f64], n: usize) {
    for i in 0..n {
        for j in 0..=i {
            let dot: f64 = (0..j).map(|k| matrix[i * n + k] * matrix[j * n + k]).sum();
            let rest = matrix[i * n + j] - dot;
            matrix[i * n + j] = if i == j {
                libm::sqrt(rest.max(0.0))
            } else if matrix[j * n + j] > 0.0 {
                rest / matrix[j * n + j]
            } else {
                0.0
            };
        }
    }
}

/// Solves `factor * x = right` for the lower half of `factor` (`[n, n]`) in place.
pub(crate) fn forward(factor: &[f64], right: &mut [f64]) {
    let n = right.len();
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| factor[i * n + k] * right[k]).sum();
        let pivot = factor[i * n + i];
        right[i] = if pivot > 0.0 { (right[i] - dot) / pivot } else { 0.0 };
    }
}

/// Solves `factor' * x = right` for the lower half of `factor` (`[n, n]`) in place.
pub(crate) fn backward(factor: &[f64], right: &mut [f64]) {
    let n = right.len();
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| factor[k * n + i] * right[k]).sum();
        let pivot = factor[i * n + i];
        right[i] = if pivot > 0.0 { (right[i] - dot) / pivot } else { 0.0 };
    }
}

/// `[n, n]` inverse of the matrix whose Cholesky factor is the lower half of `factor`.
fn inverse_of_factored(factor: &[f64], n: usize) -> Vec<f64> {
    let mut inverse = vec![0.0; n * n];
    for (i, column) in inverse.chunks_mut(n).enumerate() {
        column[i] = 1.0;
        forward(factor, column);
        backward(factor, column);
    }
    inverse
}

/// Inverse of a symmetric positive definite `matrix` (`[n, n]`), which is overwritten.
pub(crate) fn inverse(matrix: &mut [f64], n: usize) -> Vec<f64> {
    factor(matrix, n);
    inverse_of_factored(matrix, n)
}

/// Normal equations of a least-squares problem, one row at a time.
#[derive(Debug, Clone)]
pub(crate) struct Normal {
    matrix: Vec<f64>,
    right: Vec<f64>,
}

impl Normal {
    /// `penalties` on the squares of the `n` numbers.
    pub(crate) fn new(penalties: &[f64]) -> Self {
        let n = penalties.len();
        let mut matrix = vec![0.0; n * n];
        penalties.iter().enumerate().for_each(|(i, penalty)| matrix[i * n + i] = *penalty);
        Self { matrix, right: vec![0.0; n] }
    }

    /// Starts from a prior's `precision` (`[n, n]`) and what it adds to the right side (`[n]`).
    pub(crate) fn with_prior(precision: Vec<f64>, right: Vec<f64>) -> Self {
        Self { matrix: precision, right }
    }

    /// Adds to the right side.
    pub(crate) fn shift(&mut self, right: &[f64]) {
        self.right.iter_mut().zip(right).for_each(|(sum, shift)| *sum += shift);
    }

    /// One row of the problem, `features . x = target`, with a weight.
    pub(crate) fn add(&mut self, features: &[f64], target: f64, weight: f64) {
        let n = self.right.len();
        for i in 0..n {
            if features[i] == 0.0 {
                continue;
            }
            for j in 0..=i {
                self.matrix[i * n + j] += weight * features[i] * features[j];
            }
            self.right[i] += weight * features[i] * target;
        }
    }

    /// Weighs all rows so far by `by`.
    pub(crate) fn fade(&mut self, by: f64) {
        self.matrix.iter_mut().chain(&mut self.right).for_each(|sum| *sum *= by);
    }

    /// Adds the rows of another problem, their features weighted by `weight` and their targets besides by `unit`.
    pub(crate) fn merge(&mut self, other: &Self, weight: f64, unit: f64) {
        self.matrix.iter_mut().zip(&other.matrix).for_each(|(sum, entry)| *sum += weight * entry);
        self.right.iter_mut().zip(&other.right).for_each(|(sum, entry)| *sum += weight * unit * entry);
    }

    /// Perturbs the right side by independent standard `normals` so that the solution becomes a draw from the posterior
    /// of which it was the mean (perturb and optimise: Papandreou and Yuille 2010). Weights must be inverse variances.
    pub(crate) fn perturb(&mut self, normals: &[f64]) {
        let n = self.right.len();
        let mut root = self.matrix.clone();
        factor(&mut root, n);
        for i in 0..n {
            self.right[i] += (0..=i).map(|j| root[i * n + j] * normals[j]).sum::<f64>();
        }
    }

    /// Sum of squared errors of `x`, where `square` is the sum of the squared targets.
    pub(crate) fn error(&self, x: &[f64], square: f64) -> f64 {
        let n = x.len();
        let entry = |i: usize, j: usize| self.matrix[i.max(j) * n + i.min(j)];
        let quadratic: f64 = (0..n).map(|i| x[i] * (0..n).map(|j| entry(i, j) * x[j]).sum::<f64>()).sum();
        let linear: f64 = x.iter().zip(&self.right).map(|(x, right)| x * right).sum();
        (square - 2.0 * linear + quadratic).max(0.0)
    }

    /// The numbers of least squared error, and their covariance (`[n, n]`). Weights must be inverse variances.
    pub(crate) fn posterior(mut self) -> (Vec<f64>, Vec<f64>) {
        let n = self.right.len();
        factor(&mut self.matrix, n);
        forward(&self.matrix, &mut self.right);
        backward(&self.matrix, &mut self.right);
        (self.right, inverse_of_factored(&self.matrix, n))
    }

    /// The numbers of least squared error.
    pub(crate) fn solve(mut self) -> Vec<f64> {
        solve(&mut self.matrix, &mut self.right);
        self.right
    }

    /// The numbers of least squared error among those not below zero, by leaving out those that would be (a few passes;
    /// each only shrinks the set).
    pub(crate) fn solve_positive(self) -> Vec<f64> {
        let n = self.right.len();
        let mut active = vec![true; n];
        loop {
            let mut problem = self.clone();
            for i in (0..n).filter(|&i| !active[i]) {
                for j in 0..n {
                    problem.matrix[i.max(j) * n + i.min(j)] = 0.0;
                }
                problem.right[i] = 0.0;
            }
            let numbers = problem.solve();
            if numbers.iter().all(|&x| x >= 0.0) {
                return numbers;
            }
            numbers.iter().zip(&mut active).for_each(|(x, active)| *active &= *x >= 0.0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn least_squares_by_hand() {
        // x + y = 3, x - y = 1, 2x = 4.2: normal matrix [[6, 0], [0, 2]], right [12.4, 2].
        let mut normal = Normal::new(&[0.0, 0.0]);
        normal.add(&[1.0, 1.0], 3.0, 1.0);
        normal.add(&[1.0, -1.0], 1.0, 1.0);
        normal.add(&[2.0, 0.0], 4.2, 1.0);
        let x = normal.solve();
        assert!((x[0] - 12.4 / 6.0).abs() < 1e-12 && (x[1] - 1.0).abs() < 1e-12, "{x:?}");
    }

    #[test]
    fn draws_have_the_posterior_s_mean_and_spread() {
        // Prior N(0, 1), one row 2 x = 4 with variance 1: posterior N(8 / 5, 1 / 5).
        let mut posterior = Normal::new(&[1.0]);
        posterior.add(&[2.0], 4.0, 1.0);
        assert!((posterior.error(&[1.0], 16.0) - (4.0 + 1.0)).abs() < 1e-12);
        for normal in [-1.5, 0.0, 2.0] {
            let mut draw = posterior.clone();
            draw.perturb(&[normal]);
            let wanted = 1.6 + normal * libm::sqrt(0.2);
            assert!((draw.solve()[0] - wanted).abs() < 1e-12);
        }
    }

    #[test]
    fn a_posterior_by_hand() {
        // Precision [[2, 1], [1, 2]] and one row x = 3 with weight 1: [[3, 1], [1, 2]] x = [3, 0].
        let mut normal = Normal::with_prior(vec![2.0, 1.0, 1.0, 2.0], vec![0.0; 2]);
        normal.add(&[1.0, 0.0], 3.0, 1.0);
        let (mean, covariance) = normal.posterior();
        let close = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-12);
        assert!(close(&mean, &[1.2, -0.6]), "{mean:?}");
        assert!(close(&covariance, &[0.4, -0.2, -0.2, 0.6]), "{covariance:?}");
        assert!(close(&inverse(&mut covariance.clone(), 2), &[3.0, 1.0, 1.0, 2.0]));
    }

    #[test]
    fn rows_fade_and_merge() {
        let mut old = Normal::new(&[0.0]);
        old.add(&[1.0], 6.0, 1.0);
        old.fade(0.5);
        let mut sum = Normal::new(&[1.0]);
        sum.merge(&old, 2.0, 0.5);
        // (1 + 1) x = 3.
        assert!((sum.solve()[0] - 1.5).abs() < 1e-12);
    }

    #[test]
    fn no_information_gives_zero_and_no_negative_numbers() {
        let mut normal = Normal::new(&[0.0, 0.0, 0.0]);
        normal.add(&[1.0, 0.0, 1.0], 2.0, 1.0);
        normal.add(&[0.0, 0.0, 1.0], 3.0, 1.0);
        assert_eq!(normal.clone().solve(), [-1.0, 0.0, 3.0]);
        assert!(
            normal.solve_positive().iter().zip([0.0, 0.0, 2.5]).all(|(x, wanted)| (x - wanted).abs() < 1e-12)
        );
    }
}
