//! The scenario's own file, read field by field, with the catalogue files that it names.

use std::sync::Arc;

use crate::amss::read::read_amss;
use crate::base::read_base;
use crate::catalogue::Catalogue;
use crate::curves::read::{read_curves, read_puzzle};
use crate::date::Date;
use crate::document::{Source, Table};
use crate::goal::{Goal, read_aim};
use crate::levers::Levers;
use crate::limit_parts::{read_groups, read_limits, read_line_limits};
use crate::limits::{Limits, LineLimits};
use crate::market::benefit_parts::{check_names, read_benefits};
use crate::market::benefits::{Benefits, Holder};
use crate::market::calendar::{HALF_HOURS, WEEKDAYS, read_calendar};
use crate::market::channel_parts::{read_channel, read_line};
use crate::market::goods_parts::read_choice;
use crate::market::parts::{read_industry, read_merchant};
use crate::market::settings::{Goods, Line, Market, Merchant};
use crate::money::Money;
use crate::observation::{Brief, CalendarStep, LineBrief};
use crate::reader::{Bounds, Section};
use crate::scenario::{Answer, Kind, Scenario};
use crate::schema::FileKind;
use crate::tiers::read_stars;

/// Most simulated shoppers: about half a gigabyte for each episode that is played at a time. Assumed; the scenarios that ship
/// have 20,000, and more only make the noise smaller.
const MOST_SHOPPERS: f64 = 1e7;
/// Most that all people of a market could spend in an order each, in major units, so that the revenue of the longest season
/// fits into a ledger's 64 bits of minor units.
pub(crate) const MOST_MONEY: f64 = 1e12;

/// Reads a scenario whose file has been laid over its bases. What is read besides is added to `sources`.
pub(crate) fn read_scenario(
    name: &str,
    top: &mut Section<'_>,
    catalogue: &Catalogue<'_>,
    sources: &mut Vec<Source>,
) -> Option<Scenario> {
    // Bases have been laid under the file already; their keys are known all the same.
    read_base(top);
    let kinds = ["market", "curves", "amss", "pacing", "exploration"].map(|kind| (kind, kind));
    let kind = top.choice_if_any("kind", &kinds).unwrap_or("market");
    let title = top.text("title", "one line for people");
    let question = top.text("question", "what a good allocator should discover here");
    let goal = top.choice("goal", &Goal::NAMED);
    if let Some(goal) = goal
        && let (fits, help) = goals_of(kind)
        && !fits(goal)
    {
        let article = if kind.starts_with(['a', 'e']) { "an" } else { "a" };
        top.object("goal", format!("{article} {kind} world cannot have this goal"), "not here", help);
    }
    let lengths = [("day", 1), ("half-hour", HALF_HOURS)];
    let per_day = if kind == "market" { top.choice_if_any("step", &lengths).unwrap_or(1) } else { 1 };
    let mut step_days = if kind == "amss" { 7.0 } else { 1.0 / per_day as f64 };
    let currency = top.text("currency", "a currency code such as \"CNY\"");
    let budget = top.number("budget", Bounds::between(0.0, 1e12, "major units (yuan) for the whole episode"));
    let mut limits = read_limits(top, per_day);
    let levers = if kind == "market" { Levers::read(top) } else { Levers::default() };
    let mut products = Vec::new();
    let mut commit_step = None;
    if let (true, Some(merchant)) = (kind != "market", catalogue.merchant) {
        let message = format!("there is no merchant here, so none can be `{merchant}`");
        top.object("kind", message, "no market of shoppers", "leave out what follows the `@`");
    }
    let (kind, calendar_title, lines, calendar, margin) = match kind {
        "market" => {
            let (market, title, calendar) = read_market(top, catalogue, sources, per_day, &mut limits)?;
            let lines = market.lines.iter().map(|line| line_brief(line, &market.merchant.goods)).collect();
            products =
                market.merchant.goods.products.iter().map(|product| product.brief(step_days)).collect();
            commit_step = market.commit_step;
            if goal == Some(Goal::BestProduct) && !market.test {
                let message = "the goal `best-product` needs a table `[test]`";
                top.object(
                    "goal",
                    message,
                    "nothing is judged",
                    "add `[test]` with `decide = \"last-step\"`",
                );
            }
            let margin = market.merchant.margin;
            (Kind::Market(Arc::new(market)), title, lines, calendar, margin)
        }
        "curves" => {
            let (settings, lines, calendar, length) = read_curves(top, &mut limits)?;
            step_days = length;
            (Kind::Curves(Arc::new(settings)), "its own".to_owned(), lines, calendar, 1.0)
        }
        "amss" => {
            let (settings, lines, calendar) = read_amss(top, &mut limits)?;
            let margin = 1.0 - settings.sales.unit_cost / settings.sales.price;
            (Kind::Amss(Arc::new(settings)), "its own".to_owned(), lines, calendar, margin)
        }
        other => {
            let (lines, calendar) = read_puzzle(top, &mut limits)?;
            let kind = if other == "pacing" { Kind::Pacing } else { Kind::Exploration };
            (kind, "its own".to_owned(), lines, calendar, 1.0)
        }
    };
    let start_date = read_start_date(top, matches!(kind, Kind::Market(_)).then_some(&calendar[..]));
    let answer = read_answer(top);
    let aim = read_aim(top, goal, calendar.len(), step_days);
    let budget = Money::from_major(budget);
    limits.groups = read_groups(top, &lines, budget);
    let steps = calendar.len();
    // Without a calendar nothing can be said of windows.
    let contradictions = if steps > 0 { limits.contradictions(budget, steps) } else { Vec::new() };
    for contradiction in contradictions {
        top.object("limits", contradiction.cause(), "cannot hold", contradiction.help());
    }
    let goal = goal?;
    let brief = Brief {
        scenario: name.to_owned(),
        goal: goal.name().to_owned(),
        aim,
        budget,
        steps,
        step_days,
        margin,
        lines,
        calendar,
        limits,
        products,
        commit_step,
        levers,
    };
    Some(Scenario {
        name: name.to_owned(),
        title,
        question,
        goal,
        currency,
        calendar_title,
        start_date,
        kind,
        brief: Arc::new(brief),
        answer,
        hash: String::new(),
    })
}

/// Whether a kind of world can have a goal, and how to write those that it can have.
fn goals_of(kind: &str) -> (fn(Goal) -> bool, &'static str) {
    match kind {
        "market" => (|goal| goal != Goal::Response, "e.g. `new-customers`, `revenue`, `profit`"),
        "amss" => (|goal| goal == Goal::Revenue, "`revenue`"),
        _ => (|goal| goal == Goal::Response, "`response`"),
    }
}

/// The day on which the season begins. A calendar with weekdays of its own must begin on the same one.
fn read_start_date(top: &mut Section<'_>, calendar: Option<&[CalendarStep]>) -> Option<Date> {
    let text = top.text_if_any("start_date")?;
    let help = "write year, month and day, e.g. `start_date = \"2026-06-01\"`";
    let date =
        text.parse::<Date>().map_err(|error| top.object("start_date", error, "no such day", help)).ok()?;
    let first = calendar.and_then(|calendar| calendar.first()).map(|step| usize::from(step.weekday));
    if let Some(first) = first.filter(|first| *first != date.weekday()) {
        let [day, first] = [date.weekday(), first].map(|day| WEEKDAYS[day]);
        let message = format!("{date} is a {day}, and the calendar begins with a {first}");
        top.object(
            "start_date",
            message,
            "another weekday",
            &format!("add `[set.calendar]` with `first_weekday = \"{day}\"`"),
        );
    }
    Some(date)
}

/// What is known of the best that can be done.
fn read_answer(top: &mut Section<'_>) -> Option<Answer> {
    let mut section = top.section_if_any("answer")?;
    let score = Bounds::between(-1e15, 1e15, "in units of the goal");
    let answer = Answer {
        value: section.number("value", score),
        gate: section.number("gate", Bounds::share("of the value that a trained policy must reach")),
        plan: section
            .rows_if_any("plan", Bounds::at_least_zero("major units, a list of steps for each line")),
        price: section.number_if_any("price", score),
        others: section.named_numbers_if_any("others", score),
        source: section.text("source", "where the answer comes from"),
    };
    section.finish();
    Some(answer)
}

/// Reads a market of shoppers and, line by line, its limits; also the calendar with its title.
fn read_market(
    top: &mut Section<'_>,
    catalogue: &Catalogue<'_>,
    sources: &mut Vec<Source>,
    per_day: usize,
    limits: &mut Limits,
) -> Option<(Market, String, Vec<CalendarStep>)> {
    let people = top.whole("people", Bounds::between(1.0, 1e10, "people in the market"));
    let most = Bounds::between(1.0, MOST_SHOPPERS, "simulated shoppers");
    let [shoppers, training_shoppers] = ["shoppers", "training_shoppers"].map(|key| top.whole(key, most));
    for (key, count) in [("shoppers", shoppers), ("training_shoppers", training_shoppers)] {
        if count == 0 || !people.is_multiple_of(count.max(1)) {
            top.object(
                key,
                format!("`{key}` must divide `people` evenly"),
                format!("{people} / {count}"),
                "",
            );
        }
    }
    let [over_industry, over_merchant, over_calendar] = read_overrides(top);
    let name = top.file("industry", "industries");
    let from = ("industries", &*name);
    let industry = catalogue.read(top, "industry", from, over_industry, sources, read_industry);
    let named = top.file("merchant", "merchants");
    let name = catalogue.merchant.map_or(named, ToOwned::to_owned);
    let from = ("merchants", &*name);
    let merchant = catalogue.read(top, "merchant", from, over_merchant, sources, read_merchant);
    let name = top.file("calendar", "calendars");
    let read = |top: &mut Section<'_>| read_calendar(top, per_day);
    let calendar = catalogue.read(top, "calendar", ("calendars", &name), over_calendar, sources, read);
    let (calendar_title, calendar) = calendar.unwrap_or_default();
    let steps = calendar.len();
    let tier = merchant.as_ref().and_then(|merchant| merchant.tier);
    let stars =
        tier.and_then(|_| catalogue.read(top, "merchant", ("tiers", "stars"), None, sources, read_stars));
    let merchants = merchant.iter().map(|merchant| merchant.benefits.clone());
    let tiers = stars.iter().zip(tier).map(|(stars, tier)| stars.benefits[tier as usize].clone());
    let benefits = merchants.chain(tiers).fold(read_benefits(top), Benefits::or);
    let given: Vec<(&str, usize)> = (benefits.coupons.iter().enumerate())
        .filter(|(_, coupon)| coupon.holder == Holder::Line)
        .map(|(place, coupon)| (coupon.name.as_str(), place))
        .collect();
    let mut lines: Vec<Line> = Vec::new();
    for mut section in top.sections("line") {
        let name = line_name(&mut section, lines.iter().map(|line| line.name.as_str()));
        let channel_name = section.file("channel", "channels");
        let set = section.overrides("set", FileKind::Channel);
        let from = ("channels", &*channel_name);
        let channel = catalogue
            .read(&section, "channel", from, set, sources, |top| read_channel(top, industry.as_ref()));
        let channel = (channel_name, channel.flatten());
        let parts = (industry.as_ref(), merchant.as_ref());
        let mut line = read_line(&mut section, name, channel, parts, (steps, per_day));
        check_scales(&section, &line, set);
        line.coupon = section.named_if_any("coupon", &given);
        if section.flag_if_any("scarce").unwrap_or(false) {
            line.price_scale *= 1.0 - benefits.scarce_discount.unwrap_or(0.0);
        }
        let credit = benefits.credit.as_ref().is_some_and(|credit| credit.lines.contains(&line.name));
        limits.lines.push(LineLimits { credit, ..read_line_limits(&mut section, steps, per_day) });
        section.finish();
        lines.push(line);
    }
    let dearest = merchant.iter().map(dearest_order).fold(0.0, f64::max);
    if people as f64 * dearest > MOST_MONEY {
        let message = format!("`people` times the value of a large order is more than {MOST_MONEY:e}");
        let help =
            format!("{people} people at {dearest:.0} an order are more money than can be counted exactly");
        top.object("people", message, "too many", &help);
    }
    let (shoppers, training_shoppers) = (shoppers as usize, training_shoppers as usize);
    let (industry, merchant) = (industry?, merchant?);
    let (test, commit_step) = read_choice(top, &lines, (steps, per_day));
    let market = Market {
        people,
        shoppers,
        shard: usize::MAX,
        training_shoppers,
        industry,
        merchant,
        lines,
        benefits,
        stars,
        test,
        commit_step,
    };
    check_names(top, &market, &calendar);
    Some((market, calendar_title, calendar))
}

/// An order of a merchant as dear as they come: four standard deviations above the usual, in major units.
pub(crate) fn dearest_order(merchant: &Merchant) -> f64 {
    let priced = merchant.goods.products.iter().map(|product| {
        product.price * libm::exp(4.0 * product.price_log_sd.unwrap_or(merchant.order_value_log_sd))
    });
    priced.fold(merchant.order_value * libm::exp(4.0 * merchant.order_value_log_sd), f64::max)
}

/// Figures in `[set]` that are laid over those of the industry, the merchant and the calendar.
fn read_overrides<'a>(top: &mut Section<'a>) -> [Option<&'a Table>; 3] {
    let Some(mut set) = top.section_if_any("set") else { return [None; 3] };
    let kinds = [FileKind::Industry, FileKind::Merchant, FileKind::Calendar];
    let overrides = kinds.map(|kind| set.overrides(kind.name(), kind));
    set.finish();
    overrides
}

/// Notes every figure of its channel that a line scales and sets at once.
fn check_scales(section: &Section<'_>, line: &Line, set: Option<&Table>) {
    let scales = [
        ("price_scale", line.price_scale, &["price"][..]),
        ("click_scale", line.click_scale, &["click_rate"]),
        ("effect_scale", line.effect_scale, &["impact", "interact_rate", "intent_rate"]),
    ];
    for (scale, factor, figures) in scales {
        for figure in figures.iter().filter(|figure| set.is_some_and(|set| set.get(figure).is_some())) {
            if factor != 1.0 {
                let message = format!("`{scale}` scales what `set.{figure}` sets");
                let help = format!("leave out one of them, or write `{scale} = 1`");
                section.object(scale, message, "scaled here", &help);
            }
        }
    }
}

/// The name of a line, unlike those before it.
pub(crate) fn line_name<'a>(section: &mut Section<'_>, mut others: impl Iterator<Item = &'a str>) -> String {
    let name = section.text("name", "a name for the line");
    if others.any(|other| other == name) {
        let message = format!("two lines are called `{name}`");
        section.object("name", message, "second", "give each its own name");
    }
    name
}

fn line_brief(line: &Line, goods: &Goods) -> LineBrief {
    LineBrief {
        outside: line.channel.outside,
        list_price: line.channel.price.median() * line.price_scale,
        channel: line.is_variant().then(|| line.channel_name.clone()),
        audience: line.audience.as_ref().map(|audience| audience.name.clone()),
        audience_size: line.audience.as_ref().map(|audience| audience.size),
        creative: line.creative.clone(),
        product: line.product.map(|product| goods.products[product].name.clone()),
        ..LineBrief::new(line.name.clone(), line.channel.pricing)
    }
}
