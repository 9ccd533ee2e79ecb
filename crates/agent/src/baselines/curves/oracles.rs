//! Oracles of curves worlds: exact or certified plans on the drawn curves, which they are told.

use std::sync::Arc;

use outlay_environment::{Allocation, Curves, World};

use super::caps;
use crate::agent::Oracle;
use crate::planning::{best_levels, plan};

/// The best plan for the drawn curves.
#[derive(Debug, Clone, Copy, Default)]
pub struct CurveClairvoyant;

impl Oracle for CurveClairvoyant {
    fn plan(&self, world: &Arc<World>, _seed: u64) -> Vec<Allocation> {
        let brief = &world.scenario.brief;
        let Some(curves) = world.curves() else { return Vec::new() };
        let caps = caps(&brief.limits, 0..brief.steps);
        let floor = brief.limits.return_floor;
        whole_hundredths(&plan(curves, brief.budget.major(), Some(&caps), floor).money, curves.lines.len())
    }
}

/// The best constant mix for the drawn curves: the same money for a line in every step.
#[derive(Debug, Clone, Copy, Default)]
pub struct CurveStaticHindsight;

/// Levels of one line's money on which a mix is first looked for.
const LEVELS: usize = 400;

impl Oracle for CurveStaticHindsight {
    fn plan(&self, world: &Arc<World>, _seed: u64) -> Vec<Allocation> {
        let Some(curves) = world.curves() else { return Vec::new() };
        let steps = curves.steps();
        let mix = best_mix(curves, world.scenario.brief.budget.major() / steps as f64);
        let plan: Vec<f64> = (0..steps).flat_map(|_| mix.iter().copied()).collect();
        whole_hundredths(&plan, mix.len())
    }
}

/// `[lines]` money a step. Without synergy the lines only share the money, so the best mix on a grid is exact dynamic
/// programming; then pairs of lines trade money as long as it helps, which also sees synergy.
fn best_mix(curves: &Curves, money: f64) -> Vec<f64> {
    let lines = curves.lines.len();
    let value = |mix: &[f64]| {
        let plan: Vec<f64> = (0..curves.steps()).flat_map(|_| mix.iter().copied()).collect();
        curves.value(&plan)
    };
    let alone = |line: usize, level: usize| {
        let one = Curves { lines: vec![curves.lines[line].clone()], synergy: Vec::new() };
        one.value(&vec![money * level as f64 / LEVELS as f64; curves.steps()])
    };
    let tables: Vec<Vec<f64>> =
        (0..lines).map(|line| (0..=LEVELS).map(|level| alone(line, level)).collect()).collect();
    let mut mix: Vec<f64> =
        best_levels(&tables, LEVELS).iter().map(|level| money * *level as f64 / LEVELS as f64).collect();
    let mut reached = value(&mix);
    let mut step = money / LEVELS as f64;
    while step > 1e-7 * money {
        let mut moved = false;
        for from in 0..lines {
            for to in (0..lines).filter(|to| *to != from) {
                let mut trial = mix.clone();
                let amount = step.min(trial[from]);
                trial[from] -= amount;
                trial[to] += amount;
                let found = value(&trial);
                if found > reached {
                    (mix, reached, moved) = (trial, found, true);
                }
            }
        }
        if !moved {
            step *= 0.5;
        }
    }
    mix
}

/// Rounds `[steps * lines]` money to hundredths so that the sums up to each cell are those of the plan, within half a
/// hundredth: rounded one by one, a plan may end some hundredths short.
fn whole_hundredths(plan: &[f64], lines: usize) -> Vec<Allocation> {
    let (mut exact, mut given) = (0.0, 0.0);
    let mut round = |money: &f64| {
        exact += money;
        let rounded = ((exact - given) * 100.0).round().max(0.0) / 100.0;
        given += rounded;
        rounded
    };
    plan.chunks(lines).map(|row| Allocation::of(row.iter().map(&mut round).collect())).collect()
}
