//! Reads an AMSS world from its scenario file.

use super::media::{Search, Traditional};
use super::population::Nature;
use super::sales::Sales;
use super::segments::{BySegment, Dimension, SEGMENTS, Transition, by_segment};
use super::settings::{AmssLine, AmssSettings, Autoregression, Flighting, MarketRate, Media};
use crate::limit_parts::read_line_limits;
use crate::limits::Limits;
use crate::market::parts::sums_to_one;
use crate::observation::{CalendarStep, LineBrief, Pricing};
use crate::reader::{Bounds, Section};
use crate::scenario_parts::line_name;

const MONEY: Bounds = Bounds::at_least_zero("major units");
const SHARE: Bounds = Bounds::share("of the people");
const FACTOR: Bounds = Bounds::between(0.0, 1e3, "a chance, or a factor on one");
const WEEKS: Bounds = Bounds::between(1.0, 2_000.0, "weeks");

/// Reads people, media and sales and, line by line, their limits; also what agents are told of the lines, and the
/// calendar.
pub(crate) fn read_amss(
    top: &mut Section<'_>,
    limits: &mut Limits,
) -> Option<(AmssSettings, Vec<LineBrief>, Vec<CalendarStep>)> {
    let people = top.whole("people", Bounds::between(1.0, 1e10, "people in the population")) as f64;
    let weeks = top.whole("weeks", WEEKS) as usize;
    let history =
        top.whole("history_weeks", Bounds::between(0.0, 2_000.0, "weeks before the first")) as usize;
    let market = top.section("market").map(read_market_rate);
    let nature = top.section("population").map(read_nature);
    let mut lines: Vec<AmssLine> = Vec::new();
    let mut briefs = Vec::new();
    for mut section in top.sections("line") {
        let name = line_name(&mut section, lines.iter().map(|line| line.name.as_str()));
        let Some(is_search) = section.choice("media", &[("traditional", false), ("search", true)]) else {
            continue;
        };
        let credited = section.flag_if_any("credited").unwrap_or(false);
        let (line, list_price) = if is_search {
            read_search(&mut section, name, credited, weeks + history)
        } else {
            read_traditional(&mut section, name, credited, weeks + history)
        };
        limits.lines.push(read_line_limits(&mut section, weeks, 1));
        section.finish();
        briefs.push(LineBrief {
            outside: !credited,
            list_price,
            ..LineBrief::new(
                line.name.clone(),
                if is_search { Pricing::PerClick } else { Pricing::PerThousand },
            )
        });
        lines.push(line);
    }
    let sales = top.section("sales").map(read_sales);
    let (market, nature, sales) = (market?, nature?, sales?);
    let calendar = (0..weeks).map(|week| declared(&market, history, week)).collect();
    Some((AmssSettings { people, weeks, history, market, nature, lines, sales }, briefs, calendar))
}

/// What is known of a week in advance: its part of the undisturbed wave. Thirteen weeks are a phase.
fn declared(market: &MarketRate, history: usize, week: usize) -> CalendarStep {
    CalendarStep {
        hour: 0.0,
        hour_traffic: 1.0,
        phase: format!("quarter {}", week / 13 + 1),
        phase_index: week / 13,
        weekday: 0,
        traffic: 1.0,
        demand: market.wave(history + week).clamp(0.0, 1.0) / market.mean,
        price: 1.0,
    }
}

fn read_market_rate(mut section: Section<'_>) -> MarketRate {
    let trend = section.number("trend", Bounds::share("of the population"));
    let mut rate = MarketRate {
        trend,
        mean: 1.0,
        amplitude: 0.0,
        period: 52.0,
        peak: 0.0,
        disturbance: Autoregression { mean: 1.0, sd: 0.0, autocorrelation: 0.0 },
    };
    if let Some(mut season) = section.section_if_any("season") {
        rate.mean = season.number("mean", Bounds::between(0.001, 1.0, "of those who may be in the market"));
        rate.amplitude = season.number("amplitude", Bounds::between(0.0, 1.0, "as the mean"));
        rate.period = season.number("period", Bounds::between(1.0, 2_000.0, "weeks from peak to peak"));
        rate.peak = season.number("peak_week", Bounds::between(0.0, 2_000.0, "week of a peak, from 0"));
        season.finish();
    }
    if let Some(mut noise) = section.section_if_any("noise") {
        rate.disturbance = read_autoregression(&mut noise, 1.0);
        noise.finish();
    }
    section.finish();
    rate
}

fn read_autoregression(section: &mut Section<'_>, mean: f64) -> Autoregression {
    Autoregression {
        mean,
        sd: section.number("sd", Bounds::between(0.0, 100.0, "standard deviation")),
        autocorrelation: section
            .number("autocorrelation", Bounds::between(-0.999, 0.999, "of neighbouring weeks")),
    }
}

fn read_nature(mut section: Section<'_>) -> Nature {
    let decay = Bounds::share("of the satiated who want again each week");
    let satiation_decay = section.number_if_any("satiation_decay", decay).unwrap_or(1.0);
    let mut shares = |key: &'static str, dimension: Dimension| {
        let shares = section.numbers(key, dimension.states(), SHARE);
        sums_to_one(&section, key, shares.iter().sum());
        Transition::to(dimension, &shares)
    };
    let entering = shares("entering", Dimension::Activity);
    let opening = vec![
        shares("loyalty", Dimension::Loyalty),
        shares("favorability", Dimension::Favorability),
        shares("availability", Dimension::Availability),
    ];
    let weekly = read_migration(&mut section, "migration", &Dimension::RESPONSIVE);
    section.finish();
    Nature { satiation_decay, entering, opening, weekly }
}

fn read_traditional(
    section: &mut Section<'_>,
    name: String,
    credited: bool,
    all_weeks: usize,
) -> (AmssLine, f64) {
    let positive = Bounds::between(1e-6, 1e9, "exposures a person");
    let module = Traditional {
        membership: read_factors(section, "audience", &Dimension::RESPONSIVE, SHARE),
        unit_cost: section.number("unit_cost", Bounds::above_zero("major units an exposure")),
        half: section.number("half_frequency", positive),
        slope: section.number("slope", Bounds::between(0.05, 20.0, "of the Hill curve")),
        migration: read_migration(section, "migration", &Dimension::RESPONSIVE),
    };
    let list_price = 1_000.0 * module.unit_cost;
    let (mut budgets, mut period, mut flighting) = (Vec::new(), all_weeks, None);
    if let Some(mut plan) = section.section("plan") {
        (budgets, period) = read_budgets(&mut plan, all_weeks);
        flighting = plan.section_if_any("flighting").map(|mut section| {
            let mean = section.number("mean", Bounds::between(-100.0, 100.0, "added to the season"));
            let disturbance = read_autoregression(&mut section, mean);
            let lead = section.whole("lead", Bounds::between(0.0, 2_000.0, "weeks")) as usize;
            section.finish();
            Flighting { disturbance, lead }
        });
        plan.finish();
    }
    (
        AmssLine {
            name,
            media: Media::Traditional { module: Box::new(module), flighting },
            budgets,
            period,
            credited,
        },
        list_price,
    )
}

fn read_search(section: &mut Section<'_>, name: String, credited: bool, all_weeks: usize) -> (AmssLine, f64) {
    let price = Bounds::above_zero("major units a click");
    let costs = section.numbers("click_cost", 2, price);
    if costs[0] > costs[1] {
        section.object("click_cost", "the least cost of a click is above the most", "least, most", "");
    }
    let effect = section.numbers("effectiveness", 3, Bounds::share("of the largest effect"));
    let module = Search {
        membership: read_factors(section, "audience", &Dimension::RESPONSIVE, SHARE),
        query_rate: section.number("query_rate", Bounds::between(0.0, 1e4, "queries a person and week")),
        click_rate: read_factors(
            section,
            "click_rate",
            &Dimension::RESPONSIVE,
            Bounds::share("of impressions"),
        ),
        click_cost: [costs[0], costs[1]],
        bid: section.number("bid", price),
        effectiveness: [effect[0], effect[1], effect[2]],
        migration: read_migration(section, "migration", &Dimension::RESPONSIVE),
    };
    let keywords_per_budget =
        section.number("keywords_per_budget", Bounds::between(0.0, 1e9, "share for a major unit a head"));
    let (mut budgets, mut period, mut off, mut cycle) = (Vec::new(), all_weeks, 0, 1);
    if let Some(mut plan) = section.section("plan") {
        (budgets, period) = read_budgets(&mut plan, all_weeks);
        if let Some(mut pause) = plan.section_if_any("off") {
            cycle = pause.whole("cycle", WEEKS) as usize;
            off = pause.whole("weeks", Bounds::between(0.0, cycle as f64 - 1.0, "weeks of each cycle"))
                as usize;
            pause.finish();
        }
        plan.finish();
    }
    let list_price = module.cost_per_click();
    let media = Media::Search { module: Box::new(module), keywords_per_budget, off, cycle };
    (AmssLine { name, media, budgets, period, credited }, list_price)
}

fn read_budgets(plan: &mut Section<'_>, all_weeks: usize) -> (Vec<f64>, usize) {
    let period = plan.whole("period", WEEKS).max(1) as usize;
    (plan.numbers("budgets", all_weeks.div_ceil(period), MONEY), period)
}

fn read_sales(mut section: Section<'_>) -> Sales {
    let brand = &Dimension::RESPONSIVE[1..];
    let price = section.number("price", Bounds::above_zero("major units a unit"));
    let mean_price = section.number_if_any("mean_price", MONEY).unwrap_or(0.0);
    let mut factors = |key| read_factors_if_any(&mut section, key, brand, FACTOR);
    let mut alone = factors("own").unwrap_or([1.0; SEGMENTS]);
    if let Some(slope) = factors("own_slope") {
        alone.iter_mut().zip(slope).for_each(|(alone, slope)| *alone -= slope * (price - mean_price));
    }
    let (rival, replacement) = (factors("rival"), factors("replacement"));
    // AMSS's defaults: no loyal person buys a rival's; a switcher torn between two takes either equally often.
    let by_loyalty = |factors: [f64; 3]| by_segment(&[(Dimension::Loyalty, factors.to_vec())]);
    let rival = rival.unwrap_or_else(|| by_loyalty([1.0, 0.0, 1.0]));
    let replacement = replacement.unwrap_or_else(|| by_loyalty([0.5, 0.0, 1.0]));
    let after = [
        read_migration(&mut section, "after_own", brand),
        read_migration(&mut section, "after_rival", brand),
    ];
    let mut sales = Sales::new(price, &alone, &rival, &replacement, after);
    let below_price = Bounds::between(0.0, price, "major units a unit, up to the price");
    sales.unit_cost = section.number_if_any("unit_cost", below_price).unwrap_or(0.0);
    let units = section.number_if_any("units", Bounds::at_least_zero("units a purchase")).unwrap_or(1.0);
    let fewer = section.number_if_any("units_slope", Bounds::at_least_zero("units for a major unit"));
    sales.units = (units - fewer.unwrap_or(0.0) * (price - mean_price)).max(1.0);
    section.finish();
    sales
}

/// `[198]` products of the factors in a table, one list for each dimension in it; 1 without the table.
fn read_factors(
    section: &mut Section<'_>,
    key: &'static str,
    dimensions: &[(&'static str, Dimension)],
    bounds: Bounds,
) -> BySegment {
    read_factors_if_any(section, key, dimensions, bounds).unwrap_or([1.0; SEGMENTS])
}

fn read_factors_if_any(
    section: &mut Section<'_>,
    key: &'static str,
    dimensions: &[(&'static str, Dimension)],
    bounds: Bounds,
) -> Option<BySegment> {
    let mut table = section.section_if_any(key)?;
    let mut factors = Vec::new();
    for (name, dimension) in dimensions {
        let list = table.numbers_if_any(name, dimension.states(), bounds);
        factors.extend(list.map(|list| (*dimension, list)));
    }
    table.finish();
    Some(by_segment(&factors))
}

/// The matrices in a table, one for each dimension in it.
fn read_migration(
    section: &mut Section<'_>,
    key: &'static str,
    dimensions: &[(&'static str, Dimension)],
) -> Vec<Transition> {
    let Some(mut table) = section.section_if_any(key) else { return Vec::new() };
    let mut found = Vec::new();
    for (name, dimension) in dimensions {
        let rows = table.rows_if_any(name, Bounds::share("of those in the row's state"));
        let states = dimension.states();
        if rows.is_empty() {
            continue;
        }
        if rows.len() != states || rows.iter().any(|row| row.len() != states) {
            let message = format!("`{name}` must have {states} rows of {states} numbers");
            table.object(name, message, "another shape", "from the row's state to the column's");
            continue;
        }
        rows.iter().for_each(|row| sums_to_one(&table, name, row.iter().sum()));
        found.push(Transition::new(*dimension, rows.concat()));
    }
    table.finish();
    found
}
