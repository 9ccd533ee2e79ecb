//! AMSS's vignette here beside a run of the original: what the fourth year sells, and what each line returns.
//!
//! `cargo run --release -p outlay-environment --example amss -- 64`
//!
//! `same world` has the original's own season and flighting, over so many noise seeds; `worlds` draws these anew each time,
//! as each run of the vignette does. A line's return is the difference in revenue between a year as planned and the same
//! year without the line, for its spend.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::time::Instant;

use outlay_environment::{Domain, Scenario, Seeds, World};

#[path = "../tests/support/amss_original.rs"]
mod original;

fn main() {
    let runs: u64 = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(64);
    let scenario = match Scenario::load("references/amss-vignette") {
        Ok(scenario) => scenario,
        Err(problems) => return println!("{problems}"),
    };
    let Some(settings) = original::settings(&scenario) else { return };
    let world = original::world(settings);
    let start = Instant::now();
    let same: Vec<[f64; 8]> = (0..runs).map(|noise| original::figures(&world, noise)).collect();
    let seconds = start.elapsed().as_secs_f64();
    let drawn = |number| {
        let seeds = Seeds::numbered(Domain::Validate, number, 0);
        World::draw(&scenario, seeds.world).amss().map(|world| original::figures(world, seeds.noise))
    };
    let drawn: Vec<[f64; 8]> = (0..runs).filter_map(drawn).collect();
    let ((same, noise), (mean, spread)) = (original::summary(&same), original::summary(&drawn));
    println!("year 4 by the vignette's own plans; {runs} noise seeds of the original's world, {runs} worlds");
    println!("{:13}  {:>9}  {:>21}  {:>21}", "", "original", "same world +- noise", "worlds +- spread");
    for (place, (name, original, _)) in original::FIGURES.into_iter().enumerate() {
        println!(
            "{name:13}  {:>9}  {:>9} +- {:>8}  {:>9} +- {:>8}",
            short(original),
            short(same[place]),
            short(noise[place]),
            short(mean[place]),
            short(spread[place])
        );
    }
    let weeks = (runs as usize * 3 * scenario.brief.steps) as f64;
    println!("{:.0} weeks a second on one thread", weeks / seconds);
}

/// Four digits and a bit.
fn short(figure: f64) -> String {
    match figure {
        large if large >= 1e9 => format!("{:.3} bn", large / 1e9),
        large if large >= 1e6 => format!("{:.2} m", large / 1e6),
        large if large >= 100.0 => format!("{:.1} k", large / 1e3),
        small => format!("{small:.4}"),
    }
}
