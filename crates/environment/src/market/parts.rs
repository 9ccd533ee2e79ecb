//! The catalogue files of a scenario, read field by field: merchant, industry. Channels: `channel_parts`.

use super::benefit_parts::read_benefits;
use super::buyers::read_buyers;
use super::goods_parts::read_goods;
use super::leads::Leads;
use super::settings::{Habit, Industry, MEMORIES, Memory, Merchant, Persona, ReportDelay, Windows};
use crate::deeplink::STAGES;
use crate::reader::{Bounds, Section};
use crate::tiers::Tier;

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
        lapsed: top
            .number_if_any("lapsed", Bounds::share("share of those who are no customers"))
            .unwrap_or(0.0),
        goods: read_goods(top),
        tier: top.choice_if_any("tier", &Tier::NAMED),
        benefits: read_benefits(top),
    };
    sums_to_one(top, "stages", merchant.stages.iter().sum());
    merchant
}

/// Notes a problem where shares do not add up to 1.
pub(crate) fn sums_to_one(section: &Section<'_>, key: &str, sum: f64) {
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
            sessions: Habit::ALL.map(|habit| match habit.instead() == habit {
                true => Some(section.number(habit.name(), share)),
                false => section.number_if_any(habit.name(), share),
            }),
            deals: section.number("deals", share),
            tasks: section.number("tasks", share),
            purchases: section.number("purchases", factor),
            appeal: section.uncertain("appeal", factor),
        });
        section.finish();
    }
    sums_to_one(top, "persona", personas.iter().map(|persona| persona.share).sum());
    for habit in Habit::ALL {
        let told = personas.iter().filter(|persona| persona.sessions[habit as usize].is_some()).count();
        if told > 0 && told < personas.len() {
            let message = format!("`{}` must be told of every persona or of none", habit.name());
            top.object("persona", message, format!("{told} of {}", personas.len()), "");
        }
    }
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
        let same_day = section.number("same_day", share);
        // Criteo: 35 % within an hour where 50 % are within a day.
        let first_hour = section.number_if_any("first_hour", share).unwrap_or(0.7 * same_day);
        let report = ReportDelay {
            first_hour: first_hour.min(same_day),
            same_day,
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
        buyers: read_buyers(top).unwrap_or_default(),
        need_days: top.number("need_days", Bounds::between(0.1, 1e6, "days")),
        satiation_days: top.number("satiation_days", Bounds::between(0.1, 1e6, "days")),
        purchase_rate: top.number("purchase_rate", share),
        in_market_visits: top.number("in_market_visits", factor),
        in_market_clicks: top.number("in_market_clicks", factor),
        in_market_curiosity: top.number_if_any("in_market_curiosity", factor).unwrap_or(1.0),
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
        leads: top.section_if_any("leads").map(|mut section| {
            let leads = Leads::read(&mut section);
            section.finish();
            leads
        }),
        report: report.unwrap_or(ReportDelay { first_hour: 1.0, same_day: 1.0, daily: 1.0, longest: 0 }),
        rival_entry: top.number("rival_entry", share),
        rival_entry_price: top.number("rival_entry_price", Bounds::at_least_zero("a fraction of the price")),
    }
}
