//! How far plans can be from the optimum, on instances of each family: `(bound - plan) / bound`, and what each costs.
//!
//! `cargo run --release -p outlay-agent --example gaps -- 20`
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::time::Instant;

use outlay_agent::planning::instances::{Shape, family};
use outlay_agent::planning::plan_and_bound;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let count = std::env::args().nth(1).map_or(Ok(20), |count| count.parse())?;
    println!("6 lines, 60 steps, {count} instances a family");
    for shape in [Shape::Concave, Shape::Fitted, Shape::SShaped] {
        let mut gaps = Vec::new();
        let clock = Instant::now();
        for seed in 0..count {
            let (curves, budget) = family(shape, 6, 60, seed);
            let (plan, bound) = plan_and_bound(&curves, budget);
            gaps.push((bound.value - plan.value) / bound.value);
        }
        let time = clock.elapsed().as_secs_f64() / count as f64;
        let (mean, worst) =
            (gaps.iter().sum::<f64>() / count as f64, gaps.iter().copied().fold(0.0, f64::max));
        println!(
            "{shape:?}: mean gap {:.2e}, worst {:.2e}; plan and bound {:.1} ms",
            mean,
            worst,
            1e3 * time
        );
        if std::env::args().nth(2).is_some() {
            println!("{gaps:?}");
        }
    }
    Ok(())
}
