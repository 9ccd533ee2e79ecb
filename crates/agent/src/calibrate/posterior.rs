//! What was found: draws of all numbers together, and what they say of each channel.

use outlay_environment::curve::{hill, hill_slope};

use super::design::Design;
use super::diagnostics::{effective_draws, split_r_hat};
use super::history::{History, mean};

/// One channel in one draw: a curve of the curves world, with its carry-over.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ChannelDraw {
    /// The most that a step can bring, units of the outcome.
    pub value: f64,
    /// Spend a step that, kept up, brings half of it; major units.
    pub half: f64,
    /// Steepness of the Hill curve.
    pub slope: f64,
    /// Share of the stock that is left after a step.
    pub retention: f64,
    /// What it caused on average in a step of the history, units of the outcome.
    pub contribution: f64,
}

impl ChannelDraw {
    /// Hill's half in units of stock.
    #[must_use]
    pub fn half_stock(&self) -> f64 {
        self.half / (1.0 - self.retention)
    }

    /// What a step brings when `spend` a step is kept up.
    #[must_use]
    pub fn steady(&self, spend: f64) -> f64 {
        self.value * hill(spend, self.half, self.slope)
    }

    /// What one more unit a step, kept up, adds to it.
    #[must_use]
    pub fn marginal(&self, spend: f64) -> f64 {
        self.value * hill_slope(spend, self.half, self.slope)
    }

    /// Steps after which half of what a step left is gone.
    #[must_use]
    pub fn half_life(&self) -> f64 {
        if self.retention <= 0.0 { 0.0 } else { libm::log(0.5) / libm::log(self.retention) }
    }
}

/// All numbers of the model in one draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Draw {
    /// `[channels]`
    pub channels: Vec<ChannelDraw>,
    /// `[columns]` effects of the columns of [`Design`], units of the outcome.
    pub base: Vec<f64>,
    /// Standard deviation of the noise's innovations, units of the outcome.
    pub sigma: f64,
    /// Autocorrelation of the noise.
    pub phi: f64,
}

impl Draw {
    /// Standard deviation of the noise itself.
    #[must_use]
    pub fn noise(&self) -> f64 {
        self.sigma / libm::sqrt(1.0 - self.phi * self.phi)
    }
}

/// The posterior of a history.
#[derive(Debug, Clone)]
pub struct Fit {
    /// Steps that were explained.
    pub rows: usize,
    /// Mean outcome of these.
    pub level: f64,
    /// `[channels]` names.
    pub channels: Vec<String>,
    /// `[channels]` scales of the half-normal contributions that were believed beforehand, units of the outcome a step.
    pub scales: Vec<f64>,
    /// `[channels]` money spent.
    pub spends: Vec<f64>,
    /// `[channels]` the most that was spent in a step.
    pub most: Vec<f64>,
    /// `[channels]` the present level: mean spend of the last quarter of weeks or four weeks of days; where it was nothing,
    /// the mean of the steps with spending.
    pub present: Vec<f64>,
    /// The base's columns.
    pub design: Design,
    /// Number of chains.
    pub chains: usize,
    /// Draws, chain after chain.
    pub draws: Vec<Draw>,
}

/// What the draws say of a channel; each triple is the median between the ends of the 90 % interval.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// Its name.
    pub name: String,
    /// Money spent.
    pub spend: f64,
    /// Share of all money.
    pub share: f64,
    /// Share of the outcome that it caused.
    pub contribution: [f64; 3],
    /// Units of the outcome for each unit spent.
    pub return_on_spend: [f64; 3],
    /// Units of the outcome for the next unit a step, kept up, at the present level.
    pub marginal_return: [f64; 3],
    /// The present level, major units a step.
    pub present: f64,
    /// The most that was spent in a step.
    pub most: f64,
    /// Spend a step that, kept up, brings half of the most there is.
    pub half: [f64; 3],
    /// Steps after which half of what a step left is gone.
    pub half_life: [f64; 3],
    /// Chance that its marginal return is the highest.
    pub best: f64,
}

impl Fit {
    pub(super) fn new(
        history: &History,
        rows: usize,
        design: Design,
        level: f64,
        scales: Vec<f64>,
        chains: Vec<Vec<Draw>>,
    ) -> Self {
        let recent = history.first(rows).recent_steps();
        let present = |spend: &[f64]| match mean(&spend[rows - recent..rows]) {
            level if level > 0.0 => level,
            _ => mean(&spend[..rows].iter().copied().filter(|spend| *spend > 0.0).collect::<Vec<_>>()),
        };
        Self {
            rows,
            level,
            channels: history.channels.iter().map(|it| it.name.clone()).collect(),
            scales: scales.iter().map(|scale| scale * level).collect(),
            spends: history.channels.iter().map(|it| it.spend[..rows].iter().sum()).collect(),
            most: (history.channels.iter())
                .map(|it| it.spend[..rows].iter().copied().fold(0.0, f64::max))
                .collect(),
            present: history.channels.iter().map(|it| present(&it.spend)).collect(),
            design,
            chains: chains.len(),
            draws: chains.into_iter().flatten().collect(),
        }
    }

    /// A number of every draw.
    #[must_use]
    pub fn each(&self, number: impl Fn(&Draw) -> f64) -> Vec<f64> {
        self.draws.iter().map(number).collect()
    }

    /// Median between the ends of the 90 % interval of a number.
    #[must_use]
    pub fn interval(&self, number: impl Fn(&Draw) -> f64) -> [f64; 3] {
        let mut values = self.each(number);
        values.sort_by(f64::total_cmp);
        [0.05, 0.5, 0.95].map(|share| quantile(&values, share))
    }

    /// At most `count` draws, evenly from all chains.
    #[must_use]
    pub fn thinned(&self, count: usize) -> Vec<&Draw> {
        let (all, count) = (self.draws.len(), count.clamp(1, self.draws.len().max(1)));
        (0..count).filter_map(|place| self.draws.get((2 * place + 1) * all / (2 * count))).collect()
    }

    /// Units of the outcome for each unit that `channel` was given, in one draw; 0 where it was given nothing.
    #[must_use]
    pub fn return_on_spend(&self, channel: usize, draw: &Draw) -> f64 {
        let spend = self.spends[channel];
        if spend > 0.0 { draw.channels[channel].contribution * self.rows as f64 / spend } else { 0.0 }
    }

    /// What the next unit a step, kept up at the present level, adds in one draw.
    #[must_use]
    pub fn marginal_return(&self, channel: usize, draw: &Draw) -> f64 {
        draw.channels[channel].marginal(self.present[channel])
    }

    /// What is said of each channel.
    #[must_use]
    pub fn summaries(&self) -> Vec<Summary> {
        let all: f64 = self.spends.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let mut best = vec![0.0; self.channels.len()];
        for draw in &self.draws {
            let marginal = |channel: &usize| self.marginal_return(*channel, draw);
            if let Some(first) = (0..best.len()).max_by(|a, b| marginal(a).total_cmp(&marginal(b))) {
                best[first] += 1.0 / self.draws.len() as f64;
            }
        }
        let summary = |channel: usize| Summary {
            name: self.channels[channel].clone(),
            spend: self.spends[channel],
            share: self.spends[channel] / all,
            contribution: self.interval(|draw| draw.channels[channel].contribution / self.level),
            return_on_spend: self.interval(|draw| self.return_on_spend(channel, draw)),
            marginal_return: self.interval(|draw| self.marginal_return(channel, draw)),
            present: self.present[channel],
            most: self.most[channel],
            half: self.interval(|draw| draw.channels[channel].half),
            half_life: self.interval(|draw| draw.channels[channel].half_life()),
            best: best[channel],
        };
        (0..self.channels.len()).map(summary).collect()
    }

    /// Channels by their median marginal return, the highest first, and for each but the last the chance that it is indeed
    /// above the next.
    #[must_use]
    pub fn ranking(&self) -> (Vec<usize>, Vec<f64>) {
        let median = |channel: usize| self.interval(|draw| self.marginal_return(channel, draw))[1];
        let medians: Vec<f64> = (0..self.channels.len()).map(median).collect();
        let mut order: Vec<usize> = (0..medians.len()).collect();
        order.sort_by(|a, b| medians[*b].total_cmp(&medians[*a]));
        let chance = |pair: &[usize]| {
            let above =
                |draw: &&Draw| self.marginal_return(pair[0], draw) > self.marginal_return(pair[1], draw);
            self.draws.iter().filter(above).count() as f64 / self.draws.len().max(1) as f64
        };
        let chances = order.windows(2).map(chance).collect();
        (order, chances)
    }

    /// Standard deviation of the logarithm of a noise on each channel's response so that the sum of usual responses is as
    /// noisy as the outcome.
    #[must_use]
    pub fn noise_of_responses(&self) -> f64 {
        let response = |channel: usize| self.interval(|draw| draw.channels[channel].contribution)[1];
        let squares: f64 = (0..self.channels.len()).map(|it| response(it) * response(it)).sum();
        let relative = self.interval(Draw::noise)[1] / libm::sqrt(squares).max(f64::MIN_POSITIVE);
        libm::sqrt(libm::log1p(relative * relative))
    }

    /// Steps after which less than `share` of what a channel's step left is there in any draw.
    #[must_use]
    pub fn memory(&self, channel: usize, share: f64) -> usize {
        let slowest = self.draws.iter().map(|draw| draw.channels[channel].retention).fold(0.0, f64::max);
        if slowest <= 0.0 { 1 } else { libm::ceil(libm::log(share) / libm::log(slowest)) as usize }
    }

    /// The worst split R-hat and the fewest effective draws over what is printed of the channels and the noise.
    #[must_use]
    pub fn convergence(&self) -> (f64, f64) {
        let mut numbers: Vec<Vec<f64>> = vec![self.each(Draw::noise)];
        for channel in 0..self.channels.len() {
            numbers.push(self.each(|draw| draw.channels[channel].contribution));
            numbers.push(self.each(|draw| self.marginal_return(channel, draw)));
            numbers.push(self.each(|draw| draw.channels[channel].half));
            numbers.push(self.each(|draw| draw.channels[channel].retention));
        }
        let length = (self.draws.len() / self.chains.max(1)).max(1);
        let chains = |number: &Vec<f64>| number.chunks(length).map(<[f64]>::to_vec).collect::<Vec<_>>();
        let chains: Vec<Vec<Vec<f64>>> = numbers.iter().map(chains).collect();
        (
            chains.iter().map(|it| split_r_hat(it)).fold(0.0, f64::max),
            chains.iter().map(|it| effective_draws(it)).fold(f64::INFINITY, f64::min),
        )
    }
}

/// Quantile of sorted values, between neighbours by their distance; 0 of nothing.
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let low = place as usize;
    sorted[low] + (place - low as f64) * (sorted[(low + 1).min(last)] - sorted[low])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: value 12, half 3 kept up, slope 1: 6 kept up brings 12 * 6 / 9 = 8, the next unit 12 * 3 / 81 = 4 / 9.
    #[test]
    fn a_channel_by_hand() {
        let draw = ChannelDraw { value: 12.0, half: 3.0, slope: 1.0, retention: 0.5, contribution: 0.0 };
        assert!((draw.steady(6.0) - 8.0).abs() < 1e-14);
        assert!((draw.marginal(6.0) - 4.0 / 9.0).abs() < 1e-14);
        assert_eq!((draw.half_stock(), draw.half_life()), (6.0, 1.0));
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        assert_eq!(quantile(&[1.0, 2.0, 4.0], 0.75), 3.0);
        assert_eq!((quantile(&[], 0.5), quantile(&[7.0], 0.9)), (0.0, 7.0));
    }
}
