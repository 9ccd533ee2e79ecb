//! The multiple-choice knapsack: one option for each line, within the money there is.

/// What an option costs and brings.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Choice {
    pub(super) spend: f64,
    pub(super) value: f64,
}

/// `[lines]` index of the chosen option of each line: the highest value together within `money`, by dynamic programming
/// (Dudzinski and Walukiewicz 1987) with spends rounded to the nearest of `levels` parts of it. The total may therefore
/// exceed the money by half a part a line. Each line needs an option that costs nothing.
pub(super) fn knapsack(options: &[Vec<Choice>], money: f64, levels: usize) -> Vec<usize> {
    let part = money / levels as f64;
    let mut best = vec![0.0; levels + 1];
    let mut next = best.clone();
    let mut taken = vec![0_u32; options.len() * (levels + 1)];
    for (line, taken) in options.iter().zip(taken.chunks_mut(levels + 1)) {
        next.fill(f64::NEG_INFINITY);
        for (at, option) in line.iter().enumerate() {
            let size = libm::round(option.spend / part);
            if size > levels as f64 {
                continue;
            }
            let size = size as usize;
            for level in size..=levels {
                let value = best[level - size] + option.value;
                if value > next[level] {
                    next[level] = value;
                    taken[level] = at as u32;
                }
            }
        }
        std::mem::swap(&mut best, &mut next);
    }
    let mut level = levels;
    let mut chosen = vec![0; options.len()];
    for (i, line) in options.iter().enumerate().rev() {
        chosen[i] = taken[i * (levels + 1) + level] as usize;
        level -= libm::round(line[chosen[i]].spend / part) as usize;
    }
    chosen
}

/// The levels (`[lines]`, in units of money) of the largest sum of values among those that need at most `units`.
/// `values[line][level]` is what a line brings at a level; exact for any shape.
#[must_use]
pub fn best_levels(values: &[Vec<f64>], units: usize) -> Vec<usize> {
    if units == 0 {
        return vec![0; values.len()];
    }
    let option = |(level, value): (usize, &f64)| Choice { spend: level as f64, value: *value };
    let options: Vec<Vec<Choice>> =
        values.iter().map(|line| line.iter().enumerate().map(option).collect()).collect();
    knapsack(&options, units as f64, units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_best_combination_is_found() {
        let nothing = Choice { spend: 0.0, value: 0.0 };
        let option = |spend, value| Choice { spend, value };
        let lines = [
            vec![nothing, option(5.0, 10.0), option(8.0, 12.0)],
            vec![nothing, option(5.0, 9.0), option(2.0, 1.0)],
        ];
        assert_eq!(knapsack(&lines, 10.0, 100), [1, 1]);
        assert_eq!(knapsack(&lines, 9.9, 99), [2, 0]);
        assert_eq!(knapsack(&lines, 1.0, 10), [0, 0]);
    }

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
            let levels = best_levels(&values, units);
            prop_assert!(levels.iter().sum::<usize>() <= units);
            prop_assert!((sum(&values, &levels) - brute_force(&values, units)).abs() < 1e-12);
        }
    }

    #[test]
    fn a_steep_line_gets_all_or_nothing() {
        // Worth nothing below three units; the other rises evenly.
        let steep = vec![0.0, 0.0, 0.0, 10.0];
        let even = vec![0.0, 2.0, 4.0, 6.0];
        assert_eq!(best_levels(&[steep.clone(), even.clone()], 3), [3, 0]);
        assert_eq!(best_levels(&[steep, even], 2), [0, 2]);
    }
}
