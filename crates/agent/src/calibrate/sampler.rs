//! Markov chains over all numbers of the model.
//!
//! In each round, channel by channel, the shape is moved by slice sampling (Neal 2003) with the channel's size and the
//! whole base integrated out: the size `b`, half-normal beforehand with scale `s`, meets what is left of the outcome, `r`,
//! through the channel's column `g`, so with `V = 1 / (g'Mg / sigma^2 + 1 / s^2)` and `m = V g'Mr / sigma^2` the shape's
//! density is that beforehand times `sqrt(V) exp(m^2 / 2V) Phi(m / sqrt(V))`, and `b` is then a truncated normal draw. Channels
//! that were spent on together are slow to change places that way, so every two also trade size along the direction in which
//! their sum changes least, and two in each round try to exchange shape and size altogether (a Metropolis step). The
//! noise's autocorrelation lies on a grid, for which everything that depends neither on the channels nor on how large the base's
//! effects are is computed once; these lie on grids as well.

use outlay_environment::Key;
use rayon::prelude::*;

use super::design::{Design, Deviations, LEARNED, Noise, Seen, WIDE, Whitened};
use super::history::{History, TooShort, mean};
use super::posterior::{ChannelDraw, Draw, Fit};
use super::random::{log_share_below, normal_above_zero, normal_between, slice};
use super::shape::{Priors, RANGES, Shape, Spend, WIDTHS, saturate};
use crate::baselines::linear::backward;

/// Autocorrelations of the noise that are thought of, equally likely beforehand.
const GRID: [f64; 11] = [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95];
/// Standard deviations of the effects of a part of the base that are thought of, equally likely beforehand, in units of the
/// noise's innovations.
const DEVIATIONS: [f64; 5] = [0.1, 0.3, 1.0, 3.0, 10.0];
/// Share of the mean outcome that noise is at least: below it, rounding speaks.
const LEAST_NOISE: f64 = 1e-4;

/// How long the chains are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Seed of all draws.
    pub seed: u64,
    /// Chains, each from a place of its own.
    pub chains: usize,
    /// Rounds of a chain that are not kept.
    pub warm_up: usize,
    /// Rounds of a chain that are kept.
    pub kept: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self { seed: 1, chains: 4, warm_up: 300, kept: 700 }
    }
}

/// What all chains share.
struct Problem {
    rows: usize,
    /// `[rows]` outcome over its mean.
    outcome: Vec<f64>,
    spends: Vec<Spend>,
    /// `[channels]` scales of the sizes.
    scales: Vec<f64>,
    priors: Priors,
    design: Design,
    /// `[autocorrelations]`
    whitened: Vec<Whitened>,
}

/// Draws from the posterior of a history's first `rows` steps; the rest of it is not looked at.
///
/// # Errors
///
/// Where the steps are fewer than [`History::least_steps`].
pub fn fit(history: &History, rows: usize, settings: &Settings) -> Result<Fit, TooShort> {
    let rows = rows.min(history.steps());
    let least = History::least_steps(history.step_days);
    if rows < least {
        return Err(TooShort { steps: rows, least });
    }
    let design = Design::new(history, rows);
    let level = match mean(&history.outcome[..rows]).abs() {
        level if level > 0.0 => level,
        _ => 1.0,
    };
    let priors = Priors::for_steps(history.step_days);
    let totals: Vec<f64> = history.channels.iter().map(|it| it.spend[..rows].iter().sum()).collect();
    let problem = Problem {
        rows,
        outcome: history.outcome[..rows].iter().map(|y| y / level).collect(),
        spends: history.channels.iter().map(|it| Spend::new(&it.spend[..rows], rows)).collect(),
        scales: priors.scales(&totals),
        priors,
        whitened: GRID.into_iter().map(|phi| Whitened::new(phi, &design, rows)).collect(),
        design,
    };
    let key = Key::new(settings.seed).with_name("calibrate");
    let chains: Vec<Vec<Draw>> = (0..settings.chains)
        .into_par_iter()
        .map(|chain| Chain::new(&problem, key.with(chain as u64)).run(settings, level))
        .collect();
    Ok(Fit::new(history, rows, problem.design, level, problem.scales, chains))
}

/// One channel's state.
struct Member {
    shape: Shape,
    /// Mean contribution to the outcome, which is 1 on average.
    size: f64,
    /// Mean of Hill's share over the rows.
    mean_share: f64,
    /// `[rows]` Hill's share over its mean.
    column: Vec<f64>,
    seen: Seen,
}

struct Chain<'p> {
    problem: &'p Problem,
    key: Key,
    noise: Noise<'p>,
    /// Standard deviations of the base's effects.
    deviations: Deviations,
    /// Variance of the noise's innovations.
    variance: f64,
    members: Vec<Member>,
    outcome: Seen,
    /// What is left of the outcome without the channels.
    rest: Seen,
    scratch: Scratch,
}

/// Buffers of one proposal.
#[derive(Default)]
struct Scratch {
    logs: Vec<f64>,
    column: Vec<f64>,
    seen: Seen,
}

impl<'p> Chain<'p> {
    /// A chain that begins at a draw of what is believed beforehand.
    fn new(problem: &'p Problem, key: Key) -> Self {
        let rows = problem.rows;
        let start = key.with_name("start");
        let members = (0..problem.spends.len()).map(|channel| {
            let key = start.with(channel as u64);
            let size = problem.scales[channel] * key.with(9).uniform();
            let mut member = Member {
                shape: problem.priors.draw(key),
                size,
                mean_share: 1.0,
                column: vec![0.0; rows],
                seen: Seen::default(),
            };
            let mut logs = vec![0.0; rows];
            problem.spends[channel].log_levels(member.shape.retention(), &mut logs);
            member.mean_share = respond(&logs, &member.shape, &mut member.column);
            member
        });
        let place = (GRID.len() as f64 * 0.6 * start.with(99).uniform()) as usize;
        let mut chain = Self {
            problem,
            key,
            noise: Noise::new(&problem.whitened[place], &problem.design.penalties(&WIDE)),
            deviations: WIDE,
            variance: 0.01,
            members: members.collect(),
            outcome: Seen::default(),
            rest: Seen::default(),
            scratch: Scratch { logs: vec![0.0; rows], column: vec![0.0; rows], seen: Seen::default() },
        };
        chain.look();
        chain
    }

    /// Sees everything as the present noise does.
    fn look(&mut self) {
        let noise = &self.noise;
        noise.see(&self.problem.outcome, &mut self.outcome);
        for member in &mut self.members {
            noise.see(&member.column, &mut member.seen);
        }
        self.rest = self.outcome.clone();
        for member in &self.members {
            self.rest.add(-member.size, &member.seen);
        }
    }

    fn run(mut self, settings: &Settings, level: f64) -> Vec<Draw> {
        let mut draws = Vec::with_capacity(settings.kept);
        for round in 0..settings.warm_up + settings.kept {
            let key = self.key.with(round as u64);
            for channel in 0..self.members.len() {
                self.move_channel(channel, key.with(channel as u64));
            }
            self.move_together(key.with_name("together"));
            self.move_noise(key.with_name("noise"));
            if round >= settings.warm_up {
                draws.push(self.draw(level, key.with_name("base")));
            }
        }
        draws
    }

    /// Moves the shape of a channel and draws its size.
    fn move_channel(&mut self, channel: usize, key: Key) {
        let Self { problem, noise, variance, members, rest, scratch, .. } = self;
        let member = &mut members[channel];
        let (variance, scale, spend) = (*variance, problem.scales[channel], &problem.spends[channel]);
        rest.add(member.size, &member.seen);
        let size_given = |seen: &Seen| {
            let precision = seen.product(seen).max(0.0) / variance + 1.0 / (scale * scale);
            (seen.product(rest) / variance / precision, 1.0 / libm::sqrt(precision))
        };
        let mut shape = member.shape;
        let mut mean_share = member.mean_share;
        spend.log_levels(shape.retention(), &mut scratch.logs);
        for part in 0..shape.0.len() {
            let density = |value: f64| {
                shape.0[part] = value;
                if part == 2 {
                    spend.log_levels(value, &mut scratch.logs);
                }
                mean_share = respond(&scratch.logs, &shape, &mut scratch.column);
                noise.see(&scratch.column, &mut scratch.seen);
                let (mean, deviation) = size_given(&scratch.seen);
                let z = mean / deviation;
                problem.priors.log_density(&shape) + libm::log(deviation) + 0.5 * z * z + log_share_below(z)
            };
            let now = member.shape.0[part];
            let value = slice(now, WIDTHS[part], RANGES[part], key.with(part as u64), density);
            shape.0[part] = value;
            member.shape = shape;
        }
        member.mean_share = mean_share;
        std::mem::swap(&mut member.column, &mut scratch.column);
        std::mem::swap(&mut member.seen, &mut scratch.seen);
        let (mean, deviation) = size_given(&member.seen);
        member.size = normal_above_zero(mean, deviation, key.with(9));
        rest.add(-member.size, &member.seen);
    }

    /// Lets every two channels trade size, and two of them try to change places.
    fn move_together(&mut self, key: Key) {
        let count = self.members.len();
        for one in 0..count {
            for other in (0..count).filter(|other| *other != one) {
                self.trade(one, other, key.with(one as u64).with(other as u64));
            }
        }
        if count > 1 {
            let pick = |key: Key, of: usize| ((key.uniform() * of as f64) as usize).min(of - 1);
            let one = pick(key.with_name("one"), count);
            let other = (one + 1 + pick(key.with_name("other"), count - 1)) % count;
            self.exchange(one, other, key.with_name("exchange"));
        }
    }

    /// Draws how much of `one` comes in place of `other`, with what they bring together about the same.
    fn trade(&mut self, one: usize, other: usize, key: Key) {
        let (a, b) = (&self.members[one], &self.members[other]);
        let (cross, own) = (a.seen.product(&b.seen), b.seen.product(&b.seen));
        if !(cross > 0.0 && own > 0.0) {
            return;
        }
        let ratio = cross / own;
        let (scale, other_scale) = (self.problem.scales[one], self.problem.scales[other]);
        let square = (a.seen.product(&a.seen) - ratio * cross).max(0.0);
        let precision =
            square / self.variance + 1.0 / (scale * scale) + ratio * ratio / (other_scale * other_scale);
        let pull = (a.seen.product(&self.rest) - ratio * b.seen.product(&self.rest)) / self.variance
            - a.size / (scale * scale)
            + ratio * b.size / (other_scale * other_scale);
        let ends = [-a.size, b.size / ratio];
        let step = normal_between(pull / precision, 1.0 / libm::sqrt(precision), ends, key);
        self.rest.add(-step, &self.members[one].seen);
        self.rest.add(step * ratio, &self.members[other].seen);
        self.members[one].size = (self.members[one].size + step).max(0.0);
        self.members[other].size = (self.members[other].size - step * ratio).max(0.0);
    }

    /// Tries to give two channels each other's shape and size.
    fn exchange(&mut self, one: usize, other: usize, key: Key) {
        let (problem, noise) = (self.problem, &self.noise);
        let turned = |channel: usize, from: &Member| {
            let mut member = Member {
                shape: from.shape,
                size: from.size,
                mean_share: 1.0,
                column: vec![0.0; problem.rows],
                seen: Seen::default(),
            };
            let mut logs = vec![0.0; problem.rows];
            problem.spends[channel].log_levels(member.shape.retention(), &mut logs);
            member.mean_share = respond(&logs, &member.shape, &mut member.column);
            noise.see(&member.column, &mut member.seen);
            member
        };
        let (first, second) = (turned(one, &self.members[other]), turned(other, &self.members[one]));
        let mut rest = self.rest.clone();
        for (channel, new) in [(one, &first), (other, &second)] {
            let old = &self.members[channel];
            rest.add(old.size, &old.seen);
            rest.add(-new.size, &new.seen);
        }
        let believed = |channel: usize, size: f64| {
            let size = size / problem.scales[channel];
            -0.5 * size * size
        };
        let (before, after) = (self.rest.product(&self.rest), rest.product(&rest));
        let gain =
            0.5 * (before - after) / self.variance + believed(one, first.size) + believed(other, second.size)
                - believed(one, second.size)
                - believed(other, first.size);
        if libm::log(key.uniform()) < gain {
            self.rest = rest;
            self.members[one] = first;
            self.members[other] = second;
        }
    }

    /// Draws the autocorrelation and how large the base's effects are, the variance and the effects integrated out; then the
    /// variance.
    fn move_noise(&mut self, key: Key) {
        let problem = self.problem;
        let rows = problem.rows;
        let rest: Vec<f64> = (0..rows)
            .map(|row| {
                let media = self.members.iter().map(|member| member.size * member.column[row]);
                problem.outcome[row] - media.sum::<f64>()
            })
            .collect();
        // The level is flat beforehand and takes one degree of freedom.
        let freedom = rows as f64 - 1.0;
        let mut seen = std::mem::take(&mut self.scratch.seen);
        let mut squares = 0.0;
        let mut pick = |noises: &mut Vec<Noise<'p>>, key: Key| {
            let judged: Vec<(f64, f64)> = (noises.iter())
                .map(|noise| {
                    noise.see(&rest, &mut seen);
                    let squares = seen.product(&seen).max(0.0) + freedom * LEAST_NOISE * LEAST_NOISE;
                    (noise.log_constant - 0.5 * freedom * libm::log(squares), squares)
                })
                .collect();
            let place = choose(&judged.iter().map(|it| it.0).collect::<Vec<_>>(), key.uniform());
            squares = judged[place].1;
            (place, noises.swap_remove(place))
        };
        let penalties = problem.design.penalties(&self.deviations);
        let mut noises = problem.whitened.iter().map(|it| Noise::new(it, &penalties)).collect();
        let (autocorrelation, noise) = pick(&mut noises, key.with(0));
        self.noise = noise;
        for (place, part) in
            LEARNED.iter().enumerate().filter(|(_, part)| problem.design.parts.contains(part))
        {
            let with = |deviation: f64| {
                let mut deviations = self.deviations;
                deviations[place] = deviation;
                Noise::new(&problem.whitened[autocorrelation], &problem.design.penalties(&deviations))
            };
            let mut noises = DEVIATIONS.into_iter().map(with).collect();
            let (chosen, noise) = pick(&mut noises, key.with_name("part").with(*part as u64));
            self.deviations[place] = DEVIATIONS[chosen];
            self.noise = noise;
        }
        self.variance = 0.5 * squares / key.with(1).gamma(0.5 * freedom);
        self.scratch.seen = seen;
        self.look();
    }

    /// The present state in the units of the history, with a draw of the base's effects.
    fn draw(&self, level: f64, key: Key) -> Draw {
        let noise = &self.noise;
        let sigma = libm::sqrt(self.variance);
        let mut base: Vec<f64> = (self.rest.explained().iter().enumerate())
            .map(|(place, explained)| explained + sigma * key.with(place as u64).normal())
            .collect();
        backward(&noise.root, &mut base);
        base.iter_mut().for_each(|effect| *effect *= level);
        let channel = |(member, spend): (&Member, &Spend)| {
            let [half, slope, retention] = member.shape.0;
            ChannelDraw {
                value: level * member.size / member.mean_share,
                half: libm::exp(half) * spend.unit,
                slope: libm::exp(slope),
                retention,
                contribution: level * member.size,
            }
        };
        Draw {
            channels: self.members.iter().zip(&self.problem.spends).map(channel).collect(),
            base,
            sigma: level * sigma,
            phi: noise.phi(),
        }
    }
}

/// The place that a uniform number picks, by the logarithms of weights.
fn choose(logs: &[f64], uniform: f64) -> usize {
    let most = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = logs.iter().map(|log| libm::exp(log - most)).collect();
    let mut left = uniform * weights.iter().sum::<f64>();
    let picked = weights.iter().position(|weight| {
        left -= weight;
        left <= 0.0
    });
    picked.unwrap_or(0)
}

/// Hill's shares over their mean into `column`; returns the mean, or 1 where there is nothing.
fn respond(logs: &[f64], shape: &Shape, column: &mut [f64]) -> f64 {
    saturate(logs, shape, column);
    let mean = match mean(column) {
        mean if mean > 1e-12 => mean,
        _ => 1.0,
    };
    column.iter_mut().for_each(|share| *share /= mean);
    mean
}
