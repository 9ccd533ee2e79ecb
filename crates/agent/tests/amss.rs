//! Agents in a world that somebody else designed: each runs, and trust in the report loses.

use std::sync::Arc;

use outlay_agent::{Entrant, UnknownAgent, entrant, names};
use outlay_environment::{Domain, Episode, Ledger, Scenario, Seeds, World};

fn scenario() -> Arc<Scenario> {
    Scenario::load("references/amss-vignette").unwrap_or_else(|problems| panic!("{problems}"))
}

fn play(name: &str, scenario: &Arc<Scenario>, number: u64) -> Ledger {
    let Ok(Entrant::Agent(recipe)) = entrant(name, scenario) else { panic!("{name} is no agent") };
    let seeds = Seeds::numbered(Domain::Validate, number, 0);
    let mut episode = Episode::new(World::draw(scenario, seeds.world), seeds.noise);
    let mut agent = recipe.make(number);
    agent.start(&scenario.brief);
    while !episode.is_over() {
        let allocation = agent.decide(episode.observation());
        episode.step(&allocation);
    }
    episode.ledger().clone()
}

#[test]
fn every_agent_enters_and_those_without_a_plan_play() {
    let scenario = scenario();
    for agent in names() {
        let name = agent.name.replace("LINE", "tv");
        assert!(entrant(&name, &scenario).is_ok(), "{name}");
        // These simulate a thousand years first; `outlay compare` shows them.
        if ["mpc", "water-filling", "static-hindsight", "clairvoyant"].contains(&agent.name) {
            continue;
        }
        let ledger = play(&name, &scenario, 1);
        assert_eq!(ledger.steps(), 52);
        assert_eq!(ledger.violations(&scenario.brief.limits), 0, "{name}");
        assert!(ledger.spend() <= scenario.brief.budget, "{name}");
    }
    assert!(matches!(entrant("single:radio", &scenario), Err(UnknownAgent::Line { .. })));
}

/// Search is credited with buyers who were looking anyway, television with none. Its true return is less than half of
/// television's, so whoever follows the report does worse than who does not look at it.
#[test]
fn trust_in_the_report_loses() {
    let scenario = scenario();
    let mean = |name: &str| {
        (0..6).map(|number| scenario.expected(&play(name, &scenario, number))).sum::<f64>() / 6.0
    };
    let [search, trusting, even, tv] = ["single:search", "roi-proportional", "even", "single:tv"].map(mean);
    assert!(search < trusting && trusting < even && even < tv, "{search} {trusting} {even} {tv}");
}
