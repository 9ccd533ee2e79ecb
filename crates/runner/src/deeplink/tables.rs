//! The DEEPLINK report as a page. Its tables are long on purpose: whoever asks for it wants the account, not a summary.

use anstyle::Style;
use outlay_environment::Goal;

use crate::deeplink::results::{Asset, Contribution, Report, Source};
use crate::format::{UNDEFINED, major, number, or_undefined, percent, ratio, short, signed};
use crate::look::Look;
use crate::tables::{Setting, tier_reached};

const BOLD: Style = Style::new().bold();

/// The whole page.
pub(crate) fn page(name: &str, report: &Report, setting: &Setting<'_>) -> String {
    let look = setting.look;
    let mut text = look.heading(3, format!("DEEPLINK of {BOLD}{name}{BOLD:#} on {}", setting.heading()));
    let parts = [
        ("Shopper assets: a balance sheet of stages", assets(report, setting)),
        ("AIPL, the older report, as sums of stages", aipl(report, look)),
        ("Flow: people by stage at the start (row) and at the end (column)", flow(report, look)),
        ("Reach and frequency", reach(report, setting)),
        ("Link: where people were met first (row) and what led to their order (column)", link(report, look)),
        ("Met outside the platform: where they clicked later", outside(report, look, false)),
        ("Met outside the platform: the last touch of those who bought", outside(report, look, true)),
        ("Moves up by what made them, and what one costs", advances(report, setting)),
        ("How fast people move up", speed(report, look)),
        ("Who brought the goal", contributions(report, setting)),
        ("Returns beside break-even", returns(report, setting)),
    ];
    for (title, part) in parts.iter().filter(|(_, part)| !part.is_empty()) {
        text.push('\n');
        text += &look.heading(4, format!("{BOLD}{title}{BOLD:#}\n"));
        text += look.gap();
        text += part;
    }
    if let Some(tier) = &report.tier {
        text.push('\n');
        text += &look.heading(4, format!("{BOLD}Tier in the year{BOLD:#}\n"));
        text += look.gap();
        text += &look.notes(&format!("{}\n", tier_reached(tier, setting.phrases())));
    }
    text.push('\n');
    text += &look.notes(&(definitions(report) + &setting.footing()));
    look.page(text)
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Minor units as major ones, not rounded to whole ones.
fn price(minor: f64) -> String {
    number(minor / 100.0)
}

fn assets(report: &Report, setting: &Setting<'_>) -> String {
    let mut header = names(&["stage", "people at start", "moved up in", "up out", "lapsed in", "lapsed out"]);
    header.extend(names(&["at end", "no spend"]));
    header.push(format!("{} each", setting.scenario.currency));
    header.extend(names(&["worth at start", "at end", "no spend"]));
    let row = |asset: &Asset| {
        let mut row = vec![asset.stage.to_owned()];
        row.extend(asset.people().map(short));
        row.push(or_undefined(asset.value, price));
        row.extend(worths(asset).map(|worth| or_undefined(worth, whole)));
        row
    };
    let total = |of: fn(&Asset) -> f64| short(report.assets.iter().map(of).sum());
    let mut sums = vec!["all".to_owned(), total(|asset| asset.opening)];
    sums.extend(names(&[UNDEFINED; 4]));
    sums.extend([total(|asset| asset.closing), total(|asset| asset.closing_without_spend)]);
    sums.push(UNDEFINED.to_owned());
    sums.extend((0..3).map(|place| whole(report.assets.iter().filter_map(|it| worths(it)[place]).sum())));
    setting.look.table(&header, report.assets.iter().map(row).chain([sums]))
}

/// What a stage is worth at the start, at the end, and at the end without spending.
fn worths(asset: &Asset) -> [Option<f64>; 3] {
    [asset.opening_value, asset.closing_value, asset.closing_value_without_spend]
}

fn whole(minor: f64) -> String {
    major(minor.round() as i64)
}

fn aipl(report: &Report, look: Look) -> String {
    let stages = &report.stages;
    let groups = ["A aware: discover", "I interested: engage, enthuse, perform", "P purchased: initial"];
    let groups = groups.iter().chain(&["L loyal: numerous, keen"]);
    let rows = groups.zip(stages.aipl_opening.iter().zip(&stages.aipl_closing));
    look.table(
        &names(&["group", "people at start", "at end"]),
        rows.map(|(name, (start, end))| vec![(*name).to_owned(), short(*start), short(*end)]),
    )
}

fn flow(report: &Report, look: Look) -> String {
    let stages = &report.stages;
    let mut header = names(&["from \\ to"]);
    header.extend(names(&stages.names));
    header.push("at start".into());
    let rows =
        stages.names.iter().zip(stages.flow.iter().zip(&stages.opening)).map(|(name, (row, start))| {
            let mut cells = vec![(*name).to_owned()];
            cells.extend(row.iter().chain([start]).map(|people| short(*people)));
            cells
        });
    let mut sums = vec!["at end".to_owned()];
    sums.extend(stages.closing.iter().chain([&(report.people as f64)]).map(|people| short(*people)));
    look.table(&header, rows.chain([sums]))
}

fn reach(report: &Report, setting: &Setting<'_>) -> String {
    let mut header = names(&["source", "domain"]);
    header.push(format!("spend {}", setting.scenario.currency));
    header.extend(names(&["people reached", "of all", "touches", "a person"]));
    let leaks = report.sources.iter().any(|source| source.leaked > 0.0);
    header.extend(leaks.then(|| "leaked buyers".to_owned()));
    let share = |people: f64| percent(people / report.people as f64);
    let rows = report.sources.iter().map(|source| {
        let mut row = vec![source.name.clone(), source.domain.to_owned(), major(source.spend)];
        row.extend([short(source.reach), share(source.reach), short(source.touches)]);
        row.push(or_undefined(source.frequency, ratio));
        row.extend(leaks.then(|| number(source.leaked)));
        row
    });
    let (free, lines) = match report.sources.split_last() {
        Some((free, lines)) => (free.touches, lines),
        None => (0.0, &report.sources[..]),
    };
    let bought: f64 = lines.iter().map(|line| line.touches).sum();
    let reach = &report.reach;
    let total = |name: &str, people: f64, touches: f64, frequency: Option<f64>| {
        let mut row = names(&[name, "", ""]);
        row.extend([short(people), share(people), short(touches), or_undefined(frequency, ratio)]);
        row.extend(leaks.then(String::new));
        row
    };
    let totals = [
        total("any line", reach.bought, bought, reach.bought_frequency),
        total("any line or free", reach.all, bought + free, reach.all_frequency),
    ];
    setting.look.table(&header, rows.chain(totals))
}

fn link(report: &Report, look: Look) -> String {
    let link = &report.link;
    let mut header = names(&["first met \\ ordered from"]);
    header.extend(names(&link.domains));
    header.extend(names(&["no order", "people"]));
    let firsts = link.domains.iter().chain(&["not met before"]).zip(&link.first_to_order);
    let rows = firsts.map(|(name, row)| {
        let mut cells = vec![(*name).to_owned()];
        cells.extend(row.iter().map(|people| short(*people)));
        cells.push(short(row.iter().sum()));
        cells
    });
    let mut sums = vec!["people".to_owned()];
    let column = |last: usize| link.first_to_order.iter().map(|row| row[last]).sum::<f64>();
    sums.extend((0..link.first_to_order.len()).map(|last| short(column(last))));
    sums.push(short(report.people as f64));
    let table = look.table(&header, rows.chain([sums]));
    let note = format!(
        "of {} people touched, {} ({}) were touched in two or more domains within the window; the platform recognised {} \
         of them there\n",
        short(link.touched),
        short(link.linked),
        or_undefined(link.linked_share, percent),
        or_undefined(link.recognised_share, percent),
    );
    table + look.gap() + &look.notes(&note)
}

fn outside(report: &Report, look: Look, bought: bool) -> String {
    if report.outside.is_empty() {
        return String::new();
    }
    let mut header = names(&["medium", "people met"]);
    header.extend(report.sources.iter().map(|source| source.name.clone()));
    header.extend(bought.then(|| "buyers".to_owned()));
    let rows = report.outside.iter().map(|medium| {
        let cells = if bought { &medium.bought } else { &medium.clicked };
        let mut row = vec![medium.line.clone(), short(medium.met)];
        row.extend(cells.iter().map(|people| short(*people)));
        row.extend(bought.then(|| short(medium.buyers)));
        row
    });
    look.table(&header, rows)
}

fn advances(report: &Report, setting: &Setting<'_>) -> String {
    let mut header = names(&["source"]);
    header.extend(names(&report.stages.names[1..]));
    header.extend(names(&["moves up"]));
    header.push(format!("{} each", setting.scenario.currency));
    let row = |source: &Source| {
        let mut row = vec![source.name.clone()];
        row.extend(source.up_moves[1..].iter().map(|moves| short(*moves)));
        row.push(short(source.up_moves.iter().sum()));
        row.push(or_undefined(source.cost_per_any_advance, price));
        row
    };
    let costs = report.sources.iter().filter(|source| source.spend > 0).map(|source| {
        let mut row = vec![format!("{}, {} each", source.name, setting.scenario.currency)];
        row.extend(source.cost_per_advance[1..].iter().map(|cost| or_undefined(*cost, price)));
        row.extend(names(&["", ""]));
        row
    });
    setting.look.table(&header, report.sources.iter().map(row).chain(costs))
}

fn speed(report: &Report, look: Look) -> String {
    let header =
        names(&["stage", "moves up out of it", "a day, of those in it", "median days", "stays measured"]);
    let rows = report.assets.iter().map(|asset| {
        vec![
            asset.stage.to_owned(),
            short(asset.raised_out),
            asset
                .advance_rate_per_day
                .map_or_else(|| UNDEFINED.into(), |rate| format!("{:.2} %", 100.0 * rate)),
            or_undefined(asset.median_days_to_advance, number),
            short(asset.stays),
        ]
    });
    look.table(&header, rows)
}

/// Contributions to new customers, value or number of orders, whichever comes nearest to the goal; those to the others
/// are in `--json`.
fn contributions(report: &Report, setting: &Setting<'_>) -> String {
    let goal = setting.scenario.goal;
    let (key, what, scale) = match goal {
        Goal::NewCustomers => ("new_customers", "new customers", 1.0),
        _ if goal.is_money() => ("revenue", "revenue", 0.01),
        _ => ("orders", "orders", 1.0),
    };
    let show = |it| contribution(it, (what, scale), report, setting);
    report.contribution.get(key).map_or_else(String::new, show)
}

fn contribution(
    it: &Contribution,
    (what, scale): (&str, f64),
    report: &Report,
    setting: &Setting<'_>,
) -> String {
    let show = |value: f64| number(value * scale);
    let with_sign = |value: f64| signed(value * scale);
    let mut header = names(&["line"]);
    header.push(format!("spend {}", setting.scenario.currency));
    header.push(format!("{what}: last touch"));
    header.extend(names(&["removal effect"]));
    header.extend(report.shapley.as_ref().map(|sample| format!("Shapley, seeds {}", sample.seeds)));
    header.push("cost of one removed".into());
    let shapley =
        |value: Option<f64>| report.shapley.as_ref().map(|_| value.map_or_else(String::new, with_sign));
    let lines = it.lines.iter().zip(&report.sources).map(|(line, source)| {
        let mut row =
            vec![line.name.clone(), major(source.spend), show(line.last_touch), with_sign(line.removal)];
        row.extend(shapley(line.shapley));
        let cost = (source.spend > 0 && line.removal > 0.0)
            .then(|| source.spend as f64 / 100.0 / (line.removal * scale));
        row.push(or_undefined(cost, number));
        row
    });
    let last_touch: f64 = it.lines.iter().map(|line| line.last_touch).sum();
    let sum = |name: &str, cells: [String; 2], share: Option<f64>| {
        let mut row = names(&[name, ""]);
        row.extend(cells);
        row.extend(shapley(share));
        row.push(String::new());
        row
    };
    let sums = [
        sum("interaction of lines", [String::new(), with_sign(it.interaction)], None),
        sum("all lines", [show(last_touch), with_sign(it.effect)], it.shapley_effect),
        sum("free", [show(it.free_by_last_touch), show(it.without_spend)], None),
        sum("together", [show(it.total), show(it.total)], None),
    ];
    setting.look.table(&header, lines.chain(sums))
}

fn returns(report: &Report, setting: &Setting<'_>) -> String {
    let mut header = names(&["line"]);
    header.push(format!("spend {}", setting.scenario.currency));
    header.extend(names(&["ROI reported", "ROI incremental", "profit", "break-even"]));
    let row = |name: &str, spend: i64, returns: &crate::results::Returns| {
        let mut row = vec![name.to_owned(), major(spend)];
        let values = [returns.reported, returns.incremental, returns.profit, returns.break_even];
        row.extend(values.map(|value| or_undefined(value, ratio)));
        row
    };
    let lines = report.sources.iter().take(report.sources.len().saturating_sub(1));
    let rows = lines.map(|line| row(&line.name, line.spend, &line.returns));
    setting.look.table(&header, rows.chain([row("all lines", report.spend.mean, &report.returns)]))
}

fn definitions(report: &Report) -> String {
    let mut text = String::from(
        "people and moves are means over the episodes; no spend = the same worlds and noises without any spending\n\
         a stage is the highest that applies, so people move up by touches and orders and lapse with time\n\
         a touch is a contact that reached a person; robots are left out, people whom no platform recognises are not\n\
         worth = people x margin of the orders that a person who starts in the stage places over an episode without \
         spending (each)\n\
         an order's last touch is the last click before it, bought or free, within the window of Engage; without one it is \
         free (own)\n\
         cost of a move up = all of the line's spend / its moves up into that stage; the spend is not divided among stages\n\
         removal effect = the run, less the same run with this line at zero and its money not moved; all lines: less the \
         run without spending, which is the `free` of that column\n",
    );
    if report.sources.iter().any(|source| source.leaked > 0.0) {
        text += "leaked buyers clicked on the line and then bought in the medium's own shop\n";
    }
    if let Some(sample) = &report.shapley {
        text += if sample.exact {
            "Shapley = the mean effect of a line's joining over all orders in which lines can join: every coalition was \
             played; adds up to the effect of all lines on those seeds\n"
        } else {
            "Shapley = the mean effect of a line's joining over 64 drawn orders; adds up to the effect of all lines on those \
             seeds\n"
        };
    }
    text += "ROI reported = credited revenue / spend; ROI incremental = revenue caused / spend, a line's by removal; profit = \
             ROI incremental / break-even - 1\n";
    text
}
