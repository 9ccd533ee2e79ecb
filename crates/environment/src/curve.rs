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
            Self::Power { value, exponent } if exponent == 1.0 => value,
            Self::Power { value, exponent } => value * exponent * libm::pow(x.max(1e-300), exponent - 1.0),
            Self::Hill { value, half, slope } => value * hill_slope(x, half, slope),
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

    /// The money at which the marginal return of a concave curve has fallen to `price`; 0 where it starts below.
    #[must_use]
    pub fn money_at(&self, price: f64) -> f64 {
        match *self {
            Self::Power { value, exponent } => libm::pow(value * exponent / price, 1.0 / (1.0 - exponent)),
            Self::Hill { value, half, .. } => (libm::sqrt(value * half / price) - half).max(0.0),
        }
    }
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
    fn carry_over_and_its_gradient_are_transposed() {
        let mut stock = [1.0, 0.0, 2.0];
        adstock(&mut stock, 0.5);
        assert_eq!(stock, [1.0, 0.5, 2.25]);
        let mut gradient = [1.0, 10.0, 100.0];
        adstock_gradient(&mut gradient, 0.5);
        assert_eq!(gradient, [31.0, 60.0, 100.0]);
    }
}
