//! Decisions between products: which one is backed at the end of a test, and which one a season is committed to.

use super::goods::GoodsWorld;
use super::settings::Line;
use crate::money::Money;

/// The product of the line that was granted most money, the first of several; `None` where no product got any.
pub(crate) fn backed(lines: &[Line], granted: &[Money]) -> Option<usize> {
    let mut most = Money::ZERO;
    let mut backed = None;
    for (line, money) in lines.iter().zip(granted) {
        if line.product.is_some() && *money > most {
            (most, backed) = (*money, line.product);
        }
    }
    backed
}

/// The product whose lines together were granted most money, the first of several; `None` where no product got any.
pub(crate) fn favoured(lines: &[Line], granted: &[Money], products: usize) -> Option<usize> {
    let mut most = Money::ZERO;
    let mut favoured = None;
    for product in 0..products {
        let of_product = lines.iter().zip(granted).filter(|(line, _)| line.product == Some(product));
        let money = of_product.map(|(_, money)| *money).sum();
        if money > most {
            (most, favoured) = (money, Some(product));
        }
    }
    favoured
}

/// Worth of a product relative to the best one: true appeal times margin times price. 0 where none is backed.
pub(crate) fn verdict(goods: &GoodsWorld, backed: Option<usize>) -> f64 {
    let worth = |product: usize| {
        let product = &goods.products[product];
        product.appeal * product.margin * product.price
    };
    let best = (0..goods.products.len()).map(worth).fold(0.0, f64::max);
    backed.map_or(0.0, |product| worth(product) / best)
}
