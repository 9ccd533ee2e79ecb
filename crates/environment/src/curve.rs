//! Response curves and carry-over: pure functions.

use serde::{Deserialize, Serialize};

/// Hill saturation, `x^s / (k^s + x^s)` (Hill 1910; in media-mix models since Jin et al. 2017): 0 at 0, half at `k`,
/// 1 far out. `slope` `s` = 1 falls in marginal return from the start, above 1 it is S-shaped.
#[inline]
#[must_use]
pub fn hill(x: f64, k: f64, slope: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    1.0 / (1.0 + power(k / x, slope))
}

/// Derivative of [`hill`] by `x`.
#[inline]
#[must_use]
pub fn hill_slope(x: f64, k: f64, slope: f64) -> f64 {
    // At the origin the derivative is infinite below slope 1 and flat above it; a hair to the right stands for it.
    let x = x.max(1e-9 * k);
    let r = power(k / x, slope);
    slope * r / (x * (1.0 + r) * (1.0 + r))
}

/// `x^p`, without a call into the logarithm where there is no need for one.
#[inline]
fn power(x: f64, p: f64) -> f64 {
    if p == 1.0 {
        x
    } else if p == 0.5 {
        libm::sqrt(x)
    } else {
        libm::pow(x, p)
    }
}

/// Geometric carry-over: `stock_t = spend_t + retention * stock_(t-1)` (Broadbent 1979), in place over one line's
/// steps.
pub fn adstock(spend: &mut [f64], retention: f64) {
    let mut stock = 0.0;
    for x in spend {
        stock = *x + retention * stock;
        *x = stock;
    }
}

/// The derivative of [`adstock`] run backwards: from the gradient by stock to the gradient by spend, in place.
pub fn adstock_gradient(gradient: &mut [f64], retention: f64) {
    let mut later = 0.0;
    for g in gradient.iter_mut().rev() {
        later = *g + retention * later;
        *g = later;
    }
}

/// A response to money: rising, zero at zero.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Curve {
    /// `value * x^exponent`, exponent in (0, 1]; 1 is a line.
    Power {
        /// Response at one unit of money.
        value: f64,
        /// Elasticity.
        exponent: f64,
    },
    /// `value * x^slope / (half^slope + x^slope)`: concave up to slope 1, S-shaped above.
    Hill {
        /// Response far out.
        value: f64,
        /// Money at which half of it is reached.
        half: f64,
        /// Steepness.
        slope: f64,
    },
}

impl Curve {
    /// The response to `x`.
    #[inline]
    #[must_use]
    pub fn value(&self, x: f64) -> f64 {
        match *self {
            Self::Power { value, exponent } => value * power(x.max(0.0), exponent),
            Self::Hill { value, half, slope } => value * hill(x, half, slope),
        }
    }

    /// The marginal return at `x`; at a point where it is infinite, that of a point a hair to the right.
    #[inline]
    #[must_use]
    pub fn slope(&self, x: f64) -> f64 {
        match *self {
            Self::Power { value, exponent: 1.0 } => value,
            Self::Power { value, exponent } => value * exponent * libm::pow(x.max(1e-300), exponent - 1.0),
            Self::Hill { value, half, slope } => value * hill_slope(x, half, slope),
        }
    }

    /// The response to `x`, the marginal return, and by how much that changes per unit of money; where these are infinite,
    /// as a hair to the right.
    #[inline]
    #[must_use]
    pub fn jet(&self, x: f64) -> [f64; 3] {
        const HAIR: f64 = 1e-100;
        if x < HAIR {
            let [_, slope, bend] = self.jet(HAIR);
            return [self.value(x), slope, bend];
        }
        match *self {
            Self::Power { value, exponent: 1.0 } => [value * x, value, 0.0],
            Self::Power { value, exponent } => {
                let response = value * power(x, exponent);
                let slope = exponent * response / x;
                [response, slope, (exponent - 1.0) * slope / x]
            }
            Self::Hill { value, half, slope } => {
                let share = 1.0 / (1.0 + power(half / x, slope));
                let first = slope * share * (1.0 - share) / x;
                let second = first * (slope * (1.0 - 2.0 * share) - 1.0) / x;
                [value * share, value * first, value * second]
            }
        }
    }

    /// [`Self::saturation`] at `x` and its first two derivatives.
    #[inline]
    #[must_use]
    pub fn saturation_jet(&self, x: f64) -> [f64; 3] {
        match *self {
            Self::Power { .. } => [0.0; 3],
            Self::Hill { half, slope, .. } => Self::Hill { value: 1.0, half, slope }.jet(x),
        }
    }

    /// The money up to which the marginal return rises: 0 for a concave curve, `half * ((s - 1) / (s + 1))^(1 / s)` for
    /// an S-shaped one (the root of the second derivative).
    #[must_use]
    pub fn inflection(&self) -> f64 {
        match *self {
            Self::Hill { half, slope, .. } if slope > 1.0 => {
                half * libm::pow((slope - 1.0) / (slope + 1.0), 1.0 / slope)
            }
            _ => 0.0,
        }
    }

    /// Whether the marginal return never rises.
    #[must_use]
    pub fn is_concave(&self) -> bool {
        match *self {
            Self::Power { exponent, .. } => exponent <= 1.0,
            Self::Hill { slope, .. } => slope <= 1.0,
        }
    }

    /// Share of the ceiling that is reached at `x`; 0 for a power, which has none.
    #[inline]
    #[must_use]
    pub fn saturation(&self, x: f64) -> f64 {
        match *self {
            Self::Power { .. } => 0.0,
            Self::Hill { half, slope, .. } => hill(x, half, slope),
        }
    }

    /// The curve with its response multiplied.
    #[must_use]
    pub fn scaled(self, factor: f64) -> Self {
        match self {
            Self::Power { value, exponent } => Self::Power { value: value * factor, exponent },
            Self::Hill { value, half, slope } => Self::Hill { value: value * factor, half, slope },
        }
    }

    /// The same curve with its money divided by `money` and its response by `response`.
    #[must_use]
    pub fn in_units(self, money: f64, response: f64) -> Self {
        match self {
            Self::Power { value, exponent } => {
                Self::Power { value: value * power(money, exponent) / response, exponent }
            }
            Self::Hill { value, half, slope } => {
                Self::Hill { value: value / response, half: half / money, slope }
            }
        }
    }

    /// The money at which the marginal return has fallen to `price`; 0 where it never is as high, infinite where it never
    /// falls so low. Of the two points of an S-shaped curve the larger, beyond its inflection.
    #[must_use]
    pub fn money_at(&self, price: f64) -> f64 {
        match *self {
            Self::Power { value, exponent: 1.0 } => {
                if value > price {
                    f64::INFINITY
                } else {
                    0.0
                }
            }
            Self::Power { value, .. } | Self::Hill { value, .. } if value <= 0.0 => 0.0,
            Self::Power { value, exponent } => libm::pow(value * exponent / price, 1.0 / (1.0 - exponent)),
            Self::Hill { value, half, slope: 1.0 } => (libm::sqrt(value * half / price) - half).max(0.0),
            Self::Hill { value, half, slope } => hill_money_at(value, half, slope, price),
        }
    }
}

/// [`Curve::money_at`] for a Hill curve of any slope, by Newton's method on the logarithm of the marginal return as a
/// function of that of money. It is concave there, so from a point to the right of the root no step passes the root.
fn hill_money_at(value: f64, half: f64, slope: f64, price: f64) -> f64 {
    let ceiling = value * slope / (half * price);
    if ceiling <= 0.0 {
        return 0.0;
    }
    // In `u = slope * ln(x / half)`, with `h (1 - h) < e^-u`, the marginal return is below the price from here on.
    let ceiling = libm::log(ceiling);
    let mut u = ceiling * slope / (1.0 + slope);
    for _ in 0..64 {
        let share = 1.0 / (1.0 + libm::exp(-u));
        let falling = 1.0 / slope + 2.0 * share - 1.0;
        let excess = ceiling + libm::log(share) + libm::log1p(-share) - u / slope;
        // Left of the inflection, or nothing left of `1 - share`.
        if falling <= 0.0 || !excess.is_finite() {
            return 0.0;
        }
        let step = excess / falling;
        u += step;
        if step.abs() <= 1e-15 * u.abs().max(1.0) {
            break;
        }
    }
    half * libm::exp(u / slope)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hill_by_hand() {
        assert_eq!(hill(0.0, 2.0, 1.0), 0.0);
        assert_eq!(hill(2.0, 2.0, 1.0), 0.5);
        assert!((hill(4.0, 2.0, 3.0) - 8.0 / 9.0).abs() < 1e-15);
        assert!((hill_slope(2.0, 2.0, 1.0) - 0.125).abs() < 1e-15);
    }

    #[test]
    fn slopes_are_derivatives() {
        let step = 1e-6;
        for slope in [0.7, 1.0, 2.5] {
            let difference = (hill(3.0 + step, 2.0, slope) - hill(3.0 - step, 2.0, slope)) / (2.0 * step);
            assert!((difference - hill_slope(3.0, 2.0, slope)).abs() < 1e-9);
        }
        for curve in
            [Curve::Power { value: 3.0, exponent: 0.4 }, Curve::Hill { value: 3.0, half: 5.0, slope: 1.0 }]
        {
            let difference = (curve.value(3.0 + step) - curve.value(3.0 - step)) / (2.0 * step);
            assert!((difference - curve.slope(3.0)).abs() < 1e-8);
            assert!((curve.money_at(curve.slope(3.0)) - 3.0).abs() < 1e-12);
        }
    }

    #[test]
    fn curves_know_their_bends_units_and_prices() {
        let curves = [
            Curve::Power { value: 3.0, exponent: 0.4 },
            Curve::Power { value: 3.0, exponent: 1.0 },
            Curve::Hill { value: 3.0, half: 5.0, slope: 0.6 },
            Curve::Hill { value: 3.0, half: 5.0, slope: 1.0 },
            Curve::Hill { value: 3.0, half: 5.0, slope: 2.5 },
        ];
        for curve in curves {
            for x in [0.5, 6.0, 40.0] {
                let [value, slope, bend] = curve.jet(x);
                let step = 1e-5 * x;
                assert!((value - curve.value(x)).abs() < 1e-14 && (slope - curve.slope(x)).abs() < 1e-14);
                let difference = (curve.slope(x + step) - curve.slope(x - step)) / (2.0 * step);
                assert!((difference - bend).abs() < 1e-8, "{curve:?} at {x}: {difference}, {bend}");
                let unit = curve.in_units(4.0, 7.0);
                assert!((unit.value(x / 4.0) * 7.0 - value).abs() < 1e-14);
                if bend < 0.0 {
                    assert!((curve.money_at(slope) / x - 1.0).abs() < 1e-12, "{curve:?} at {x}");
                }
            }
        }
        assert_eq!(curves[1].money_at(2.9), f64::INFINITY);
        assert_eq!(curves[1].money_at(3.0), 0.0);
        let [_, steepest, bend] = curves[4].jet(curves[4].inflection());
        assert!(bend.abs() < 1e-15 && curves[4].money_at(1.001 * steepest) == 0.0);
        // Far out on a shallow curve, and close to zero on it.
        for price in [1e-9, 1e3] {
            let x = curves[2].money_at(price);
            assert!((curves[2].slope(x) / price - 1.0).abs() < 1e-10, "{x}");
        }
    }

    #[test]
    fn carry_over_and_its_gradient_are_transposed() {
        let mut stock = [1.0, 0.0, 2.0];
        adstock(&mut stock, 0.5);
        assert_eq!(stock, [1.0, 0.5, 2.25]);
        let mut gradient = [1.0, 10.0, 100.0];
        adstock_gradient(&mut gradient, 0.5);
        assert_eq!(gradient, [31.0, 60.0, 100.0]);
    }
}
