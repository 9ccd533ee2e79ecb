//! A drawn market: its hidden parameters, and tables of them.

use std::sync::Arc;

use super::benefits::OfferTables;
use super::calendar::steps_in;
use super::clock::Clock;
use super::goods::GoodsWorld;
use super::guaranteed::ExposureTables;
use super::own::OwnTables;
use super::packed::Packed;
use super::settings::{Line, Market, Memory};
use super::shards::draw_shards;
use super::shoppers::{LEVELS, MEMORY_UNIT, Shoppers};
use super::targeting::{AudienceTest, Cap};
use super::visits::chance;
use crate::draws::{Key, normal_quantile, purpose};
use crate::observation::{Brief, Pricing};
use crate::reader::Uncertain;

/// Bins of rivals' bids by rank: an opportunity of rank u costs what rivals bid at quantile u.
pub(crate) const BINS: usize = 1024;
/// Places of a table over exposure memory.
pub(crate) const MEMORY_BINS: usize = 128;
/// Exposure memory of one place of such a table, as a shift of its integer form.
pub(crate) const MEMORY_SHIFT: u32 = 9;

/// A market with its hidden parameters drawn, and its shoppers on the eve of the episode.
#[derive(Debug)]
pub(crate) struct MarketWorld {
    /// What agents are told.
    pub(crate) brief: Arc<Brief>,
    /// What the files say.
    pub(crate) market: Arc<Market>,
    pub(crate) clock: Clock,
    /// Key of the shoppers, for what is found anew from who a shopper is.
    pub(crate) identity: Key,
    pub(crate) in_market: f64,
    pub(crate) free_exposure: f64,
    /// `[classes]` pull of the brand: merchant times persona.
    pub(crate) appeal: Vec<f64>,
    pub(crate) memories: Vec<MemoryTables>,
    pub(crate) lines: Vec<LineWorld>,
    /// `[in market, 64]` the bin where each 64th of the ranks begins, and how many bins it covers.
    pub(crate) ranks: [[(u16, u16); 64]; 2],
    pub(crate) goods: GoodsWorld,
    /// `[longest + 1]` chance, in 65,536ths, that a report's delay is at most this many days.
    pub(crate) report_delay: Vec<u32>,
    pub(crate) offers: OfferTables,
    pub(crate) own: Option<OwnTables>,
    pub(crate) exposures: Option<ExposureTables>,
    /// All shoppers, where they are kept in one piece.
    pub(crate) shoppers: Shoppers,
    /// Where they are kept in shards, these.
    pub(crate) eve: Vec<Packed>,
}

/// Effects of one kind of memory, by its amount.
#[derive(Debug)]
pub(crate) struct MemoryTables {
    /// What is kept from one step to the next, in 65,536ths.
    pub(crate) keep: u16,
    /// Factor on the brand's pull.
    pub(crate) pull: [f64; MEMORY_BINS],
    /// Extra chance of a brand query, in 65,536ths.
    pub(crate) curiosity: [u32; MEMORY_BINS],
    /// Factor on clicks, in 65,536ths.
    pub(crate) clicks: [u32; MEMORY_BINS],
}

/// What a world has drawn for one line.
#[derive(Debug)]
pub(crate) struct LineWorld {
    /// Hash of the line's name, the purpose of its draws.
    pub(crate) name: u64,
    /// `[steps]` rivals' median bid in millionths of the major unit for one billed event of one person.
    pub(crate) price: Vec<f64>,
    pub(crate) floor: f64,
    /// `[bins]` rivals' bid at each rank relative to the median.
    pub(crate) landscape: Vec<f64>,
    /// `[steps]` chance of a click by an ordinary person.
    pub(crate) click_rate: Vec<f64>,
    /// `[steps]` factor on what follows (interaction, intent, impact).
    pub(crate) effect: Vec<f64>,
    pub(crate) interact_rate: f64,
    pub(crate) intent_rate: f64,
    /// In 65,536ths.
    pub(crate) worthless: u32,
    pub(crate) impact: f64,
    /// Share of an order's value, where a commission is what is paid; and in millionths.
    pub(crate) commission_rate: f64,
    pub(crate) commission: i64,
    /// Place among the outside lines.
    pub(crate) outside: Option<usize>,
    /// Price units in one billed event of one person (thousands of impressions in a contact).
    pub(crate) events: f64,
    /// The first line of its channel, and the first that shows its creative: where what they share is kept.
    pub(crate) channel: usize,
    pub(crate) creative: usize,
    pub(crate) audience: Option<AudienceTest>,
    pub(crate) capped: Option<Cap>,
    /// Chance that a click by a shopper with an unmet need ends in the medium's own shop, in 65,536ths.
    pub(crate) leak: u32,
}

impl MarketWorld {
    /// Draws the hidden parameters from `key`, and the shoppers from `seed`; without a key every parameter is at its
    /// median, and nothing drifts or enters.
    pub(crate) fn build(brief: &Arc<Brief>, market: &Arc<Market>, seed: u64, key: Option<Key>) -> Self {
        let industry = &market.industry;
        let clock = Clock::new(market, brief.step_days);
        let parameters = key.map(|key| key.with(purpose::PARAMETERS));
        let named = |name: &str| parameters.map(|key| key.with_name(name));
        let identity = Key::new(seed).with(purpose::SHOPPERS);
        let in_market = industry.in_market.draw(named("in market")).min(0.9);
        let appeal = market.merchant.appeal.draw(named("merchant"));
        let rival = key.and_then(|key| {
            let key = key.with(purpose::RIVALS);
            let enters = key.with(0).uniform() < industry.rival_entry;
            let line = (key.with(1).bits() % market.lines.len().max(1) as u64) as usize;
            let step = (key.with(2).bits() % brief.steps.max(1) as u64) as usize;
            enters.then_some((line, step))
        });
        let mut outside = 0..;
        let lines = (0..market.lines.len())
            .map(|line| {
                let place = market.lines[line].channel.outside.then(|| outside.next()).flatten();
                let entered = |entered: usize| entered == line || share_rivals(market, entered, line);
                let entry = rival.filter(|(line, _)| entered(*line)).map(|(_, step)| step);
                LineWorld::build(brief, market, line, key, entry, place)
            })
            .collect();
        let mut world = Self {
            brief: brief.clone(),
            market: market.clone(),
            identity,
            in_market,
            free_exposure: industry.free_exposure.draw(named("free exposure")).min(1.0),
            appeal: industry
                .personas
                .iter()
                .flat_map(|persona| {
                    [appeal * persona.appeal.draw(named("persona").map(|k| k.with_name(&persona.name)));
                        LEVELS]
                })
                .collect(),
            memories: industry
                .memories
                .iter()
                .map(|memory| MemoryTables::build(memory, brief.step_days, named(&memory.name)))
                .collect(),
            lines,
            ranks: [1.0, industry.rival_interest].map(|interest| {
                let bin = |place: usize| {
                    let rank = 1.0 - libm::pow(1.0 - place as f64 / 64.0, interest);
                    (rank * BINS as f64) as u16
                };
                std::array::from_fn(|place| (bin(place), bin(place + 1) - bin(place)))
            }),
            goods: GoodsWorld::build(brief, market, named),
            report_delay: report_delay(market, brief.step_days),
            offers: OfferTables::build(brief, market, parameters),
            own: OwnTables::build(market, brief.step_days, parameters),
            exposures: ExposureTables::build(market, parameters),
            shoppers: Shoppers::default(),
            eve: Vec::new(),
            clock,
        };
        if market.shoppers > market.shard {
            world.eve = draw_shards(&world);
        } else {
            let numbers = 0..market.shoppers as u32;
            world.shoppers = Shoppers::draw(market, &world.clock, identity, in_market, numbers);
        }
        world
    }
}

impl LineWorld {
    fn build(
        brief: &Brief,
        market: &Market,
        index: usize,
        world: Option<Key>,
        rival_entry: Option<usize>,
        outside: Option<usize>,
    ) -> Self {
        let line = &market.lines[index];
        let channel = &line.channel;
        let key = world.map(|key| key.with(purpose::PARAMETERS).with(1).with_name(&line.name));
        let draw = |value: Uncertain, purpose: u64| value.draw(key.map(|key| key.with(purpose)));
        // Price units in one contact, click, engagement or placement of one person.
        let events = match channel.pricing {
            Pricing::PerThousand => f64::from(channel.impressions) / 1_000.0,
            Pricing::PerImpression => f64::from(channel.impressions),
            Pricing::PerClick
            | Pricing::PerEngagement
            | Pricing::Commission
            | Pricing::Fixed
            | Pricing::Curve => 1.0,
        };
        let unit = 1e6 * events;
        // Cuts of one channel meet the same rivals, whatever they are called.
        let rivals = key
            .filter(|_| line.is_variant())
            .and(world)
            .map(|key| key.with(purpose::PARAMETERS).with(2).with_name(&line.channel_name));
        let price = channel.price.draw(rivals.or(key).map(|key| key.with(0))) * line.price_scale;
        let click_rate = draw(channel.click_rate, 1);
        let mut log_drift = 0.0;
        let mut prices = Vec::new();
        let mut clicks = Vec::new();
        let mut effects = Vec::new();
        for (step, day) in brief.calendar.iter().enumerate() {
            if let Some(world) = world {
                let key = world.with(purpose::DRIFT).with_name(&line.name).with(step as u64);
                log_drift += channel.drift * libm::sqrt(brief.step_days) * key.normal();
            }
            let entered = rival_entry.is_some_and(|entry| step >= entry);
            let rivals = if entered { 1.0 + market.industry.rival_entry_price } else { 1.0 };
            let shift = line.shift.filter(|(from, _)| step >= *from).map_or(1.0, |(_, scale)| scale);
            prices.push(match channel.pricing {
                // A rate card does not move.
                Pricing::Fixed => price * unit,
                _ => price * unit * day.price * rivals,
            });
            clicks.push(click_rate * line.click_scale * shift * libm::exp(log_drift));
            effects.push(line.effect_scale * shift);
        }
        Self {
            name: Key::new(purpose::LINE).with_name(&line.name).bits(),
            price: prices,
            floor: channel.price_floor * unit,
            landscape: (0..BINS)
                .map(|bin| {
                    libm::exp(channel.price_spread * normal_quantile((bin as f64 + 0.5) / BINS as f64))
                })
                .collect(),
            click_rate: clicks,
            effect: effects,
            interact_rate: draw(channel.interact_rate, 2),
            intent_rate: draw(channel.intent_rate, 3),
            worthless: (draw(channel.worthless, 4).min(1.0) * 65_536.0) as u32,
            impact: draw(channel.impact, 5),
            commission_rate: price.min(1.0),
            commission: (price.min(1.0) * 1e6) as i64,
            outside,
            events,
            channel: first(market, |other| other.channel_name == line.channel_name).min(index),
            creative: match &line.creative {
                None => index,
                Some(_) => first(market, |other| {
                    other.channel_name == line.channel_name && other.creative == line.creative
                }),
            },
            audience: line.audience.as_ref().map(AudienceTest::new),
            capped: channel.friction.frequency_cap.map(|cap| Cap {
                place: market.capped_lines().take_while(|capped| *capped < index).count(),
                contacts: cap.contacts,
                window: steps_in(cap.days, brief.step_days).min(60_000) as u16,
            }),
            leak: chance(channel.friction.leak),
        }
    }
}

/// The first line of which something holds.
fn first(market: &Market, holds: impl Fn(&Line) -> bool) -> usize {
    market.lines.iter().position(holds).unwrap_or(0)
}

/// Whether two lines are cuts of one channel.
fn share_rivals(market: &Market, one: usize, other: usize) -> bool {
    let (one, other) = (&market.lines[one], &market.lines[other]);
    one.is_variant() && other.is_variant() && one.channel_name == other.channel_name
}

impl MemoryTables {
    /// Effects saturate as m/(m+1) in the units of memory (a Hill curve of slope 1, as in AMSS).
    fn build(memory: &Memory, step_days: f64, key: Option<Key>) -> Self {
        let persuasion = memory.persuasion.draw(key.map(|key| key.with(0)));
        let curiosity = memory.curiosity.draw(key.map(|key| key.with(1))).min(1.0);
        let amount = |bin: usize| (bin << MEMORY_SHIFT) as f64 / MEMORY_UNIT;
        let hill = |bin: usize| amount(bin) / (amount(bin) + 1.0);
        Self {
            keep: (65_536.0 * libm::exp2(-step_days.max(1.0) / memory.half_life)) as u16,
            pull: std::array::from_fn(|bin| libm::exp(persuasion * hill(bin))),
            curiosity: std::array::from_fn(|bin| (65_536.0 * curiosity * hill(bin)) as u32),
            clicks: std::array::from_fn(|bin| (65_536.0 / (1.0 + amount(bin) / memory.fatigue)) as u32),
        }
    }
}

fn report_delay(market: &Market, days_a_step: f64) -> Vec<u32> {
    let delay = &market.industry.report;
    // Within the first day: what is shown in its first hour, and from there straight in the logarithm of time.
    let within_a_day = |hours: f64| {
        let from = delay.first_hour;
        from + (delay.same_day - from) * (libm::log(hours.max(1.0)) / libm::log(24.0))
    };
    let steps = libm::ceil(f64::from(delay.longest) / days_a_step) as usize;
    (0..=steps)
        .map(|step| {
            let days = (step + 1) as f64 * days_a_step;
            let later = libm::pow(1.0 - delay.daily, days - days_a_step.max(1.0));
            let shown = if step == steps {
                1.0
            } else if days < 1.0 {
                within_a_day(24.0 * days)
            } else {
                1.0 - (1.0 - delay.same_day) * later
            };
            (65_536.0 * shown) as u32
        })
        .collect()
}
