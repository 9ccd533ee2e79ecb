//! A recommendation as a page and as rows for a spreadsheet.

use outlay_environment::{Money, Scenario};
use serde::Serialize;

use super::answer::Document;
use super::shadow;
use crate::export;
use crate::failure::Failure;
use crate::format::{
    grouped, interval, major, number, or_undefined, padded, percent, ratio, signed, signed_major, width,
};
use crate::look::Look;
use crate::phrases::desk::Phrases;
use crate::phrases::{Language, fill};
use crate::statistics::Spread;

/// A row of `--csv`. Money in major units.
#[derive(Debug, Serialize)]
struct Row<'a> {
    step: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    date: Option<&'a str>,
    line: &'a str,
    yesterday: f64,
    today: f64,
    marginal_yesterday: Option<f64>,
    marginal_today: Option<f64>,
    per: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    brings: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brings_p10: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    brings_p90: Option<f64>,
    bound: Option<&'static str>,
    reason: &'a str,
}

pub(super) fn csv(document: &Document) -> Result<String, Failure> {
    let odds = |place: usize| document.odds.as_ref().map(|odds| odds.lines[place]);
    export::csv(document.lines.iter().enumerate().map(|(place, line)| Row {
        step: document.step,
        date: document.date.as_deref(),
        line: &line.line,
        yesterday: Money(line.yesterday).major(),
        today: Money(line.today).major(),
        marginal_yesterday: line.marginal_yesterday,
        marginal_today: line.marginal_today,
        per: document.per,
        brings: odds(place).map(|odds| odds.mean),
        brings_p10: odds(place).map(|odds| odds.p10),
        brings_p90: odds(place).map(|odds| odds.p90),
        bound: line.bound,
        reason: &line.reason,
    }))
}

/// `2026-06-01, peak`
fn when(date: Option<&String>, phase: &str) -> String {
    date.map_or_else(|| phase.to_owned(), |date| format!("{date}, {phase}"))
}

/// `123.4 [100.1, 150.2]`
fn spread(spread: &Spread) -> String {
    format!("{} {}", number(spread.mean), interval([spread.p10, spread.p90], number))
}

pub(super) fn page(document: &Document, scenario: &Scenario, look: Look, phrases: &Phrases) -> String {
    let currency = &scenario.currency;
    let unit = phrases.term(document.unit);
    let title = fill(
        phrases.recommend_title,
        &[
            &document.agent,
            &document.scenario.name,
            &document.step.to_string(),
            &document.steps.to_string(),
            &when(document.date.as_ref(), &document.phase),
            &major(document.today),
            currency,
        ],
    );
    let mut text = look.heading(3, title + "\n\n");
    let mut header =
        [phrases.line, phrases.yesterday, phrases.today, phrases.change].map(ToOwned::to_owned).to_vec();
    header.extend([fill(phrases.more_brought, &[&grouped(document.per)]), phrases.now.to_owned()]);
    header.extend(document.odds.is_some().then(|| phrases.brings_band.to_owned()));
    header.extend(document.beside.is_some().then(|| phrases.beside.to_owned()));
    header.push(phrases.limit.to_owned());
    let rows = document.lines.iter().enumerate().map(|(place, line)| {
        let mut row = vec![line.line.clone(), major(line.yesterday), major(line.today)];
        row.push(signed(Money(line.today - line.yesterday).major()));
        row.extend([line.marginal_yesterday, line.marginal_today].map(|it| or_undefined(it, number)));
        row.extend(document.odds.as_ref().map(|odds| spread(&odds.lines[place])));
        row.extend(document.beside.as_ref().map(|beside| major(beside.lines[place])));
        row.push(line.bound.map_or_else(String::new, |bound| limit(phrases, bound)));
        row
    });
    text += &look.table(&header, rows);
    text.push('\n');
    text += &look.facts(&facts(document, currency, &unit, phrases));
    text.push('\n');
    let columns = document.lines.iter().map(|line| width(&line.line)).max().unwrap_or(0);
    let lines = document.lines.iter();
    let reasons: String =
        lines.map(|line| format!("{}  {}\n", padded(&line.line, columns), line.reason)).collect();
    text += &look.notes(&reasons);
    text += &look.notes(phrases.told_by_mpc);
    if let Some(odds) = &document.odds {
        text += &look.notes(&fill(phrases.odds_note, &[&odds.seeds]));
    }
    look.page(text)
}

/// A limit by its name in results.
pub(crate) fn limit(phrases: &Phrases, name: &str) -> String {
    if phrases.language == Language::En { name.to_owned() } else { phrases.term(name) }
}

/// How things stand.
fn facts(document: &Document, currency: &str, unit: &str, phrases: &Phrases) -> Vec<[String; 2]> {
    let share = percent(document.spent as f64 / document.budget.max(1) as f64);
    let spent = [&*major(document.spent), &*major(document.budget), currency, &*share];
    let pace = [&*major(document.today), &*major(document.even_pace)];
    let day = [&*ratio(document.traffic), &*ratio(document.price)];
    let fact = |name: &str, phrase: &str, values: &[&str]| [name.to_owned(), fill(phrase, values)];
    let mut facts = vec![
        fact(phrases.spent_so_far, phrases.of_budget, &spent),
        fact(phrases.pace, phrases.pace_today, &pace),
        fact(phrases.the_day, phrases.day_factors, &day),
    ];
    if let Some(floor) = document.return_floor {
        let so_far = or_undefined(document.return_so_far, ratio);
        facts.push(fact(phrases.return_so_far, phrases.return_wanted, &[&so_far, &ratio(floor)]));
    }
    if let Some(worth) = document.marginal {
        let more = fill(phrases.more, &[&grouped(document.per)]);
        facts.push(fact(&more, phrases.worth, &[&number(worth), unit]));
    }
    if let Some(odds) = &document.odds {
        facts.push(fact(phrases.today_brings, phrases.now_and_later, &[&spread(&odds.today), unit]));
        facts.push([phrases.at_the_end.to_owned(), format!("{} {unit}", spread(&odds.score))]);
    }
    if let Some(beside) = &document.beside {
        let total = major(beside.total);
        facts.push(match beside.gain {
            None => fact(phrases.beside, phrases.in_all, &[&total]),
            Some(gain) => fact(phrases.beside, phrases.gains, &[&total, &signed(gain), unit]),
        });
    }
    facts
}

/// What the agent would have asked for beside what was done.
pub(super) fn shadow_page(
    document: &shadow::Document,
    scenario: &Scenario,
    look: Look,
    phrases: &Phrases,
) -> String {
    let unit = phrases.term(document.unit);
    let steps = document.steps.len().to_string();
    let title = fill(phrases.shadow_title, &[&document.agent, &document.scenario.name, &steps]);
    let mut text = look.heading(3, title + "\n\n");
    let mut header = vec![phrases.step.to_owned()];
    header.extend(scenario.start_date.map(|_| phrases.date.to_owned()));
    header.push(phrases.phase.to_owned());
    header.extend(document.lines.iter().map(|line| line.line.clone()));
    header.push(phrases.all.to_owned());
    header.extend(document.simulated.is_some().then(|| unit.clone()));
    let rows = document.steps.iter().map(|step| {
        let money = step.agent.iter().zip(&step.done);
        let differences: Vec<i64> = money.map(|(agent, done)| agent - done).collect();
        let mut row = vec![step.step.to_string()];
        row.extend(step.date.clone());
        row.push(step.phase.clone());
        row.extend(differences.iter().map(|money| signed_major(*money)));
        row.push(signed_major(differences.iter().sum()));
        row.extend(step.brought.map(signed));
        row
    });
    text += &look.table(&header, rows);
    text.push('\n');
    let header = [phrases.line, phrases.done, phrases.agent, phrases.difference].map(ToOwned::to_owned);
    let row = |name: &str, done: i64, agent: i64| {
        vec![name.to_owned(), major(done), major(agent), signed_major(agent - done)]
    };
    let lines = document.lines.iter().map(|line| row(&line.line, line.done, line.agent));
    let sum = |of: fn(&shadow::Line) -> i64| document.lines.iter().map(of).sum();
    let all = row(phrases.all, sum(|line| line.done), sum(|line| line.agent));
    text += &look.table(&header, lines.chain(std::iter::once(all)));
    text.push('\n');
    if let Some(simulated) = &document.simulated {
        let gained = [&*number(simulated.in_charge), &*unit, &*signed(simulated.difference)];
        text += &look.facts(&[
            [phrases.done.to_owned(), format!("{} {unit}", number(simulated.done))],
            [fill(phrases.in_charge, &[&document.agent]), fill(phrases.in_charge_of, &gained)],
        ]);
        text.push('\n');
        text += &look.notes(&fill(phrases.shadow_simulated, &[&unit]));
    }
    text += &look.notes(&fill(phrases.shadow_notes, &[&document.agent, &scenario.currency]));
    look.page(text)
}
