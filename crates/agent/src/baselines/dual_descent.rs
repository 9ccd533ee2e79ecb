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
        Allocation::of(offer(brief, step, weights, last, money))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::testing::{brief, observation, spent};

    #[test]
    fn the_price_follows_spend() {
        assert_eq!(descend(2.0, 50.0, 50.0), 2.0);
        assert!((descend(2.0, 75.0, 50.0) - 2.0 * libm::exp(0.15)).abs() < 1e-12);
        assert!((descend(2.0, 0.0, 50.0) - 2.0 * libm::exp(-0.3)).abs() < 1e-12);
        // One wild step does not send the price away.
        assert!((descend(2.0, 5e6, 50.0) - 2.0 * libm::exp(0.6)).abs() < 1e-12);
    }

    #[test]
    fn it_starts_at_the_target_and_ends_with_nothing_left() {
        let plan = brief(2, 3);
        let mut agent = DualDescent::default();
        agent.start(&plan);
        let spend = |money: Vec<f64>| money.iter().sum::<f64>();
        let first = spend(agent.decide(&observation(0, 300.0, vec![spent(0.0, 0.0); 2])).money);
        let target = 300.0 * (1.0 + 0.9 + 0.81) / (3.0 + 2.0 * 0.9 + 0.81);
        assert!((first - target).abs() < 1e-3, "{first} {target}");
        agent.decide(&observation(1, 200.0, vec![spent(50.0, 90.0); 2]));
        assert_eq!(spend(agent.decide(&observation(2, 77.0, vec![spent(50.0, 90.0); 2])).money), 77.0);
    }
}
