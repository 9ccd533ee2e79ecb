//! One level for each line: the multiple-choice knapsack.

/// The levels (`[lines]`, in units of money) of the largest sum of values among those that need at most `units`.
/// `values[line][level]` is what a line brings at a level; exact for any shape, by dynamic programming over lines and
/// money (Kellerer, Pferschy and Pisinger 2004).
#[must_use]
pub fn knapsack(values: &[Vec<f64>], units: usize) -> Vec<usize> {
    let mut best = vec![0.0; units + 1];
    // chosen[line][u]: level of the line where it and those before it have u units.
    let mut chosen = Vec::with_capacity(values.len());
    for line in values {
        let mut next = vec![f64::NEG_INFINITY; units + 1];
        let mut levels = vec![0; units + 1];
        for u in 0..=units {
            for (level, value) in line.iter().enumerate().take(u + 1) {
                let sum = best[u - level] + value;
                if sum > next[u] {
                    (next[u], levels[u]) = (sum, level);
                }
            }
        }
        best = next;
        chosen.push(levels);
    }
    let mut left = units;
    let mut levels: Vec<usize> = chosen
        .iter()
        .rev()
        .map(|levels| {
            let level = levels[left];
            left -= level;
            level
        })
        .collect();
    levels.reverse();
    levels
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sum(values: &[Vec<f64>], levels: &[usize]) -> f64 {
        values.iter().zip(levels).map(|(line, level)| line[*level]).sum()
    }

    /// Every choice of levels.
    fn brute_force(values: &[Vec<f64>], units: usize) -> f64 {
        match values {
            [] => 0.0,
            [line, rest @ ..] => line
                .iter()
                .enumerate()
                .take(units + 1)
                .map(|(level, value)| value + brute_force(rest, units - level))
                .fold(f64::NEG_INFINITY, f64::max),
        }
    }

    proptest! {
        #[test]
        fn no_choice_is_better(
            values in prop::collection::vec(prop::collection::vec(-1.0..1.0_f64, 1..6), 1..5),
            units in 0_usize..8,
        ) {
            let levels = knapsack(&values, units);
            prop_assert!(levels.iter().sum::<usize>() <= units);
            prop_assert!((sum(&values, &levels) - brute_force(&values, units)).abs() < 1e-12);
        }
    }

    #[test]
    fn a_steep_line_gets_all_or_nothing() {
        // Worth nothing below three units; the other rises evenly.
        let steep = vec![0.0, 0.0, 0.0, 10.0];
        let even = vec![0.0, 2.0, 4.0, 6.0];
        assert_eq!(knapsack(&[steep.clone(), even.clone()], 3), [3, 0]);
        assert_eq!(knapsack(&[steep, even], 2), [0, 2]);
    }
}
