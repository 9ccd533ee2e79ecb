//! Channel files and the lines that buy them, read field by field.

use super::goods_parts::read_line_product;
use super::settings::{
    AudienceSettings, BidMode, Channel, Contract, FrequencyCap, Friction, Habit, Industry, Learning, Line,
    Merchant, Rivals, Supply,
};
use crate::deeplink::{ChannelDomain, Stage};
use crate::observation::Pricing;
use crate::reader::{Bounds, Section, Uncertain};

/// Reads a channel for an industry, whose memories and habits it refers to.
pub(crate) fn read_channel(top: &mut Section<'_>, industry: Option<&Industry>) -> Option<Channel> {
    let memories = industry.map_or(&[][..], |industry| &industry.memories);
    let title = top.text("title", "one line for people");
    let pricing = top.choice(
        "pricing",
        &[
            ("per-click", Pricing::PerClick),
            ("per-thousand", Pricing::PerThousand),
            ("per-impression", Pricing::PerImpression),
            ("per-engagement", Pricing::PerEngagement),
            ("commission", Pricing::Commission),
            ("fixed", Pricing::Fixed),
        ],
    );
    let supply = top.choice("supply", &supplies(industry));
    let outside = top.flag("outside", "true or false");
    let domains = ChannelDomain::ALL.map(|domain| (domain.name(), domain));
    // Where the file does not say, it follows from where people are met and what is paid.
    let domain = top.choice_if_any("domain", &domains).unwrap_or(match (outside, supply, pricing) {
        (true, ..) => ChannelDomain::Outside,
        (_, Some(Supply::Queries | Supply::BrandQueries), _) => ChannelDomain::Search,
        (_, Some(Supply::Tasks), _) | (.., Some(Pricing::PerEngagement)) => ChannelDomain::Interactive,
        _ => ChannelDomain::Display,
    });
    let named: Vec<(&str, usize)> =
        memories.iter().enumerate().map(|(i, memory)| (memory.name.as_str(), i)).collect();
    let price_unit = match pricing {
        Some(Pricing::PerClick) => "major units a click",
        Some(Pricing::PerThousand) => "major units a thousand impressions",
        Some(Pricing::PerImpression) => "major units an impression",
        Some(Pricing::PerEngagement) => "major units an engagement",
        Some(Pricing::Fixed) => "major units a placement",
        Some(Pricing::Commission | Pricing::Curve) | None => "share of an order's value",
    };
    let commission = pricing == Some(Pricing::Commission);
    let price = if commission { Bounds::share(price_unit) } else { Bounds::above_zero(price_unit) };
    let share = Bounds::share("a chance");
    let channel = Channel {
        title,
        pricing: pricing.unwrap_or(Pricing::PerClick),
        supply: supply.unwrap_or(Supply::Visits),
        outside,
        domain,
        price: top.uncertain("price", price),
        price_spread: top.number("price_spread", Bounds::between(0.0, 3.0, "of the natural logarithm")),
        price_floor: top.number("price_floor", Bounds::at_least_zero(price_unit)),
        impressions: top.whole("impressions", Bounds::between(1.0, 1_000.0, "impressions in a contact"))
            as u32,
        click_rate: top.uncertain("click_rate", Bounds::share("a chance for each contact")),
        interact_rate: top.uncertain("interact_rate", Bounds::share("a chance for each click")),
        intent_rate: top.uncertain("intent_rate", Bounds::share("a chance for each click")),
        hunter_joins: top.number_if_any("hunter_joins", Bounds::share("of bonus hunters who interact")),
        worthless: top.uncertain("worthless", Bounds::share("share of contacts")),
        memory: top.named("memory", &named).unwrap_or(0),
        impact: top.uncertain("impact", Bounds::at_least_zero("units of memory a contact")),
        identity: top.number("identity", share),
        credit_days: top.number("credit_days", Bounds::at_least_zero("days")),
        drift: top.number("drift", Bounds::between(0.0, 1.0, "of the natural logarithm, a day")),
        wear_out: top
            .number("wear_out", Bounds::at_least_zero("of the natural logarithm, a contact per person")),
        commission_cap: if commission {
            top.number("commission_cap", Bounds::above_zero("major units an order"))
        } else {
            0.0
        },
        commission_days: if commission {
            top.number("commission_days", Bounds::between(1.0, 60.0, "days"))
        } else {
            0.0
        },
        contract: (pricing == Some(Pricing::Fixed)).then(|| read_contract(top)),
        friction: read_friction(top),
    };
    let auctioned = !matches!(pricing, Some(Pricing::Fixed | Pricing::Commission));
    if pricing == Some(Pricing::Fixed) && !matches!(channel.price, Uncertain::Fixed(_)) {
        top.object("price", "a fixed price is the same in every world", "drawn", "write the bare number");
    }
    if channel.contract.is_some() && channel.friction.daily_cap.is_some() {
        top.object("daily_cap", "a contract is never bought in part", "not here", "use `placements`");
    }
    if !auctioned && channel.friction.rivals.is_some() {
        top.object("rivals", "there is no auction in which rivals could react", "not here", "");
    }
    (pricing.is_some() && supply.is_some()).then_some(channel)
}

/// Where a channel can meet people. A habit that the industry does not tell apart is met in the sessions of another.
fn supplies(industry: Option<&Industry>) -> Vec<(&'static str, Supply)> {
    let sessions = |habit: Habit| {
        let told = industry
            .and_then(|industry| industry.personas.first())
            .is_some_and(|persona| persona.sessions[habit as usize].is_some());
        Supply::Sessions(if told { habit } else { habit.instead() })
    };
    vec![
        ("visits", Supply::Visits),
        ("queries", Supply::Queries),
        ("brand-queries", Supply::BrandQueries),
        ("deals", Supply::Deals),
        ("tasks", Supply::Tasks),
        ("web", sessions(Habit::Web)),
        ("video", sessions(Habit::Video)),
        ("notes", sessions(Habit::Notes)),
        ("feed", sessions(Habit::Feed)),
        ("answers", sessions(Habit::Answers)),
        ("long-video", sessions(Habit::LongVideo)),
        ("outside-search", sessions(Habit::OutsideSearch)),
        ("community-video", sessions(Habit::CommunityVideo)),
    ]
}

fn read_contract(top: &mut Section<'_>) -> Contract {
    Contract {
        placements: top.whole("placements", Bounds::between(1.0, 10_000.0, "placements a step")) as u32,
        exposures: top.whole("exposures", Bounds::between(1.0, 1e10, "people met by one placement")),
    }
}

fn read_friction(top: &mut Section<'_>) -> Friction {
    let days = Bounds::above_zero("days");
    let frequency_cap = top.section_if_any("frequency_cap").map(|mut section| {
        let cap = FrequencyCap {
            contacts: section.whole("contacts", Bounds::between(1.0, 16.0, "contacts of one shopper"))
                as usize,
            days: section.number("days", Bounds::between(0.01, 60.0, "days")),
        };
        section.finish();
        cap
    });
    let rivals = top.section_if_any("rivals").map(|mut section| {
        let rivals = Rivals {
            reaction: section
                .number("reaction", Bounds::at_least_zero("rise if all of the supply were bought")),
            memory_days: section.number("memory_days", days),
            most: section.number("most", Bounds::at_least_zero("largest rise, a fraction of the price")),
        };
        section.finish();
        rivals
    });
    Friction {
        learning: read_learning(top),
        frequency_cap,
        daily_cap: top
            .number_if_any("daily_cap", Bounds::above_zero("contacts a day for each person in the market")),
        review_days: top.number_if_any("review_days", Bounds::between(0.0, 60.0, "days")).unwrap_or(0.0),
        rivals,
        leak: top.number_if_any("leak", Bounds::share("of clicks by people with a need")).unwrap_or(0.0),
        setup: top.number_if_any("setup", Bounds::between(0.0, 1e9, "major units")).unwrap_or(0.0),
        optimised: top
            .number_if_any("optimised", Bounds::share("of people without a need, passed over"))
            .unwrap_or(0.0),
    }
}

fn read_learning(section: &mut Section<'_>) -> Option<Learning> {
    let mut learning = section.section_if_any("learning")?;
    let read = Learning {
        events: learning.whole("events", Bounds::between(1.0, 1e9, "clicks in the window")),
        days: learning.number("days", Bounds::above_zero("days")),
        clicks: learning.number("clicks", Bounds::between(0.01, 1.0, "a factor until it is over")),
        edit: learning.number("edit", Bounds::between(0.01, 10.0, "a share of the granted money")),
    };
    learning.finish();
    Some(read)
}

/// Reads a line of a scenario, but for its limits, in an episode of so many steps, and of so many steps a day.
pub(crate) fn read_line(
    section: &mut Section<'_>,
    name: String,
    (channel_name, channel): (String, Option<Channel>),
    parts: (Option<&Industry>, Option<&Merchant>),
    (steps, per_day): (usize, usize),
) -> Line {
    let factor = Bounds::between(0.0, 1_000.0, "a factor on the channel's figure");
    let above_zero = Bounds::above_zero("a factor on the price");
    let mut channel = channel.unwrap_or_else(Channel::nothing);
    // What this merchant's account has to learn, where it is not what the medium's accounts usually have.
    channel.friction.learning = read_learning(section).or(channel.friction.learning);
    Line {
        name,
        channel_name,
        price_scale: section.number_if_any("price_scale", above_zero).unwrap_or(1.0),
        click_scale: section.number_if_any("click_scale", factor).unwrap_or(1.0),
        effect_scale: section.number_if_any("effect_scale", factor).unwrap_or(1.0),
        product: read_line_product(section, parts.1),
        lead_quality: section.number_if_any("lead_quality", Bounds::share("of its forms")).unwrap_or(1.0),
        coupon: None,
        shift: section.section_if_any("shift").map(|mut shift| {
            let days = Bounds::between(0.0, (steps / per_day) as f64, "day of the episode, from 0");
            let day = shift.whole("day", days);
            let scale = shift.number("effect_scale", factor);
            shift.finish();
            (day as usize * per_day, scale)
        }),
        audience: section.section_if_any("audience").map(|mut section| {
            let audience = read_audience(&mut section, parts);
            section.finish();
            audience
        }),
        creative: section.text_if_any("creative"),
        bid_mode: read_bid_mode(section, channel.pricing),
        channel,
    }
}

fn read_audience(
    section: &mut Section<'_>,
    (industry, merchant): (Option<&Industry>, Option<&Merchant>),
) -> AudienceSettings {
    let name = section.text("name", "a name for the audience");
    let personas: Vec<&str> =
        industry.iter().flat_map(|industry| &industry.personas).map(|p| p.name.as_str()).collect();
    let stages = Stage::ALL.map(Stage::name);
    let mut audience = AudienceSettings {
        name,
        personas: section.named_places_if_any("personas", &personas),
        stages: section.places_if_any("stages", &stages),
        exclude_buyers_days: section
            .whole_if_any("exclude_buyers_days", Bounds::between(1.0, 10_000.0, "days"))
            .map(|days| days as u16),
        precision: section.number("precision", Bounds::between(0.01, 1.0, "share of contacts that belong")),
        size: 1.0,
    };
    if let (Some(industry), Some(merchant)) = (industry, merchant) {
        audience.size = expected_size(&audience, industry, merchant);
        let only_buyers = audience.stages.iter().all(|stage| *stage > Stage::Perform as usize);
        let days = audience.exclude_buyers_days.filter(|_| only_buyers && !audience.stages.is_empty());
        if days.is_some_and(|days| days >= industry.windows.customer) {
            let message = "`stages` lets in buyers alone, and `exclude_buyers_days` leaves all of them out";
            let help = format!("fewer days than {}, or stages before an order", industry.windows.customer);
            section.object("exclude_buyers_days", message, "nobody is left", &help);
        }
    }
    audience
}

/// Expected share of people on the eve whom an audience can meet: those who belong, and as many others as its
/// precision lets in.
fn expected_size(audience: &AudienceSettings, industry: &Industry, merchant: &Merchant) -> f64 {
    let among = |places: &[usize], place: usize| places.is_empty() || places.contains(&place);
    let personas = industry.personas.iter().enumerate();
    let persona: f64 = personas.filter(|(i, _)| among(&audience.personas, *i)).map(|(_, p)| p.share).sum();
    // Orders of the past are spread evenly over the customer window.
    let recent = audience
        .exclude_buyers_days
        .map_or(0.0, |days| (f64::from(days) / f64::from(industry.windows.customer)).min(1.0));
    let stage: f64 = (merchant.stages.iter().enumerate())
        .filter(|(stage, _)| among(&audience.stages, *stage))
        .map(|(stage, share)| {
            let orders = stage.saturating_sub(Stage::Perform as usize) as f64;
            share * libm::pow(1.0 - recent, orders)
        })
        .sum();
    (persona * stage / audience.precision).min(1.0)
}

fn read_bid_mode(section: &mut Section<'_>, pricing: Pricing) -> BidMode {
    #[derive(Clone, Copy, PartialEq)]
    enum Mode {
        MostVolume,
        HoldCost,
        TargetRoi,
    }
    let modes =
        [("most-volume", Mode::MostVolume), ("hold-cost", Mode::HoldCost), ("target-roi", Mode::TargetRoi)];
    let mode = section.choice_if_any("bid_mode", &modes).unwrap_or(Mode::MostVolume);
    if mode == Mode::MostVolume {
        return BidMode::MostVolume;
    }
    if matches!(pricing, Pricing::Fixed | Pricing::Commission) {
        section.object("bid_mode", "there is no auction to bid in", "not here", "leave it out");
    }
    let unit =
        if mode == Mode::HoldCost { "major units a credited order" } else { "revenue per unit of spend" };
    let target = section.number("bid_target", Bounds::above_zero(unit));
    if mode == Mode::HoldCost { BidMode::HoldCost(target) } else { BidMode::TargetRoi(target) }
}

impl Channel {
    /// Stands in for a channel that could not be read, so that the rest of the file is still checked.
    pub(crate) fn nothing() -> Self {
        let zero = Uncertain::Fixed(0.0);
        Self {
            title: String::new(),
            pricing: Pricing::PerClick,
            supply: Supply::Visits,
            outside: false,
            domain: ChannelDomain::Display,
            price: zero,
            price_spread: 0.0,
            price_floor: 0.0,
            impressions: 1,
            click_rate: zero,
            interact_rate: zero,
            intent_rate: zero,
            hunter_joins: None,
            worthless: zero,
            memory: 0,
            impact: zero,
            identity: 1.0,
            credit_days: 0.0,
            drift: 0.0,
            wear_out: 0.0,
            commission_cap: 0.0,
            commission_days: 0.0,
            contract: None,
            friction: Friction::default(),
        }
    }
}
