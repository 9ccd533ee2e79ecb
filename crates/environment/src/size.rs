//! Scenarios of another size: more shoppers than a file may ask for, in shards where there are many, and fewer steps.

use std::sync::Arc;

use crate::market::settings::Market;
use crate::observation::Brief;
use crate::scenario::{Kind, Scenario};
use crate::scenario_parts::{MOST_MONEY, dearest_order};

/// Why a scenario cannot be played at another size.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct SizeError {
    /// What stands in the way.
    pub cause: String,
    /// A way out.
    pub help: String,
}

impl SizeError {
    fn new(cause: impl Into<String>, help: impl Into<String>) -> Self {
        Self { cause: cause.into(), help: help.into() }
    }
}

impl Scenario {
    /// The same scenario with this many simulated shoppers, and with as many people where it has fewer: nobody stands for
    /// less than one. Its budget, limits and lines stay.
    ///
    /// # Errors
    ///
    /// Where there are no shoppers; where the number does not divide the people evenly; where so many people could spend more
    /// than a ledger holds.
    pub fn with_population(&self, shoppers: u32) -> Result<Arc<Self>, SizeError> {
        let market = self.shopping()?;
        let people = market.people.max(u64::from(shoppers));
        if shoppers == 0 || !people.is_multiple_of(u64::from(shoppers)) {
            let near = market.with_shoppers(shoppers as usize).shoppers;
            return Err(SizeError::new(
                format!("{shoppers} shoppers cannot stand for {people} people evenly"),
                format!("the next smaller number that can is {near}; above {people}, all can"),
            ));
        }
        let most = MOST_MONEY / dearest_order(&market.merchant);
        if people as f64 > most {
            return Err(SizeError::new(
                format!("{people} people could spend more money than can be counted exactly"),
                format!("of this merchant's customers, {most:.0} could not"),
            ));
        }
        if (people, shoppers as usize) == (market.people, market.shoppers) {
            return Ok(Arc::new(self.clone()));
        }
        let training = market.training_shoppers;
        let market = Market { people, shoppers: shoppers as usize, ..Market::clone(market) };
        let training_shoppers = market.with_shoppers(training).shoppers;
        let kind = Kind::Market(Arc::new(Market { training_shoppers, ..market }));
        let hash = self.rehashed(format!("shoppers {shoppers}"));
        Ok(Arc::new(Self { kind, hash, ..self.clone() }))
    }

    /// The same scenario, its shoppers played in shards of this many where there are more. Nothing that it comes to
    /// changes, and neither does its hash; but there is no journal.
    ///
    /// # Errors
    ///
    /// Where there are no shoppers, and where what happens to them depends on the order in which they once came.
    pub fn in_shards(&self, shoppers: u32) -> Result<Arc<Self>, SizeError> {
        let market = self.shopping()?;
        let reasons = in_order(market);
        if !reasons.is_empty() {
            return Err(SizeError::new(
                format!("`{}` cannot be played in shards: {}", self.name, reasons.join("; ")),
                "these shoppers must be played in their order",
            ));
        }
        let market = Market { shard: shoppers.max(1) as usize, ..Market::clone(market) };
        Ok(Arc::new(Self { kind: Kind::Market(Arc::new(market)), ..self.clone() }))
    }

    /// A season of the first `steps` steps alone, with all of the budget.
    ///
    /// # Errors
    ///
    /// Where there are no shoppers, or not so many steps; where limits or what counts lie behind them.
    pub fn first_steps(&self, steps: usize) -> Result<Arc<Self>, SizeError> {
        self.shopping()?;
        let brief = &self.brief;
        if steps == 0 || steps > brief.steps {
            return Err(SizeError::new(
                format!("`{}` has no first {steps} steps", self.name),
                format!("it has {}", brief.steps),
            ));
        }
        if steps == brief.steps {
            return Ok(Arc::new(self.clone()));
        }
        if let Some(contradiction) = brief.limits.contradictions(brief.budget, steps).first() {
            return Err(SizeError::new(contradiction.cause(), contradiction.help()));
        }
        if brief.aim.from_step >= steps {
            return Err(SizeError::new(
                format!("what the goal counts begins with step {}", brief.aim.from_step),
                "play more steps",
            ));
        }
        let mut brief = Brief::clone(brief);
        brief.steps = steps;
        brief.calendar.truncate(steps);
        brief.aim.end_step = brief.aim.end_step.min(steps);
        let hash = self.rehashed(format!("steps {steps}"));
        Ok(Arc::new(Self { brief: Arc::new(brief), hash, ..self.clone() }))
    }

    fn shopping(&self) -> Result<&Arc<Market>, SizeError> {
        self.market().ok_or_else(|| {
            SizeError::new(
                format!("there are no shoppers in `{}`, a world of kind `{}`", self.name, self.kind.name()),
                "only markets of shoppers can be had in another size",
            )
        })
    }
}

/// What in a market is done in the order in which shoppers once came.
fn in_order(market: &Market) -> Vec<&'static str> {
    let benefits = &market.benefits;
    let reasons = [
        (benefits.deposit.is_some(), "balances are paid in the order of deposits"),
        (market.industry.leads.is_some(), "a sales team calls in the order of forms"),
    ];
    reasons.into_iter().filter(|(holds, _)| *holds).map(|(_, reason)| reason).collect()
}
