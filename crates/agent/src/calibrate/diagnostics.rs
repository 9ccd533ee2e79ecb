//! Whether Markov chains have forgotten where they began.

use outlay_environment::draws::normal_quantile;

use super::history::mean;

/// Split R-hat of ranks (Vehtari, Gelman, Simpson, Carpenter, Bürkner 2021): each chain's halves are compared after draws
/// were replaced by normal quantiles of their ranks; near 1 where all tell the same. `chains` has `[chains][draws]`.
#[must_use]
pub fn split_r_hat(chains: &[Vec<f64>]) -> f64 {
    let halves = halves(&normal_ranks(chains));
    let length = halves.iter().map(Vec::len).min().unwrap_or(0) as f64;
    if halves.len() < 2 || length < 2.0 {
        return f64::NAN;
    }
    let (between, within) = variances(&halves, length);
    if within <= 0.0 {
        return 1.0;
    }
    libm::sqrt(((length - 1.0) / length * within + between / length) / within)
}

/// Number of independent draws that tell as much about the mean, by Geyer's (1992) initial positive sequence over the chains'
/// halves.
#[must_use]
pub fn effective_draws(chains: &[Vec<f64>]) -> f64 {
    let halves = halves(&normal_ranks(chains));
    let length = halves.iter().map(Vec::len).min().unwrap_or(0);
    let count = (halves.len() * length) as f64;
    if length < 4 {
        return count;
    }
    let (between, within) = variances(&halves, length as f64);
    let total = (length as f64 - 1.0) / length as f64 * within + between / length as f64;
    if total <= 0.0 {
        return count;
    }
    let means: Vec<f64> = halves.iter().map(|half| mean(half)).collect();
    let covariance = |lag: usize| {
        let of = |(half, mean): (&Vec<f64>, &f64)| {
            half.iter().zip(&half[lag..]).map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / length as f64
        };
        halves.iter().zip(&means).map(of).sum::<f64>() / halves.len() as f64
    };
    let correlation = |lag: usize| 1.0 - (within - covariance(lag)) / total;
    let mut time = -1.0;
    let mut last = f64::INFINITY;
    for pair in 0..length / 2 - 1 {
        let sum = (correlation(2 * pair) + correlation(2 * pair + 1)).min(last);
        if sum <= 0.0 {
            break;
        }
        time += 2.0 * sum;
        last = sum;
    }
    (count / time.max(1.0 / libm::log10(count.max(10.0)))).min(count)
}

/// Variance between the means, times the length, and mean variance within.
fn variances(halves: &[Vec<f64>], length: f64) -> (f64, f64) {
    let means: Vec<f64> = halves.iter().map(|half| mean(half)).collect();
    let all = mean(&means);
    let between = length / (means.len() as f64 - 1.0)
        * means.iter().map(|mean| (mean - all) * (mean - all)).sum::<f64>();
    let of = |(half, mean): (&Vec<f64>, &f64)| {
        half.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / (length - 1.0)
    };
    (between, halves.iter().zip(&means).map(of).sum::<f64>() / halves.len() as f64)
}

fn halves(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    chains
        .iter()
        .flat_map(|chain| chain.chunks_exact((chain.len() / 2).max(1)).take(2))
        .map(<[f64]>::to_vec)
        .collect()
}

fn normal_ranks(chains: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut order: Vec<(usize, usize)> =
        chains.iter().enumerate().flat_map(|(i, chain)| (0..chain.len()).map(move |j| (i, j))).collect();
    order.sort_by(|a, b| chains[a.0][a.1].total_cmp(&chains[b.0][b.1]));
    let mut ranks: Vec<Vec<f64>> = chains.iter().map(|chain| vec![0.0; chain.len()]).collect();
    let count = order.len() as f64;
    let mut first = 0;
    while first < order.len() {
        // Equal draws share a rank.
        let value = chains[order[first].0][order[first].1];
        let equal = order[first..].iter().take_while(|(i, j)| chains[*i][*j] == value).count();
        let rank = first as f64 + 0.5 * (equal as f64 - 1.0) + 1.0;
        for (i, j) in &order[first..first + equal] {
            ranks[*i][*j] = normal_quantile((rank - 0.375) / (count + 0.25));
        }
        first += equal;
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_environment::Key;

    fn chains(shift: f64, memory: f64) -> Vec<Vec<f64>> {
        (0..4)
            .map(|chain| {
                let mut x = 0.0;
                let key = Key::new(9).with(chain);
                let step = |t: u64| {
                    x = memory * x + libm::sqrt(1.0 - memory * memory) * key.with(t).normal();
                    x + shift * chain as f64
                };
                (0..1_000).map(step).collect()
            })
            .collect()
    }

    #[test]
    fn chains_that_agree_and_chains_that_do_not() {
        assert!((split_r_hat(&chains(0.0, 0.0)) - 1.0).abs() < 0.005);
        assert!(split_r_hat(&chains(1.0, 0.0)) > 1.2);
        assert!((split_r_hat(&vec![vec![3.0; 10]; 4]) - 1.0).abs() < 1e-12);
    }

    /// An autoregression of memory m is worth (1 - m) / (1 + m) of its draws.
    #[test]
    fn draws_that_remember_count_less() {
        let independent = effective_draws(&chains(0.0, 0.0));
        assert!((3_000.0..=4_000.0).contains(&independent), "{independent}");
        let remembering = effective_draws(&chains(0.0, 0.8));
        assert!((remembering / (4_000.0 / 9.0) - 1.0).abs() < 0.3, "{remembering}");
    }
}
