//! temporary
use crate::limits::{LineLimits, Limits};
use crate::money::Money;
use crate::observation::{Brief, CalendarStep, LineBrief, Pricing};
use std::sync::Arc;

/// What is to be maximised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goal {
    /// People who order for the first time in 365 days.
    NewCustomers,
}
impl Goal {
    /// Name in files.
    #[must_use] pub fn name(self) -> &'static str { "new-customers" }
    /// Unit of the score.
    #[must_use] pub fn unit(self) -> &'static str { "new customers" }
    /// Score of an episode: higher is better.
    #[must_use] pub fn score(self, ledger: &crate::ledger::Ledger) -> f64 { ledger.shop().new_customers as f64 }
    /// Score of one step with less noise, for learning.
    #[must_use] pub fn expected_step(self, row: &crate::ledger::ShopRow) -> f64 { row.expected_new_customers }
}

/// A scenario, composed and checked.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Name.
    pub name: String,
    /// Title.
    pub title: String,
    /// What a good allocator should discover here.
    pub question: String,
    /// Goal.
    pub goal: Goal,
    /// Currency code.
    pub currency: String,
    /// Simulated shoppers.
    pub shoppers: usize,
    /// Simulated shoppers in training worlds.
    pub training_shoppers: usize,
    /// What agents are told.
    pub brief: Arc<Brief>,
    /// Hash of the composed files, 64 hex digits.
    pub hash: String,
}

impl Scenario {
    /// Names of shipped scenarios.
    #[must_use] pub fn shipped() -> Vec<String> { vec!["new-customer".into()] }
    /// Loads by shipped name or path.
    pub fn load(name: &str) -> Result<Arc<Self>, crate::problem::Problems> {
        let _ = name;
        let line = |n: &str, p, o, list_price| LineBrief { name: n.into(), pricing: p, outside: o, list_price };
        let lines = vec![line("search", Pricing::PerClick, false, 1.5), line("display", Pricing::PerThousand, false, 35.0), line("exchange", Pricing::PerImpression, false, 0.012), line("affiliate", Pricing::Commission, false, 0.2), line("interactive", Pricing::PerEngagement, false, 0.8), line("short-video", Pricing::PerThousand, true, 40.0), line("notes", Pricing::PerClick, true, 1.2)];
        let steps = 32;
        let calendar = (0..steps).map(|t| CalendarStep { phase: if t < 12 { "warm-up" } else { "peak" }.into(), phase_index: usize::from(t >= 12), weekday: (t % 7) as u8, traffic: 1.0, demand: if t < 12 { 0.8 } else { 1.6 }, price: 1.0 }).collect();
        let limits = Limits { return_floor: Some(2.0), lines: vec![LineLimits { end_step: steps, ..Default::default() }; 7], ..Default::default() };
        Ok(Arc::new(Self { name: "new-customer".into(), title: "t".into(), question: "q".into(), goal: Goal::NewCustomers, currency: "CNY".into(), shoppers: 20_000, training_shoppers: 5_000, hash: "0".repeat(64),
            brief: Arc::new(Brief { scenario: "new-customer".into(), goal: "new-customers".into(), budget: Money(30_000_000), steps, step_days: 1.0, margin: 0.45, lines, calendar, limits }) }))
    }
    /// The same scenario with another number of simulated shoppers, each standing for more or fewer people.
    #[must_use] pub fn with_shoppers(&self, shoppers: usize) -> Arc<Self> { Arc::new(Self { shoppers, ..self.clone() }) }
}
