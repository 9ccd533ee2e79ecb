//! AMSS's vignette here beside a run of the original: what the fourth year sells, and what each line returns.
//!
//! `cargo run --release -p outlay-environment --example amss -- references/amss-vignette 64`
//!
//! Each world draws its season and flighting, as each run of the vignette does. A line's return is the difference in
//! revenue between a year as planned and the same year without the line, for its spend (`CalculateROAS` of the package).
//! The original was run once (R package `amss` 1.0.1, seed 1), so its figures are one draw of what is spread here.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::time::Instant;

use outlay_environment::{Domain, Scenario, Seeds, World};

/// What one run of the original gave for the fourth year.
const ORIGINAL: [(&str, f64); 8] = [
    ("tv spend", 45.5e6),
    ("tv exposures", 9.1e9),
    ("search spend", 24.98e6),
    ("search clicks", 22.7e6),
    ("units sold", 67.1e6),
    ("revenue", 5.37e9),
    ("tv return", 3.71),
    ("search return", 1.52),
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let name = arguments.next().unwrap_or_else(|| "references/amss-vignette".to_owned());
    let worlds: u64 = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(64);
    let scenario = match Scenario::load(&name) {
        Ok(scenario) => scenario,
        Err(problems) => return println!("{problems}"),
    };
    let start = Instant::now();
    let mut figures: Vec<[f64; 8]> = Vec::new();
    for number in 0..worlds {
        let seeds = Seeds::numbered(Domain::Validate, number, 0);
        let world = World::draw(&scenario, seeds.world);
        let Some(amss) = world.amss().filter(|amss| amss.settings().lines.len() == 2) else {
            return println!("{name} is no AMSS world of two lines");
        };
        let planned = amss.play_planned(seeds.noise, None);
        let returns = [0, 1].map(|line| {
            let without = amss.play_planned(seeds.noise, Some(line));
            let spend = |run: &outlay_environment::amss::world::PlannedRun| -> f64 {
                run.lines.iter().map(|line| line.spend).sum()
            };
            (planned.revenue - without.revenue) / (spend(&planned) - spend(&without))
        });
        let [tv, search] = [&planned.lines[0], &planned.lines[1]];
        figures.push([
            tv.spend,
            tv.impressions,
            search.spend,
            search.clicks,
            planned.units,
            planned.revenue,
            returns[0],
            returns[1],
        ]);
    }
    let seconds = start.elapsed().as_secs_f64();
    println!("{name}: year 4 by the vignette's own plan, {worlds} worlds");
    println!(
        "{:14} {:>14} {:>14} {:>14} {:>14} {:>6}",
        "", "original", "mean", "std. error", "sd of worlds", "z"
    );
    for (place, (what, original)) in ORIGINAL.iter().enumerate() {
        let n = figures.len() as f64;
        let mean = figures.iter().map(|row| row[place]).sum::<f64>() / n;
        let square = figures.iter().map(|row| (row[place] - mean) * (row[place] - mean)).sum::<f64>();
        let sd = (square / (n - 1.0)).sqrt();
        // How far one run of the original lies from ours, in standard deviations of one run.
        let z = if sd > 1e-9 * mean { (original - mean) / sd } else { 0.0 };
        println!("{what:14} {original:>14.6} {mean:>14.6} {:>14.6} {sd:>14.6} {z:>6.2}", sd / n.sqrt());
    }
    let weeks = worlds as f64 * (scenario.brief.steps as f64 * 3.0 + 156.0);
    println!("{:.0} weeks a second on one thread", weeks / seconds);
}
