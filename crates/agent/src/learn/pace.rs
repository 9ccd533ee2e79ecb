//! The last thing a run with a promise does: a policy that may leave money is slowed down until the promise holds.
//!
//! The price of a miss teaches a policy which money to leave, but it learns late and by noisy episodes how much. What each
//! further yuan returns falls, so spending less in every step raises the return of all: the largest pace at which enough
//! worlds keep their limits is looked for, on worlds of the *validate* domain that nothing else was chosen by. The pace is
//! the bias of the reserve's logit, so that what comes out is an ordinary policy.

use super::ranks::{Ranks, RanksError};
use super::state::{Best, TrainState};
use super::task::{Task, least_kept, scores, tried};
use crate::policy::{Layer, Policy, Prefer};

/// Shares of the policy's own pace that are tried, from the fastest.
const PACES: [f64; 14] = [1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.5, 0.4, 0.3, 0.2, 0.1];
/// Worlds of a trial.
const WORLDS: u64 = 256;
/// The first of them.
const FIRST: u64 = 30_000;

/// Slows the best policy of a run down until it keeps its promise, where it has one and may leave money.
pub(super) fn keep_promise(
    state: &mut TrainState,
    tasks: &[Task],
    ranks: &dyn Ranks,
) -> Result<(), RanksError> {
    let (Some(promise), Prefer::Target) = (state.settings.promise, state.settings.prefer) else {
        return Ok(());
    };
    let Some(best) = state.best.take() else { return Ok(()) };
    let tasks = &tasks[..state.settings.validated_of(tasks.len())];
    let trials: Vec<Task> = tasks.iter().map(|task| task.on_worlds(FIRST..FIRST + WORLDS)).collect();
    // Chosen with a margin of one standard error, because it is chosen.
    let enough = promise + (promise * (1.0 - promise) / WORLDS as f64).sqrt();
    let mut slowest = (best.policy.clone(), 0.0);
    for pace in PACES {
        let policy = at_pace(&best.policy, pace);
        let kept = least_kept(&tried(&trials, &policy, ranks)?);
        if kept > slowest.1 {
            slowest = (policy, kept);
        }
        if kept >= enough {
            break;
        }
    }
    let policy = slowest.0;
    let validated = tried(tasks, &policy, ranks)?;
    let (score, kept) = (state.mean_score(&scores(&validated)), least_kept(&validated));
    state.best = Some(Best { policy, score, excess: (promise - kept).max(0.0), steps: best.steps });
    Ok(())
}

/// The policy that spends this share of what it would spend in each step, while there is enough.
fn at_pace(policy: &Policy, pace: f64) -> Policy {
    let mut slower = policy.clone();
    if let Some(bias) = policy.layout.place(Layer::Reserve).bias.clone() {
        slower.weights[bias].iter_mut().for_each(|bias| *bias -= pace.ln() as f32);
    }
    slower
}

#[cfg(test)]
mod tests {
    use outlay_environment::{Episode, World};

    use super::*;
    use crate::agent::Recipe;
    use crate::baselines::testing::scenario;
    use crate::policy::{LearnedPolicy, Untrained};

    #[test]
    fn half_the_pace_spends_half() {
        let scenario = scenario();
        let whole = Policy::untrained(&Untrained { width: 8, seed: 3, ..Untrained::default() });
        let whole = Policy { prefer: Prefer::Target, ..whole };
        let spent = |policy: &Policy| {
            let mut agent = LearnedPolicy::new(policy.clone(), &scenario).make(0);
            let episode = Episode::new(World::draw(&scenario, 1), 2);
            agent.start(&scenario.brief);
            agent.decide(episode.observation()).money.iter().sum::<f64>()
        };
        let ratio = spent(&at_pace(&whole, 0.5)) / spent(&whole);
        assert!((ratio - 0.5).abs() < 1e-5, "{ratio}");
    }
}
