//! Writes an instance of a family, its plan, and how long the plan took, as JSON; `benches/slsqp.py` reads it.
//!
//! `cargo run --release -p outlay-agent --example plan -- concave 20 90 1`
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use std::time::Instant;

use outlay_agent::planning::instances::{Shape, family};
use outlay_agent::planning::plan;
use outlay_environment::{Curve, CurveLine};
use serde_json::{Value, json};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Plans that are timed; the median counts.
const REPEATS: usize = 21;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [shape, lines, steps, seed] = &arguments[..] else {
        return Err("usage: plan concave|fitted|s-shaped <lines> <steps> <seed>".into());
    };
    let shape = match shape.as_str() {
        "concave" => Shape::Concave,
        "fitted" => Shape::Fitted,
        "s-shaped" => Shape::SShaped,
        other => return Err(format!("no family {other}").into()),
    };
    let (curves, budget) = family(shape, lines.parse()?, steps.parse()?, seed.parse()?);
    let mut seconds = Vec::new();
    for _ in 0..REPEATS {
        let clock = Instant::now();
        std::hint::black_box(plan(&curves, budget, None, None));
        seconds.push(clock.elapsed().as_secs_f64());
    }
    seconds.sort_by(f64::total_cmp);
    let plan = plan(&curves, budget, None, None);
    let lines: Vec<Value> = curves.lines.iter().map(line).collect();
    let (median, fastest) = (seconds[REPEATS / 2], seconds[0]);
    println!(
        "{}",
        json!({ "budget": budget, "lines": lines, "plan": plan.money, "value": plan.value,
            "seconds": median, "fastest": fastest })
    );
    Ok(())
}

fn line(line: &CurveLine) -> Value {
    let (value, half, slope) = match line.curve {
        Curve::Hill { value, half, slope } => (value, half, slope),
        Curve::Power { .. } => unreachable!("families have Hill curves only"),
    };
    json!({ "value": value, "half": half, "slope": slope, "retention": line.retention, "weight": line.weight })
}
