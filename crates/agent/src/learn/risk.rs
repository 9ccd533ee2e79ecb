//! Aversion to risk: what counts is the mean of the worst worlds, their conditional value at risk (CVaR; Rockafellar and
//! Uryasev 2000, Tamar et al. 2015).
//!
//! A world is bad mostly by its own nature, not by what the policy did in it; a planner feels it all the same, so the worlds
//! are ranked by the score as it is. What the policy can do about it is to serve the bad worlds better, even at the cost of
//! the good ones: the gradient of the CVaR is that of the score in the worst worlds alone. The episodes of a group share a
//! world, so a world is ranked by the group's mean, and within it episodes are still judged against each other, which takes
//! the world's own level out of the advantages.
//!
//! The worst worlds are those of an iteration. Of n worlds the lowest `share * n` count; over many iterations a world counts
//! by its chance to be among them, which falls smoothly around the quantile instead of at once: also a coherent measure of
//! risk, a little milder than the CVaR where n is small.

/// `[scores]` weights of the worlds with these mean scores: one over `share` for the worst `share` of them, in part for the
/// world on the border, else nothing. They add up to their number.
#[must_use]
pub fn tail_weights(scores: &[f64], share: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let mut weights = vec![0.0; scores.len()];
    let mut left = share * scores.len() as f64;
    for world in order {
        weights[world] = left.clamp(0.0, 1.0) / share;
        left -= 1.0;
    }
    weights
}

/// Mean score of the worst `share` of worlds; of all of them where there is none.
#[must_use]
pub fn tail_mean(scores: &[f64], share: Option<f64>) -> f64 {
    let count = scores.len().max(1) as f64;
    let Some(share) = share else { return scores.iter().sum::<f64>() / count };
    scores.iter().zip(tail_weights(scores, share)).map(|(score, weight)| score * weight).sum::<f64>() / count
}

/// Weighs advantages (`[groups * episodes * steps]`, `size` of them a group) by the worlds' places among all: `scores` are
/// those of the episodes, `[groups * episodes]`.
pub(super) fn weigh(advantages: &mut [f32], size: usize, scores: &[f64], group: usize, share: f64) {
    let means: Vec<f64> =
        scores.chunks(group).map(|of_world| of_world.iter().sum::<f64>() / group as f64).collect();
    for (advantages, weight) in advantages.chunks_mut(size).zip(tail_weights(&means, share)) {
        advantages.iter_mut().for_each(|advantage| *advantage *= weight as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_quarter_counts_fourfold() {
        let scores = [5.0, 1.0, 7.0, 3.0, 9.0, 2.0, 8.0, 6.0];
        assert_eq!(tail_weights(&scores, 0.25), [0.0, 4.0, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0]);
        assert_eq!(tail_mean(&scores, Some(0.25)), 1.5);
        assert_eq!(tail_mean(&scores, None), 41.0 / 8.0);
        assert_eq!(tail_weights(&scores, 1.0), [1.0; 8]);
    }

    /// Of five worlds a share of 0.3 is one and a half: (1 + 0.5 * 2) / 1.5.
    #[test]
    fn the_world_on_the_border_counts_in_part() {
        let scores = [4.0, 2.0, 1.0, 3.0, 5.0];
        let weights = tail_weights(&scores, 0.3);
        assert!((weights[2] - 1.0 / 0.3).abs() < 1e-12 && (weights[1] - 0.5 / 0.3).abs() < 1e-12);
        assert!((weights.iter().sum::<f64>() - 5.0).abs() < 1e-12);
        assert!((tail_mean(&scores, Some(0.3)) - 2.0 / 1.5).abs() < 1e-12);
    }

    /// Rockafellar and Uryasev: the largest value over q of q + E[min(score - q, 0)] / share.
    #[test]
    fn the_tail_mean_is_the_conditional_value_at_risk() {
        let scores = [4.0, 2.5, 1.0, 3.0, 5.0, -2.0, 0.5];
        for share in [0.1, 0.3, 0.5, 0.9] {
            let at = |q: f64| q + scores.iter().map(|s| (s - q).min(0.0)).sum::<f64>() / 7.0 / share;
            let found = scores.iter().map(|&q| at(q)).fold(f64::NEG_INFINITY, f64::max);
            assert!((tail_mean(&scores, Some(share)) - found).abs() < 1e-12, "{share}");
        }
    }

    #[test]
    fn worlds_are_ranked_by_the_mean_of_their_episodes() {
        // Two worlds of two episodes with two steps; the second has the lowest episode but the higher mean.
        let mut advantages = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        weigh(&mut advantages, 4, &[3.0, 3.0, 1.0, 9.0], 2, 0.5);
        assert_eq!(advantages, [2.0, 4.0, 6.0, 8.0, 0.0, 0.0, 0.0, 0.0]);
    }
}
