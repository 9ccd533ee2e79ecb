//! What the files say of a market of shoppers: industry, merchant, lines.

use super::benefits::Benefits;
pub use super::buyers::{Buyers, Dropout};
pub use super::channel::{
    AudienceSettings, BidMode, Channel, Contract, FrequencyCap, Friction, HABITS, Habit, Learning, Line,
    Rivals, Supply,
};
pub use super::goods_parts::{Clearance, Goods, MOST_PRODUCTS, Product, Rank, Rating, Restock};
use super::leads::Leads;
use crate::deeplink::STAGES;
use crate::reader::Uncertain;
use crate::tiers::{Stars, Tier};

/// Most kinds of exposure memory that a shopper can have.
pub const MEMORIES: usize = 4;

/// A market of shoppers.
#[derive(Debug, Clone, PartialEq)]
pub struct Market {
    /// People in the market.
    pub people: u64,
    /// Simulated shoppers; each stands for `people / shoppers` people.
    pub shoppers: usize,
    /// Most simulated shoppers that are kept in one piece. Where there are more they are played in shards of this size,
    /// with the same results.
    pub shard: usize,
    /// Simulated shoppers in the worlds that a policy trains on.
    pub training_shoppers: usize,
    /// Who the shoppers are and how they buy.
    pub industry: Industry,
    /// Who sells.
    pub merchant: Merchant,
    /// The lines money is given to.
    pub lines: Vec<Line>,
    /// Whether the product backed in the last step is judged.
    pub test: bool,
    /// Step from which only lines of one product deliver: the one that gets most money in it.
    pub commit_step: Option<usize>,
    /// What merchant and platform give besides: the scenario's word, then the merchant's, then the tier's.
    pub benefits: Benefits,
    /// How the merchant's tier is found, where the merchant has one.
    pub stars: Option<Stars>,
}

impl Market {
    /// People that one simulated shopper stands for.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.people / self.shoppers as u64
    }

    /// Indices of the lines that cap how often they meet a shopper.
    pub(crate) fn capped_lines(&self) -> impl Iterator<Item = usize> {
        let lines = self.lines.iter().enumerate();
        lines.filter(|(_, line)| line.channel.friction.frequency_cap.is_some()).map(|(place, _)| place)
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
    /// How shoppers differ in how often they need something, and who leaves: the scenario's word, then the industry's.
    pub buyers: Buyers,
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
    /// Chance that a person in the market searches the brand for what they remember, relative to others.
    pub in_market_curiosity: f64,
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
    /// How it sells by leads, where it does.
    pub leads: Option<Leads>,
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
    /// Chance of a session a day, by [`Habit`]; `None` where the industry does not tell the habit apart.
    pub sessions: [Option<f64>; HABITS],
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
    /// Share that appears within an hour, where steps are shorter than a day.
    pub first_hour: f64,
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
    /// Share of the people without an order in the customer window who ordered before it.
    pub lapsed: f64,
    /// Products, sales rank and rating.
    pub goods: Goods,
    /// The tier whose benefits the merchant has.
    pub tier: Option<Tier>,
    /// What the merchant gives.
    pub benefits: Benefits,
}
