//! Small dense least squares.

/// Solves `matrix * x = right` for a symmetric positive definite `matrix` (`[n, n]`, row by row) by Cholesky; both are
/// overwritten and `right` becomes `x`. Directions without any information give 0.
pub(crate) fn solve(matrix: &mut [f64], right: &mut [f64]) {
    let n = right.len();
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
    let divide = |x: f64, by: f64| if by > 0.0 { x / by } else { 0.0 };
    for i in 0..n {
        let dot: f64 = (0..i).map(|k| matrix[i * n + k] * right[k]).sum();
        right[i] = divide(right[i] - dot, matrix[i * n + i]);
    }
    for i in (0..n).rev() {
        let dot: f64 = (i + 1..n).map(|k| matrix[k * n + i] * right[k]).sum();
        right[i] = divide(right[i] - dot, matrix[i * n + i]);
    }
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
