#![expect(clippy::print_stdout, reason = "a program for the terminal")]
mod judging;
use judging::scores;
use outlay_agent::learn::{Flow, Start, TrainSettings, train};
use outlay_agent::policy::LearnedPolicy;
use outlay_environment::Scenario;
use rayon::prelude::*;
use std::time::Instant;
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut table = toml::Table::new();
    let mut scenarios = Vec::new();
    for a in std::env::args().skip(1) {
        match a.split_once('=') {
            Some((k, v)) => drop(
                table.insert(k.to_owned(), toml::from_str::<toml::Table>(&format!("v = {v}"))?["v"].clone()),
            ),
            None => scenarios.push(Scenario::load(&a)?),
        }
    }
    let base = TrainSettings::for_scenarios(&scenarios);
    let mut all = toml::Table::try_from(&base)?;
    all.extend(table.clone());
    let settings: TrainSettings = all.try_into()?;
    let start = Instant::now();
    let trained = train(&scenarios, &settings, Start::Fresh, &mut |_| Flow::Continue)?;
    let policy = trained.state.best_policy().clone();
    println!("{table:?} {:.0} s", start.elapsed().as_secs_f64());
    let rows: Vec<String> = scenarios
        .par_iter()
        .map(|scenario| {
            let small = scenario.at_training_size();
            let recipe = LearnedPolicy::new(policy.clone(), &small);
            let mut line = format!("{:20}", small.name);
            let first = scores(&small, 128, &recipe.with_share(0.0));
            for share in [0.5, 1.0] {
                let s = scores(&small, 128, &recipe.with_share(share));
                let gains: Vec<f64> = s.iter().zip(&first).map(|(a, b)| a - b).collect();
                let n = gains.len() as f64;
                let g = gains.iter().sum::<f64>() / n;
                let se = (gains.iter().map(|x| (x - g).powi(2)).sum::<f64>() / (n - 1.0) / n).sqrt();
                let b = first.iter().sum::<f64>().abs() / n;
                line += &format!("  {:+.2}({:.2})", 100.0 * g / b, 100.0 * se / b);
            }
            line
        })
        .collect();
    rows.iter().for_each(|row| println!("{row}"));
    Ok(())
}
