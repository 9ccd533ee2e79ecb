//! The catalogue files of a scenario, read field by field: calendar, merchant, industry, channel.

use super::settings::{Channel, Industry, MEMORIES, Memory, Merchant, Persona, ReportDelay, Supply, Windows};
use crate::deeplink::{ChannelDomain, STAGES};
use crate::observation::{CalendarStep, Pricing};
use crate::reader::{Bounds, Section};

pub(crate) fn read_calendar(top: &mut Section<'_>) -> (String, Vec<CalendarStep>) {
    let title = top.text("title", "one line for people");
    let weekday_names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    let named: Vec<(&str, usize)> = weekday_names.iter().enumerate().map(|(i, name)| (*name, i)).collect();
    let first_weekday = top.choice("first_weekday", &named).unwrap_or(0);
    let weekday_traffic = top.numbers("weekday_traffic", 7, Bounds::above_zero("relative to the mean day"));
    let factor = Bounds::above_zero("relative to an ordinary day");
    let mut steps = Vec::new();
    for (phase_index, mut section) in top.sections("phase").into_iter().enumerate() {
        let phase = section.text("name", "name of the phase");
        let days = section.whole("days", Bounds::between(1.0, 400.0, "days"));
        let (traffic, demand, price) = (
            section.number("traffic", factor),
            section.number("demand", factor),
            section.number("price", factor),
        );
        section.finish();
        for _ in 0..days {
            let weekday = (first_weekday + steps.len()) % 7;
            steps.push(CalendarStep {
                phase: phase.clone(),
                phase_index,
                weekday: weekday as u8,
                traffic: traffic * weekday_traffic[weekday],
                demand,
                price,
            });
        }
    }
    (title, steps)
}

fn stages(section: &mut Section<'_>, key: &'static str, bounds: Bounds) -> [f64; STAGES] {
    let mut stages = [0.0; STAGES];
    stages.copy_from_slice(&section.numbers(key, STAGES, bounds));
    stages
}

pub(crate) fn read_merchant(top: &mut Section<'_>) -> Merchant {
    let merchant = Merchant {
        title: top.text("title", "one line for people"),
        appeal: top.uncertain("appeal", Bounds::above_zero("relative to the industry's figures")),
        margin: top.number("margin", Bounds::between(0.001, 1.0, "share of an order's value")),
        order_value: top.number("order_value", Bounds::above_zero("major units an order")),
        order_value_log_sd: top
            .number("order_value_log_sd", Bounds::between(0.0, 3.0, "of the natural logarithm")),
        stages: stages(top, "stages", Bounds::share("share of people in each stage, unreached first")),
        member_rate: top.number("member_rate", Bounds::share("share of interactions")),
    };
    sums_to_one(top, "stages", merchant.stages.iter().sum());
    merchant
}

fn sums_to_one(section: &Section<'_>, key: &str, sum: f64) {
    if (sum - 1.0).abs() > 1e-6 {
        section.object(key, format!("shares must add up to 1, not to {sum:.6}"), "these shares", "");
    }
}

pub(crate) fn read_industry(top: &mut Section<'_>) -> Industry {
    let title = top.text("title", "one line for people");
    let days = Bounds::above_zero("days");
    let share = Bounds::share("a chance");
    let factor = Bounds::above_zero("a factor");
    let windows = top.section("windows").map(|mut section| {
        let windows = Windows {
            discover: section.number("discover_days", days),
            engage: section.number("engage_days", days),
            enthuse: section.number("enthuse_days", days),
            perform: section.number("perform_days", days),
            customer: section.whole("customer_days", Bounds::between(1.0, 10_000.0, "days")) as u16,
            keen_orders: section.whole("keen_orders", Bounds::between(2.0, 3.0, "orders")) as u8,
        };
        section.finish();
        windows
    });
    let mut personas = Vec::new();
    for mut section in top.sections("persona") {
        personas.push(Persona {
            name: section.text("name", "a name"),
            share: section.number("share", share),
            visits_per_month: section.number("visits_per_month", Bounds::between(0.0, 30.0, "days a month")),
            sessions: [
                section.number("web", share),
                section.number("video", share),
                section.number("notes", share),
            ],
            deals: section.number("deals", share),
            tasks: section.number("tasks", share),
            purchases: section.number("purchases", factor),
            appeal: section.uncertain("appeal", factor),
        });
        section.finish();
    }
    sums_to_one(top, "persona", personas.iter().map(|persona| persona.share).sum());
    if personas.len() > super::shoppers::MOST_PERSONAS {
        let most = super::shoppers::MOST_PERSONAS;
        top.object("persona", format!("at most {most} personas"), format!("{} here", personas.len()), "");
    }
    let mut memories = Vec::new();
    for mut section in top.sections("memory") {
        memories.push(Memory {
            name: section.text("name", "a name that channels refer to"),
            half_life: section.number("half_life_days", days),
            persuasion: section
                .uncertain("persuasion", Bounds::at_least_zero("rise of the logarithm of the pull")),
            curiosity: section.uncertain("curiosity", share),
            fatigue: section.number("fatigue", Bounds::above_zero("units of memory")),
        });
        section.finish();
    }
    if memories.len() > MEMORIES {
        top.object("memory", format!("at most {MEMORIES} memories"), format!("{} here", memories.len()), "");
    }
    let report = top.section("report").map(|mut section| {
        let report = ReportDelay {
            same_day: section.number("same_day", share),
            daily: section.number("daily", Bounds::between(0.01, 1.0, "share of the rest")),
            longest: section.whole("longest_days", Bounds::between(0.0, 60.0, "days")) as u16,
        };
        section.finish();
        report
    });
    Industry {
        title,
        windows: windows.unwrap_or(Windows {
            discover: 1.0,
            engage: 1.0,
            enthuse: 1.0,
            perform: 1.0,
            customer: 1,
            keen_orders: 3,
        }),
        personas,
        activity: {
            let activity = top.numbers("activity", 3, Bounds::above_zero("relative to the persona's mean"));
            sums_to_one(top, "activity", activity.iter().sum::<f64>() / 3.0);
            [activity[0], activity[1], activity[2]]
        },
        in_market: top.uncertain("in_market", Bounds::between(0.0, 0.9, "share of people")),
        need_days: top.number("need_days", Bounds::between(1.0, 1e6, "days")),
        satiation_days: top.number("satiation_days", Bounds::between(1.0, 1e6, "days")),
        purchase_rate: top.number("purchase_rate", share),
        in_market_visits: top.number("in_market_visits", factor),
        in_market_clicks: top.number("in_market_clicks", factor),
        rival_interest: top.number("rival_interest", Bounds::between(0.1, 20.0, "an exponent")),
        category_query: top.number("category_query", share),
        brand_query: stages(top, "brand_query", share),
        brand_query_rank: top.number("brand_query_rank", share),
        brand_query_clicks: top.number("brand_query_clicks", factor),
        brand_query_free: top.number("brand_query_free", share),
        attraction: stages(top, "attraction", Bounds::at_least_zero("relative to all rivals together")),
        stage_visits: stages(top, "stage_visits", Bounds::at_least_zero("relative to an unreached person")),
        stage_clicks: stages(top, "stage_clicks", Bounds::at_least_zero("relative to an unreached person")),
        free_exposure: top.uncertain("free_exposure", share),
        free_click: top.number("free_click", share),
        hunters: top.number("hunters", share),
        hunter_purchases: top.number("hunter_purchases", Bounds::share("relative to others")),
        memories,
        report: report.unwrap_or(ReportDelay { same_day: 1.0, daily: 1.0, longest: 0 }),
        rival_entry: top.number("rival_entry", share),
        rival_entry_price: top.number("rival_entry_price", Bounds::at_least_zero("a fraction of the price")),
    }
}

pub(crate) fn read_channel(top: &mut Section<'_>, memories: &[String]) -> Option<Channel> {
    let title = top.text("title", "one line for people");
    let pricing = top.choice(
        "pricing",
        &[
            ("per-click", Pricing::PerClick),
            ("per-thousand", Pricing::PerThousand),
            ("per-impression", Pricing::PerImpression),
            ("per-engagement", Pricing::PerEngagement),
            ("commission", Pricing::Commission),
        ],
    );
    let supply = top.choice(
        "supply",
        &[
            ("visits", Supply::Visits),
            ("queries", Supply::Queries),
            ("deals", Supply::Deals),
            ("tasks", Supply::Tasks),
            ("web", Supply::Sessions(0)),
            ("video", Supply::Sessions(1)),
            ("notes", Supply::Sessions(2)),
        ],
    );
    let outside = top.flag("outside", "true or false");
    let domains = ChannelDomain::ALL.map(|domain| (domain.name(), domain));
    // Where the file does not say, it follows from where people are met and what is paid.
    let domain = top.choice_if_any("domain", &domains).unwrap_or(match (outside, supply, pricing) {
        (true, ..) => ChannelDomain::Outside,
        (_, Some(Supply::Queries), _) => ChannelDomain::Search,
        (_, Some(Supply::Tasks), _) | (.., Some(Pricing::PerEngagement)) => ChannelDomain::Interactive,
        _ => ChannelDomain::Display,
    });
    let named: Vec<(&str, usize)> = memories.iter().enumerate().map(|(i, name)| (name.as_str(), i)).collect();
    let price_unit = match pricing {
        Some(Pricing::PerClick) => "major units a click",
        Some(Pricing::PerThousand) => "major units a thousand impressions",
        Some(Pricing::PerImpression) => "major units an impression",
        Some(Pricing::PerEngagement) => "major units an engagement",
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
        worthless: top.uncertain("worthless", Bounds::share("share of contacts")),
        memory: top.choice("memory", &named).unwrap_or(0),
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
    };
    (pricing.is_some() && supply.is_some()).then_some(channel)
}

impl Channel {
    /// Stands in for a channel that could not be read, so that the rest of the file is still checked.
    pub(crate) fn nothing() -> Self {
        let zero = crate::reader::Uncertain::Fixed(0.0);
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
            worthless: zero,
            memory: 0,
            impact: zero,
            identity: 1.0,
            credit_days: 0.0,
            drift: 0.0,
            wear_out: 0.0,
            commission_cap: 0.0,
            commission_days: 0.0,
        }
    }
}
