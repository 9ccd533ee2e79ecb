//! What a lever adds to a plan: a search that starts from a plan made with it closed and never ends below that.
//!
//! A plan found on few noise seeds is judged on others, and must be better there beyond what chance gives, so that
//! opening a lever is not a licence to fit noise. A bid adds little here: a line buys from the cheapest opportunity upward,
//! so money bounds its price already, and budgets alone reach the best plan where nothing is left to chance within a step
//! (Deng et al. 2023, "Multi-channel autobidding with budget and ROI constraints").

use outlay_environment::{Allocation, Brief, Levers};

use super::oracles::improve;
use super::price::may_keep;
use super::search::{Effort, Shape};
use super::trials::{Mix, Trials, gain};

/// Bids tried for a line in turn, in multiples of its price in a step.
const BIDS: [f64; 5] = [4.0, 2.0, 1.3, 0.9, 0.6];
/// Factors on the money of a line that is no longer tied to others.
const TILTS: [f64; 3] = [10.0, 3.0, 0.3];
/// Least weight that a search starts from, relative to the mean: what has none can never get any.
const TRACE: f64 = 0.01;

/// The best of `plan` (`[steps]`), made where `closed` allowed less, of the best found around it, and of a `constant` mix
/// found where the lever is open. `search` and `judge` are of worlds where it is; `effort` is how many plans are tried for
/// the mix.
pub(super) fn opened(
    [search, judge]: [&Trials; 2],
    closed: Levers,
    [plan, constant]: [Vec<Allocation>; 2],
    effort: usize,
    seed: u64,
) -> Vec<Allocation> {
    let brief = search.world().scenario.brief.clone();
    let keeps = may_keep(&search.world().scenario.brief);
    let base = mix_of(&brief, &plan, keeps);
    let found = if brief.levers.bid != closed.bid {
        with_bids(search, &brief, base)
    } else {
        let tilted = untied(search, &brief, closed, base);
        let effort = Effort { trials: effort, step: 0.2 };
        improve(search, &Shape::levels(&brief).keeping(keeps), &tilted, effort, seed).0
    };
    let found = search.respill(&found).plan;
    let mut best = (judge.play(&plan).scores, plan);
    for other in [found, constant] {
        let scores = judge.play(&other).scores;
        if is_better(&scores, &best.0) {
            best = (scores, other);
        }
    }
    best.1
}

/// Whether the mean paired difference is more than twice its standard error; of one pair, whether it is above zero.
fn is_better(scores: &[f64], others: &[f64]) -> bool {
    let (mean, error) = gain(scores, others);
    mean > 2.0 * error
}

/// The proportions of a plan, with a trace everywhere a line may spend.
fn mix_of(brief: &Brief, plan: &[Allocation], keeps: bool) -> Mix {
    let total: f64 = plan.iter().flat_map(|row| &row.money).sum();
    let trace = TRACE * total / (plan.len() * brief.lines.len()) as f64;
    let money = plan.iter().flat_map(|row| row.money.iter().map(|money| money + trace)).collect();
    let part = if keeps { (total / brief.budget.major()).min(1.0) } else { 1.0 };
    let bids = brief.lines.iter().enumerate().map(|(line, about)| {
        let bid = plan.iter().zip(&brief.calendar).find_map(|(row, step)| {
            let bid = row.bids.get(line).filter(|bid| **bid > 0.0)?;
            Some(bid / (step.price * about.list_price))
        });
        bid.unwrap_or(f64::INFINITY)
    });
    Mix { part, bids: bids.collect(), ..Mix::of(money) }
}

/// The best bid for one line after the other, those with most money first.
fn with_bids(trials: &Trials, brief: &Brief, mut mix: Mix) -> Mix {
    let lines = brief.lines.len();
    let money = |line: usize| -> f64 { mix.weights.iter().skip(line).step_by(lines).sum() };
    let mut order: Vec<usize> = (0..lines).filter(|line| brief.lines[*line].list_price > 0.0).collect();
    order.sort_by(|a, b| money(*b).total_cmp(&money(*a)).then(a.cmp(b)));
    let tries = order.into_iter().flat_map(|line| BIDS.map(|bid| (line, bid)));
    climb(trials, &mut mix, tries, |mix, (line, bid)| mix.bids[line] = bid);
    mix
}

/// Money moved between lines that `closed` ties together, one line after the other, as long as it helps.
fn untied(trials: &Trials, brief: &Brief, closed: Levers, mut mix: Mix) -> Mix {
    let lines = brief.lines.len();
    let tied = closed.ties(brief).into_iter().flat_map(|tie| tie.lines);
    let tries = tied.flat_map(|line| TILTS.map(|tilt| (line, tilt)));
    climb(trials, &mut mix, tries, |mix, (line, tilt)| {
        mix.weights.iter_mut().skip(line).step_by(lines).for_each(|weight| *weight *= tilt);
    });
    mix
}

/// Makes one change after the other, and keeps those that score higher.
fn climb<C>(trials: &Trials, mix: &mut Mix, tries: impl Iterator<Item = C>, change: impl Fn(&mut Mix, C)) {
    let mut best = trials.respill(mix).score;
    for one in tries {
        let mut other = mix.clone();
        change(&mut other, one);
        let score = trials.respill(&other).score;
        if score > best {
            (best, *mix) = (score, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_environment::{Domain, Scenario, Seeds, World};

    #[test]
    fn better_is_more_than_chance() {
        assert!(is_better(&[2.0, 3.0, 4.0], &[1.0, 2.0, 2.0]), "mean 1.33, error 0.33");
        // Differences 2, 0, -1: mean 0.33, standard deviation 1.53, error 0.88.
        assert!(!is_better(&[3.0, 2.0, 1.0], &[1.0, 2.0, 2.0]));
        assert!(!is_better(&[1.0], &[1.0]) && is_better(&[1.5], &[1.0]));
    }

    /// On the judge's noise a plan with a lever more is never below the plan it started from: it is that plan where the
    /// search found none that is better there.
    #[test]
    fn a_lever_more_is_never_worse_on_the_noise_it_is_judged_by() {
        let scenario = Scenario::load("break-out-of-circle").unwrap().with_shoppers(1_000);
        let world = World::draw(&scenario, Seeds::numbered(Domain::Validate, 0, 0).world);
        let brief = &scenario.brief;
        let money = brief.budget.major() / (brief.steps * brief.lines.len()) as f64;
        let mut plan = vec![Allocation::of(vec![money; brief.lines.len()]); brief.steps];
        let even = plan.clone();
        for pair in Levers::ALL.ladder().windows(2) {
            let search = Trials::smaller(&world, pair[1], 1, 1);
            let judge = Trials::judge(&world, pair[1], 1, 1);
            let better = opened([&search, &judge], pair[0], [plan.clone(), even.clone()], 14, 1);
            assert!(judge.play(&better).score >= judge.play(&plan).score, "{pair:?}");
            plan = better;
        }
        assert_ne!(plan, even);
    }
}
