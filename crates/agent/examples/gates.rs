//! Trains a policy from nothing on each problem with a known answer, and says what share of the answer it reaches.
//!
//! `cargo run --release -p outlay-agent --example gates [-- NAME...]`
//!
//! No teacher is followed. Where chance decides, the policy is judged beside the exact dynamic programme (`mpc` there) on
//! the same 4,096 evaluation seeds, and its share of the programme's mean stands for its share of the answer; elsewhere
//! the score has no noise. Exits with 1 where a gate is missed.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::process::ExitCode;
use std::sync::Arc;

use outlay_agent::learn::{Flow, Start, TrainSettings, train};
use outlay_agent::policy::LearnedPolicy;
use outlay_agent::{Entrant, Recipe, entrant::entrant};
use outlay_environment::{Domain, Episode, Kind, Scenario, Seeds, World};
use rayon::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Decisions of each run, more than most problems need.
const STEPS: u64 = 900_000;

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let mut names: Vec<String> = std::env::args().skip(1).collect();
    if names.is_empty() {
        names = Scenario::shipped_in("problems");
    }
    println!("{:<28} {:>10} {:>10} {:>8} {:>8}", "problem", "answer", "reached", "share", "gate");
    let mut missed = false;
    for name in names {
        let scenario = Scenario::load(&name)?;
        let answer = scenario.answer.as_ref().ok_or("the scenario has no known answer")?;
        let settings = TrainSettings {
            seed: 1,
            steps: STEPS,
            teacher_share: 0.0,
            ..TrainSettings::for_scenarios(std::slice::from_ref(&scenario))
        };
        let trained =
            train(std::slice::from_ref(&scenario), &settings, Start::Fresh, &mut |_| Flow::Continue)?;
        let best = trained.state.best.ok_or("the run was not validated")?;
        let reached = mean(&scenario, &LearnedPolicy::new(best.policy, &scenario));
        let share = match (&scenario.kind, entrant("mpc", &scenario)?) {
            (Kind::Pacing | Kind::Exploration, Entrant::Agent(program)) => {
                reached / mean(&scenario, program.as_ref())
            }
            _ => reached / answer.value,
        };
        let verdict = if share >= answer.gate { "" } else { "  missed" };
        missed |= share < answer.gate;
        println!(
            "{name:<28} {:>10.4} {reached:>10.4} {share:>8.4} {:>8.4}{verdict}",
            answer.value, answer.gate
        );
    }
    Ok(ExitCode::from(u8::from(missed)))
}

/// Mean score on evaluation seeds.
fn mean(scenario: &Arc<Scenario>, recipe: &dyn Recipe) -> f64 {
    let seeds = if matches!(scenario.kind, Kind::Curves(_)) { 64 } else { 4_096 };
    let scores: Vec<f64> = (0..seeds)
        .into_par_iter()
        .map_init(
            || recipe.make(0),
            |agent, number| {
                let seeds = Seeds::numbered(Domain::Evaluate, number, 0);
                let mut episode = Episode::new(World::draw(scenario, seeds.world), seeds.noise);
                agent.start(&scenario.brief);
                while !episode.is_over() {
                    let allocation = agent.decide(episode.observation());
                    episode.step(&allocation);
                }
                scenario.score(episode.ledger())
            },
        )
        .collect();
    scores.iter().sum::<f64>() / scores.len() as f64
}
