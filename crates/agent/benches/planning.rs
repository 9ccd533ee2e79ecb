//! What a plan and a bound cost. Ratios within one run are what counts.

use divan::black_box;
use outlay_agent::planning::instances::{Shape, family};
use outlay_agent::planning::{bound, mirror_ascent, plan, split, water_fill};
use outlay_environment::{Curve, Curves};

/// As in the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

fn first_step(curves: &Curves) -> Vec<Curve> {
    curves.lines.iter().map(|line| line.curve).collect()
}

/// 20 lines of concave curves over 90 steps.
#[divan::bench]
fn plan_20_by_90(bencher: divan::Bencher<'_, '_>) {
    let (curves, budget) = family(Shape::Concave, 20, 90, 1);
    bencher.bench_local(|| plan(black_box(&curves), budget, None, None));
}

/// The same problem by 400 rounds of mirror ascent, which knows only the gradient.
#[divan::bench(sample_count = 10)]
fn mirror_20_by_90(bencher: divan::Bencher<'_, '_>) {
    let (curves, budget) = family(Shape::Concave, 20, 90, 1);
    let cells = 20 * 90;
    bencher.bench_local(|| {
        let mut shares = vec![1.0 / cells as f64; cells];
        mirror_ascent(black_box(&curves), budget, &vec![f64::INFINITY; cells], &mut shares, 0.8, 400);
        shares
    });
}

/// Plan and bound, 6 lines over 60 steps.
#[divan::bench(args = ["Concave", "Fitted", "SShaped"], sample_count = 20)]
fn bound_6_by_60(bencher: divan::Bencher<'_, '_>, shape: &str) {
    let shape = match shape {
        "Concave" => Shape::Concave,
        "Fitted" => Shape::Fitted,
        _ => Shape::SShaped,
    };
    let (curves, budget) = family(shape, 6, 60, 1);
    bencher.bench_local(|| bound(black_box(&curves), budget));
}

/// One step's money over 20 concave lines.
#[divan::bench]
fn static_20_concave(bencher: divan::Bencher<'_, '_>) {
    let (curves, _) = family(Shape::Concave, 20, 1, 1);
    let curves = first_step(&curves);
    bencher.bench_local(|| water_fill(black_box(&curves), &[f64::INFINITY; 20], 500.0));
}

/// One step's money over 20 S-shaped lines.
#[divan::bench(sample_count = 20)]
fn static_20_s_shaped(bencher: divan::Bencher<'_, '_>) {
    let (curves, _) = family(Shape::SShaped, 20, 1, 1);
    let curves = first_step(&curves);
    bencher.bench_local(|| split(black_box(&curves), 500.0, None, None));
}
