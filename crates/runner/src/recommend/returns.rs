//! What more money would bring, and why a line gets what it gets.

use std::sync::Arc;

use outlay_agent::{Agent, Entrant, Marginal, entrant};
use outlay_environment::{Observation, Scenario};

use super::answer::Line;
use super::follow;
use super::page::limit;
use crate::format::{grouped, major, number};
use crate::phrases::desk::Phrases;
use crate::phrases::{Language, fill};

/// Changes smaller than this part of yesterday's money are none.
const SMALL: f64 = 0.02;
/// Major units that a marginal return is told for, and the least budget for it: a yuan alone brings too little to read.
const THOUSAND: (f64, f64) = (1_000.0, 10_000.0);
/// Part of an even share below which a curve's slope is not asked for: some have none at nothing.
const LITTLE: f64 = 1e-3;

/// Who tells what money would bring: model-predictive control, shown the same log; that of the agent itself where it has one.
pub(crate) struct Returns {
    planner: Option<Box<dyn Agent>>,
    /// Whether that is the agent itself.
    itself: bool,
    /// Major units that returns are told for.
    pub(crate) per: f64,
    /// Least money at which a slope is asked for, major units.
    least: f64,
}

impl Returns {
    /// Asks `agent`, who saw what was seen, if it plans so itself.
    pub(crate) fn new(agent: Option<Box<dyn Agent>>, scenario: &Arc<Scenario>, seen: &[Observation]) -> Self {
        let brief = &scenario.brief;
        let nothing = vec![0.0; brief.lines.len()];
        let own = agent.filter(|agent| agent.marginal(&nothing).is_some());
        let itself = own.is_some();
        let planner = own.or_else(|| match entrant("mpc", scenario) {
            Ok(Entrant::Agent(recipe)) => Some(follow(recipe.make(0), brief, seen)),
            _ => None,
        });
        let (thousand, enough) = THOUSAND;
        let budget = brief.budget.major();
        let shares = (brief.lines.len() * brief.steps).max(1) as f64;
        Self {
            planner,
            itself,
            per: if budget < enough { 1.0 } else { thousand },
            least: LITTLE * budget / shares,
        }
    }

    /// What [`Self::per`] more on each line would bring at `money` (`[lines]`, major units).
    pub(crate) fn at(&self, money: &[f64]) -> Option<Marginal> {
        let money: Vec<f64> = money.iter().map(|money| money.max(self.least)).collect();
        let mut marginal = self.planner.as_ref()?.marginal(&money)?;
        marginal.returns.iter_mut().for_each(|each| *each *= self.per);
        Some(marginal)
    }

    /// Whose numbers they are, of an agent of this name; nothing where nobody has any.
    pub(crate) fn told_by(&self, agent: &str) -> Option<String> {
        let name = if self.itself { agent } else { "mpc" };
        self.planner.as_ref().map(|_| name.to_owned())
    }

    /// What is bought and brought: `1,000 CNY`, `new customers`.
    pub(crate) fn unit(&self, scenario: &Scenario, language: Language) -> [String; 2] {
        [format!("{} {}", grouped(self.per), scenario.currency), language.term(scenario.goal.unit())]
    }
}

/// Why a line gets what it gets of `today` in all, in numbers of its row; `mean` is what more money brings where the money
/// goes.
pub(super) fn reason(
    line: &Line,
    today: i64,
    mean: Option<f64>,
    [per, unit]: &[String; 2],
    phrases: &Phrases,
) -> String {
    /// Part of a step's money below which a line has no room left.
    const FULL: f64 = 0.005;
    let cut = line.asked - line.today;
    if let Some(name) = line.bound.filter(|_| cut != 0) {
        let phrase = if cut > 0 { phrases.reason_cut } else { phrases.reason_raised };
        return fill(phrase, &[&limit(phrases, name), &major(line.today), &major(line.asked)]);
    }
    let change = line.today - line.yesterday;
    let small = change.unsigned_abs() as f64 <= SMALL * line.yesterday as f64;
    let (Some(before), Some(now), Some(mean)) = (line.marginal_yesterday, line.marginal_today, mean) else {
        return if small { phrases.reason_same } else { phrases.reason_own }.to_owned();
    };
    if let Some(room) = line.room.filter(|room| (*room as f64) < FULL * today as f64) {
        return fill(phrases.reason_full, &[&major(room)]);
    }
    let [of_before, of_now, of_mean] = [before, now, mean].map(number);
    // Whether a number speaks for what was done, or the agent knows better.
    let though = |speaks_for: bool| if speaks_for { "" } else { phrases.though };
    if line.today == 0 {
        fill(phrases.reason_first, &[though(now <= mean), per, &of_now, unit, &of_mean])
    } else if line.yesterday == 0 {
        fill(phrases.reason_opened, &[per, &of_before, unit, &of_mean, &of_now])
    } else if small {
        fill(phrases.reason_kept, &[per, &of_now, unit, &of_mean])
    } else if change > 0 {
        fill(phrases.reason_more, &[though(before >= mean), per, &of_before, unit, &of_mean, &of_now])
    } else {
        fill(phrases.reason_less, &[though(before <= mean), per, &of_before, unit, &of_mean, &of_now])
    }
}
