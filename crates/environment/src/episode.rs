//! temporary stand-in
use std::sync::Arc;
use crate::world::World;
use crate::observation::{Allocation, Observation, LineReport, ShopReport};
use crate::ledger::{Ledger, LineRow, ShopRow};
use crate::guard::{Guard, Ruling};
use crate::money::Money;
use crate::draws::Key;

/// One run of a world. A clone is a snapshot: both go on independently, and the same allocations give the same bytes.
#[derive(Debug, Clone)]
pub struct Episode { world: Arc<World>, noise: u64, ledger: Ledger, observation: Observation, guard: Guard, ruling: Ruling }

impl Episode {
    /// Starts an episode.
    #[must_use] pub fn new(world: Arc<World>, noise: u64) -> Self {
        let n = world.scenario.brief.lines.len();
        let budget = world.scenario.brief.budget;
        Self { ledger: Ledger { budget, lines: n, ..Default::default() }, observation: Observation { step: 0, budget_left: budget, reserved: Money::ZERO, lines: vec![LineReport::default(); n], shop: ShopReport::default(), stages: [0; 8] }, guard: Guard::new(&world.scenario.brief.limits, budget, world.scenario.brief.steps), ruling: Ruling::default(), world, noise }
    }
    /// The world.
    #[must_use] pub fn world(&self) -> &Arc<World> { &self.world }
    /// What the agent sees now.
    #[must_use] pub fn observation(&self) -> &Observation { &self.observation }
    /// The record so far.
    #[must_use] pub fn ledger(&self) -> &Ledger { &self.ledger }
    /// Whether the last step is done.
    #[must_use] pub fn is_over(&self) -> bool { self.observation.step >= self.world.scenario.brief.steps }
    /// Plays one step with what the guard makes of `allocation`.
    pub fn step(&mut self, allocation: &Allocation) {
        let previous: Vec<Money> = self.observation.lines.iter().map(|l| l.granted).collect();
        let previous = (self.observation.step > 0).then_some(previous.as_slice());
        let mut ruling = std::mem::take(&mut self.ruling);
        self.guard.rule(self.observation.step, self.observation.budget_left, previous, allocation, &mut ruling);
        self.ledger.relaxations += ruling.relaxed.len() as u64;
        let granted = ruling.granted.clone();
        self.ruling = ruling;
        self.replay(&granted);
    }
    /// Plays one step with money that was granted before (a recorded plan, one line at zero), not more than is left.
    pub fn replay(&mut self, granted: &[Money]) {
        let t = self.observation.step;
        let cal = &self.world.scenario.brief.calendar[t];
        let mut total = 20.0 * cal.demand;
        for (i, &g) in granted.iter().enumerate() {
            let x = g.major();
            let e = self.world.value[i] * cal.demand * (x / (x + 2000.0));
            total += e;
            self.ledger.rows.push(LineRow { granted: g, spend: g, impressions: (x * 20.0) as u64, clicks: x as u64, engagements: (x * 0.1) as u64, credited_orders: e as u64, credited_new_customers: e as u64, credited_revenue: Money::from_major(e * 110.0) });
            self.observation.lines[i] = LineReport { granted: g, spend: g, impressions: (x * 20.0) as u64, clicks: x as u64, engagements: (x * 0.1) as u64, orders: e as u64, new_customers: e as u64, revenue: Money::from_major(e * 110.0) };
            self.observation.budget_left -= g;
        }
        let noisy = (total * libm::exp(0.1 * Key::new(self.noise).with(t as u64).normal())).round();
        let row = ShopRow { visitors: 1000, orders: noisy as u64 + 10, new_customers: noisy as u64, revenue: Money::from_major(noisy * 110.0), expected_new_customers: total, expected_revenue: total * 110.0 };
        self.observation.shop = ShopReport { visitors: row.visitors, orders: row.orders, new_customers: row.new_customers, revenue: row.revenue };
        self.ledger.shop.push(row);
        self.ledger.multipliers.push(0.0);
        self.observation.step += 1;
    }
    /// `[8]` people in each DEEPLINK stage, unreached first.
    #[must_use] pub fn stages(&self) -> [u64; 8] { self.observation.stages }
    /// `[8, 8]` people by stage at the start of the episode (row) and now (column), row by row.
    #[must_use] pub fn flow(&self) -> [[u64; 8]; 8] { [[0; 8]; 8] }
}
