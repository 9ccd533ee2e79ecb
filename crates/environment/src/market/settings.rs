//! What the files say of a market of shoppers: industry, merchant, lines.

use crate::deeplink::{ChannelDomain, STAGES};
use crate::observation::Pricing;
use crate::reader::Uncertain;

/// Most kinds of exposure memory that a shopper can have.
pub const MEMORIES: usize = 4;

/// A market of shoppers.
#[derive(Debug, Clone, PartialEq)]
pub struct Market {
    /// People in the market.
    pub people: u64,
    /// Simulated shoppers; each stands for `people / shoppers` people.
    pub shoppers: usize,
    /// Simulated shoppers in the worlds that a policy trains on.
    pub training_shoppers: usize,
    /// Who the shoppers are and how they buy.
    pub industry: Industry,
    /// Who sells.
    pub merchant: Merchant,
    /// The lines money is given to.
    pub lines: Vec<Line>,
}

impl Market {
    /// People that one simulated shopper stands for.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.people / self.shoppers as u64
    }

    /// The same market with another number of simulated shoppers, each standing for more or fewer people. The number is
    /// lowered to the nearest that divides the people evenly; training worlds get no more.
    #[must_use]
    pub fn with_shoppers(&self, shoppers: usize) -> Self {
        let people = self.people as usize;
        let shoppers = (1..=shoppers.clamp(1, people)).rev().find(|n| people.is_multiple_of(*n)).unwrap_or(1);
        Self { shoppers, training_shoppers: self.training_shoppers.min(shoppers), ..self.clone() }
    }
}

/// Who the shoppers of an industry are and how they buy.
#[derive(Debug, Clone, PartialEq)]
pub struct Industry {
    /// Title.
    pub title: String,
    /// Windows of the DEEPLINK stages.
    pub windows: Windows,
    /// Kinds of shopper.
    pub personas: Vec<Persona>,
    /// `[3]` activity of the three equal thirds of each persona relative to its mean; their mean is 1.
    pub activity: [f64; 3],
    /// Share of people with a present need for the category.
    pub in_market: Uncertain,
    /// Mean days that a need lasts unless it is met.
    pub need_days: f64,
    /// Mean days after a purchase, anybody's, until the next need can arise.
    pub satiation_days: f64,
    /// Chance that a person in the market buys in the category on a visit, on an ordinary day.
    pub purchase_rate: f64,
    /// Visits of a person in the market relative to others.
    pub in_market_visits: f64,
    /// Clicks of a person in the market relative to others.
    pub in_market_clicks: f64,
    /// How much dearer rivals make people in the market: rank u becomes 1-(1-u)^interest.
    pub rival_interest: f64,
    /// Chance that a visitor in the market searches the category.
    pub category_query: f64,
    /// `[8]` chance that a visitor searches the brand, by stage.
    pub brand_query: [f64; STAGES],
    /// Place of brand queries in rivals' interest: rank u becomes u times this.
    pub brand_query_rank: f64,
    /// Clicks on a brand query relative to a category query.
    pub brand_query_clicks: f64,
    /// Chance that a brand query that met no advertisement leads to the shop all the same.
    pub brand_query_free: f64,
    /// `[8]` pull of the brand in a purchase relative to all rivals together, by stage.
    pub attraction: [f64; STAGES],
    /// `[8]` visits relative to an unreached person, by stage.
    pub stage_visits: [f64; STAGES],
    /// `[8]` clicks relative to an unreached person, by stage.
    pub stage_clicks: [f64; STAGES],
    /// Chance that a visitor meets the brand for nothing.
    pub free_exposure: Uncertain,
    /// Chance that such a meeting ends in a click.
    pub free_click: f64,
    /// Share of people who engage for the bonus only.
    pub hunters: f64,
    /// Purchases of bonus hunters relative to others.
    pub hunter_purchases: f64,
    /// Kinds of exposure memory, at most four.
    pub memories: Vec<Memory>,
    /// When a credited order shows in the report.
    pub report: ReportDelay,
    /// Chance that a rival enters the auction of some line during the episode.
    pub rival_entry: f64,
    /// Rise of that line's price, a fraction.
    pub rival_entry_price: f64,
}

/// Windows of the DEEPLINK stages, in days.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Windows {
    /// After the last contact.
    pub discover: f64,
    /// After the last active viewing.
    pub engage: f64,
    /// After the last interaction.
    pub enthuse: f64,
    /// After the last favourite or cart.
    pub perform: f64,
    /// In which an order makes a customer.
    pub customer: u16,
    /// Orders in that window that, with membership, make a Keen one.
    pub keen_orders: u8,
}

/// A kind of shopper.
#[derive(Debug, Clone, PartialEq)]
pub struct Persona {
    /// Name.
    pub name: String,
    /// Share of people.
    pub share: f64,
    /// Days with a visit to the selling platform, a month.
    pub visits_per_month: f64,
    /// Chance of a session a day, by habit (web, short video, notes).
    pub sessions: [f64; 3],
    /// Chance that a visit includes looking for deals.
    pub deals: f64,
    /// Chance that a visit includes tasks and games.
    pub tasks: f64,
    /// Purchases in the category relative to others.
    pub purchases: f64,
    /// Pull of the brand relative to others.
    pub appeal: Uncertain,
}

/// A kind of exposure memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Memory {
    /// Name, used by channels.
    pub name: String,
    /// Days in which half is forgotten.
    pub half_life: f64,
    /// Largest rise of the logarithm of the brand's pull; half of it at one unit of memory.
    pub persuasion: Uncertain,
    /// Largest extra chance that a visitor searches the brand; half of it at one unit of memory.
    pub curiosity: Uncertain,
    /// Units of memory at which clicks are halved.
    pub fatigue: f64,
}

/// Delay between an order and its appearance in the report.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReportDelay {
    /// Share that appears on the same day.
    pub same_day: f64,
    /// Share of the rest that appears on each later day.
    pub daily: f64,
    /// Longest delay in days; what is left appears then.
    pub longest: u16,
}

/// Who sells.
#[derive(Debug, Clone, PartialEq)]
pub struct Merchant {
    /// Title.
    pub title: String,
    /// Pull of the brand relative to the industry's figures.
    pub appeal: Uncertain,
    /// Share of an order's value that is left after the cost of goods.
    pub margin: f64,
    /// Mean value of an order, in major units.
    pub order_value: f64,
    /// Standard deviation of its logarithm.
    pub order_value_log_sd: f64,
    /// `[8]` share of people in each stage at the start, unreached first; sums to 1.
    pub stages: [f64; STAGES],
    /// Share of interactions that end in membership.
    pub member_rate: f64,
}

/// A place where visitors, searchers or viewers can be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// Every visit to the platform.
    Visits,
    /// Searches of category and brand.
    Queries,
    /// Visits that look for deals.
    Deals,
    /// Visits with tasks and games.
    Tasks,
    /// Sessions by habit: 0 web, 1 short video, 2 notes.
    Sessions(usize),
}

/// How a channel works.
#[derive(Debug, Clone, PartialEq)]
pub struct Channel {
    /// Title.
    pub title: String,
    /// How it is paid.
    pub pricing: Pricing,
    /// Where it meets people.
    pub supply: Supply,
    /// Whether it runs outside the selling platform.
    pub outside: bool,
    /// The domain in which it meets people. Reports use it; nothing in the market depends on it.
    pub domain: ChannelDomain,
    /// Median of rivals' bids in major units for one billed event (for commission: the share of an order's value).
    pub price: Uncertain,
    /// Standard deviation of the logarithm of rivals' bids.
    pub price_spread: f64,
    /// Least price, in the same unit.
    pub price_floor: f64,
    /// Impressions in one contact.
    pub impressions: u32,
    /// Chance that an ordinary contact ends in a click (in an engagement, where that is what is paid).
    pub click_rate: Uncertain,
    /// Chance that a click leads to an interaction.
    pub interact_rate: Uncertain,
    /// Chance that a click leads to a favourite or a cart.
    pub intent_rate: Uncertain,
    /// Share of contacts that are no people.
    pub worthless: Uncertain,
    /// Index of the memory that contacts feed.
    pub memory: usize,
    /// Units of memory that one contact adds.
    pub impact: Uncertain,
    /// Chance that the platform recognises a person met here.
    pub identity: f64,
    /// Days after a click in which an order is credited.
    pub credit_days: f64,
    /// Standard deviation of the daily change of the logarithm of the click rate.
    pub drift: f64,
    /// Fall of the logarithm of the click rate for each contact per person in the market: creative wear-out.
    pub wear_out: f64,
    /// Commission: largest payment for one order, in major units (0 elsewhere).
    pub commission_cap: f64,
    /// Commission: days for which it is reserved after a click (0 elsewhere).
    pub commission_days: f64,
}

/// A line: the unit money is given to.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Name, unique in the scenario.
    pub name: String,
    /// The channel it buys.
    pub channel: Channel,
    /// Factor on the price.
    pub price_scale: f64,
    /// Factor on the click rate.
    pub click_scale: f64,
    /// Factor on what follows a click (interaction, favourite, cart) and on the impact of a contact.
    pub effect_scale: f64,
    /// From this step on the click rate and the effects are multiplied.
    pub shift: Option<(usize, f64)>,
}
