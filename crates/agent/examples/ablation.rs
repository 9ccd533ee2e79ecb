//! What each part of the learner is worth: it learns without the part, and is judged beside the whole.
//!
//! `cargo run --release -p outlay-agent --example ablation -- new-customer seeds=5 steps=300000`
//!
//! Any setting of `TrainSettings` may be given as `key=value`; `heads=FOLDER` shows heads to the one variant that has them.
//! Each variant is trained with the same seeds and judged on the same 64 validation worlds at full size that no run looks at
//! (numbers 10,000 and up). The interval is Student's over training seeds.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod judging;
mod settings;

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use judging::scores;
use outlay_agent::checkpoint::read_heads;
use outlay_agent::heads::Predictor;
use outlay_agent::learn::{Flow, Part, Start, TrainSettings, train};
use outlay_agent::policy::LearnedPolicy;
use outlay_environment::Scenario;
use settings::set;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Worlds that every policy is judged on.
const WORLDS: u64 = 64;
/// Numbers that a recurrent unit carries of each line.
const MEMORY: usize = 16;
/// 97.5 % quantiles of Student's distribution by degrees of freedom, from 1.
const STUDENT: [f64; 9] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let scenario = Scenario::load(&arguments.next().unwrap_or_else(|| "new-customer".to_owned()))?;
    let (mut table, mut seeds, mut heads) = (toml::Table::new(), 3, None);
    for argument in arguments {
        let (key, value) = argument.split_once('=').ok_or("settings are written key=value")?;
        match key {
            "seeds" => seeds = value.parse()?,
            "heads" => heads = Some(read_heads(Path::new(value))?.0),
            _ => set(&mut table, key, value)?,
        }
    }
    let whole: TrainSettings = table.try_into()?;
    let without = |part| TrainSettings { without: vec![part], ..whole.clone() };
    let remembering = |settings: &TrainSettings| TrainSettings { memory: MEMORY, ..settings.clone() };
    let variants = [
        ("whole", Some(whole.clone()), None),
        ("without memory", Some(without(Part::Memory)), None),
        ("recurrent unit besides", Some(remembering(&whole)), None),
        ("recurrent unit for memory", Some(remembering(&without(Part::Memory))), None),
        ("without other lines (set encoder)", Some(without(Part::OtherLines)), None),
        ("without normalisation", Some(without(Part::Normalisation)), None),
        ("without common random numbers", Some(TrainSettings { group: 1, ..whole.clone() }), None),
        ("without a teacher", Some(TrainSettings { teacher_share: 0.0, ..whole.clone() }), None),
        ("one step ahead (discount 0)", Some(TrainSettings { gamma: 0.0, ..whole.clone() }), None),
        ("with heads", heads.is_some().then(|| whole.clone()), heads),
    ];
    let mut first: Vec<f64> = Vec::new();
    for (name, settings, heads) in variants {
        let Some(settings) = settings else { continue };
        let start = Instant::now();
        let means = (1..=seeds)
            .map(|seed| mean_score(&scenario, &TrainSettings { seed, ..settings.clone() }, heads.as_ref()))
            .collect::<Result<Vec<f64>, _>>()?;
        if first.is_empty() {
            first.clone_from(&means);
        }
        println!("{name:34} {}  ({:.0} s)", describe(&means, &first), start.elapsed().as_secs_f64());
    }
    Ok(())
}

/// What a run's best policy reaches.
fn mean_score(
    scenario: &Arc<Scenario>,
    settings: &TrainSettings,
    heads: Option<&Predictor>,
) -> Result<f64, Box<dyn std::error::Error>> {
    let start = heads.map_or(Start::Fresh, |heads| Start::Seeing(Box::new(heads.clone())));
    let trained = train(std::slice::from_ref(scenario), settings, start, &mut |_| Flow::Continue)?;
    let recipe = LearnedPolicy::new(trained.state.best_policy().clone(), scenario);
    Ok(scores(scenario, WORLDS, &recipe).iter().sum::<f64>() / WORLDS as f64)
}

/// Mean over seeds, and the mean paired difference from the first with its 95 % interval.
fn describe(means: &[f64], first: &[f64]) -> String {
    let count = means.len() as f64;
    let gains: Vec<f64> = means.iter().zip(first).map(|(mean, first)| mean - first).collect();
    let gain = gains.iter().sum::<f64>() / count;
    let variance = gains.iter().map(|x| (x - gain).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
    let student = STUDENT.get(means.len().saturating_sub(2)).copied().unwrap_or(1.96);
    let half = student * (variance / count).sqrt();
    let mean = means.iter().sum::<f64>() / count;
    format!("{mean:>12.1}  {gain:+10.1} [{:+.1}, {:+.1}]", gain - half, gain + half)
}
