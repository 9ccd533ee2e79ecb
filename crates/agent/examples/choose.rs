//! Holds checkpoints against each other before one is shipped: on validation worlds, so that nothing is chosen on the worlds
//! that it is judged on afterwards.
//!
//! `cargo run --release -p outlay-agent --example choose -- checkpoints/generalist runs/a new-customer member`
//!
//! What is a folder is a checkpoint, what is not a scenario; without any, those that the first was trained for, its variants
//! left out. Each plays as it would anywhere (a guided one goes as far from its guide as it trusts itself) on the same 64
//! worlds at full size that no run looks at. A gain is the mean of the paired differences from `mpc`, in its standard errors.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

mod judging;

use std::path::Path;
use std::sync::Arc;

use judging::scores;
use outlay_agent::checkpoint::{self, Checkpoint};
use outlay_agent::{Entrant, entrant};
use outlay_environment::Scenario;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Worlds that every policy is judged on.
const WORLDS: u64 = 64;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (folders, mut names): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| Path::new(argument).is_dir());
    let read =
        folders.iter().map(|folder| checkpoint::read(Path::new(folder))).collect::<Result<Vec<_>, _>>()?;
    let first = read.first().ok_or("no checkpoint folder was named")?;
    if names.is_empty() {
        let trained = first.card.scenarios.iter().map(|scenario| scenario.name.clone());
        names = trained.filter(|name| !name.contains('~')).collect();
    }
    let mut gains = vec![Vec::new(); read.len()];
    for name in &names {
        let scenario = Scenario::load(name)?;
        let mpc = match entrant("mpc", &scenario)? {
            Entrant::Agent(recipe) => scores(&scenario, WORLDS, recipe.as_ref()),
            _ => continue,
        };
        for ((folder, read), gains) in folders.iter().zip(&read).zip(&mut gains) {
            let (share, gain, errors) = gain(&scenario, read, &mpc);
            println!(
                "{name:24} {folder:32} {share:4} of the way  {:+8.2} %  {errors:+6.1} errors",
                100.0 * gain
            );
            gains.push(errors);
        }
    }
    for (folder, gains) in folders.iter().zip(&gains) {
        let ahead = gains.iter().filter(|errors| **errors > 2.0).count();
        let behind = gains.iter().filter(|errors| **errors < -2.0).count();
        let mean = gains.iter().sum::<f64>() / gains.len().max(1) as f64;
        println!(
            "{folder}: ahead in {ahead}, behind in {behind} of {}; {mean:+.2} errors in the mean",
            gains.len()
        );
    }
    Ok(())
}

/// How far it goes from its guide; its mean gain over `mpc` as a share of that agent's mean, and in standard errors.
fn gain(scenario: &Arc<Scenario>, read: &Checkpoint, mpc: &[f64]) -> (f32, f64, f64) {
    let recipe = read.recipe(scenario);
    let own = scores(scenario, WORLDS, &recipe);
    let count = own.len() as f64;
    let differences: Vec<f64> = own.iter().zip(mpc).map(|(own, mpc)| own - mpc).collect();
    let mean = differences.iter().sum::<f64>() / count;
    let variance = differences.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (count - 1.0);
    let error = (variance / count).sqrt();
    let of = (mpc.iter().sum::<f64>() / count).abs();
    (recipe.share(), mean / of, if error > 0.0 { mean / error } else { 0.0 })
}
