//! Agents by name.

use std::sync::Arc;

use outlay_environment::{Kind, Scenario, suggestion};
use thiserror::Error;

use crate::agent::{Agent, Entrant, Recipe};
use crate::baselines::automation::Automation;
use crate::baselines::bandit::Bandit;
use crate::baselines::curves::oracles::{CurveClairvoyant, CurveStaticHindsight};
use crate::baselines::curves::planners::CurvePlanners;
use crate::baselines::curves::puzzles::{ExplorationProgram, PacingProgram, Thompson};
use crate::baselines::dual_descent::DualDescent;
use crate::baselines::gp::GaussianProcess;
use crate::baselines::mpc::{Fitted, Horizon};
use crate::baselines::oracles::{Clairvoyant, StaticHindsight};
use crate::baselines::paced::Paced;
use crate::baselines::pid::Pid;
use crate::baselines::rules::{BuyerRule, Fixed, LastPeriod, Random, RoiProportional};

/// A name that may be given on the command line, and what stands behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AgentInfo {
    /// The name; `single:LINE` stands for one name per line.
    pub name: &'static str,
    /// One line on what it does.
    pub summary: &'static str,
}

/// Every built-in agent, simple ones first.
const AGENTS: &[AgentInfo] = &[
    AgentInfo { name: "random", summary: "a fresh uniform split each step, even pace" },
    AgentInfo { name: "even", summary: "what is left, divided evenly over steps and lines" },
    AgentInfo { name: "single:LINE", summary: "everything on one line, even pace" },
    AgentInfo {
        name: "last-period",
        summary: "each week the split by which money was spent the week before",
    },
    AgentInfo { name: "roi-proportional", summary: "shares in proportion to seven days' credited return" },
    AgentInfo {
        name: "buyer-rule",
        summary: "20 % more where seven days' credited result beats the mean, else 20 % less",
    },
    AgentInfo { name: "rules", summary: "thresholds on each line's predicted return in the coming step" },
    AgentInfo {
        name: "pid",
        summary: "a controller on spend; equal marginal returns on curves learned from reports",
    },
    AgentInfo {
        name: "dual-descent",
        summary: "money where its learned marginal return is worth a price that follows spend",
    },
    AgentInfo { name: "bandit", summary: "Thompson sampling on budget levels, a knapsack each step" },
    AgentInfo {
        name: "gp",
        summary: "Gaussian processes around learned curves, upper confidence bounds, change points",
    },
    AgentInfo {
        name: "water-filling",
        summary: "equal marginal returns in each step, on fitted static curves",
    },
    AgentInfo {
        name: "mpc",
        summary: "plans the rest of the season each day on fitted curves: the one to beat",
    },
    AgentInfo {
        name: "static-hindsight",
        summary: "oracle: the best constant mix found for the drawn world",
    },
    AgentInfo {
        name: "clairvoyant",
        summary: "oracle: the best plan found for the drawn world, not a bound",
    },
];

/// A name that stands for no built-in agent.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnknownAgent {
    /// No agent has this name.
    #[error("there is no agent `{name}`{}; `outlay agents` lists them all", did_you_mean(.nearest.as_deref()))]
    Name {
        /// What was asked for.
        name: String,
        /// The name that looks most like it, if any does.
        nearest: Option<String>,
    },
    /// The agent needs a model that this kind of world has not.
    #[error("`{name}` has no model of a {kind} world; `mpc` is the exact dynamic programme there")]
    Kind {
        /// What was asked for.
        name: String,
        /// The kind of world.
        kind: &'static str,
    },
    /// `single:` names a line that the scenario does not have.
    #[error("`{scenario}` has no line `{line}`{}; its lines are {}", did_you_mean(.nearest.as_deref()), .lines.join(", "))]
    Line {
        /// What was asked for.
        line: String,
        /// The line that looks most like it, if any does.
        nearest: Option<String>,
        /// Name of the scenario.
        scenario: String,
        /// All lines of the scenario.
        lines: Vec<String>,
    },
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|name| format!(", did you mean `{name}`?")).unwrap_or_default()
}

/// Every built-in agent, simple ones first.
#[must_use]
pub fn names() -> Vec<AgentInfo> {
    AGENTS.to_vec()
}

/// The built-in agent of this name, ready for episodes of `scenario`.
pub fn entrant(name: &str, scenario: &Arc<Scenario>) -> Result<Entrant, UnknownAgent> {
    Ok(match name {
        "random" => recipe(|seed| Paced::new(Random::new(seed))),
        "even" => recipe(|_| Paced::new(Fixed::even())),
        "last-period" => recipe(|_| Paced::new(LastPeriod::default())),
        "roi-proportional" => recipe(|_| Paced::new(RoiProportional)),
        "buyer-rule" => recipe(|_| Paced::new(BuyerRule::default())),
        "pid" => recipe(|_| Pid::default()),
        "dual-descent" => recipe(|_| DualDescent::default()),
        "rules" => recipe(|_| Paced::by_calendar(Automation::default())),
        "gp" => recipe(|_| Paced::by_calendar(GaussianProcess::default())),
        "bandit" if matches!(scenario.kind, Kind::Exploration) => recipe(Thompson::new),
        "bandit" => recipe(|seed| Paced::by_calendar(Bandit::new(seed))),
        "water-filling" | "mpc" | "static-hindsight" | "clairvoyant" => planner(name, scenario)?,
        _ => match name.strip_prefix("single:") {
            Some(line) => {
                let line = line_index(line, scenario)?;
                recipe(move |_| Paced::new(Fixed::single(line)))
            }
            None => {
                return Err(UnknownAgent::Name {
                    name: name.into(),
                    nearest: nearest(name, AGENTS.iter().map(|agent| agent.name)),
                });
            }
        },
    })
}

/// The planners are of one name and one idea, but each kind of world has its own model.
fn planner(name: &str, scenario: &Arc<Scenario>) -> Result<Entrant, UnknownAgent> {
    let horizon = if name == "mpc" { Horizon::Rest } else { Horizon::Step };
    Ok(match (&scenario.kind, name) {
        (Kind::Market(_) | Kind::Amss(_), "static-hindsight") => {
            Entrant::Oracle(Box::new(StaticHindsight::default()))
        }
        (Kind::Market(_) | Kind::Amss(_), "clairvoyant") => Entrant::Oracle(Box::new(Clairvoyant::default())),
        (Kind::Market(_) | Kind::Amss(_), _) => Entrant::Agent(Box::new(Fitted::new(scenario, horizon))),
        (Kind::Curves(_), "static-hindsight") => Entrant::Oracle(Box::new(CurveStaticHindsight)),
        (Kind::Curves(_), "clairvoyant") => Entrant::Oracle(Box::new(CurveClairvoyant)),
        (Kind::Curves(_), _) => Entrant::Agent(Box::new(CurvePlanners::new(scenario, horizon))),
        (Kind::Pacing, "mpc") => recipe(|_| PacingProgram::new()),
        (Kind::Exploration, "mpc") => recipe(|_| ExplorationProgram::new()),
        _ => return Err(UnknownAgent::Kind { name: name.into(), kind: scenario.kind.name() }),
    })
}

fn line_index(line: &str, scenario: &Scenario) -> Result<usize, UnknownAgent> {
    let lines = || scenario.brief.lines.iter().map(|brief| brief.name.as_str());
    lines().position(|name| name == line).ok_or_else(|| UnknownAgent::Line {
        line: line.into(),
        nearest: nearest(line, lines()),
        scenario: scenario.name.clone(),
        lines: lines().map(Into::into).collect(),
    })
}

/// The candidate that looks most like `name`, if one is close enough to be a slip of the hand.
fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    suggestion(name, &candidates.collect::<Vec<_>>()).map(Into::into)
}

/// A recipe from a function of the seed.
struct FromSeed<F>(F);

impl<A: Agent + 'static, F: Fn(u64) -> A + Send + Sync> Recipe for FromSeed<F> {
    fn make(&self, seed: u64) -> Box<dyn Agent> {
        Box::new((self.0)(seed))
    }
}

fn recipe<A: Agent + 'static>(make: impl Fn(u64) -> A + Send + Sync + 'static) -> Entrant {
    Entrant::Agent(Box::new(FromSeed(make)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::testing::{play, scenario};

    fn error(name: &str) -> String {
        entrant(name, &scenario()).err().unwrap().to_string()
    }

    #[test]
    fn every_name_stands_for_an_agent() {
        let scenario = scenario();
        for agent in names() {
            let name = agent.name.replace("LINE", &scenario.brief.lines[0].name);
            assert!(entrant(&name, &scenario).is_ok(), "{name}");
        }
    }

    /// Agents that know nothing but the brief and what they observe, and learn from it.
    const LEARNERS: [&str; 5] = ["rules", "pid", "dual-descent", "bandit", "gp"];

    fn made(name: &str, seed: u64) -> Box<dyn Agent> {
        let Ok(Entrant::Agent(recipe)) = entrant(name, &scenario()) else { panic!("{name} is no agent") };
        recipe.make(seed)
    }

    #[test]
    fn learners_beat_random_splits_among_shoppers_within_the_limits() {
        let scenario = scenario();
        let mean = |name: &str| {
            let score = |number: u64| {
                let ledger = play(made(name, number).as_mut(), &scenario, number);
                assert_eq!(ledger.violations(&scenario.brief.limits), 0, "{name}");
                assert!(ledger.cash() <= scenario.brief.budget, "{name}");
                scenario.expected(&ledger)
            };
            (0..8).map(score).sum::<f64>() / 8.0
        };
        let random = mean("random");
        for name in LEARNERS {
            let reached = mean(name);
            assert!(reached > random, "{name}: {reached}, random {random}");
        }
    }

    #[test]
    fn learners_beat_an_even_split_over_response_curves() {
        for (name, gain) in [("families/concave", 1.05), ("families/s-shaped", 1.7)] {
            let scenario = Scenario::load(name).unwrap();
            let mean = |agent: &str| {
                let score =
                    |number| scenario.expected(&play(made(agent, number).as_mut(), &scenario, number));
                (0..8).map(score).sum::<f64>()
            };
            let even = mean("even");
            for agent in LEARNERS {
                let reached = mean(agent);
                assert!(reached > gain * even, "{agent}: {reached}, even {even}");
            }
        }
    }

    #[test]
    fn learners_forget_the_episode_before() {
        let scenario = scenario();
        for name in LEARNERS {
            let mut used = made(name, 1);
            play(used.as_mut(), &scenario, 3);
            assert_eq!(
                play(used.as_mut(), &scenario, 4),
                play(made(name, 1).as_mut(), &scenario, 4),
                "{name}"
            );
        }
    }

    #[test]
    fn errors_help() {
        assert_eq!(
            error("evne"),
            "there is no agent `evne`, did you mean `even`?; `outlay agents` lists them all"
        );
        assert_eq!(error("zzz"), "there is no agent `zzz`; `outlay agents` lists them all");
        assert!(error("single:serch").starts_with(
            "`new-customer` has no line `serch`, did you mean `search`?; its lines are search, "
        ));
    }

    #[test]
    fn the_same_seed_gives_the_same_episode() {
        let scenario = scenario();
        for agent in names() {
            let name = agent.name.replace("LINE", &scenario.brief.lines[0].name);
            let Ok(Entrant::Agent(recipe)) = entrant(&name, &scenario) else { continue };
            let run = || play(recipe.make(5).as_mut(), &scenario, 1);
            assert_eq!(run(), run(), "{name}");
        }
    }
}
