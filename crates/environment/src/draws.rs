//! Randomness keyed by what a draw is for, never by when it is drawn.
//!
//! A draw is a hash of its coordinates (world seed, noise seed, step, shopper, purpose). Two agents on one seed
//! therefore meet the same shoppers in the same moods, and a shopper that a change does not touch stays as they were.
//! Each coordinate is mixed in turn with the finaliser of SplitMix64 (Steele, Lea, Flood, 2014).

/// What a draw is for. Lines are keyed by name, so that a file may add one without changing the others' fortunes.
pub(crate) mod purpose {
    pub(crate) const SHOPPERS: u64 = 1;
    pub(crate) const PARAMETERS: u64 = 2;
    pub(crate) const DRIFT: u64 = 3;
    pub(crate) const RIVALS: u64 = 4;
    pub(crate) const DAY: u64 = 5;
    pub(crate) const LINE: u64 = 6;
    pub(crate) const FREE: u64 = 7;
    pub(crate) const ORDER: u64 = 8;
    pub(crate) const SYNERGY: u64 = 9;
    pub(crate) const RESPONSE: u64 = 10;
    pub(crate) const TARGETING: u64 = 11;
    pub(crate) const HABITS: u64 = 12;
    pub(crate) const LEADS: u64 = 13;
    pub(crate) const OWN: u64 = 31;
    pub(crate) const EXPOSURES: u64 = 32;
    pub(crate) const BALANCE: u64 = 33;
    pub(crate) const DROPOUT: u64 = 34;
}

/// Which family of seeds a number belongs to. The families never meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Domain {
    /// Worlds a policy learns on.
    Train,
    /// Worlds that choose the best state of a run, and hyper-parameters.
    Validate,
    /// Worlds that `evaluate` and `compare` judge on.
    Evaluate,
}

/// The two seeds of an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seeds {
    /// Draws the hidden parameters and the shoppers.
    pub world: u64,
    /// Draws what happens to them.
    pub noise: u64,
}

impl Seeds {
    /// Seed `number` of a command, with its `noise`-th noise seed (0 unless more than one a world is asked for).
    #[must_use]
    pub fn numbered(domain: Domain, number: u64, noise: u64) -> Self {
        let key = Key::new(0x6f75_746c_6179).with(domain as u64 + 1).with(number);
        Self { world: key.with(0).bits(), noise: key.with(1).with(noise).bits() }
    }
}

/// The finaliser of SplitMix64: a bijection of 64 bits that scatters neighbouring numbers.
#[inline]
#[must_use]
pub const fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// What a coordinate is multiplied by: 2^64 over the golden ratio.
const COORDINATE: u64 = 0x9e37_79b9_7f4a_7c15;

/// A key to which coordinates are added one by one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Key(u64);

impl Key {
    /// A key from a seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(mix(seed ^ 0x9e37_79b9_7f4a_7c15))
    }

    /// The key with one more coordinate.
    #[inline]
    #[must_use]
    pub const fn with(self, coordinate: u64) -> Self {
        Self(mix(self.0 ^ coordinate.wrapping_add(1).wrapping_mul(COORDINATE)))
    }

    /// The draws `with(first).bits()`, `with(first + 1).bits()` and so on, at the price of a product less each.
    #[inline]
    #[must_use]
    pub const fn row(self, first: u64) -> Row {
        Row { key: self.0, coordinate: first.wrapping_add(1).wrapping_mul(COORDINATE) }
    }

    /// The key with a name as coordinate.
    #[must_use]
    pub fn with_name(self, name: &str) -> Self {
        name.bytes().fold(self.with(name.len() as u64), |key, byte| key.with(u64::from(byte)))
    }

    /// 64 independent bits.
    #[inline]
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Uniform on the open interval (0, 1).
    #[inline]
    #[must_use]
    pub fn uniform(self) -> f64 {
        ((self.0 >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
    }

    /// Standard normal, by the inverse of its distribution function, so that it is monotone in the uniform draw.
    #[must_use]
    pub fn normal(self) -> f64 {
        normal_quantile(self.uniform())
    }

    /// Gamma with the given shape, above 0, and scale 1 (Marsaglia and Tsang 2000, "A simple method for generating gamma
    /// variables"): each attempt has a key of its own, and 19 of 20 are accepted.
    #[must_use]
    pub fn gamma(self, shape: f64) -> f64 {
        if shape < 1.0 {
            let root = libm::pow(self.with(1).uniform(), 1.0 / shape);
            return self.with(0).gamma(shape + 1.0) * root;
        }
        let d = shape - 1.0 / 3.0;
        let c = 1.0 / libm::sqrt(9.0 * d);
        let mut attempt = self;
        loop {
            attempt = attempt.with(0);
            let normal = attempt.with(1).normal();
            let root = 1.0 + c * normal;
            let v = root * root * root;
            let bound = 0.5 * normal * normal + d - d * v + d * libm::log(v);
            if v > 0.0 && libm::log(attempt.with(2).uniform()) < bound {
                return d * v;
            }
        }
    }

    /// Beta with the given parameters, both above 0.
    #[must_use]
    pub fn beta(self, a: f64, b: f64) -> f64 {
        let (a, b) = (self.with(0).gamma(a), self.with(1).gamma(b));
        a / (a + b).max(f64::MIN_POSITIVE)
    }
}

/// Draws whose last coordinates are neighbouring numbers, one after the other.
#[derive(Debug, Clone)]
pub struct Row {
    key: u64,
    coordinate: u64,
}

impl Row {
    /// The 64 independent bits so many places after the next.
    #[inline]
    #[must_use]
    pub const fn bits_at(&self, place: u32) -> u64 {
        mix(self.key ^ self.coordinate.wrapping_add((place as u64).wrapping_mul(COORDINATE)))
    }

    /// The next 64 independent bits.
    #[inline]
    #[must_use]
    pub const fn next_bits(&mut self) -> u64 {
        let bits = mix(self.key ^ self.coordinate);
        self.coordinate = self.coordinate.wrapping_add(COORDINATE);
        bits
    }
}

/// Quantile of the standard normal distribution (Acklam's rational approximation, relative error below 1.2e-9).
///
/// `probability` lies in the open interval (0, 1).
#[must_use]
pub fn normal_quantile(probability: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    const TAIL: f64 = 0.02425;
    let tail = |q: f64| {
        (((((C[0] * q + C[1]) * q + C[2]) * q + C[3]) * q + C[4]) * q + C[5])
            / ((((D[0] * q + D[1]) * q + D[2]) * q + D[3]) * q + 1.0)
    };
    if probability < TAIL {
        tail(libm::sqrt(-2.0 * libm::log(probability)))
    } else if probability > 1.0 - TAIL {
        -tail(libm::sqrt(-2.0 * libm::log(1.0 - probability)))
    } else {
        let q = probability - 0.5;
        let r = q * q;
        (((((A[0] * r + A[1]) * r + A[2]) * r + A[3]) * r + A[4]) * r + A[5]) * q
            / (((((B[0] * r + B[1]) * r + B[2]) * r + B[3]) * r + B[4]) * r + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantile_agrees_with_tables() {
        for (p, z) in [(0.5, 0.0), (0.975, 1.959_963_985), (0.001, -3.090_232_306), (0.999_9, 3.719_016_485)]
        {
            assert!((normal_quantile(p) - z).abs() < 1e-8, "{p}");
        }
    }

    /// Mean and variance of the gamma are its shape; of the beta, a/(a+b) and ab/((a+b)^2(a+b+1)).
    #[test]
    fn gamma_and_beta_have_their_moments() {
        let n = 100_000_u64;
        let moments = |draw: &dyn Fn(Key) -> f64| {
            let draws: Vec<f64> = (0..n).map(|i| draw(Key::new(5).with(i))).collect();
            let mean = draws.iter().sum::<f64>() / n as f64;
            (mean, draws.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n as f64)
        };
        for shape in [0.243, 1.0, 4.5] {
            let (mean, variance) = moments(&|key| key.gamma(shape));
            assert!((mean / shape - 1.0).abs() < 0.03 && (variance / shape - 1.0).abs() < 0.06, "{shape}");
        }
        // The smallest draws follow the distribution function near zero, x^shape / gamma(shape + 1).
        let small = libm::pow(0.01 * libm::tgamma(1.243), 1.0 / 0.243);
        let share = (0..n).filter(|i| Key::new(5).with(*i).gamma(0.243) < small).count() as f64 / n as f64;
        assert!((share - 0.01).abs() < 0.0015, "{share}");
        let (a, b) = (0.793, 2.426);
        let (mean, variance) = moments(&|key| key.beta(a, b));
        assert!((mean - a / (a + b)).abs() < 0.004);
        assert!((variance / (a * b / ((a + b) * (a + b) * (a + b + 1.0))) - 1.0).abs() < 0.03);
    }

    #[test]
    fn a_row_holds_the_draws_of_its_numbers() {
        for first in [0, 7, u64::MAX - 2] {
            let mut row = Key::new(3).row(first);
            for place in 0..5 {
                assert_eq!(
                    Key::new(3).row(first).bits_at(place as u32),
                    Key::new(3).with(first.wrapping_add(place)).bits()
                );
                assert_eq!(row.next_bits(), Key::new(3).with(first.wrapping_add(place)).bits());
            }
        }
    }

    #[test]
    fn domains_never_meet() {
        let mut seen = std::collections::HashSet::new();
        for domain in [Domain::Train, Domain::Validate, Domain::Evaluate] {
            for number in 0..2_000 {
                assert!(seen.insert(Seeds::numbered(domain, number, 0).world));
            }
        }
    }

    /// Neighbouring shoppers, steps and purposes must look independent, in every pair of 16-bit fields that is used.
    #[test]
    fn neighbours_are_uncorrelated_and_uniform() {
        let n = 200_000_u64;
        let field = |key: Key, place: u32| ((key.bits() >> (16 * place)) & 0xffff) as f64 / 65_536.0 - 0.5;
        let base = Key::new(7).with(3);
        for place in 0..4 {
            let mut sums = [0.0; 4];
            let mut counts = [0_u32; 64];
            for i in 0..n {
                let x = field(base.with(i), place);
                counts[((x + 0.5) * 64.0) as usize] += 1;
                sums[0] += x * field(base.with(i + 1), place);
                sums[1] += x * field(base.with(i), (place + 1) % 4);
                sums[2] += x * field(Key::new(7).with(4).with(i), place);
                sums[3] += x * field(Key::new(8).with(3).with(i), place);
            }
            // Correlation of independent uniforms over n pairs has standard deviation 1/sqrt(n).
            for sum in sums {
                assert!((12.0 * sum / n as f64).abs() < 5.0 / (n as f64).sqrt(), "place {place}: {sums:?}");
            }
            let expected = n as f64 / 64.0;
            let chi: f64 = counts.iter().map(|&c| (f64::from(c) - expected).powi(2) / expected).sum();
            assert!(chi < 63.0 + 5.0 * (126.0_f64).sqrt(), "place {place}: chi-square {chi}");
        }
    }
}
