//! One run of a world: each step the guard, what the world makes of the money, the books, and what is reported of it.

use std::sync::Arc;

use crate::amss::state::AmssState;
use crate::curves::state::CurvesState;
use crate::deeplink::STAGES;
use crate::draws::Key;
use crate::guard::{Guard, Purse, Ruling};
use crate::ledger::{Ledger, LineRow, ShopRow};
use crate::levers::Tie;
use crate::market::journal::Journal;
use crate::market::state::MarketState;
use crate::money::Money;
use crate::observation::{Allocation, LineReport, Observation, ShopReport};
use crate::puzzles::{ExplorationState, PacingState};
use crate::tiers::{Standing, Tier};
use crate::world::{Hidden, World};

/// One run of a world. A clone is a snapshot: both go on independently, and the same allocations give the same bytes.
#[derive(Debug, Clone)]
pub struct Episode {
    world: Arc<World>,
    state: State,
    guard: Guard,
    ledger: Ledger,
    observation: Observation,
    ruling: Ruling,
    previous: Vec<Money>,
    /// What closed levers tie together, and the wish with it tied.
    ties: Vec<Tie>,
    tied: Allocation,
    /// `[lines]` bids of the step, in millionths of the price unit.
    bids: Vec<u64>,
}

/// What each kind of world keeps between steps.
#[derive(Debug, Clone)]
enum State {
    Market(Box<MarketState>),
    Curves(CurvesState),
    Amss(Box<AmssState>),
    Pacing(PacingState),
    Exploration(ExplorationState),
}

/// The lines of one step, to be filled in by its world. `granted` stands in the rows already.
pub(crate) struct Sheet<'a> {
    /// `[lines]` the ledger's rows: spend, events, and what is credited to the step.
    pub(crate) rows: &'a mut [LineRow],
    /// `[lines]` outcomes that are reported now; what the rows say of money and events is copied by the episode.
    pub(crate) reports: &'a mut [LineReport],
}

/// What a step came to for the shop.
pub(crate) struct Outcome {
    pub(crate) shop: ShopRow,
    /// Money set aside for what may still fall due.
    pub(crate) reserved: Money,
}

impl Episode {
    /// Starts an episode of `world` with a noise seed.
    #[must_use]
    pub fn new(world: Arc<World>, noise: u64) -> Self {
        let brief = &world.scenario.brief;
        let lines = brief.lines.len();
        let key = Key::new(world.seed).with(noise);
        let state = match &world.hidden {
            Hidden::Market(market) => State::Market(Box::new(MarketState::new(market.clone(), key))),
            Hidden::Curves(settings, curves) => {
                State::Curves(CurvesState::new(brief, settings.clone(), curves.clone(), key))
            }
            Hidden::Amss(amss) => State::Amss(Box::new(AmssState::new(amss.clone(), key))),
            Hidden::Pacing => State::Pacing(PacingState::new(key)),
            Hidden::Exploration(chances) => State::Exploration(ExplorationState::new(brief, chances, key)),
        };
        let mut ledger = Ledger { budget: brief.budget, lines, ..Ledger::default() };
        ledger.rows.reserve_exact(lines * brief.steps);
        ledger.shop.reserve_exact(brief.steps);
        ledger.multipliers.reserve_exact(brief.steps);
        ledger.products.reserve_exact(brief.products.len() * brief.steps);
        let mut episode = Self {
            state,
            guard: Guard::new(&brief.limits, brief.budget, brief.steps),
            ledger,
            observation: Observation {
                budget_left: brief.budget,
                lines: vec![LineReport::default(); lines],
                ..Observation::default()
            },
            ruling: Ruling::default(),
            previous: Vec::with_capacity(lines),
            ties: brief.levers.ties(brief),
            tied: Allocation::default(),
            bids: Vec::with_capacity(lines),
            world,
        };
        episode.look();
        episode.ledger.opening_stages = episode.observation.stages;
        episode
    }

    /// Starts an episode that keeps a journal of its shoppers, and is otherwise the same.
    #[must_use]
    pub fn with_journal(world: Arc<World>, noise: u64) -> Self {
        let mut episode = Self::new(world, noise);
        if let State::Market(market) = &mut episode.state {
            market.keep_journal();
        }
        episode
    }

    /// The journal; none where none was asked for, where there are no shoppers, and where they are played in shards.
    #[must_use]
    pub fn journal(&self) -> Option<&Journal> {
        match &self.state {
            State::Market(market) => market.journal(),
            _ => None,
        }
    }

    /// The world.
    #[must_use]
    pub fn world(&self) -> &Arc<World> {
        &self.world
    }

    /// What the agent sees now.
    #[must_use]
    pub fn observation(&self) -> &Observation {
        &self.observation
    }

    /// The record so far.
    #[must_use]
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// What the guard made of the last allocation.
    #[must_use]
    pub fn ruling(&self) -> &Ruling {
        &self.ruling
    }

    /// Whether the last step is done.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.observation.step >= self.world.scenario.brief.steps
    }

    /// `[8]` people in each DEEPLINK stage, unreached first; zero where there are no shoppers.
    #[must_use]
    pub fn stages(&self) -> [u64; STAGES] {
        match &self.state {
            State::Market(market) => market.stages(),
            _ => [0; STAGES],
        }
    }

    /// `[8, 8]` people by stage at the start of the episode (row) and now (column).
    #[must_use]
    pub fn flow(&self) -> [[u64; STAGES]; STAGES] {
        match &self.state {
            State::Market(market) => market.flow(),
            _ => [[0; STAGES]; STAGES],
        }
    }

    /// `[8, 8]` people by stage in an earlier snapshot of this episode (row) and now (column); zero where shoppers are played
    /// in shards, of which nobody keeps both.
    #[must_use]
    pub fn flow_from(&self, earlier: &Self) -> [[u64; STAGES]; STAGES] {
        match (&self.state, &earlier.state) {
            (State::Market(now), State::Market(before)) => now.flow_from(before),
            _ => [[0; STAGES]; STAGES],
        }
    }

    /// Shoppers with a visit or a session in the last step (0 where they are played in shards), and contacts bought so far:
    /// how busy the market is.
    #[must_use]
    pub fn activity(&self) -> (u64, u64) {
        match &self.state {
            State::Market(market) => market.activity(),
            _ => (0, 0),
        }
    }

    /// `[198]` people in each segment of an AMSS world; empty elsewhere.
    #[must_use]
    pub fn segments(&self) -> &[f64] {
        match &self.state {
            State::Amss(amss) => amss.population(),
            _ => &[],
        }
    }

    /// The merchant's standing by now, where its tier is found: what it spent on media this year, what its shoppers are
    /// worth, and its share of the category's orders in the episode so far.
    #[must_use]
    pub fn standing(&self) -> Option<Standing> {
        match &self.state {
            State::Market(market) => market.standing(),
            _ => None,
        }
    }

    /// The tier that this standing reaches.
    #[must_use]
    pub fn tier(&self) -> Option<Tier> {
        let stars = self.world.scenario.market()?.stars.as_ref()?;
        self.standing().map(|standing| stars.tier_of(&standing))
    }

    /// Plays one step with what the guard makes of `allocation`. Nothing happens after the last step.
    pub fn step(&mut self, allocation: &Allocation) {
        let Self { observation, previous, ruling, .. } = self;
        previous.clear();
        previous.extend(observation.lines.iter().map(|line| line.granted));
        let previous = (observation.step > 0).then_some(previous.as_slice());
        let mut wish = allocation;
        if !self.ties.is_empty() {
            self.tied.money.clone_from(&allocation.money);
            self.tied.money.resize(self.ledger.lines, 0.0);
            self.ties.iter().for_each(|tie| tie.share_out(&mut self.tied.money));
            wish = &self.tied;
        }
        let purse = Purse { cash: observation.budget_left, credit: observation.credit };
        self.guard.rule(observation.step, purse, previous, wish, ruling);
        self.bids.clear();
        if self.world.scenario.brief.levers.bid {
            self.bids.extend(allocation.bids.iter().take(self.ledger.lines).map(|bid| price_of(*bid)));
        }
        let granted = std::mem::take(&mut ruling.granted);
        let (multiplier, relaxed) = (ruling.multiplier, ruling.relaxed.len() as u64);
        self.play(&granted, multiplier, relaxed);
        self.ruling.granted = granted;
    }

    /// Plays one step with money as it was granted before, as far as it lasts: a recorded plan, or one with a line at
    /// zero whose money is not moved.
    pub fn replay(&mut self, granted: &[Money]) {
        self.replay_at(granted, &[]);
    }

    /// [`Self::replay`] with the bids of the record ([`Ledger::bids`]), whatever levers are open.
    pub fn replay_at(&mut self, granted: &[Money], bids: &[u64]) {
        self.bids.clear();
        self.bids.extend(bids.iter().take(self.ledger.lines));
        let mut cash = self.observation.budget_left.max(Money::ZERO);
        let mut credit = self.observation.credit;
        let mut money = std::mem::take(&mut self.previous);
        money.clear();
        for line in 0..self.ledger.lines {
            let wanted = granted.get(line).copied().unwrap_or_default().max(Money::ZERO);
            let eligible = self.world.scenario.brief.limits.lines[line].credit;
            let from_credit = if eligible { wanted.min(credit) } else { Money::ZERO };
            let from_cash = (wanted - from_credit).min(cash);
            credit -= from_credit;
            cash -= from_cash;
            money.push(from_credit + from_cash);
        }
        self.play(&money, 0.0, 0);
        self.previous = money;
    }

    /// Adds money to the budget, or takes away as much as is left of it, before the step to come.
    pub fn add_to_budget(&mut self, money: Money) {
        let left = self.observation.budget_left.max(Money::ZERO);
        let added = money.max(Money::ZERO - left);
        self.observation.budget_left += added;
        self.ledger.budget += added;
    }

    fn play(&mut self, granted: &[Money], multiplier: f64, relaxed: u64) {
        if self.is_over() {
            return;
        }
        let (step, lines) = (self.observation.step, self.ledger.lines);
        self.ledger
            .rows
            .extend(granted.iter().map(|money| LineRow { granted: *money, ..LineRow::default() }));
        for (row, bid) in self.ledger.rows[step * lines..].iter_mut().zip(&self.bids) {
            row.bid = *bid;
        }
        let mut sheet =
            Sheet { rows: &mut self.ledger.rows[step * lines..], reports: &mut self.observation.lines };
        let Outcome { shop, reserved } = match &mut self.state {
            State::Market(market) => market.play(step, granted, &mut sheet),
            State::Curves(curves) => curves.play(step, granted, &mut sheet),
            State::Amss(amss) => amss.play(step, granted, &mut sheet),
            State::Pacing(pacing) => pacing.play(step, granted, &mut sheet),
            State::Exploration(arms) => arms.play(step, granted, &mut sheet),
        };
        self.guard.book(self.ledger.step(step).iter().map(|row| row.spend));
        if let State::Market(market) = &self.state {
            self.guard.reserve((0..lines).map(|line| market.reserved(line)));
        }
        let stages = self.stages();
        let observation = &mut self.observation;
        for (report, row) in observation.lines.iter_mut().zip(self.ledger.step(step)) {
            report.granted = row.granted;
            report.spend = row.spend;
            report.impressions = row.impressions;
            report.clicks = row.clicks;
            report.engagements = row.engagements;
            report.carts = row.carts;
            report.joins = row.joins;
            report.leads = row.leads;
            observation.budget_left -= row.spend - row.credit;
        }
        observation.budget_left += observation.reserved - reserved;
        observation.reserved = reserved;
        let ShopRow { visitors, orders, new_customers, revenue, joins, leads, refunds, deposits, .. } = shop;
        let shown = std::mem::take(&mut observation.shop);
        observation.shop =
            ShopReport { visitors, orders, new_customers, revenue, joins, leads, refunds, deposits, ..shown };
        observation.step = step + 1;
        self.ledger.shop.push(ShopRow { stages, ..shop });
        if let State::Market(market) = &self.state {
            self.ledger.products.extend_from_slice(market.products());
        }
        self.ledger.multipliers.push(multiplier);
        self.ledger.relaxations += relaxed;
        self.look();
    }

    /// Fills in what is seen of the step to come.
    fn look(&mut self) {
        self.observation.stages = self.stages();
        if let State::Market(market) = &self.state {
            market.show(&mut self.observation.shop);
            self.observation.credit = market.credit_left();
        }
        if let State::Pacing(pacing) = &self.state {
            self.observation.offers.clear();
            self.observation.offers.extend((!self.is_over()).then(|| pacing.offer(self.observation.step)));
        }
    }

    #[cfg(test)]
    pub(crate) fn market_shoppers(&self) -> &crate::market::shoppers::Shoppers {
        match &self.state {
            State::Market(market) => &market.whole().shoppers,
            _ => panic!("not a market"),
        }
    }

    #[cfg(test)]
    pub(crate) fn market_mut(&mut self) -> &mut MarketState {
        match &mut self.state {
            State::Market(market) => market,
            _ => panic!("not a market"),
        }
    }
}

/// A bid in millionths of its unit; 0 where it is none.
fn price_of(bid: f64) -> u64 {
    // A cast from floating point saturates and maps what is not a number to zero.
    if bid.is_finite() { libm::round(bid * 1e6).clamp(0.0, 1e15) as u64 } else { 0 }
}
