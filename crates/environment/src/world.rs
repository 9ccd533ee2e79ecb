//! A world: a scenario with its hidden parameters drawn from a world seed.

use std::sync::Arc;

use crate::amss::AmssWorld;
use crate::curves::{CurveSettings, Curves};
use crate::draws::{Key, purpose};
use crate::market::world::MarketWorld;
use crate::scenario::{Kind, Scenario};

/// A scenario with its hidden parameters drawn.
#[derive(Debug)]
pub struct World {
    /// What the files say.
    pub scenario: Arc<Scenario>,
    /// The world seed (0 for the average world).
    pub seed: u64,
    pub(crate) hidden: Hidden,
}

/// What the seed has drawn.
#[derive(Debug)]
pub(crate) enum Hidden {
    Market(Arc<MarketWorld>),
    Curves(Arc<CurveSettings>, Arc<Curves>),
    Amss(Arc<AmssWorld>),
    /// Nothing: the values on offer are drawn on the way.
    Pacing,
    /// `[lines]` chance of a success.
    Exploration(Vec<f64>),
}

impl World {
    /// Draws the hidden parameters of a world.
    #[must_use]
    pub fn draw(scenario: &Arc<Scenario>, seed: u64) -> Arc<Self> {
        Self::build(scenario, seed, Some(Key::new(seed)))
    }

    /// The world with every hidden parameter at its median and without drift or new rivals: what the file alone tells.
    #[must_use]
    pub fn average(scenario: &Arc<Scenario>) -> Arc<Self> {
        Self::build(scenario, 0, None)
    }

    /// The drawn curves, in a curves world: the truth, for oracles and judges.
    #[must_use]
    pub fn curves(&self) -> Option<&Curves> {
        match &self.hidden {
            Hidden::Curves(_, curves) => Some(curves),
            _ => None,
        }
    }

    /// The drawn AMSS world, where it is one: the truth, for judges.
    #[must_use]
    pub fn amss(&self) -> Option<&AmssWorld> {
        match &self.hidden {
            Hidden::Amss(world) => Some(world),
            _ => None,
        }
    }

    fn build(scenario: &Arc<Scenario>, seed: u64, key: Option<Key>) -> Arc<Self> {
        let parameters = key.map(|key| key.with(purpose::PARAMETERS));
        let hidden = match &scenario.kind {
            Kind::Market(market) => {
                Hidden::Market(Arc::new(MarketWorld::build(&scenario.brief, market, seed, key)))
            }
            Kind::Curves(settings) => {
                Hidden::Curves(settings.clone(), Arc::new(settings.draw(&scenario.brief, key)))
            }
            Kind::Amss(settings) => Hidden::Amss(Arc::new(AmssWorld::build(settings, key))),
            Kind::Pacing => Hidden::Pacing,
            Kind::Exploration => {
                let chance = |line: &crate::observation::LineBrief| {
                    parameters.map_or(0.5, |key| key.with_name(&line.name).uniform())
                };
                Hidden::Exploration(scenario.brief.lines.iter().map(chance).collect())
            }
        };
        Arc::new(Self { scenario: scenario.clone(), seed, hidden })
    }

    #[cfg(test)]
    pub(crate) fn market_world(&self) -> &Arc<MarketWorld> {
        match &self.hidden {
            Hidden::Market(market) => market,
            _ => panic!("not a market"),
        }
    }
}
