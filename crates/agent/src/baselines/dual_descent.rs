//! Pacing by a price of money (B6): dual mirror descent (Balseiro, Lu and Mirrokni 2020, "Dual mirror descent for online
//! allocation problems").
//!
//! Each line gets money until its marginal outcome falls to the price `mu`; then
//! `mu <- mu * exp(rate * (spend - target) / target)`, mirror descent with the entropy as its distance. The price remembers
//! what money was worth before, so a step with better returns spends more.

use outlay_environment::{Allocation, Brief, Observation};

use super::history::History;
use super::paced::{calendar_pace, empty_brief, offer};
use super::returns::{Belief, Returns};
use crate::agent::Agent;

/// Prior standard deviation of a coefficient of a curve; the mean is a third. As the next figure chosen on validation
/// worlds.
const SPREAD: f64 = 0.3;
/// Step of the descent.
const RATE: f64 = 0.3;
/// Share of a step's money that all lines share evenly, so that none is starved.
const KEPT_ALIVE: f64 = 0.05;

/// Spends where the marginal outcome is worth the price.
#[derive(Debug, Default)]
pub struct DualDescent {
    episode: Option<Episode>,
}

/// What the agent knows of the episode it plays.
#[derive(Debug)]
struct Episode {
    brief: Brief,
    history: History,
    returns: Returns,
    pace: Vec<f64>,
    /// Outcome that the last unit of money must bring, in units of [`Returns`]; none before the first step.
    price: Option<f64>,
    /// Money asked for and the target in the step before, major units.
    before: Option<(f64, f64)>,
}

impl Episode {
    fn new(brief: &Brief) -> Self {
        Self {
            brief: brief.clone(),
            history: History::new(brief),
            returns: Returns::new(brief, SPREAD),
            pace: calendar_pace(brief),
            price: None,
            before: None,
        }
    }
}

/// The price after a step that spent `spend` where `target` was meant.
fn descend(price: f64, spend: f64, target: f64) -> f64 {
    price * libm::exp(RATE * ((spend - target) / target.max(f64::MIN_POSITIVE)).clamp(-2.0, 2.0))
}

impl Agent for DualDescent {
    fn start(&mut self, brief: &Brief) {
        self.episode = Some(Episode::new(brief));
    }

    fn decide(&mut self, observation: &Observation) -> Allocation {
        let Episode { brief, history, returns, pace, price, before } =
            self.episode.get_or_insert_with(|| Episode::new(&empty_brief()));
        let (step, lines) = (observation.step, brief.lines.len());
        history.record(observation);
        if let Some(last) = step.checked_sub(1) {
            returns.record(last, history.step(last), history.shop(last));
        }
        let left = observation.budget_left.major();
        let target = left * pace[step] / pace[step..].iter().sum::<f64>();
        let beliefs: Vec<Belief<'_>> = (0..lines).map(|line| returns.mean(line)).collect();
        let mut now = price.unwrap_or_else(|| beliefs[0].slope(step, target / lines as f64));
        if let Some((asked, meant)) = *before {
            now = descend(now, asked, meant);
        }
        let mut weights: Vec<f64> = beliefs.iter().map(|belief| belief.money_at(step, now, target)).collect();
        let asked: f64 = weights.iter().sum();
        (*price, *before) = (Some(now), Some((asked, target)));
        // Money that is left at the end is worth nothing; until then no step takes the season's money or nearly none.
        let money =
            if step + 1 == brief.steps { left } else { asked.clamp(0.3 * target, 3.0 * target).min(left) };
        let even = KEPT_ALIVE * asked.max(money) / lines as f64;
        weights.iter_mut().for_each(|weight| *weight = (1.0 - KEPT_ALIVE) * *weight + even);
        let last = step.checked_sub(1).map(|last| history.step(last));
        Allocation { money: offer(brief, step, weights, last, money) }
    }
}
