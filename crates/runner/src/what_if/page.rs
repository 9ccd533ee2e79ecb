//! What-if questions as text.

use crate::format::{
    interval, major, number, or_undefined, percent, ratio, signed, signed_major, signed_percent,
};
use crate::incremental::break_even;
use crate::phrases::fill;
use crate::phrases::futures::Phrases;
use crate::tables::Setting;

use super::Asked;
use super::answer::{Against, Answer, Binding, Forcing, Row};

/// The whole page.
pub(super) fn page(asked: Asked, agent: &str, answer: &Answer, setting: &Setting<'_>) -> String {
    let (look, phrases) = (setting.look, Phrases::of(setting.language));
    let title = match asked {
        Asked::Changes => phrases.changes,
        Asked::Next(_) => phrases.next,
        Asked::Limits => phrases.limits,
        Asked::Curve => phrases.curve,
        Asked::Stress => phrases.stress,
    };
    let heading = fill(phrases.title, &[agent, title, &setting.heading()]);
    let mut text = look.heading(3, heading) + "\n";
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
    let phrases = Phrases::of(setting.language);
    let mut notes = fill(phrases.note, &[setting.phrases().estimand]);
    notes += match asked {
        Asked::Limits => phrases.limits_note,
        Asked::Curve => phrases.curve_note,
        Asked::Next(_) => phrases.next_note,
        Asked::Changes | Asked::Stress => phrases.changes_note,
    };
    if let Some(even) = break_even(setting.scenario) {
        notes += &fill(phrases.break_even, &[&ratio(even)]);
    }
    notes + &setting.footing()
}

/// Heads of the columns of [`differences`].
fn differences_head(setting: &Setting<'_>) -> [String; 4] {
    let phrases = setting.phrases();
    [phrases.difference, phrases.interval, phrases.uplift, phrases.p_better].map(ToOwned::to_owned)
}

/// Heads of the columns of [`money`].
fn money_head(setting: &Setting<'_>) -> [String; 3] {
    let phrases = setting.phrases();
    [setting.spend(), phrases.roi_reported.to_owned(), phrases.roi_incremental.to_owned()]
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
    let phrases = Phrases::of(setting.language);
    let mut header = vec![phrases.changes.to_owned(), setting.unit_mean()];
    header.extend(differences_head(setting));
    header.extend(money_head(setting));
    header.push(fill(phrases.each, &[&setting.scenario.currency]));
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
    let phrases = Phrases::of(setting.language);
    let mut header = vec![phrases.without.to_owned(), setting.unit_mean()];
    header.extend(differences_head(setting));
    header.push(setting.spend());
    header.push(phrases.bound.into());
    let rows = std::iter::once(&answer.as_it_is).chain(&answer.alternatives).map(|row| {
        let mut cells = vec![row.name.clone(), number(row.score)];
        cells.extend(differences(row.against.as_ref()));
        cells.push(major(row.spend));
        cells.push(match row.bound {
            Some(Binding::Steps(share)) => fill(phrases.of_steps, &[&percent(share)]),
            Some(Binding::Missed(share)) => fill(phrases.missed, &[&percent(share)]),
            None => String::new(),
        });
        cells
    });
    setting.look.table(&header, rows)
}

fn curve(answer: &Answer, setting: &Setting<'_>) -> String {
    let currency = &setting.scenario.currency;
    let phrases = Phrases::of(setting.language);
    let mut header = vec![fill(phrases.budget_in, &[currency]), setting.unit_mean()];
    header.extend(differences_head(setting).into_iter().take(2));
    header.extend(money_head(setting));
    header.push(fill(phrases.per_thousand, &[currency]));
    header.push(setting.phrases().interval.into());
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
    let phrases = Phrases::of(setting.language);
    let amount = major(money);
    let forced = |row: &&Row, is: fn(&Forcing) -> bool| row.forced.as_ref().is_some_and(is);
    let (moved, alone): (Vec<&Row>, Vec<&Row>) =
        answer.alternatives.iter().partition(|row| forced(row, |forced| forced.from.is_some()));
    let (more, less): (Vec<&Row>, Vec<&Row>) =
        alone.into_iter().partition(|row| forced(row, |forced| forced.money > 0));
    let table = |title: &str, rows: &[&Row]| {
        let mut header = vec![fill(title, &[&amount, currency])];
        header.extend(differences_head(setting));
        header.push(setting.spend());
        header.push(fill(phrases.each, &[currency]));
        let rows = rows.iter().map(|row| {
            let by_agent = row.forced.as_ref().is_none_or(|forced| forced.line.is_none());
            let mut cells = vec![if by_agent { fill(phrases.itself, &[agent]) } else { row.name.clone() }];
            cells.extend(differences(row.against.as_ref()));
            let against = row.against.as_ref();
            cells.push(against.map_or_else(String::new, |against| signed_major(against.spend_difference)));
            cells.push(against.map_or_else(String::new, |against| or_undefined(against.cost_each, number)));
            cells
        });
        look.table(&header, rows)
    };
    let mut text = table(phrases.more, &more) + "\n";
    text += &(table(phrases.less, &less) + "\n");
    if !moved.is_empty() {
        text += &(table(phrases.moved, &moved) + "\n");
    }
    // The agent's own rows come first.
    let header = [
        fill(phrases.spends_on, &[agent]),
        phrases.as_it_is.into(),
        fill(phrases.with_more, &[&amount]),
        fill(phrases.with_less, &[&amount]),
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
