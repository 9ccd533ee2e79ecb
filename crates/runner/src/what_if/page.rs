//! What-if questions as text.

use crate::format::{
    interval, major, number, or_undefined, percent, ratio, signed, signed_major, signed_percent,
};
use crate::incremental::break_even;
use crate::statistics::ESTIMAND;
use crate::tables::Setting;

use super::Asked;
use super::answer::{Against, Answer, Binding, Forcing, Row};

/// The whole page.
pub(super) fn page(asked: Asked, agent: &str, answer: &Answer, setting: &Setting<'_>) -> String {
    let look = setting.look;
    let title = match asked {
        Asked::Changes => "what if",
        Asked::Next(_) => "the next money",
        Asked::Limits => "the price of each limit",
        Asked::Curve => "outcome against budget",
        Asked::Stress => "other seasons",
    };
    let heading = setting.heading();
    let mut text = look.heading(3, format!("{agent}, {title}: {heading}")) + "\n";
    text += &match asked {
        Asked::Changes | Asked::Stress => changes(answer, setting),
        Asked::Limits => limits(answer, setting),
        Asked::Curve => curve(answer, setting),
        Asked::Next(money) => next(agent, money.0, answer, setting),
    };
    text += look.gap();
    text += &look.notes(&notes(asked, setting));
    look.page(text)
}

fn notes(asked: Asked, setting: &Setting<'_>) -> String {
    let mut notes = format!("difference: {ESTIMAND} from the scenario as it is, in its own goal\n");
    notes += match asked {
        Asked::Limits => {
            "without it: the agent knows that the limit is gone; bound: steps in which the money stood at the limit\n"
        }
        Asked::Curve => "per 1,000: what each thousand of budget since the row above brought\n",
        Asked::Next(_) => {
            "onto, off: what the agent did, replayed with other money on one line alone; each: money for one more, or \
             saved for one less\n"
        }
        Asked::Changes | Asked::Stress => "each: money for one more, or saved for one less\n",
    };
    if let Some(even) = break_even(setting.scenario) {
        notes += &format!("break-even ROI = 1 / margin = {}\n", ratio(even));
    }
    notes + &setting.footing()
}

fn texts<const N: usize>(texts: [&str; N]) -> Vec<String> {
    texts.map(ToOwned::to_owned).to_vec()
}

fn unit_mean(setting: &Setting<'_>) -> String {
    format!("{} (mean)", setting.scenario.goal.unit())
}

/// Difference, interval, uplift, chance of being better.
fn differences(against: Option<&Against>) -> Vec<String> {
    against.map_or_else(
        || vec![String::new(); 4],
        |against| {
            vec![
                signed(against.difference),
                interval(against.difference_ci95, signed),
                or_undefined(against.uplift, signed_percent),
                percent(against.p_better),
            ]
        },
    )
}

fn money(row: &Row) -> Vec<String> {
    vec![
        major(row.spend),
        or_undefined(row.return_on_spend, ratio),
        or_undefined(row.incremental_return_on_spend, ratio),
    ]
}

fn changes(answer: &Answer, setting: &Setting<'_>) -> String {
    let currency = &setting.scenario.currency;
    let mut header = vec!["what if".to_owned(), unit_mean(setting)];
    header.extend(texts(["difference", "95 % interval", "uplift", "P(better)"]));
    header.push(format!("spend {currency}"));
    header.extend(texts(["ROI reported", "ROI incremental"]));
    header.push(format!("{currency} each"));
    let rows = std::iter::once(&answer.as_it_is).chain(&answer.alternatives).map(|row| {
        let mut cells = vec![row.name.clone(), number(row.score)];
        cells.extend(differences(row.against.as_ref()));
        cells.extend(money(row));
        cells.push(
            row.against.as_ref().map_or_else(String::new, |against| or_undefined(against.cost_each, number)),
        );
        cells
    });
    setting.look.table(&header, rows)
}

fn limits(answer: &Answer, setting: &Setting<'_>) -> String {
    let mut header = vec!["without".to_owned(), unit_mean(setting)];
    header.extend(texts(["difference", "95 % interval", "uplift", "P(better)"]));
    header.push(format!("spend {}", setting.scenario.currency));
    header.push("bound".into());
    let rows = std::iter::once(&answer.as_it_is).chain(&answer.alternatives).map(|row| {
        let mut cells = vec![row.name.clone(), number(row.score)];
        cells.extend(differences(row.against.as_ref()));
        cells.push(major(row.spend));
        cells.push(match row.bound {
            Some(Binding::Steps(share)) => format!("{} of steps", percent(share)),
            Some(Binding::Missed(share)) => format!("missed on {} of seeds", percent(share)),
            None => String::new(),
        });
        cells
    });
    setting.look.table(&header, rows)
}

fn curve(answer: &Answer, setting: &Setting<'_>) -> String {
    let currency = &setting.scenario.currency;
    let mut header = vec![format!("budget {currency}"), unit_mean(setting)];
    header.extend(texts(["difference", "95 % interval"]));
    header.push(format!("spend {currency}"));
    header.extend(texts(["ROI reported", "ROI incremental"]));
    header.push(format!("per 1,000 {currency}"));
    header.push("95 % interval".into());
    let mut points: Vec<&Row> = std::iter::once(&answer.as_it_is).chain(&answer.alternatives).collect();
    points.sort_by_key(|row| row.budget);
    let rows = points.into_iter().map(|row| {
        let mut cells = vec![major(row.budget), number(row.score)];
        let differences = differences(row.against.as_ref());
        cells.extend(differences.into_iter().take(2));
        cells.extend(money(row));
        match &row.more {
            Some(more) => {
                cells.extend([signed(more.per_thousand), interval(more.per_thousand_ci95, signed)]);
            }
            None => cells.resize(9, String::new()),
        }
        cells
    });
    setting.look.table(&header, rows)
}

fn next(agent: &str, money: i64, answer: &Answer, setting: &Setting<'_>) -> String {
    let (look, currency) = (setting.look, &setting.scenario.currency);
    let amount = major(money);
    let forced = |row: &&Row, is: fn(&Forcing) -> bool| row.forced.as_ref().is_some_and(is);
    let (moved, alone): (Vec<&Row>, Vec<&Row>) =
        answer.alternatives.iter().partition(|row| forced(row, |forced| forced.from.is_some()));
    let (more, less): (Vec<&Row>, Vec<&Row>) =
        alone.into_iter().partition(|row| forced(row, |forced| forced.money > 0));
    let table = |title: &str, rows: &[&Row]| {
        let mut header = vec![title.to_owned()];
        header.extend(texts(["difference", "95 % interval", "uplift", "P(better)"]));
        header.push(format!("spend {currency}"));
        header.push(format!("{currency} each"));
        let rows = rows.iter().map(|row| {
            let by_agent = row.forced.as_ref().is_none_or(|forced| forced.line.is_none());
            let mut cells = vec![if by_agent { format!("{agent} itself") } else { row.name.clone() }];
            cells.extend(differences(row.against.as_ref()));
            let against = row.against.as_ref();
            cells.push(against.map_or_else(String::new, |against| signed_major(against.spend_difference)));
            cells.push(against.map_or_else(String::new, |against| or_undefined(against.cost_each, number)));
            cells
        });
        look.table(&header, rows)
    };
    let mut text = table(&format!("{amount} {currency} more"), &more) + "\n";
    text += &(table(&format!("{amount} {currency} less"), &less) + "\n");
    if !moved.is_empty() {
        text += &(table(&format!("{amount} {currency} moved"), &moved) + "\n");
    }
    // The agent's own rows come first.
    let header = [
        format!("{agent} spends on"),
        "as it is".into(),
        format!("with {amount} more"),
        format!("with {amount} less"),
    ];
    let line = |place: usize| {
        let spent = &answer.as_it_is.lines[place];
        let shift = |rows: &[&Row]| {
            let row = rows.first().and_then(|row| row.lines.get(place));
            row.map_or_else(String::new, |line| signed_major(line.spend - spent.spend))
        };
        vec![spent.name.clone(), major(spent.spend), shift(&more), shift(&less)]
    };
    text + &look.table(&header, (0..answer.as_it_is.lines.len()).map(line))
}
