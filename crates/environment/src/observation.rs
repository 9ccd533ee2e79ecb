//! What an agent is told before an episode ([`Brief`]), what it sees at each step ([`Observation`]), and what it
//! answers ([`Allocation`]).
//!
//! All three are plain data without a trace of the truth: an agent in another process can be given them as they are.

use serde::{Deserialize, Serialize};

use crate::curve::Curve;
use crate::deeplink::STAGES;
use crate::goal::Aim;
use crate::ledger::LineRow;
use crate::levers::Levers;
use crate::limits::Limits;
use crate::money::Money;

/// How a line is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pricing {
    /// For each click, second price, limited by queries (直通车).
    PerClick,
    /// For each thousand impressions (钻石展位, 智钻).
    PerThousand,
    /// For each impression won in an auction with a floor (TANX).
    PerImpression,
    /// For each engagement: a task done, a follow (互动).
    PerEngagement,
    /// A share of the value of each sale, reserved at the click (淘宝客).
    Commission,
    /// For each placement of a contract, at a fixed price: bought whole or not at all.
    Fixed,
    /// Nothing is billed by event: money goes into a response curve.
    Curve,
}

/// One line: the unit money is given to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LineBrief {
    /// Its name in the scenario, unique.
    pub name: String,
    /// How it is paid.
    pub pricing: Pricing,
    /// Whether it runs outside the selling platform: delayed, identity partly lost.
    pub outside: bool,
    /// Median price on the rate card in major units for one billed event (a click, a thousand impressions, one
    /// impression, an engagement, a placement; for commission the share of an order's value; 0 where nothing is billed
    /// by event).
    pub list_price: f64,
    /// `[steps]` what the calendar declares for this line alone: its expected response relative to an ordinary step.
    /// Empty where all lines share the calendar.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub season: Vec<f64>,
    /// What the file says of the line's response, at the median, in a curves world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prior: Option<CurvePrior>,
    /// Name of its channel, where it is one of several cuts of it: by audience, by creative.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<String>,
    /// Name of the audience that it means to meet, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience: Option<String>,
    /// Expected share of the channel's people whom that audience can meet, as the platform estimates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audience_size: Option<f64>,
    /// Name of what it shows, where that is told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creative: Option<String>,
    /// Name of the product it shows, where it shows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<String>,
}

impl LineBrief {
    /// A line on the selling platform of which nothing else is told.
    #[must_use]
    pub fn new(name: String, pricing: Pricing) -> Self {
        Self {
            name,
            pricing,
            outside: false,
            list_price: 0.0,
            season: Vec::new(),
            prior: None,
            channel: None,
            audience: None,
            audience_size: None,
            creative: None,
            product: None,
        }
    }
}

/// What the merchant knows of a product. How much shoppers like it is not part of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ProductBrief {
    /// Its name.
    pub name: String,
    /// Mean value of an order, in major units.
    pub price: f64,
    /// Share of an order's value that is left after the cost of goods.
    pub margin: f64,
    /// First step in which it can be bought.
    pub launch_step: usize,
    /// Share of orders that is usually given back.
    #[serde(default)]
    pub refund_rate: f64,
    /// Lost on each order's worth that is left in stock at the end, in major units.
    #[serde(default)]
    pub leftover_cost: f64,
    /// Step from which it is marked down, and its mean order value from then on, in major units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clearance: Option<(usize, f64)>,
}

/// What is public of a line's response: a drawn world differs from it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct CurvePrior {
    /// Response to the stock, in units of the goal.
    pub curve: Curve,
    /// Share of the stock that is left after a step.
    pub retention: f64,
    /// Stock before the first step, major units.
    pub stock: f64,
    /// Cost of spending, `c / 2 * spend^2` in units of the response; usually 0.
    pub quadratic_cost: f64,
}

/// What the calendar declares for one step, known to all in advance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalendarStep {
    /// Name of the phase (warm-up, opening, climax, peak, return).
    pub phase: String,
    /// Index of the phase in the order of the calendar.
    pub phase_index: usize,
    /// Weekday, 0 = Monday.
    pub weekday: u8,
    /// Hours since midnight at the start of the step.
    #[serde(default)]
    pub hour: f64,
    /// Expected visits relative to an ordinary day.
    pub traffic: f64,
    /// Expected readiness to buy relative to an ordinary day.
    pub demand: f64,
    /// Expected price of advertising relative to an ordinary day.
    pub price: f64,
    /// The part of `traffic` that the time of day makes: 1 where a step is a day or longer.
    #[serde(default = "one")]
    pub hour_traffic: f64,
}

fn one() -> f64 {
    1.0
}

/// What an agent is told before the first step.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Brief {
    /// Name of the scenario.
    pub scenario: String,
    /// What is to be maximised, e.g. `new-customers`.
    pub goal: String,
    /// From when to when that counts, and the terms of goals that have some.
    #[serde(default)]
    pub aim: Aim,
    /// Money for the whole episode.
    pub budget: Money,
    /// Number of steps.
    pub steps: usize,
    /// Length of a step in days.
    pub step_days: f64,
    /// Share of an order's value that is left after the cost of goods.
    pub margin: f64,
    /// Lines, in the order of the scenario.
    pub lines: Vec<LineBrief>,
    /// `[steps]` what the calendar declares.
    pub calendar: Vec<CalendarStep>,
    /// Limits that the guard enforces, and soft ones that are judged.
    pub limits: Limits,
    /// Products, where they have names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<ProductBrief>,
    /// Step from which only lines of the product that gets most money in it buy anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_step: Option<usize>,
    /// What may be decided besides the division of the budget.
    #[serde(default, skip_serializing_if = "Levers::are_closed")]
    pub levers: Levers,
}

impl Brief {
    /// What the calendar declares for one line in one step: its expected response relative to an ordinary step.
    #[must_use]
    pub fn season(&self, line: usize, step: usize) -> f64 {
        let own = self.lines.get(line).and_then(|line| line.season.get(step)).copied();
        own.or_else(|| self.calendar.get(step).map(|step| step.demand)).unwrap_or(1.0)
    }
}

/// What the platforms report for one line. Outcomes are those whose report arrived in the step: late and credited by
/// last click inside each platform, so not what the line caused.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineReport {
    /// Money the guard granted for the step.
    pub granted: Money,
    /// Money spent in the step.
    pub spend: Money,
    /// Exposures delivered in the step, people.
    pub impressions: u64,
    /// Clicks in the step.
    pub clicks: u64,
    /// Engagements in the step (follow, share, task).
    pub engagements: u64,
    /// Favourites and carts in the step, at the line's contacts.
    #[serde(default)]
    pub carts: u64,
    /// Credited orders whose report arrived in the step.
    pub orders: u64,
    /// Credited first orders in 365 days whose report arrived in the step.
    pub new_customers: u64,
    /// Value of the credited orders whose report arrived in the step.
    pub revenue: Money,
    /// People who joined as members at the line's contacts.
    #[serde(default)]
    pub joins: u64,
    /// People who left their particulars at the line's contacts.
    #[serde(default)]
    pub leads: u64,
}

impl LineReport {
    /// What the reports of these steps will have said, once all have arrived.
    #[must_use]
    pub fn of(row: &LineRow) -> Self {
        Self {
            granted: row.granted,
            spend: row.spend,
            impressions: row.impressions,
            clicks: row.clicks,
            engagements: row.engagements,
            carts: row.carts,
            orders: row.credited_orders,
            new_customers: row.credited_new_customers,
            revenue: row.credited_revenue,
            joins: row.joins,
            leads: row.leads,
        }
    }
}

/// What the shop itself sees of a step: its own order book, at once, without knowing the cause.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ShopReport {
    /// People who visited the shop's pages.
    pub visitors: u64,
    /// Orders.
    pub orders: u64,
    /// Orders of people without an order in the last 365 days.
    pub new_customers: u64,
    /// Value of the orders.
    pub revenue: Money,
    /// People who joined as members.
    #[serde(default)]
    pub joins: u64,
    /// People who left their particulars.
    #[serde(default)]
    pub leads: u64,
    /// Value of earlier orders that was given back in the step.
    #[serde(default, skip_serializing_if = "Money::is_zero")]
    pub refunds: Money,
    /// `[products]` orders; empty where products have no names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub products: Vec<u64>,
    /// `[products]` people's orders in stock, [`u64::MAX`] where a product is endless; empty where all are.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stock: Vec<u64>,
    /// Rating of the shop, where it has one; 1 is usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rating: Option<f64>,
    /// Deposits taken for orders to come.
    #[serde(default, skip_serializing_if = "Money::is_zero")]
    pub deposits: Money,
}

/// What an agent sees before it decides a step.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The step to decide, from 0.
    pub step: usize,
    /// Money neither spent nor reserved.
    pub budget_left: Money,
    /// Money set aside for commissions that may still fall due.
    pub reserved: Money,
    /// Advertising credit left, for the lines that it may pay.
    #[serde(default, skip_serializing_if = "Money::is_zero")]
    pub credit: Money,
    /// `[lines]` reports of the step before (all zero at step 0).
    pub lines: Vec<LineReport>,
    /// The shop's own book of the step before (all zero at step 0).
    pub shop: ShopReport,
    /// `[8]` people in each DEEPLINK stage, unreached first, as the platform recognises them.
    pub stages: [u64; STAGES],
    /// `[lines]` what a unit of money will bring in this step, where that is seen before deciding; else empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub offers: Vec<f64>,
}

/// Money for each line in the coming step; what is not given is held in reserve.
///
/// Any numbers are accepted: the guard makes them legal.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Allocation {
    /// `[lines]` major units.
    pub money: Vec<f64>,
    /// `[lines]` most that is paid for one billed event, in major units of the line's price (see
    /// [`LineBrief::list_price`]). A bid that is missing, not finite or not above zero buys as much as the money does;
    /// bids count only where the scenario opens them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bids: Vec<f64>,
}

impl Allocation {
    /// Money for each line (`[lines]`, major units), without bids.
    #[must_use]
    pub fn of(money: Vec<f64>) -> Self {
        Self { money, bids: Vec::new() }
    }
}
