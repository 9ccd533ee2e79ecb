//! What people do by themselves in a week: enter and leave the market, get hungry again, drift back to what is natural.

use super::segments::{BySegment, Dimension, SEGMENTS, Transition, migrate, segments};
use crate::draws::Key;

/// The natural migration module.
#[derive(Debug, Clone, PartialEq)]
pub struct Nature {
    /// Share of the satiated who want again, each week.
    pub satiation_decay: f64,
    /// `[3]` activity of those who enter the market, or want again in it.
    pub entering: Transition,
    /// How people are at first, beyond the market: loyalty, favorability (of those not loyal), availability.
    pub opening: Vec<Transition>,
    /// What people fall back to each week, dimension by dimension.
    pub weekly: Vec<Transition>,
}

impl Nature {
    /// Everybody at the beginning, with a share `rate` in the market.
    #[must_use]
    pub fn open(&self, people: f64, rate: f64, key: Key) -> BySegment {
        let mut population = [0.0; SEGMENTS];
        // All start as favourable switchers of average availability, out of the market and not satiated, and spread.
        for (people_here, segment) in population.iter_mut().zip(segments()) {
            if *segment == [0, 1, 0, 4, 0, 1] {
                *people_here = people;
            }
        }
        self.update_market(&mut population, rate, key.with(0));
        let mut moving = population;
        migrate(&mut population, &mut moving, &self.opening, key.with(1));
        population
    }

    /// The beginning of a week with a share `rate` in the market.
    pub fn week(&self, population: &mut BySegment, rate: f64, key: Key) {
        self.update_market(population, rate, key.with(0));
        self.desatiate(population, key.with(1));
        let mut moving = *population;
        migrate(population, &mut moving, &self.weekly, key.with(2));
    }

    /// Moves as few people as it takes, on average, until a share `rate` is in the market.
    fn update_market(&self, population: &mut BySegment, rate: f64, key: Key) {
        let current = sum_where(population, |segment| segment[0] == 1) / population.iter().sum::<f64>();
        if rate > current {
            let enter = (rate - current) / (1.0 - current);
            let enter = Transition::new(Dimension::Market, vec![1.0 - enter, enter, 0.0, 1.0]);
            let mut moving = only(population, |segment| segment[0] == 0);
            enter.apply(population, &mut moving, key.with(0));
            self.entering.apply(population, &mut moving, key.with(1));
        } else if rate < current {
            let leave = (current - rate) / current;
            let leave = Transition::new(Dimension::Market, vec![1.0, 0.0, leave, 1.0 - leave]);
            let mut moving = only(population, |segment| segment[0] == 1);
            leave.apply(population, &mut moving, key.with(0));
        }
    }

    /// Lets satiated people want again; in the market they take up an activity.
    fn desatiate(&self, population: &mut BySegment, key: Key) {
        let decay = self.satiation_decay;
        let hungry = Transition::new(Dimension::Satiation, vec![1.0 - decay, decay, 0.0, 1.0]);
        let mut moving = only(population, |segment| segment[1] == 0);
        hungry.apply(population, &mut moving, key.with(0));
        self.entering.apply(population, &mut moving, key.with(1));
    }
}

/// The people of the segments that `wanted` picks, nobody elsewhere.
fn only(population: &BySegment, wanted: impl Fn(&[usize; 6]) -> bool) -> BySegment {
    let mut picked = *population;
    for (people, segment) in picked.iter_mut().zip(segments()) {
        if !wanted(segment) {
            *people = 0.0;
        }
    }
    picked
}

/// How many people are in the segments that `wanted` picks.
#[must_use]
pub fn sum_where(population: &BySegment, wanted: impl Fn(&[usize; 6]) -> bool) -> f64 {
    only(population, wanted).iter().sum()
}
