//! From logits to money.
//!
//! A decision has two parts that do not disturb each other: how much of the money left is spent now (the logit of the
//! reserve), and how the lines share it (their logits, a softmax). All logits at zero is the even plan in time and over
//! lines; in the last step everything left is given out, unless money that is left is worth something or the policy prefers
//! its target to spending. The guard makes the rest legal.
//!
//! A policy that prefers its target sets its pace against the whole budget, not against what is left: money that it does not
//! spend now is not pushed to later steps, so that spending a tenth less all along leaves a tenth in the end.
//!
//! Where the scenario opens bids and the policy decides them, there is one more number for each line: the logarithm of the
//! bid, of which 0 is a bid that hardly binds.
//!
//! The policy is a Gaussian over the logits, so its density is exact; this map counts as part of the environment.

use libm::{exp, log};
use outlay_environment::{Allocation, Brief, LineBrief, Observation};

use super::Prefer;
use crate::baselines::price::may_keep;

/// Logits further out than this are cut off: a line at one end has e^20 times the money of one at the other.
pub(crate) const LIMIT: f64 = 10.0;

/// Least share of the mean line that a teacher's plan is read as, and a guide's: what a guide leaves out must not be out of
/// reach of the policy that starts from it, nor be given much.
pub const TAUGHT: f64 = 0.02;
/// See [`TAUGHT`].
pub const GUIDED: f64 = 0.003;

/// What a bid whose logit is 0 offers, in list prices: most of what is on offer costs less.
const NEUTRAL_BID: f64 = 4.0;

/// Turns logits into an allocation: `[lines]` of the lines, that of the reserve, and, where bids are decided, `[lines]` of
/// bids. The allocation's money has room for every line.
pub fn decide(
    brief: &Brief,
    observation: &Observation,
    prefer: Prefer,
    logits: &[f32],
    allocation: &mut Allocation,
) {
    let (shares, bids) = logits.split_at((brief.lines.len() + 1).min(logits.len()));
    money(brief, observation, prefer, shares, &mut allocation.money);
    allocation.bids.clear();
    let bid = |(logit, line): (&f32, &LineBrief)| {
        NEUTRAL_BID * line.list_price * exp(f64::from(*logit).clamp(-LIMIT, LIMIT))
    };
    allocation.bids.extend(bids.iter().zip(&brief.lines).map(bid));
}

/// Writes major units for each line. `logits` is `[lines + 1]`, the reserve last; `money` is `[lines]`.
///
/// With T steps left (one more where money that is left is worth something), z the lines' logits and r the reserve's:
/// spend now = left / (1 + e^r (T - 1)), shared in proportion to e^z over the lines that are open. Who prefers the target
/// spends the even share of the budget, divided by e^r, while there is enough.
fn money(brief: &Brief, observation: &Observation, prefer: Prefer, logits: &[f32], money: &mut [f64]) {
    let Some((reserve, scores)) = logits.split_last() else { return };
    let open = |line: usize| {
        let limits = brief.limits.lines.get(line);
        limits.is_none_or(|limits| (limits.first_step..limits.end_step).contains(&observation.step))
    };
    let mut sum = 0.0;
    for (line, (share, &score)) in money.iter_mut().zip(scores).enumerate() {
        *share = if open(line) { exp(f64::from(score).clamp(-LIMIT, LIMIT)) } else { 0.0 };
        sum += *share;
    }
    if sum <= 0.0 {
        return;
    }
    let left = observation.budget_left.major();
    let reserve = exp(f64::from(*reserve).clamp(-LIMIT, LIMIT));
    let spend = match prefer {
        Prefer::Spend => left * (1.0 / (1.0 + reserve * later(brief, observation))),
        Prefer::Target => (even_pace(brief) / reserve).min(left),
    };
    money.iter_mut().for_each(|share| *share *= spend / sum);
}

/// Money of a step where a budget is spread evenly, in major units.
fn even_pace(brief: &Brief) -> f64 {
    brief.budget.major() / brief.steps.max(1) as f64
}

/// Steps after this one that money may be kept for. Where money that is left is worth something, keeping it for good
/// counts as one more.
fn later(brief: &Brief, observation: &Observation) -> f64 {
    let costs = |line: &LineBrief| line.prior.is_some_and(|prior| prior.quadratic_cost > 0.0);
    let floored = brief.goal == "response" && brief.limits.return_floor.is_some();
    let keeps = floored || may_keep(brief) || brief.lines.iter().any(costs);
    (brief.steps.saturating_sub(observation.step + 1) + usize::from(keeps)) as f64
}

/// The logits that [`decide`] turns into `plan` (`[lines]` major units), written to `logits` (`[lines + 1]`, the reserve
/// last): those of the lines add up to zero; a line with less than `least` of the mean gets that, and the reserve's stays
/// within `1 / least` of the even pace, so that no target runs away.
pub fn logits(
    brief: &Brief,
    observation: &Observation,
    prefer: Prefer,
    plan: &[f64],
    least: f64,
    logits: &mut [f32],
) {
    let Some((reserve, scores)) = logits.split_last_mut() else { return };
    let spend: f64 = plan.iter().sum();
    let mean = spend / plan.len().max(1) as f64;
    let score = |money: f64| if mean > 0.0 { log((money / mean).max(least)) } else { 0.0 };
    let centre = plan.iter().map(|money| score(*money)).sum::<f64>() / plan.len().max(1) as f64;
    for (logit, money) in scores.iter_mut().zip(plan) {
        *logit = (score(*money) - centre) as f32;
    }
    let later = later(brief, observation);
    let left = observation.budget_left.major();
    let held = match prefer {
        _ if left <= 0.0 => 1.0,
        Prefer::Target => even_pace(brief) / spend.max(1e-9 * left),
        Prefer::Spend if later > 0.0 => (left - spend) / spend.max(1e-9 * left) / later,
        Prefer::Spend => 1.0,
    };
    *reserve = log(held.clamp(least, 1.0 / least)) as f32;
}

#[cfg(test)]
mod tests {
    use outlay_environment::{Money, Scenario, World};
    use proptest::prelude::*;

    use super::*;

    fn first() -> (std::sync::Arc<Brief>, Observation) {
        let scenario = Scenario::load("new-customer").expect("shipped");
        let world = World::average(&scenario.with_shoppers(500));
        let episode = outlay_environment::Episode::new(world, 1);
        (scenario.brief.clone(), episode.observation().clone())
    }

    #[test]
    fn zero_is_the_even_plan() {
        let (brief, mut observation) = first();
        let lines = brief.lines.len();
        let mut plan = vec![0.0; lines];
        for step in 0..brief.steps {
            observation.step = step;
            money(&brief, &observation, Prefer::Spend, &vec![0.0; lines + 1], &mut plan);
            let even = brief.budget.major() / brief.steps as f64;
            assert!((plan.iter().sum::<f64>() - even).abs() < 1e-6 * even, "step {step}");
            observation.budget_left -= Money::from_major(plan.iter().sum());
        }
        assert!(observation.budget_left.major().abs() < 1.0);
    }

    /// By hand: at 0 four list prices, a logit of -ln 4 less is the list price; no bids where none are decided.
    #[test]
    fn bids_are_in_list_prices() {
        let (brief, observation) = first();
        let lines = brief.lines.len();
        let mut scores = vec![0.0; 2 * lines + 1];
        scores[lines + 2] = -f32::ln(4.0);
        let mut allocation = Allocation::of(vec![0.0; lines]);
        decide(&brief, &observation, Prefer::Spend, &scores, &mut allocation);
        let price = |line: usize| brief.lines[line].list_price;
        assert_eq!(allocation.bids.len(), lines);
        assert!((allocation.bids[0] - 4.0 * price(0)).abs() < 1e-9);
        assert!((allocation.bids[1] - price(1)).abs() < 1e-6);
        let money = allocation.money.clone();
        decide(&brief, &observation, Prefer::Spend, &scores[..=lines], &mut allocation);
        assert!(allocation.bids.is_empty());
        assert_eq!(allocation.money, money);
    }

    #[test]
    fn logits_turn_back_into_their_plan() {
        let (brief, mut observation) = first();
        observation.step = 5;
        let plan: Vec<f64> = (0..brief.lines.len()).map(|line| 500.0 + 300.0 * line as f64).collect();
        for prefer in [Prefer::Spend, Prefer::Target] {
            let mut scores = vec![0.0; plan.len() + 1];
            logits(&brief, &observation, prefer, &plan, TAUGHT, &mut scores);
            let mut again = vec![0.0; plan.len()];
            money(&brief, &observation, prefer, &scores, &mut again);
            assert!(plan.iter().zip(&again).all(|(a, b)| (a - b).abs() < 1e-3 * a), "{plan:?} {again:?}");
        }
    }

    /// By hand: spending a fifth of the even pace less in every step leaves a fifth of the budget.
    #[test]
    fn who_prefers_the_target_may_leave_money() {
        let (brief, mut observation) = first();
        let lines = brief.lines.len();
        let (mut scores, mut plan) = (vec![0.0; lines + 1], vec![0.0; lines]);
        for (share, left) in [(0.8, 0.2), (1.0, 0.0), (2.0, 0.0)] {
            observation.budget_left = brief.budget;
            scores[lines] = -f64::ln(share) as f32;
            for step in 0..brief.steps {
                observation.step = step;
                money(&brief, &observation, Prefer::Target, &scores, &mut plan);
                observation.budget_left -= Money::from_major(plan.iter().sum());
            }
            let kept = observation.budget_left.major() / brief.budget.major();
            assert!((kept - left).abs() < 1e-5, "{share}: {kept}");
        }
    }

    proptest! {
        #[test]
        fn never_more_than_is_left_and_all_of_it_at_the_end(
            scores in proptest::collection::vec(-1e6_f32..1e6, 64), step in 0_usize..40,
        ) {
            let (brief, mut observation) = first();
            let lines = brief.lines.len();
            let step = step.min(brief.steps - 1);
            observation.step = step;
            let mut plan = vec![0.0; lines];
            money(&brief, &observation, Prefer::Spend, &scores[..lines + 1], &mut plan);
            let left = observation.budget_left.major();
            let total: f64 = plan.iter().sum();
            prop_assert!(plan.iter().all(|x| x.is_finite() && *x >= 0.0));
            prop_assert!(total <= left * (1.0 + 1e-12));
            if step + 1 == brief.steps && total > 0.0 {
                prop_assert!((total - left).abs() < 1e-9 * left);
            }
        }
    }
}
