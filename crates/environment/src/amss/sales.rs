//! Who buys, from whom, and what it brings.

use super::counts::{multinomial, poisson};
use super::segments::{BySegment, Dimension, PURCHASE, SEGMENTS, Transition, migrate, segments};
use crate::draws::Key;

/// The sales module.
#[derive(Debug, Clone, PartialEq)]
pub struct Sales {
    /// Price of a unit, major units.
    pub price: f64,
    /// Cost of goods of a unit, major units.
    pub unit_cost: f64,
    /// Mean units of a purchase, at least 1.
    pub units: f64,
    /// Chance that a purchasing person buys the brand, with rivals.
    own: BySegment,
    /// Chance that a purchasing person buys a rival's.
    rival: BySegment,
    /// What a purchase of the brand does to people, beyond satiating them.
    after_own: Vec<Transition>,
    /// What a purchase of a rival's does.
    after_rival: Vec<Transition>,
}

/// What a week's sales came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sold {
    /// People who bought the brand.
    pub buyers: f64,
    /// Units they bought.
    pub units: f64,
    /// People who bought a rival's.
    pub rival_buyers: f64,
    /// Units expected before anybody chose.
    pub expected_units: f64,
    /// `[198]` people who bought the brand, by the segment they were in.
    pub by_segment: BySegment,
}

/// Chances to buy the brand and a rival's, from the chance to buy the brand without rivals (`alone`), the chance to buy a
/// rival's where the brand is out of the question (`rival_most`), and how much of what both could sell goes to the rival
/// (`replacement`).
#[must_use]
pub fn demand(alone: f64, rival_most: f64, replacement: f64) -> (f64, f64) {
    let alone = alone.clamp(0.0, 1.0);
    let (rival_most, replacement) = (rival_most.clamp(0.0, 1.0), replacement.clamp(0.0, 1.0));
    let rival = (rival_most - (1.0 - replacement) * alone).max(0.0);
    ((alone.max(rival_most) - rival).max(0.0), rival)
}

impl Sales {
    /// Sales at `price`, from chances by segment that hold for people about to purchase: see [`demand`].
    #[must_use]
    pub fn new(
        price: f64,
        alone: &BySegment,
        rival_most: &BySegment,
        replacement: &BySegment,
        after: [Vec<Transition>; 2],
    ) -> Self {
        let (mut own, mut rival) = ([0.0; SEGMENTS], [0.0; SEGMENTS]);
        for (place, segment) in segments().iter().enumerate().filter(|(_, segment)| segment[2] == PURCHASE) {
            debug_assert_eq!(segment[..2], [1, 1]);
            (own[place], rival[place]) = demand(alone[place], rival_most[place], replacement[place]);
        }
        let [after_own, after_rival] = after.map(|mut after| {
            // Whoever bought is satiated, and inactive with it.
            after.push(Transition::to(Dimension::Satiation, &[1.0, 0.0]));
            after
        });
        Self { price, unit_cost: 0.0, units: 1.0, own, rival, after_own, after_rival }
    }

    /// `[198]` chances to buy the brand, and a rival's.
    #[must_use]
    pub fn chances(&self) -> (&BySegment, &BySegment) {
        (&self.own, &self.rival)
    }

    /// A week's purchases.
    pub fn play(&self, population: &mut BySegment, key: Key) -> Sold {
        let (mut buyers, mut rival_buyers) = ([0.0; SEGMENTS], [0.0; SEGMENTS]);
        let (mut units, mut expected) = (0.0, 0.0);
        for segment in (0..SEGMENTS).filter(|segment| population[*segment] > 0.0) {
            let (own, rival) = (self.own[segment], self.rival[segment]);
            if own + rival <= 0.0 {
                continue;
            }
            let key = key.with(0).with(segment as u64);
            let choices = [own, rival, (1.0 - own - rival).max(0.0)];
            multinomial(key.with(0), population[segment], &choices, |choice, people| match choice {
                0 => buyers[segment] = people,
                1 => rival_buyers[segment] = people,
                _ => {}
            });
            units += buyers[segment] + poisson(key.with(1), buyers[segment] * (self.units - 1.0));
            expected += population[segment] * own * self.units;
        }
        let sold = Sold {
            buyers: buyers.iter().sum(),
            units,
            rival_buyers: rival_buyers.iter().sum(),
            expected_units: expected,
            by_segment: buyers,
        };
        migrate(population, &mut buyers, &self.after_own, key.with(1));
        migrate(population, &mut rival_buyers, &self.after_rival, key.with(2));
        sold
    }
}
