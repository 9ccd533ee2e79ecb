//! Tests of a difference, and what becomes of them when there are many.

use outlay_environment::draws::Key;

/// Draws of a test: no p value is below 1 / (draws + 1).
pub(super) const FLIPS: u64 = 99_999;

/// Up to so many worlds every pattern of signs is tried (65,536 of them, as a pattern and its opposite are one).
const ENUMERATED_WORLDS: usize = 17;

/// The seed of the draws: fixed, so that a result can be repeated.
const FLIP_SEED: u64 = 0x666c_6970;

/// Sums whose sizes differ by less than this share of the largest possible are equal but for their rounding.
const ROUNDING: f64 = 1e-12;

/// Two-sided p value of the mean of paired differences, one of each world, by flipping signs.
///
/// Were the two agents interchangeable, either could have had either score of a world: the difference of each world could
/// as well have had the other sign. The p value is the share of sign patterns whose mean is at least as far from zero as
/// the one found. That is exact where differences are symmetric about zero, and right for many worlds wherever their mean
/// is zero; it takes no normality and no rank, so it tests the same mean that the interval is about. With few worlds every
/// pattern is tried; otherwise `draws` patterns are drawn and the one found is counted among them (Phipson and Smyth,
/// 2010), so that p is never zero.
pub(super) fn sign_flip_p_value(differences: &[f64], draws: u64) -> f64 {
    let sum = |signs: &mut dyn Iterator<Item = u64>| -> f64 {
        let mut total = 0.0;
        for (chunk, signs) in differences.chunks(64).zip(signs) {
            for (place, difference) in chunk.iter().enumerate() {
                // The sign bit itself, as a branch here would be guessed wrong half the time.
                total += f64::from_bits(difference.to_bits() ^ ((signs >> place & 1) << 63));
            }
        }
        total.abs()
    };
    let found = sum(&mut std::iter::repeat(0));
    let size: f64 = differences.iter().map(|difference| difference.abs()).sum();
    let extreme = found - ROUNDING * size;
    if differences.len() <= ENUMERATED_WORLDS {
        let patterns = 1_u64 << differences.len().saturating_sub(1);
        let count = (0..patterns).filter(|&pattern| sum(&mut std::iter::once(pattern)) >= extreme).count();
        return count as f64 / patterns as f64;
    }
    let count = (0..draws).filter(|&draw| {
        let key = Key::new(FLIP_SEED).with(draw);
        sum(&mut (0..).map(|chunk| key.with(chunk).bits())) >= extreme
    });
    (count.count() + 1) as f64 / (draws + 1) as f64
}

/// Holm's step-down adjustment: the smallest of `m` p values is multiplied by `m`, the next by `m - 1`, and none may pass
/// below one before it. To call a difference real where its adjusted value is at most 0.05 is to be wrong about any of
/// them with probability at most 0.05, however the tests depend on each other (Holm, 1979).
pub(crate) fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let mut adjusted = vec![0.0; p_values.len()];
    let mut least: f64 = 0.0;
    for (rank, &place) in order.iter().enumerate() {
        least = least.max((p_values.len() - rank) as f64 * p_values[place]).min(1.0);
        adjusted[place] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Of the eight patterns of 1, 2, 3 only all plus and all minus reach 6; four reach a size of 4 or more.
    #[test]
    fn few_worlds_are_enumerated() {
        assert_eq!(sign_flip_p_value(&[1.0, 2.0, 3.0], FLIPS), 0.25);
        assert_eq!(sign_flip_p_value(&[-1.0, 2.0, 3.0], FLIPS), 0.5);
        assert_eq!(sign_flip_p_value(&[0.1, 0.2, -0.3], FLIPS), 1.0);
        assert_eq!(sign_flip_p_value(&[5.0], FLIPS), 1.0);
        assert_eq!(sign_flip_p_value(&[0.0; 30], FLIPS), 1.0);
    }

    #[test]
    fn a_clear_lead_on_many_worlds_reaches_the_least_p_value() {
        let lead: Vec<f64> = (0..70).map(|world| 5.0 + Key::new(1).with(world).normal()).collect();
        assert_eq!(sign_flip_p_value(&lead, FLIPS), 1.0 / (FLIPS + 1) as f64);
    }

    /// On 18 worlds patterns are drawn; on 17 all are tried. A world without a difference must not matter.
    #[test]
    fn drawing_agrees_with_trying_all() {
        let mut worlds: Vec<f64> = (0..17).map(|world| 0.4 + Key::new(2).with(world).normal()).collect();
        let all = sign_flip_p_value(&worlds, FLIPS);
        worlds.push(0.0);
        let drawn = sign_flip_p_value(&worlds, FLIPS);
        let error = (all * (1.0 - all) / FLIPS as f64).sqrt();
        assert!((all - drawn).abs() < 4.0 * error, "{all} {drawn}");
    }

    #[test]
    fn holm_steps_down() {
        assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
        assert_eq!(holm(&[0.5, 0.6]), [1.0, 1.0]);
        assert_eq!(holm(&[0.2]), [0.2]);
        assert!(holm(&[]).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn the_sign_and_the_scale_do_not_matter(values in prop::collection::vec(-9..9_i32, 1..12)) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            let turned: Vec<f64> = values.iter().rev().map(|value| -0.1 * value).collect();
            let p_value = sign_flip_p_value(&values, FLIPS);
            prop_assert_eq!(p_value, sign_flip_p_value(&turned, FLIPS));
            prop_assert!(p_value > 0.0 && p_value <= 1.0);
        }

        #[test]
        fn adjustment_raises_and_keeps_the_order(p_values in prop::collection::vec(0.0..1.0_f64, 1..12)) {
            let adjusted = holm(&p_values);
            for (&p, &a) in p_values.iter().zip(&adjusted) {
                prop_assert!(a >= p && a <= (p_values.len() as f64 * p).min(1.0));
                for (&q, &b) in p_values.iter().zip(&adjusted) {
                    prop_assert!(p > q || a <= b);
                }
            }
        }
    }
}
