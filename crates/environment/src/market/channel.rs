//! What the files say of a channel and of a line: how it is paid, where it meets people, and what keeps money from
//! buying at once.

use crate::deeplink::ChannelDomain;
use crate::money::Money;
use crate::observation::Pricing;
use crate::reader::Uncertain;

/// A habit that takes people to media: where sessions outside the selling platform's own pages come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(usize)]
pub enum Habit {
    /// Sites on the web.
    Web,
    /// Short video.
    Video,
    /// Notes.
    Notes,
    /// Social feeds and articles.
    Feed,
    /// Questions and answers.
    Answers,
    /// Long video.
    LongVideo,
    /// Search outside the selling platform.
    OutsideSearch,
    /// Short video with communities of smaller cities.
    CommunityVideo,
}

/// Number of habits.
pub const HABITS: usize = 8;

impl Habit {
    /// All habits, in the order of [`super::settings::Persona::sessions`].
    pub const ALL: [Self; HABITS] = [
        Self::Web,
        Self::Video,
        Self::Notes,
        Self::Feed,
        Self::Answers,
        Self::LongVideo,
        Self::OutsideSearch,
        Self::CommunityVideo,
    ];

    /// The key of a persona, and the supply of a channel.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Video => "video",
            Self::Notes => "notes",
            Self::Feed => "feed",
            Self::Answers => "answers",
            Self::LongVideo => "long_video",
            Self::OutsideSearch => "outside_search",
            Self::CommunityVideo => "community_video",
        }
    }

    /// The habit whose sessions stand in where an industry does not tell this one apart. The first three always are.
    #[must_use]
    pub const fn instead(self) -> Self {
        match self {
            Self::Web | Self::Feed | Self::OutsideSearch => Self::Web,
            Self::Video | Self::LongVideo | Self::CommunityVideo => Self::Video,
            Self::Notes | Self::Answers => Self::Notes,
        }
    }
}

/// A place where visitors, searchers or viewers can be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supply {
    /// Every visit to the platform.
    Visits,
    /// Searches of category and brand.
    Queries,
    /// Searches of the brand alone.
    BrandQueries,
    /// Visits that look for deals.
    Deals,
    /// Visits with tasks and games.
    Tasks,
    /// Sessions by habit.
    Sessions(Habit),
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
    /// Median of rivals' bids in major units for one billed event (for commission: the share of an order's value; for a
    /// contract: the price of a placement).
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
    /// Chance that a bonus hunter who interacts joins as a member; the merchant's rate where there is none.
    pub hunter_joins: Option<f64>,
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
    /// What is sold, where the price is fixed.
    pub contract: Option<Contract>,
    /// What keeps money from buying at once, and who is met.
    pub friction: Friction,
}

/// Placements at a fixed price, each bought whole or not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Contract {
    /// On sale in a step.
    pub placements: u32,
    /// People whom one placement is guaranteed to meet in the step.
    pub exposures: u64,
}

impl Contract {
    /// Placements that money (in the unit of `price`) buys where `supply` people can be met: no more than are on sale,
    /// nor than can be kept.
    #[must_use]
    pub fn affordable(&self, money: i64, price: i64, supply: u64) -> i64 {
        let kept = i64::try_from(supply / self.exposures.max(1)).unwrap_or(i64::MAX);
        (money / price.max(1)).min(i64::from(self.placements)).min(kept).max(0)
    }
}

/// What keeps money from buying at once, and who is met. All of it is absent unless a file says so.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Friction {
    /// Most contacts of one shopper on a line.
    pub frequency_cap: Option<FrequencyCap>,
    /// Most contacts of a line in a day, for each person in the market.
    pub daily_cap: Option<f64>,
    /// Days from a line's first money to its first delivery.
    pub review_days: f64,
    /// How delivery is found out.
    pub learning: Option<Learning>,
    /// How rivals react.
    pub rivals: Option<Rivals>,
    /// Chance that a click by a shopper with an unmet need ends in a purchase in the medium's own shop.
    pub leak: f64,
    /// Production of a creative in major units, paid out of the first money.
    pub setup: f64,
    /// Share of shoppers without a present need whom the medium passes over.
    pub optimised: f64,
}

/// Most contacts of one shopper on a line.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrequencyCap {
    /// Contacts in the window.
    pub contacts: usize,
    /// Length of the window, which slides.
    pub days: f64,
}

/// A learning phase: until it is over, clicks and effects are lower.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Learning {
    /// Clicks (engagements, where those are paid) in the window that end it, people.
    pub events: u64,
    /// Length of the window.
    pub days: f64,
    /// Factor on click rate, effects and impact until then.
    pub clicks: f64,
    /// A change of the granted money by more than this share, from one step to the next, starts it again.
    pub edit: f64,
}

impl Learning {
    /// Whether the granted money changed by more than the share `edit`. Taking money up again starts nothing anew.
    #[must_use]
    pub fn restarts(&self, before: Money, now: Money) -> bool {
        let change = i128::from((now - before).0.abs()) * 1_000_000;
        before > Money::ZERO && change > i128::from(before.0) * (self.edit * 1e6) as i128
    }
}

/// Rivals with deep pockets, who bid against whoever grows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rivals {
    /// Rise of their bids, a fraction, if all of the supply were bought.
    pub reaction: f64,
    /// Days in which half of what they saw is forgotten.
    pub memory_days: f64,
    /// Largest rise, a fraction.
    pub most: f64,
}

/// A line: the unit money is given to.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// Name, unique in the scenario.
    pub name: String,
    /// The channel it buys.
    pub channel: Channel,
    /// Name of the channel's file.
    pub channel_name: String,
    /// Factor on the price.
    pub price_scale: f64,
    /// Factor on the click rate.
    pub click_scale: f64,
    /// Factor on what follows a click (interaction, favourite, cart) and on the impact of a contact.
    pub effect_scale: f64,
    /// The product it shows: whoever clicks has it in view.
    pub product: Option<usize>,
    /// Share of its forms that people left who meant it, where the industry sells by leads; the others are made up.
    pub lead_quality: f64,
    /// Place of the coupon that a click gives.
    pub coupon: Option<usize>,
    /// From this step on the click rate and the effects are multiplied.
    pub shift: Option<(usize, f64)>,
    /// Whom it means to meet; everyone where absent.
    pub audience: Option<AudienceSettings>,
    /// What it shows: lines of one channel that show the same creative wear it out together.
    pub creative: Option<String>,
    /// What the platform bids where the agent does not.
    pub bid_mode: BidMode,
}

impl Line {
    /// Whether it is one of several cuts of its channel, which then meet the same rivals.
    #[must_use]
    pub fn is_variant(&self) -> bool {
        self.audience.is_some() || self.creative.is_some()
    }
}

/// Whom a line means to meet.
#[derive(Debug, Clone, PartialEq)]
pub struct AudienceSettings {
    /// Name.
    pub name: String,
    /// Indices of personas; all where empty.
    pub personas: Vec<usize>,
    /// Indices of stages; all where empty.
    pub stages: Vec<usize>,
    /// Leaves out those with an order in so many days.
    pub exclude_buyers_days: Option<u16>,
    /// Share of contacts that truly belong; the rest are anyone.
    pub precision: f64,
    /// Expected share of the channel's people on the eve, those met by mistake included.
    pub size: f64,
}

/// What the platform bids for a line whose agent names no bid.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum BidMode {
    /// Whatever spends the money.
    #[default]
    MostVolume,
    /// So that the average cost of a credited order stays near this many major units.
    HoldCost(f64),
    /// So that credited revenue per unit of spend stays near this.
    TargetRoi(f64),
}
