//! Searches the learner's settings: random draws, of which the better half goes on with twice the decisions (successive
//! halving, Jamieson and Talwalkar 2016). Judged on validation worlds alone.
//!
//! `cargo run --release -p outlay-agent --example search -- new-customer trials=16 steps=100000`
//!
//! Any setting of `TrainSettings` may be given as `key=value`; it is then not searched. The first trial is the default. Each
//! round begins again with other training worlds, so that nothing is chosen by the luck of one run; ends with each survivor
//! on 64 validation worlds at full size that no run looks at, beside the default.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod judging;
mod settings;

use std::sync::Arc;
use std::time::Instant;

use judging::scores;
use outlay_agent::learn::{Flow, Start, TrainSettings, train};
use outlay_agent::policy::LearnedPolicy;
use outlay_environment::{Key, Scenario};
use settings::set;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Worlds of the last judgement.
const WORLDS: u64 = 64;

type Failed = Box<dyn std::error::Error>;

fn main() -> Result<(), Failed> {
    let mut arguments = std::env::args().skip(1);
    let scenario = Scenario::load(&arguments.next().unwrap_or_else(|| "new-customer".to_owned()))?;
    let (mut table, mut trials, mut steps) = (toml::Table::new(), 16_u64, 100_000_u64);
    for argument in arguments {
        let (key, value) = argument.split_once('=').ok_or("settings are written key=value")?;
        match key {
            "trials" => trials = value.parse()?,
            "steps" => steps = value.parse()?,
            _ => set(&mut table, key, value)?,
        }
    }
    let base: TrainSettings = table.clone().try_into()?;
    let mut field: Vec<(u64, TrainSettings)> = (0..trials)
        .map(|trial| (trial, if trial == 0 { base.clone() } else { draw(&base, &table, trial) }))
        .collect();
    let (mut round, default) = (0, base.clone());
    while field.len() > 1 {
        let mut judged = Vec::new();
        for (trial, settings) in field {
            let start = Instant::now();
            let settings = TrainSettings { seed: 100 + round, steps, ..settings };
            let score = reached(&scenario, &settings)?.1;
            println!(
                "round {round} trial {trial:2}: {score:9.1}  {}  ({:.0} s)",
                describe(&settings),
                start.elapsed().as_secs_f64()
            );
            judged.push((score, trial, settings));
        }
        judged.sort_by(|a, b| b.0.total_cmp(&a.0));
        judged.truncate(judged.len().div_ceil(2));
        field = judged.into_iter().map(|(_, trial, settings)| (trial, settings)).collect();
        (round, steps) = (round + 1, 2 * steps);
    }
    for (name, settings) in [("default", default), ("found", field[0].1.clone())] {
        let settings = TrainSettings { seed: 200, steps, ..settings };
        let recipe = reached(&scenario, &settings)?.0;
        let scores = scores(&scenario, WORLDS, &recipe);
        println!("{name:8} {:9.1}  {}", scores.iter().sum::<f64>() / WORLDS as f64, describe(&settings));
    }
    Ok(())
}

/// Settings around the default, log-uniform; what was typed stays.
fn draw(base: &TrainSettings, typed: &toml::Table, trial: u64) -> TrainSettings {
    let key = Key::new(1).with_name("search").with(trial);
    let uniform = |name: &str| key.with_name(name).bits() as f64 / u64::MAX as f64;
    let spread = |name: &str, value: f64, factor: f64| {
        if typed.contains_key(name) { value } else { value * factor.powf(2.0 * uniform(name) - 1.0) }
    };
    let one_of = |name: &str, value: usize, choice: &[usize]| {
        if typed.contains_key(name) {
            value
        } else {
            choice[(uniform(name) * choice.len() as f64) as usize % choice.len()]
        }
    };
    TrainSettings {
        learning_rate: spread("learning_rate", base.learning_rate, 4.0),
        teacher_learning_rate: spread("teacher_learning_rate", base.teacher_learning_rate, 4.0),
        // Every second trial looks to the season's end, as the default does.
        lambda: if trial.is_multiple_of(2) { base.lambda } else { 1.0 - spread("lambda", 0.05, 4.0) as f32 },
        clip: spread("clip", f64::from(base.clip), 2.0) as f32,
        target_kl: spread("target_kl", base.target_kl, 2.0),
        log_std: base.log_std
            + if typed.contains_key("log_std") { 0.0 } else { uniform("log_std") as f32 - 0.5 },
        epochs: one_of("epochs", base.epochs, &[1, 2, 3, 4]),
        minibatch: one_of("minibatch", base.minibatch, &[512, 1024, 2048]),
        group: one_of("group", base.group, &[4, 8, 16]),
        width: one_of("width", base.width, &[32, 64, 128]),
        ..base.clone()
    }
}

/// The best policy of a run, and its score on the run's own validation worlds.
fn reached(scenario: &Arc<Scenario>, settings: &TrainSettings) -> Result<(LearnedPolicy, f64), Failed> {
    let trained = train(std::slice::from_ref(scenario), settings, Start::Fresh, &mut |_| Flow::Continue)?;
    let score = trained.state.best.as_ref().map_or(f64::MIN, |best| best.score);
    Ok((LearnedPolicy::new(trained.state.best_policy().clone(), scenario), score))
}

fn describe(settings: &TrainSettings) -> String {
    let TrainSettings { learning_rate, teacher_learning_rate, lambda, clip, target_kl, log_std, .. } =
        settings;
    let TrainSettings { epochs, minibatch, group, width, .. } = settings;
    format!(
        "rate {learning_rate:.1e} teacher {teacher_learning_rate:.1e} lambda {lambda:.3} clip {clip:.2} kl {target_kl:.3} \
         log_std {log_std:.2} epochs {epochs} minibatch {minibatch} group {group} width {width}"
    )
}
