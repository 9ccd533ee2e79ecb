//! How far it pays for a guided policy to leave its guide in a scenario.
//!
//! One network serves many scenarios, and where its guide is nearly right, what it adds is partly the noise that the
//! others left in it. Before it plays a scenario it therefore tries several shares of the way from the guide's money to
//! its own, all on the same worlds (numbers of the *validate* domain that no training run looks at), and takes the one that
//! is surest to beat the guide: the highest mean gain less one standard error. Staying with the guide surely gains
//! nothing, so that where nothing beats it the guide plays alone. This is policy improvement with a safe fallback, as in
//! Laroche et al. 2019 ("Safe policy improvement with baseline bootstrapping"), with trials in place of bounds.

use std::sync::Arc;
use std::thread;

use outlay_environment::{Domain, Scenario, Seeds, World};

use crate::agent::{Recipe, play};

/// Shares of the correction that are tried beside none.
const SHARES: [f32; 5] = [0.25, 0.5, 0.75, 1.0, 1.5];
/// Worlds of a trial.
const WORLDS: u64 = 48;
/// The first of them.
const FIRST: u64 = 20_000;

/// Tries the shares in `scenario` and gives the one to take; `with_share` makes the policy with a share.
///
/// Threads of its own play the worlds: it may be asked from inside a pool whose other threads wait for the answer.
pub(crate) fn trusted_share<R: Recipe>(scenario: &Arc<Scenario>, with_share: impl Fn(f32) -> R) -> f32 {
    let recipes: Vec<R> = std::iter::once(0.0).chain(SHARES).map(with_share).collect();
    let threads = rayon::current_num_threads().max(1);
    let mut scores = vec![[0.0; SHARES.len() + 1]; WORLDS as usize];
    thread::scope(|scope| {
        for (part, scores) in scores.chunks_mut((WORLDS as usize).div_ceil(threads)).enumerate() {
            let first = FIRST + part as u64 * (WORLDS as usize).div_ceil(threads) as u64;
            let recipes = &recipes;
            scope.spawn(move || {
                for (scores, number) in scores.iter_mut().zip(first..) {
                    let seeds = Seeds::numbered(Domain::Validate, number, 0);
                    let world = World::draw(scenario, seeds.world);
                    for (score, recipe) in scores.iter_mut().zip(recipes) {
                        let episode = play(&mut *recipe.make(number), &world, seeds.noise);
                        *score = scenario.expected(episode.ledger());
                    }
                }
            });
        }
    });
    surest(&scores)
}

/// The share whose mean gain over none, less one standard error, is highest. `scores` is `[worlds]`, none first.
fn surest(scores: &[[f64; SHARES.len() + 1]]) -> f32 {
    let count = scores.len() as f64;
    let mut best = (0.0, 0.0);
    for (place, share) in SHARES.into_iter().enumerate() {
        let gains = || scores.iter().map(|scores| scores[place + 1] - scores[0]);
        let mean = gains().sum::<f64>() / count;
        let variance = gains().map(|gain| (gain - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        let sure = mean - (variance / count).sqrt();
        if sure > best.0 {
            best = (sure, share);
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand, on four worlds: gains of a quarter 1, 1, 1, 1 (sure 1); of a half 4, 0, 4, 0 (mean 2, variance 16/3,
    /// sure 2 - 1.155 = 0.845); of three quarters -1 (never); of all and of more 9, -9, 9, -9 (sure below 0).
    #[test]
    fn the_surest_gain_wins_and_a_loss_is_left_alone() {
        let odd = [[10.0, 11.0, 14.0, 9.0, 19.0, 19.0], [20.0, 21.0, 20.0, 19.0, 11.0, 11.0]];
        assert_eq!(surest(&[odd[0], odd[1], odd[0], odd[1]]), 0.25);
        let half = [[10.0, 10.5, 14.0, 9.0, 19.0, 19.0], [20.0, 20.5, 20.0, 19.0, 11.0, 11.0]];
        assert_eq!(surest(&[half[0], half[1], half[0], half[1]]), 0.5);
        assert_eq!(surest(&[[5.0, 4.0, 4.0, 5.0, 1.0, 1.0]; 3]), 0.0);
        assert_eq!(surest(&[[f64::NAN; 6]; 3]), 0.0);
    }
}
