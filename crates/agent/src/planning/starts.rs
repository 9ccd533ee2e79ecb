//! Plans to begin from where curves are S-shaped: paths that are best at some price of money, put together within it.

use outlay_environment::{CurveLine, Curves};

use super::knapsack::{Choice, knapsack};

/// Parts of the money in the knapsack.
const LEVELS: usize = 1000;
/// Budgets, relative to the money there is, for which paths are put together; what is too much is scaled down.
const BUDGETS: [f64; 5] = [1.0, 1.03, 1.1, 1.25, 1.5];

/// `[starts][steps * lines]` shares. `paths` (`[lines][paths][steps]`) are those tried, in falling price of money; the
/// first after the budget is passed and the last before it are spliced at every step, so that a line on which every
/// step is alike can also be bought for some of them.
pub(super) fn starts(curves: &Curves, paths: &[Vec<Vec<f64>>], around: [usize; 2]) -> Vec<Vec<f64>> {
    let (steps, lines) = (curves.steps(), curves.lines.len());
    let mut options = Vec::with_capacity(lines);
    for paths in paths {
        let mut all: Vec<Vec<f64>> = vec![vec![0.0; steps]];
        all.extend(paths.iter().cloned());
        let [scarce, ample] = around.map(|at| &paths[at]);
        if scarce != ample {
            for cut in 1..steps {
                all.push([&ample[..cut], &scarce[cut..]].concat());
                all.push([&scarce[..cut], &ample[cut..]].concat());
            }
        }
        options.push(all);
    }
    let choice = |(line, plans): (&CurveLine, &Vec<Vec<f64>>)| -> Vec<Choice> {
        plans.iter().map(|plan| Choice { spend: plan.iter().sum(), value: value(line, plan) }).collect()
    };
    let choices: Vec<Vec<Choice>> = curves.lines.iter().zip(&options).map(choice).collect();
    let mut starts: Vec<Vec<f64>> = Vec::new();
    for budget in BUDGETS {
        let chosen = knapsack(&choices, budget, LEVELS);
        let mut plan = vec![0.0; steps * lines];
        for (i, at) in chosen.into_iter().enumerate() {
            for (step, x) in options[i][at].iter().enumerate() {
                plan[step * lines + i] = *x;
            }
        }
        let total: f64 = plan.iter().sum();
        if total > 1.0 {
            plan.iter_mut().for_each(|x| *x /= total);
        }
        if !starts.contains(&plan) {
            starts.push(plan);
        }
    }
    starts
}

/// What a plan brings on one line alone.
fn value(line: &CurveLine, plan: &[f64]) -> f64 {
    let mut stock = line.stock;
    let mut total = 0.0;
    for (x, weight) in plan.iter().zip(&line.weight) {
        stock = x + line.retention * stock;
        total += weight * line.curve.value(stock) - 0.5 * line.quadratic_cost * x * x;
    }
    total
}
