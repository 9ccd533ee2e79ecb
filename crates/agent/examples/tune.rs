//! Tries settings of the learner, judged on validation worlds only.
//!
//! `cargo run --release -p outlay-agent --example tune -- new-customer steps=500000 learning_rate=3e-4 agents=mpc`
//!
//! Any setting of `TrainSettings` may be given as `key=value`. Ends with the mean score over 64 validation worlds (or
//! `worlds=N`) at full size that no training run looks at (numbers 10,000 and up), beside the agents named.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod judging;
mod settings;

use std::time::Instant;

use outlay_agent::learn::{Event, Flow, Start, TrainSettings, train};
use outlay_agent::policy::LearnedPolicy;
use outlay_agent::{Entrant, entrant::entrant};
use outlay_environment::{Observation, Scenario};

use judging::{play_all, scores};
use settings::set;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let scenario = Scenario::load(&arguments.next().unwrap_or_else(|| "new-customer".to_owned()))?;
    let (mut table, mut agents, mut runs) = (toml::Table::new(), Vec::new(), Vec::new());
    let mut worlds = 64;
    for argument in arguments {
        let (key, value) = argument.split_once('=').ok_or("settings are written key=value")?;
        match key {
            "agents" => agents.extend(value.split(',').map(str::to_owned)),
            "worlds" => worlds = value.parse()?,
            "checkpoints" => runs.extend(value.split(',').map(str::to_owned)),
            _ => set(&mut table, key, value)?,
        }
    }
    let mut first: Option<Vec<f64>> = None;
    let mut show = |name: &str, scores: Vec<f64>| {
        println!("{name}: {}", describe(&scores, first.as_deref()));
        first.get_or_insert(scores);
    };
    for agent in &agents {
        let start = Instant::now();
        let scores = match entrant(agent, &scenario)? {
            Entrant::Agent(recipe) => scores(&scenario, worlds, recipe.as_ref()),
            Entrant::Oracle(oracle) => play_all(&scenario, worlds, |world, number| {
                let mut plan = oracle.plan(world, number).into_iter();
                move |_: &Observation| plan.next().unwrap_or_default()
            }),
        };
        show(&format!("{agent} ({:.1} s)", start.elapsed().as_secs_f64()), scores);
    }
    for run in &runs {
        show(
            run,
            scores(&scenario, worlds, &outlay_agent::checkpoint::read(run.as_ref())?.recipe(&scenario)),
        );
    }
    if table.is_empty() {
        return Ok(());
    }
    let settings: TrainSettings = table.try_into()?;
    let start = Instant::now();
    let trained = train(std::slice::from_ref(&scenario), &settings, Start::Fresh, &mut |event| {
        match event {
            Event::Validated(validated, _) => println!(
                "{:>9} steps {:>6.0} s  validation {:.0} (best {:.0}, even {:.0})",
                validated.steps,
                start.elapsed().as_secs_f64(),
                validated.score,
                validated.best,
                validated.even
            ),
            Event::Iteration(iteration) if iteration.iteration % 40 == 0 => println!(
                "  kl {:.4} deviation {:.3} clipped {:.3} explained {:.3} norm {:.2}",
                iteration.kl,
                iteration.deviation,
                iteration.clip_fraction,
                iteration.explained,
                iteration.gradient_norm
            ),
            _ => {}
        }
        Flow::Continue
    })?;
    let recipe = LearnedPolicy::new(trained.state.best_policy().clone(), &scenario);
    show("policy", scores(&scenario, worlds, &recipe));
    Ok(())
}

/// Mean and interquartile mean, and the mean paired difference from the first with its standard error.
fn describe(scores: &[f64], first: Option<&[f64]>) -> String {
    let count = scores.len() as f64;
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count;
    let mut sorted = scores.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = &sorted[sorted.len() / 4..sorted.len() - sorted.len() / 4];
    let iqm = middle.iter().sum::<f64>() / middle.len() as f64;
    let against = first.map(|first| {
        let gains: Vec<f64> = scores.iter().zip(first).map(|(score, first)| score - first).collect();
        let gain = mean(&gains);
        let variance = gains.iter().map(|x| (x - gain).powi(2)).sum::<f64>() / (count - 1.0);
        format!(", against the first {gain:+.1} (standard error {:.1})", (variance / count).sqrt())
    });
    format!("mean {:.1}, IQM {iqm:.1}{}", mean(scores), against.unwrap_or_default())
}
