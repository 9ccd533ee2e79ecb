//! Search for a plan by trying it: an evolution strategy on the logarithms of a plan's weights.

use outlay_environment::{Brief, Key};

/// A plan in few numbers: `ln weight[t, i] = line_i + phase_p + tilt_(p, i) + elasticity * ln demand_t`, with `p` the
/// phase of step `t`. Only differences matter.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    lines: usize,
    /// `[steps]` phase and logarithm of the declared demand.
    calendar: Vec<(usize, f64)>,
    phases: usize,
    /// Whether the money may differ from phase to phase and with demand.
    timed: bool,
    /// Whether the mix may differ from phase to phase.
    tilted: bool,
    /// Whether money may be kept; then the last number is the logarithm of a factor on the part of the budget used.
    keeps: bool,
}

/// Spread of the search along each kind of number, relative to a line's: the plan's level in a phase, a line's tilt in
/// a phase, the elasticity to declared demand.
const PHASE_SPREAD: f64 = 0.7;
const TILT_SPREAD: f64 = 0.5;
const ELASTICITY_SPREAD: f64 = 0.5;
/// The same along the part of the budget used, where money may be kept.
const PART_SPREAD: f64 = 1.0;

impl Shape {
    /// The same mix and the same money in every step: one number per line.
    #[must_use]
    pub fn constant(brief: &Brief) -> Self {
        Self { timed: false, tilted: false, ..Self::timed(brief) }
    }

    /// A level for each line, each phase of the calendar and for demand: few numbers, so that a short search does not
    /// take noise for a better plan.
    #[must_use]
    pub fn levels(brief: &Brief) -> Self {
        Self { tilted: false, ..Self::timed(brief) }
    }

    /// A mix and a level for each phase of the calendar.
    #[must_use]
    pub fn timed(brief: &Brief) -> Self {
        let calendar: Vec<_> =
            brief.calendar.iter().map(|step| (step.phase_index, libm::log(step.demand.max(1e-3)))).collect();
        let phases = calendar.iter().map(|&(phase, _)| phase + 1).max().unwrap_or(0);
        Self { lines: brief.lines.len(), calendar, phases, timed: true, tilted: true, keeps: false }
    }

    /// The same, with the part of the budget used among the numbers if money may be kept.
    #[must_use]
    pub fn keeping(self, keeps: bool) -> Self {
        Self { keeps, ..self }
    }

    /// How many numbers describe a plan.
    #[must_use]
    pub fn len(&self) -> usize {
        let levels = if self.timed { self.phases + 1 } else { 0 };
        let tilts = if self.tilted { self.phases * self.lines } else { 0 };
        self.lines + levels + tilts + usize::from(self.keeps)
    }

    /// Index of the elasticity to demand, the last number but for the part used.
    fn elasticity(&self) -> usize {
        self.len() - 1 - usize::from(self.keeps)
    }

    /// Part of the budget used, where the base plan uses `base` of it; the same part where none may be kept.
    #[must_use]
    pub fn part(&self, numbers: &[f64], base: f64) -> f64 {
        let factor = numbers.last().filter(|_| self.keeps).map_or(1.0, |log| libm::exp(*log));
        (base * factor).min(1.0)
    }

    /// Whether there is nothing to choose.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// `[len]` spread of the search along each number.
    fn spread(&self) -> Vec<f64> {
        let mut spread = vec![1.0; self.lines];
        if self.timed {
            spread.resize(self.lines + self.phases, PHASE_SPREAD);
            spread.resize(self.elasticity(), TILT_SPREAD);
            spread.push(ELASTICITY_SPREAD);
        }
        spread.resize(self.len(), PART_SPREAD);
        spread
    }

    /// `[steps * lines]` factors on the weights of a base plan, row by row.
    #[must_use]
    pub fn factors(&self, numbers: &[f64]) -> Vec<f64> {
        let mut factors = Vec::with_capacity(self.calendar.len() * self.lines);
        for &(phase, demand) in &self.calendar {
            for line in 0..self.lines {
                let mut exponent = numbers[line];
                if self.timed {
                    exponent += numbers[self.lines + phase] + numbers[self.elasticity()] * demand;
                }
                if self.tilted {
                    exponent += numbers[self.lines + self.phases + phase * self.lines + line];
                }
                factors.push(libm::exp(exponent));
            }
        }
        factors
    }
}

/// Effort and first step of a search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effort {
    /// Plans to try.
    pub trials: usize,
    /// Standard deviation of the first steps, in logarithms of weights.
    pub step: f64,
}

/// Looks for `numbers` of a high `score` near zero: a (mu/mu, lambda) evolution strategy with mirrored samples and
/// logarithmic rank weights (Hansen and Ostermeier 2001; Brockhoff et al. 2010). The centre moves only to a better
/// score, else the step shrinks. Returns the best numbers tried and their score; never below `score(0)`.
pub fn evolve(
    shape: &Shape,
    effort: Effort,
    seed: u64,
    mut score: impl FnMut(&[f64]) -> f64,
) -> (Vec<f64>, f64) {
    const PAIRS: usize = 6;
    let spread = shape.spread();
    let key = Key::new(seed).with_name("evolve");
    let mut step = effort.step;
    let mut best = (vec![0.0; shape.len()], 0.0);
    best.1 = score(&best.0);
    let mut tried = 1;
    let mut generation = 0;
    while tried + 2 * PAIRS < effort.trials {
        let mut samples = Vec::with_capacity(2 * PAIRS);
        for pair in 0..PAIRS as u64 {
            let direction = |index: usize| key.with(generation).with(pair).with(index as u64).normal();
            for sign in [1.0, -1.0] {
                let numbers: Vec<f64> = (0..shape.len())
                    .map(|index| best.0[index] + sign * step * spread[index] * direction(index))
                    .collect();
                samples.push((score(&numbers), numbers));
            }
        }
        samples.sort_by(|a, b| b.0.total_cmp(&a.0));
        let centre = recombine(&samples[..PAIRS]);
        let centre = (score(&centre), centre);
        tried += 2 * PAIRS + 1;
        generation += 1;
        let found = if centre.0 >= samples[0].0 { centre } else { samples.swap_remove(0) };
        if found.0 > best.1 {
            best = (found.1, found.0);
            step *= 1.1;
        } else {
            step *= 0.6;
        }
    }
    best
}

/// Mean of samples, best first, with weights that fall as the logarithm of the rank.
fn recombine(samples: &[(f64, Vec<f64>)]) -> Vec<f64> {
    let weight = |rank: usize| libm::log(samples.len() as f64 + 0.5) - libm::log(rank as f64 + 1.0);
    let total: f64 = (0..samples.len()).map(weight).sum();
    let mut mean = vec![0.0; samples[0].1.len()];
    for (rank, (_, numbers)) in samples.iter().enumerate() {
        mean.iter_mut().zip(numbers).for_each(|(mean, number)| *mean += weight(rank) / total * number);
    }
    mean
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::testing::brief;

    #[test]
    fn finds_the_top_of_a_smooth_hill() {
        let shape = Shape::constant(&brief(5, 4));
        let goal = [0.5, -1.0, 0.3, 0.0, 0.8];
        let score =
            |numbers: &[f64]| -numbers.iter().zip(goal).map(|(x, goal)| (x - goal) * (x - goal)).sum::<f64>();
        let (numbers, best) = evolve(&shape, Effort { trials: 400, step: 0.5 }, 7, score);
        assert!(best > -0.02, "{numbers:?} {best}");
        assert_eq!(evolve(&shape, Effort { trials: 400, step: 0.5 }, 7, score), (numbers, best));
    }

    #[test]
    fn never_below_the_start() {
        let shape = Shape::timed(&brief(3, 4));
        let (_, best) = evolve(&shape, Effort { trials: 50, step: 0.5 }, 7, |numbers| {
            -numbers.iter().map(|x| x.abs()).sum::<f64>()
        });
        assert_eq!(best, 0.0);
    }

    #[test]
    fn factors_by_hand() {
        let mut plan = brief(2, 2);
        plan.calendar[1].phase_index = 1;
        plan.calendar[1].demand = 2.0;
        let shape = Shape::timed(&plan);
        assert_eq!(shape.len(), 2 + 2 + 4 + 1);
        let mut numbers = vec![0.0; 9];
        numbers[0] = 1.0; // line 0
        numbers[3] = 2.0; // phase 1
        numbers[7] = 0.5; // line 1 in phase 1
        numbers[8] = 1.0; // elasticity
        let e = std::f64::consts::E;
        let wanted = [e, 1.0, 2.0 * e.powi(3), 2.0 * e.powf(2.5)];
        let factors = shape.factors(&numbers);
        assert!(factors.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{factors:?}");
        let levels = [1.0, 0.0, 0.0, 2.0, 1.0];
        let wanted = [e, 1.0, 2.0 * e.powi(3), 2.0 * e.powi(2)];
        let factors = Shape::levels(&plan).factors(&levels);
        assert!(factors.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{factors:?}");
        assert_eq!(Shape::constant(&plan).factors(&[0.0, 0.0]), [1.0; 4]);
        // One more number is the part used, and changes no factor.
        numbers.push(2.0);
        let keeping = Shape::timed(&plan).keeping(true);
        assert_eq!((keeping.len(), keeping.spread().len()), (10, 10));
        assert_eq!(keeping.factors(&numbers), Shape::timed(&plan).factors(&numbers[..9]));
        assert!((keeping.part(&numbers, 0.1) - 0.1 * e * e).abs() < 1e-12);
        assert_eq!([keeping.part(&numbers, 0.9), shape.part(&numbers[..9], 0.9)], [1.0, 0.9]);
    }
}
