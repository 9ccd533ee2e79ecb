//! Advantages: how much better an action did than expected.

/// One step of an episode as generalised advantage estimation needs it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Transition {
    /// Reward of the step.
    pub reward: f32,
    /// The critic's value before the step.
    pub value: f32,
    /// The critic's value after the step, before any reset.
    pub next_value: f32,
    /// The step ended the episode by its nature: nothing has worth afterwards.
    pub terminated: bool,
    /// The step ended the record, not the episode: what follows keeps its worth.
    pub truncated: bool,
}

/// Generalised advantage estimation (Schulman et al. 2016):
/// A_t = d_t + gamma lambda A_(t+1), d_t = r_t + gamma v(s_(t+1)) - v(s_t).
///
/// Termination removes v(s_(t+1)) and A_(t+1); truncation removes A_(t+1) alone.
pub fn generalised_advantage(steps: &[Transition], gamma: f32, lambda: f32, advantages: &mut [f32]) {
    let mut next = 0.0;
    for (step, advantage) in steps.iter().zip(advantages).rev() {
        let worth = if step.terminated { 0.0 } else { step.next_value };
        if step.terminated || step.truncated {
            next = 0.0;
        }
        next = step.reward + gamma * worth - step.value + gamma * lambda * next;
        *advantage = next;
    }
}

/// Takes from each advantage the mean of the others of its group at the same step. The others do not depend on this
/// one's action, so the expected gradient stays as it is; what the world gave to all cancels (Kool et al. 2019).
///
/// `advantages` is `[episodes, steps]` row by row, the episodes of a group next to each other.
pub fn leave_one_out(advantages: &mut [f32], steps: usize, group: usize) {
    if group < 2 {
        return;
    }
    let stretch = group as f32 / (group - 1) as f32;
    for block in advantages.chunks_exact_mut(group * steps) {
        for step in 0..steps {
            let mean = (0..group).map(|i| block[i * steps + step]).sum::<f32>() / group as f32;
            for i in 0..group {
                // a - mean of the others = (a - mean of all) n / (n - 1).
                block[i * steps + step] = (block[i * steps + step] - mean) * stretch;
            }
        }
    }
}

/// Shifts and scales to mean 0 and standard deviation 1.
pub fn standardise(values: &mut [f32]) {
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|&x| f64::from(x)).sum::<f64>() / count;
    let variance = values.iter().map(|&x| (f64::from(x) - mean).powi(2)).sum::<f64>() / count;
    let scale = 1.0 / (variance.sqrt() + 1e-8);
    values.iter_mut().for_each(|x| *x = ((f64::from(*x) - mean) * scale) as f32);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(rewards: &[f32], values: &[f32], last: (bool, bool)) -> Vec<Transition> {
        (0..rewards.len())
            .map(|t| Transition {
                reward: rewards[t],
                value: values[t],
                next_value: values[t + 1],
                terminated: last.0 && t + 1 == rewards.len(),
                truncated: last.1 && t + 1 == rewards.len(),
            })
            .collect()
    }

    fn close(got: &[f32], want: &[f32]) {
        assert!(got.iter().zip(want).all(|(a, b)| (a - b).abs() < 1e-5), "{got:?} against {want:?}");
    }

    /// By hand: deltas are r + v' - v = (1 + 2 - 1, 2 + 3 - 2, 3 + 4 - 3) = (2, 3, 4), lambda 1/2.
    #[test]
    fn truncation_keeps_the_worth_of_what_follows() {
        let mut advantages = [0.0; 3];
        let record = steps(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0], (false, true));
        generalised_advantage(&record, 1.0, 0.5, &mut advantages);
        close(&advantages, &[4.5, 5.0, 4.0]);
    }

    /// The same, but nothing has worth after the end: the last delta is 3 - 3 = 0.
    #[test]
    fn termination_leaves_nothing_to_come() {
        let mut advantages = [0.0; 3];
        let record = steps(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0, 4.0], (true, false));
        generalised_advantage(&record, 1.0, 0.5, &mut advantages);
        close(&advantages, &[3.5, 3.0, 0.0]);
    }

    #[test]
    fn an_end_in_the_middle_separates_two_episodes() {
        let mut both = steps(&[1.0, 2.0], &[1.0, 2.0, 9.0], (true, false));
        both.extend(steps(&[3.0], &[5.0, 7.0], (false, true)));
        let mut advantages = [0.0; 3];
        generalised_advantage(&both, 0.9, 0.8, &mut advantages);
        // Second episode alone: 3 + 0.9 x 7 - 5. First: 2 - 2 = 0, then 1 + 0.9 x 2 - 1.
        close(&advantages, &[1.8, 0.0, 4.3]);
    }

    #[test]
    fn lambda_one_is_the_return_less_the_value() {
        let (rewards, values) = ([0.5, -1.0, 2.0, 0.25], [0.3, 0.1, -0.2, 0.4, 0.9]);
        let mut advantages = [0.0; 4];
        generalised_advantage(&steps(&rewards, &values, (true, false)), 0.9, 1.0, &mut advantages);
        let mut to_go = 0.0;
        for t in (0..4).rev() {
            to_go = rewards[t] + 0.9 * to_go;
            close(&[advantages[t]], &[to_go - values[t]]);
        }
    }

    #[test]
    fn leaving_one_out_subtracts_the_mean_of_the_others() {
        // One group of three episodes, two steps each.
        let mut advantages = [1.0, 10.0, 2.0, 20.0, 6.0, 0.0];
        leave_one_out(&mut advantages, 2, 3);
        close(&advantages, &[1.0 - 4.0, 0.0, 2.0 - 3.5, 20.0 - 5.0, 6.0 - 1.5, -15.0]);
    }
}
