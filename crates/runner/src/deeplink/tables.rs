//! The DEEPLINK report as a page. Its tables are long on purpose: whoever asks for it wants the account, not a summary.

use anstyle::Style;
use outlay_environment::{ChannelDomain, Goal};

use crate::deeplink::results::{Asset, Contribution, Report, Source};
use crate::format::{UNDEFINED, major, number, or_undefined, percent, ratio, short, signed};
use crate::look::Look;
use crate::phrases::deeplink::Phrases;
use crate::phrases::fill;
use crate::tables::{Setting, tier_reached};

const BOLD: Style = Style::new().bold();

/// The whole page.
pub(crate) fn page(name: &str, report: &Report, setting: &Setting<'_>) -> String {
    let look = setting.look;
    let say = Phrases::of(setting.phrases().language);
    let title = fill(say.title, &[&format!("{BOLD}{name}{BOLD:#}"), &setting.heading()]);
    let mut text = look.heading(3, title);
    let parts = [
        (say.assets, assets(report, setting, say)),
        (say.aipl, aipl(report, look, say)),
        (say.flow, flow(report, look, say)),
        (say.reach, reach(report, setting, say)),
        (say.link, link(report, look, say)),
        (say.outside_clicked, outside(report, look, say, false)),
        (say.outside_bought, outside(report, look, say, true)),
        (say.advances, advances(report, setting, say)),
        (say.speed, speed(report, look, say)),
        (say.contributions, contributions(report, setting, say)),
        (say.returns, returns(report, setting, say)),
    ];
    for (title, part) in parts.iter().filter(|(_, part)| !part.is_empty()) {
        text.push('\n');
        text += &look.heading(4, format!("{BOLD}{title}{BOLD:#}\n"));
        text += look.gap();
        text += part;
    }
    if let Some(tier) = &report.tier {
        text.push('\n');
        text += &look.heading(4, format!("{BOLD}{}{BOLD:#}\n", say.tier));
        text += look.gap();
        text += &look.notes(&format!("{}\n", tier_reached(tier, setting.phrases())));
    }
    text.push('\n');
    text += &look.notes(&(definitions(report, say) + &setting.footing()));
    look.page(text)
}

/// A domain as it is called in the language.
fn domain(name: &str, say: &Phrases) -> String {
    let known = [say.search, say.display, say.interactive, say.outside, say.own];
    let place = ChannelDomain::ALL.iter().position(|domain| domain.name() == name);
    place.map_or(name, |place| known[place]).to_owned()
}

/// A line by its own name, and what comes for nothing in the language.
fn named(source: &Source, say: &Phrases) -> String {
    if source.spend == 0 && source.name == "free" { say.free } else { &source.name }.to_owned()
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

/// Minor units as major ones, not rounded to whole ones.
fn price(minor: f64) -> String {
    number(minor / 100.0)
}

fn assets(report: &Report, setting: &Setting<'_>, say: &Phrases) -> String {
    let mut header =
        names(&[say.stage, say.people_at_start, say.moved_in, say.moved_out, say.lapsed_in, say.lapsed_out]);
    header.extend(names(&[say.at_end, say.no_spend]));
    header.push(fill(say.each, &[&setting.scenario.currency]));
    header.extend(names(&[say.worth_at_start, say.at_end, say.no_spend]));
    let row = |asset: &Asset| {
        let mut row = vec![say.term(asset.stage)];
        row.extend(asset.people().map(short));
        row.push(or_undefined(asset.value, price));
        row.extend(worths(asset).map(|worth| or_undefined(worth, whole)));
        row
    };
    let total = |of: fn(&Asset) -> f64| short(report.assets.iter().map(of).sum());
    let mut sums = vec![say.all.to_owned(), total(|asset| asset.opening)];
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

fn aipl(report: &Report, look: Look, say: &Phrases) -> String {
    let stages = &report.stages;
    let groups = [say.aware, say.interested, say.purchased, say.loyal];
    let rows = groups.iter().zip(stages.aipl_opening.iter().zip(&stages.aipl_closing));
    look.table(
        &names(&[say.group, say.people_at_start, say.at_end]),
        rows.map(|(name, (start, end))| vec![(*name).to_owned(), short(*start), short(*end)]),
    )
}

fn flow(report: &Report, look: Look, say: &Phrases) -> String {
    let stages = &report.stages;
    let mut header = names(&[say.from_to]);
    header.extend(stages.names.iter().map(|name| say.term(name)));
    header.push(say.at_start.to_owned());
    let rows =
        stages.names.iter().zip(stages.flow.iter().zip(&stages.opening)).map(|(name, (row, start))| {
            let mut cells = vec![say.term(name)];
            cells.extend(row.iter().chain([start]).map(|people| short(*people)));
            cells
        });
    let mut sums = vec![say.at_end.to_owned()];
    sums.extend(stages.closing.iter().chain([&(report.people as f64)]).map(|people| short(*people)));
    look.table(&header, rows.chain([sums]))
}

fn reach(report: &Report, setting: &Setting<'_>, say: &Phrases) -> String {
    let mut header = names(&[say.source, say.domain]);
    header.push(fill(say.spend, &[&setting.scenario.currency]));
    header.extend(names(&[say.people_reached, say.of_all, say.touches, say.a_person]));
    let leaks = report.sources.iter().any(|source| source.leaked > 0.0);
    header.extend(leaks.then(|| say.leaked_buyers.to_owned()));
    let share = |people: f64| percent(people / report.people as f64);
    let rows = report.sources.iter().map(|source| {
        let mut row = vec![named(source, say), domain(source.domain, say), major(source.spend)];
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
        total(say.any_line, reach.bought, bought, reach.bought_frequency),
        total(say.any_or_free, reach.all, bought + free, reach.all_frequency),
    ];
    setting.look.table(&header, rows.chain(totals))
}

fn link(report: &Report, look: Look, say: &Phrases) -> String {
    let link = &report.link;
    let mut header = names(&[say.met_ordered]);
    header.extend(link.domains.iter().map(|name| domain(name, say)));
    header.extend(names(&[say.no_order, say.people]));
    let not_met = [say.not_met];
    let firsts = link.domains.iter().chain(&not_met).zip(&link.first_to_order);
    let rows = firsts.map(|(name, row)| {
        let mut cells = vec![domain(name, say)];
        cells.extend(row.iter().map(|people| short(*people)));
        cells.push(short(row.iter().sum()));
        cells
    });
    let mut sums = vec![say.people.to_owned()];
    let column = |last: usize| link.first_to_order.iter().map(|row| row[last]).sum::<f64>();
    sums.extend((0..link.first_to_order.len()).map(|last| short(column(last))));
    sums.push(short(report.people as f64));
    let table = look.table(&header, rows.chain([sums]));
    let note = fill(
        say.linked,
        &[
            &short(link.touched),
            &short(link.linked),
            &or_undefined(link.linked_share, percent),
            &or_undefined(link.recognised_share, percent),
        ],
    );
    table + look.gap() + &look.notes(&note)
}

fn outside(report: &Report, look: Look, say: &Phrases, bought: bool) -> String {
    if report.outside.is_empty() {
        return String::new();
    }
    let mut header = names(&[say.medium, say.people_met]);
    header.extend(report.sources.iter().map(|source| source.name.clone()));
    header.extend(bought.then(|| say.buyers.to_owned()));
    let rows = report.outside.iter().map(|medium| {
        let cells = if bought { &medium.bought } else { &medium.clicked };
        let mut row = vec![medium.line.clone(), short(medium.met)];
        row.extend(cells.iter().map(|people| short(*people)));
        row.extend(bought.then(|| short(medium.buyers)));
        row
    });
    look.table(&header, rows)
}

fn advances(report: &Report, setting: &Setting<'_>, say: &Phrases) -> String {
    let mut header = names(&[say.source]);
    header.extend(report.stages.names[1..].iter().map(|name| say.term(name)));
    header.push(say.moves_up.to_owned());
    header.push(fill(say.cost_each, &[&setting.scenario.currency]));
    let row = |source: &Source| {
        let mut row = vec![named(source, say)];
        row.extend(source.up_moves[1..].iter().map(|moves| short(*moves)));
        row.push(short(source.up_moves.iter().sum()));
        row.push(or_undefined(source.cost_per_any_advance, price));
        row
    };
    let costs = report.sources.iter().filter(|source| source.spend > 0).map(|source| {
        let mut row = vec![fill(say.cost_of, &[&source.name, &setting.scenario.currency])];
        row.extend(source.cost_per_advance[1..].iter().map(|cost| or_undefined(*cost, price)));
        row.extend(names(&["", ""]));
        row
    });
    setting.look.table(&header, report.sources.iter().map(row).chain(costs))
}

fn speed(report: &Report, look: Look, say: &Phrases) -> String {
    let header = names(&[say.stage, say.moves_out, say.a_day, say.median_days, say.stays]);
    let rows = report.assets.iter().map(|asset| {
        vec![
            say.term(asset.stage),
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
fn contributions(report: &Report, setting: &Setting<'_>, say: &Phrases) -> String {
    let goal = setting.scenario.goal;
    let (key, what, scale) = match goal {
        Goal::NewCustomers => ("new_customers", say.new_customers, 1.0),
        _ if goal.is_money() => ("revenue", say.revenue, 0.01),
        _ => ("orders", say.orders, 1.0),
    };
    let show = |it| contribution(it, (what, scale), report, setting, say);
    report.contribution.get(key).map_or_else(String::new, show)
}

fn contribution(
    it: &Contribution,
    (what, scale): (&str, f64),
    report: &Report,
    setting: &Setting<'_>,
    say: &Phrases,
) -> String {
    let show = |value: f64| number(value * scale);
    let with_sign = |value: f64| signed(value * scale);
    let mut header = names(&[say.line]);
    header.push(fill(say.spend, &[&setting.scenario.currency]));
    header.push(fill(say.last_touch, &[what]));
    header.push(say.removal.to_owned());
    header.extend(report.shapley.as_ref().map(|sample| fill(say.shapley, &[&sample.seeds])));
    header.push(say.cost_of_removed.to_owned());
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
        sum(say.interaction, [String::new(), with_sign(it.interaction)], None),
        sum(say.all_lines, [show(last_touch), with_sign(it.effect)], it.shapley_effect),
        sum(say.free, [show(it.free_by_last_touch), show(it.without_spend)], None),
        sum(say.together, [show(it.total), show(it.total)], None),
    ];
    setting.look.table(&header, lines.chain(sums))
}

fn returns(report: &Report, setting: &Setting<'_>, say: &Phrases) -> String {
    let mut header = names(&[say.line]);
    header.push(fill(say.spend, &[&setting.scenario.currency]));
    header.extend(names(&[say.roi_reported, say.roi_incremental, say.profit, say.break_even]));
    let row = |name: &str, spend: i64, returns: &crate::results::Returns| {
        let mut row = vec![name.to_owned(), major(spend)];
        let values = [returns.reported, returns.incremental, returns.profit, returns.break_even];
        row.extend(values.map(|value| or_undefined(value, ratio)));
        row
    };
    let lines = report.sources.iter().take(report.sources.len().saturating_sub(1));
    let rows = lines.map(|line| row(&line.name, line.spend, &line.returns));
    setting.look.table(&header, rows.chain([row(say.all_lines, report.spend.mean, &report.returns)]))
}

fn definitions(report: &Report, say: &Phrases) -> String {
    let mut text = say.defined.to_owned();
    if report.sources.iter().any(|source| source.leaked > 0.0) {
        text += say.leaked_defined;
    }
    if let Some(sample) = &report.shapley {
        text += if sample.exact { say.shapley_exact } else { say.shapley_drawn };
    }
    text + say.roi_defined
}
