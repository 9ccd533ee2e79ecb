//! Agents on the worlds with a known answer, through the guard, the ledger and its hundredths.

use std::sync::Arc;

use outlay_agent::learn::{Flow, Start, TrainSettings, train};
use outlay_agent::planning::bound;
use outlay_agent::policy::{LearnedPolicy, Prefer};
use outlay_agent::{Agent, Entrant, Recipe, entrant::entrant};
use outlay_environment::{Allocation, Domain, Episode, Observation, Scenario, Seeds, World};

fn play(scenario: &Arc<Scenario>, number: u64, mut decide: impl FnMut(&Observation) -> Allocation) -> f64 {
    let seeds = Seeds::numbered(Domain::Validate, number, 0);
    let mut episode = Episode::new(World::draw(scenario, seeds.world), seeds.noise);
    while !episode.is_over() {
        let allocation = decide(episode.observation());
        episode.step(&allocation);
    }
    assert_eq!(episode.ledger().violations(&scenario.brief.limits), 0);
    scenario.score(episode.ledger())
}

fn with_recipe(scenario: &Arc<Scenario>, number: u64, recipe: &dyn Recipe) -> f64 {
    let mut agent: Box<dyn Agent> = recipe.make(number);
    agent.start(&scenario.brief);
    play(scenario, number, |observation| agent.decide(observation))
}

fn score(name: &str, scenario: &Arc<Scenario>, number: u64) -> f64 {
    match entrant(name, scenario).expect("a built-in agent") {
        Entrant::Agent(recipe) => with_recipe(scenario, number, recipe.as_ref()),
        Entrant::Oracle(oracle) => {
            let seeds = Seeds::numbered(Domain::Validate, number, 0);
            let mut plan = oracle.plan(&World::draw(scenario, seeds.world), number).into_iter();
            play(scenario, number, |_| plan.next().unwrap_or_default())
        }
    }
}

#[test]
fn planners_reach_the_known_answers() {
    for name in Scenario::shipped_in("problems") {
        let scenario = Scenario::load(&name).unwrap();
        let answer = scenario.answer.as_ref().unwrap();
        if scenario.curves().is_none() {
            continue;
        }
        for agent in ["mpc", "clairvoyant"] {
            let reached = score(agent, &scenario, 0);
            assert!((reached / answer.value - 1.0).abs() < 1e-6, "{name}, {agent}: {reached}");
        }
    }
}

/// What each baseline takes of the headroom between the even split and the best plan, on a few worlds of each family; the
/// marks are those of the calibration study, the figures of more worlds stand in `docs/judging.md`.
#[test]
fn baselines_are_as_strong_as_they_were_measured() {
    let marks = [
        ("families/concave", 0.78, 0.30..0.50),
        ("families/misspecified", 0.57, 0.25..0.50),
        ("families/s-shaped", 0.71, 0.45..0.70),
    ];
    for (name, planned, proportional) in marks {
        let scenario = Scenario::load(name).unwrap();
        let worlds = 12;
        let mean = |agent: &str| {
            let headroom = |number: u64| {
                let even = score("even", &scenario, number);
                let best = score("clairvoyant", &scenario, number);
                (score(agent, &scenario, number) - even) / (best - even)
            };
            (0..worlds).map(headroom).sum::<f64>() / worlds as f64
        };
        let (mpc, roi) = (mean("mpc"), mean("roi-proportional"));
        assert!(mpc > planned, "{name}: {mpc}");
        assert!(proportional.contains(&roi), "{name}: {roi}");
    }
}

#[test]
fn no_agent_passes_the_bound() {
    for name in ["families/concave", "families/s-shaped"] {
        let scenario = Scenario::load(name).unwrap();
        for number in 0..3 {
            let seeds = Seeds::numbered(Domain::Validate, number, 0);
            let world = World::draw(&scenario, seeds.world);
            let bound = bound(world.curves().unwrap(), scenario.brief.budget.major());
            assert!(bound.certified);
            for agent in ["even", "roi-proportional", "mpc", "static-hindsight", "clairvoyant"] {
                let reached = score(agent, &scenario, number);
                assert!(reached <= bound.value, "{name}: {agent} reaches {reached} of {}", bound.value);
            }
            let gap = 1.0 - score("clairvoyant", &scenario, number) / bound.value;
            assert!(gap < if name == "families/concave" { 1e-3 } else { 1e-2 }, "{name}: {gap}");
        }
    }
}

/// Policies trained from nothing; `cargo run --release -p outlay-agent --example gates` does this for every problem.
#[test]
fn a_policy_finds_the_best_split_without_a_teacher() {
    let scenario = Scenario::load("problems/p1-power").unwrap();
    let settings = TrainSettings {
        seed: 1,
        steps: 100_000,
        teacher_share: 0.0,
        ..TrainSettings::for_scenarios(std::slice::from_ref(&scenario))
    };
    let trained =
        train(std::slice::from_ref(&scenario), &settings, Start::Fresh, &mut |_| Flow::Continue).unwrap();
    let policy = LearnedPolicy::new(trained.state.best.unwrap().policy, &scenario);
    let answer = scenario.answer.as_ref().unwrap();
    let share = with_recipe(&scenario, 0, &policy) / answer.value;
    assert!(share > answer.gate, "{share}");
}

/// P5 with its floor as a cost cap, of which the score knows nothing: what is left to hold it is the price of the promise
/// alone. The best plan that keeps it is that of P5; a policy that may not leave money cannot keep it at all.
#[test]
fn a_promise_finds_the_best_plan_that_keeps_it() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../environments/problems/p5-return-floor.toml");
    let text = std::fs::read_to_string(shipped).unwrap().replace("return_floor = 0.4", "cost_cap = 2.5");
    let file = folder.path().join("p5.toml");
    std::fs::write(&file, text).unwrap();
    let scenario = Scenario::load(file.to_str().unwrap()).unwrap();
    let answer = scenario.answer.as_ref().unwrap();
    let reached = |prefer: Prefer| {
        let settings = TrainSettings {
            seed: 1,
            steps: 120_000,
            teacher_share: 0.0,
            log_std: -1.5,
            promise: Some(0.9),
            prefer,
            validate_worlds: 1,
            ..TrainSettings::for_scenarios(std::slice::from_ref(&scenario))
        };
        let trained =
            train(std::slice::from_ref(&scenario), &settings, Start::Fresh, &mut |_| Flow::Continue).unwrap();
        let best = trained.state.best.unwrap();
        (best.score / answer.value, best.excess, trained.state.tasks[0].multiplier.unwrap().price)
    };
    let (share, excess, price) = reached(Prefer::Target);
    assert!((0.93..=1.0 + 1e-9).contains(&share) && excess == 0.0, "{share} {excess} at {price}");
    // All 200 units bring sqrt(200 * 14), and the cap is missed whatever it costs.
    let (share, excess, price) = reached(Prefer::Spend);
    assert!((share * answer.value / 2800.0_f64.sqrt() - 1.0).abs() < 0.02, "{share}");
    assert!(excess == 0.9 && price > 10.0, "{excess} at {price}");
}
