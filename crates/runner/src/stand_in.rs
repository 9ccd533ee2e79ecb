//! Temporary: what the registry of agents will offer.
use std::sync::Arc;

use outlay_agent::{Agent, Entrant, Recipe};
use outlay_environment::{Allocation, Brief, Observation, Scenario};

pub(crate) struct AgentInfo {
    pub(crate) name: &'static str,
    pub(crate) summary: &'static str,
}
pub(crate) enum UnknownAgent {
    Name { nearest: Option<String> },
    Line { nearest: Option<String>, lines: Vec<String> },
}
pub(crate) fn names() -> Vec<AgentInfo> {
    vec![AgentInfo { name: "even", summary: "the same for all" }, AgentInfo { name: "single:LINE", summary: "all on one" }]
}
pub(crate) fn entrant(name: &str, scenario: &Arc<Scenario>) -> Result<Entrant, UnknownAgent> {
    if name == "even" || name == "last-period" || name == "buyer-rule" || name == "mpc" || name == "random" {
        return Ok(Entrant::Agent(Box::new(Even(None))));
    }
    if name == "clairvoyant" {
        return Ok(Entrant::Oracle(Box::new(Even(None))));
    }
    if let Some(line) = name.strip_prefix("single:") {
        let lines: Vec<String> = scenario.brief.lines.iter().map(|line| line.name.clone()).collect();
        return match lines.iter().position(|other| other == line) {
            Some(index) => Ok(Entrant::Agent(Box::new(Even(Some(index))))),
            None => Err(UnknownAgent::Line { nearest: None, lines }),
        };
    }
    Err(UnknownAgent::Name { nearest: name.starts_with("ev").then(|| "even".into()) })
}
struct Even(Option<usize>);
impl Recipe for Even {
    fn make(&self, _seed: u64) -> Box<dyn Agent> {
        Box::new(Play { line: self.0, lines: 0, steps: 0 })
    }
}
impl outlay_agent::Oracle for Even {
    fn plan(&self, world: &Arc<outlay_environment::World>, _seed: u64) -> Vec<Vec<f64>> {
        let b = &world.scenario.brief;
        vec![vec![b.budget.major() / b.steps as f64 / 2.0; 2]; b.steps]
    }
}
struct Play {
    line: Option<usize>,
    lines: usize,
    steps: usize,
}
impl Agent for Play {
    fn start(&mut self, brief: &Brief) {
        self.lines = brief.lines.len();
        self.steps = brief.steps;
    }
    fn decide(&mut self, o: &Observation) -> Allocation {
        let x = o.budget_left.major() / (self.steps - o.step) as f64;
        let money = match self.line {
            None => vec![x / self.lines as f64; self.lines],
            Some(i) => (0..self.lines).map(|j| if i == j { x } else { 0.0 }).collect(),
        };
        Allocation { money }
    }
}
