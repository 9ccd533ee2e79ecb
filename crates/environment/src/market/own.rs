//! What a shop does for its members (会员): contact of its own, at no cost, and its limits.
//!
//! Contact is free but tires. With tiredness t (contacts, fading) a contact's effect and its clicks are multiplied by
//! `1 / (1 + (t / fatigue)^2)`, so that the response of a member over time first rises with the frequency of contact and
//! then falls: the inverted U of Godfrey, Seiders and Voss, Journal of Marketing 75 (2011). The form is assumed. Bonus
//! hunters who joined for the gift leave again. How often members are contacted is a habit of the shop, not a lever of
//! the agent.

use super::delivery::{Moment, Scratch};
use super::journal::Meeting;
use super::settings::{Industry, Market};
use super::shoppers::{MEMORY_UNIT, SEEN, Shoppers, VIEWED, flag};
use super::visits::{chance, field, shopper_bits};
use crate::draws::{Key, purpose};
use crate::reader::Uncertain;

/// One contact in the integer form of tiredness.
const CONTACT: f64 = 256.0;

/// What members get from the shop.
#[derive(Debug, Clone, PartialEq)]
pub struct Members {
    /// Days from one contact of a member to the next.
    pub contact_days: f64,
    /// Name of the memory that contacts feed; the industry's first where none is named.
    pub memory: Option<String>,
    /// Units of memory that one contact of a rested member adds.
    pub impact: Uncertain,
    /// Chance that a contact brings a rested member to the shop.
    pub click_rate: Uncertain,
    /// Recent contacts at which the response is halved.
    pub fatigue: f64,
    /// Days in which half of the tiredness is gone.
    pub fatigue_days: f64,
    /// Share of the price that members save.
    pub price_share: f64,
    /// Rise of the logarithm of the brand's pull per share of the price taken off.
    pub sensitivity: Uncertain,
    /// Days after which bonus hunters who joined leave again.
    pub hunter_days: Option<f64>,
}

/// Place of a named memory; the first where none is named.
pub(crate) fn memory_place(industry: &Industry, name: Option<&String>) -> usize {
    name.and_then(|name| industry.memories.iter().position(|memory| memory.name == *name)).unwrap_or(0)
}

/// What a world has drawn for the contact with members.
#[derive(Debug)]
pub(crate) struct OwnTables {
    period: usize,
    memory: usize,
    impact: f64,
    click_rate: f64,
    fatigue: f64,
    /// Tiredness that is kept from one day to the next, in 65,536ths.
    keep: u32,
    hunter_steps: Option<u16>,
}

impl OwnTables {
    pub(crate) fn build(market: &Market, step_days: f64, parameters: Option<Key>) -> Option<Self> {
        let members = market.benefits.members.as_ref()?;
        let draw = |value: Uncertain, name: &str| value.draw(parameters.map(|key| key.with_name(name)));
        Some(Self {
            period: (libm::round(members.contact_days / step_days) as usize).max(1),
            memory: memory_place(&market.industry, members.memory.as_ref()),
            impact: draw(members.impact, "impact of own contact"),
            click_rate: draw(members.click_rate, "clicks of own contact"),
            fatigue: members.fatigue * CONTACT,
            keep: (65_536.0 * libm::exp2(-step_days.max(1.0) / members.fatigue_days)) as u32,
            hunter_steps: members
                .hunter_days
                .map(|days| libm::ceil(days / step_days).clamp(1.0, 20_000.0) as u16),
        })
    }

    /// Effect of a contact at some tiredness relative to that on a rested member.
    fn response(&self, tired: u16) -> f64 {
        let tired = f64::from(tired) / self.fatigue;
        1.0 / (1.0 + tired * tired)
    }
}

/// `[shoppers]` in each array, which are empty where members get nothing.
#[derive(Debug, Clone, Default)]
pub(crate) struct Relations {
    /// Tiredness in 1/256 of a contact.
    pub(super) tired: Vec<u16>,
    /// Stamp at which a bonus hunter among the members leaves; 0 for none.
    pub(super) leaves: Vec<u16>,
}

/// What came of a step's contact, in shoppers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Contacted {
    pub(crate) contacts: u64,
    pub(crate) clicks: u64,
    pub(crate) leavers: u64,
}

impl Relations {
    pub(crate) fn new(tables: Option<&OwnTables>, shoppers: usize) -> Self {
        let mut relations = Self::default();
        relations.begin(tables, shoppers);
        relations
    }

    /// Becomes that of shoppers whom the shop has never contacted.
    pub(crate) fn begin(&mut self, tables: Option<&OwnTables>, shoppers: usize) {
        let count = if tables.is_some() { shoppers } else { 0 };
        let hunters = tables.is_some_and(|tables| tables.hunter_steps.is_some());
        self.tired.clear();
        self.tired.resize(count, 0);
        self.leaves.clear();
        self.leaves.resize(if hunters { count } else { 0 }, 0);
    }

    /// Contacts the members whose turn it is, and lets hunters go. Who comes to the shop and is not visiting anyway is
    /// added to the arrivals of `scratch`.
    pub(crate) fn contact(
        &mut self,
        moment: Moment<'_>,
        shoppers: &mut Shoppers,
        scratch: &mut Scratch,
    ) -> Contacted {
        let Moment { world, step, key } = moment;
        let Some(tables) = &world.own else { return Contacted::default() };
        let key = key.with(purpose::OWN);
        let mut done = Contacted::default();
        // At midnight, as memories do.
        let keep = if world.brief.calendar[step].hour > 0.0 { 65_536 } else { tables.keep };
        for i in 0..self.tired.len() {
            self.tired[i] = ((u32::from(self.tired[i]) * keep) >> 16) as u16;
            if shoppers.flags[i] & flag::MEMBER == 0 {
                continue;
            }
            if let Some(steps) = tables.hunter_steps
                && shoppers.flags[i] & flag::HUNTER != 0
                && self.hunter_leaves(i, moment, steps, key.with(u64::from(shoppers.number(i as u32))))
            {
                shoppers.flags[i] &= !flag::MEMBER;
                shoppers.find_stage(i, &world.clock, step);
                done.leavers += 1;
                continue;
            }
            // Members take turns, so that the shop's contacts are spread evenly over the days.
            let number = shoppers.number(i as u32);
            if !(step + number as usize).is_multiple_of(tables.period) {
                continue;
            }
            done.contacts += 1;
            let response = tables.response(self.tired[i]);
            self.tired[i] = self.tired[i].saturating_add(CONTACT as u16);
            let memory = &mut shoppers.memory[tables.memory][i];
            *memory = memory.saturating_add((tables.impact * response * MEMORY_UNIT) as u16);
            let bits = shopper_bits(key, number);
            let clicks = field(bits, 0) < chance(tables.click_rate * response);
            if let Some(meetings) = &mut scratch.meetings {
                Meeting { shopper: i as u32, click: clicks, recognised: true }.note(meetings);
            }
            if clicks {
                done.clicks += 1;
                shoppers.touch(i, VIEWED, &world.clock, step);
                if shoppers.flags[i] & flag::VISITING == 0 {
                    shoppers.flags[i] |= flag::VISITING;
                    scratch.arrivals.push(i as u32);
                }
            } else {
                shoppers.touch(i, SEEN, &world.clock, step);
            }
        }
        done
    }

    /// Whether a bonus hunter among the members leaves in this step. Joining shows a step later; who was a member on the
    /// eve joined some time before. `shopper` is the shopper's key of this step.
    fn hunter_leaves(&mut self, i: usize, moment: Moment<'_>, steps: u16, shopper: Key) -> bool {
        let now = moment.world.clock.stamp(moment.step);
        if self.leaves[i] == 0 {
            let stay = if moment.step == 0 { field(shopper.bits(), 1) as u16 % steps } else { steps - 1 };
            self.leaves[i] = now.saturating_add(stay);
        }
        let leaves = self.leaves[i] <= now;
        if leaves {
            self.leaves[i] = 0;
        }
        leaves
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draws::Key;
    use crate::episode::Sheet;
    use crate::ledger::{LineRow, ShopRow};
    use crate::market::state::MarketState;
    use crate::money::Money;
    use crate::observation::LineReport;
    use crate::{Scenario, World};

    const PLAIN: &str = include_str!("../../../../environments/new-customer.toml");

    fn world(shoppers: usize, number: u64, members: &str) -> std::sync::Arc<World> {
        let members =
            format!("{PLAIN}\n[members]\nimpact = 0.3\nclick_rate = 0.05\nfatigue_days = 7\n{members}");
        let scenario = Scenario::from_text("members", &members).unwrap().with_shoppers(shoppers);
        World::draw(&scenario, number)
    }

    /// Sixteen days of contact with shoppers who are all members, after sixteen others.
    fn contacted(members: &str) -> Contacted {
        let world = world(4_000, 1, members);
        let market = world.market_world();
        let mut shoppers = market.shoppers.clone();
        shoppers.flags.fill(flag::MEMBER);
        let mut relations = Relations::new(market.own.as_ref(), 4_000);
        let mut sum = Contacted::default();
        let mut scratch = Scratch::default();
        for step in 0..32 {
            let moment = Moment { world: market, step, key: Key::new(3).with(step as u64) };
            let done = relations.contact(moment, &mut shoppers, &mut scratch);
            sum.contacts += if step < 16 { 0 } else { done.contacts };
            sum.clicks += if step < 16 { 0 } else { done.clicks };
        }
        sum
    }

    /// Contact that costs nothing is not free: too much of it brings fewer people than less would, in all.
    #[test]
    fn too_frequent_contact_lowers_the_response() {
        let [rare, weekly, often, daily] =
            [14, 7, 3, 1].map(|days| contacted(&format!("fatigue = 1.5\ncontact_days = {days}")));
        assert_eq!(daily.contacts, 16 * 4_000);
        assert!((rare.contacts as f64 / (16.0 * 4_000.0 / 14.0) - 1.0).abs() < 0.01, "{rare:?}");
        let response = |done: Contacted| done.clicks as f64 / done.contacts as f64;
        assert!(response(rare) > response(weekly) && response(weekly) > response(often));
        assert!(response(often) > 2.0 * response(daily));
        // In all, an inverted U.
        assert!(rare.clicks < weekly.clicks, "{rare:?} {weekly:?}");
        assert!(
            weekly.clicks > often.clicks && often.clicks > daily.clicks,
            "{weekly:?} {often:?} {daily:?}"
        );
    }

    #[test]
    fn the_response_is_halved_at_the_stated_fatigue() {
        let world = world(1, 1, "fatigue = 3\ncontact_days = 1");
        let own = world.market_world().own.as_ref().unwrap();
        let response = |contacts: f64| own.response((contacts * CONTACT) as u16);
        assert_eq!([0.0, 3.0, 6.0].map(response), [1.0, 0.5, 0.2]);
    }

    #[test]
    fn hunters_leave_after_their_days_and_others_stay() {
        let world = world(100, 1, "fatigue = 3\ncontact_days = 7\nhunter_days = 5");
        let market = world.market_world();
        let mut shoppers = market.shoppers.clone();
        shoppers.flags.fill(0);
        // Forty hunters and thirty others are members on the eve.
        shoppers.flags[..40].fill(flag::MEMBER | flag::HUNTER);
        shoppers.flags[40..70].fill(flag::MEMBER);
        shoppers.flags[70] = flag::HUNTER;
        let mut relations = Relations::new(market.own.as_ref(), 100);
        let mut left = Vec::new();
        for step in 0..14 {
            let moment = Moment { world: market, step, key: Key::new(3).with(step as u64) };
            left.push(relations.contact(moment, &mut shoppers, &mut Scratch::default()).leavers);
            if step == 5 {
                // Joins at a contact that is paid, later in the step.
                shoppers.flags[70] |= flag::MEMBER;
            }
        }
        assert_eq!(left[..5].iter().sum::<u64>(), 40, "{left:?}");
        assert!(left[..5].iter().all(|left| *left > 0), "{left:?}");
        assert_eq!(left[5..], [0, 0, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(shoppers.flags.iter().filter(|flags| **flags & flag::MEMBER != 0).count(), 30);
    }

    /// What a season costs for each order when every tenth shopper is a member on the eve, and when nobody is.
    #[test]
    fn a_stock_of_members_makes_the_next_orders_cheaper() {
        let cost = |members: bool, number: u64| {
            let world = world(2_000, number, "fatigue = 3\ncontact_days = 5\nprice_share = 0.05");
            let market = world.market_world();
            let mut state = MarketState::new(market.clone(), Key::new(9).with(number));
            for i in 0..2_000 {
                let member = members && i % 10 == 0;
                state.whole_mut().shoppers.flags[i] &= !flag::MEMBER;
                state.whole_mut().shoppers.flags[i] |= if member { flag::MEMBER } else { 0 };
                state.whole_mut().shoppers.find_stage(i, &market.clock, 0);
            }
            let lines = market.lines.len();
            let (mut spend, mut orders) = (0.0, 0.0);
            for step in 0..32 {
                let mut rows = vec![LineRow::default(); lines];
                let mut reports = vec![LineReport::default(); lines];
                let mut sheet = Sheet { rows: &mut rows, reports: &mut reports };
                let shop: ShopRow = state.play(step, &vec![Money(100_000); lines], &mut sheet).shop;
                orders += shop.expected_orders;
                spend += rows.iter().map(|row| row.spend.major()).sum::<f64>() + shop.coupons.major();
            }
            spend / orders
        };
        for number in 0..3 {
            let (with, without) = (cost(true, number), cost(false, number));
            assert!(with < 0.99 * without, "{with} {without}");
        }
    }
}
