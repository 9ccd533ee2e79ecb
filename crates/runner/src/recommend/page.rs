//! A recommendation as a page and as rows for a spreadsheet.

use outlay_environment::{Money, Scenario};
use serde::Serialize;

use super::Document;
use crate::export;
use crate::failure::Failure;
use crate::format::{grouped, major, number, or_undefined, percent, ratio, signed};
use crate::look::Look;

/// A row of `--csv`. Money in major units.
#[derive(Debug, Serialize)]
struct Row<'a> {
    step: usize,
    line: &'a str,
    yesterday: f64,
    today: f64,
    marginal_yesterday: Option<f64>,
    marginal_today: Option<f64>,
    per: f64,
    bound: Option<&'static str>,
    reason: &'a str,
}

pub(super) fn csv(document: &Document) -> Result<String, Failure> {
    export::csv(document.lines.iter().map(|line| Row {
        step: document.step,
        line: &line.line,
        yesterday: Money(line.yesterday).major(),
        today: Money(line.today).major(),
        marginal_yesterday: line.marginal_yesterday,
        marginal_today: line.marginal_today,
        per: document.per,
        bound: line.bound,
        reason: &line.reason,
    }))
}

pub(super) fn page(document: &Document, scenario: &Scenario, look: Look) -> String {
    let currency = &scenario.currency;
    let mut text = look.heading(
        3,
        format!(
            "{} on {}, step {} of {} ({}): {} {currency} today\n\n",
            document.agent,
            document.scenario.name,
            document.step,
            document.steps,
            document.phase,
            major(document.today),
        ),
    );
    let mut header: Vec<String> = ["line", "yesterday", "today", "change"].map(ToOwned::to_owned).to_vec();
    header.extend([format!("{} more brought", grouped(document.per)), "now".to_owned()]);
    header.extend(document.beside.is_some().then(|| "beside".to_owned()));
    header.push("limit".to_owned());
    let rows = document.lines.iter().enumerate().map(|(place, line)| {
        let mut row = vec![line.line.clone(), major(line.yesterday), major(line.today)];
        row.push(signed(Money(line.today - line.yesterday).major()));
        row.extend([line.marginal_yesterday, line.marginal_today].map(|it| or_undefined(it, number)));
        row.extend(document.beside.as_ref().map(|beside| major(beside.lines[place])));
        row.push(line.bound.unwrap_or_default().to_owned());
        row
    });
    text += &look.table(&header, rows);
    text.push('\n');
    let mut facts = vec![
        [
            "spent so far".to_owned(),
            format!(
                "{} of {} {currency} ({})",
                major(document.spent),
                major(document.budget),
                percent(document.spent as f64 / document.budget.max(1) as f64)
            ),
        ],
        [
            "pace".to_owned(),
            format!(
                "{} today, {} evenly over the steps left",
                major(document.today),
                major(document.even_pace)
            ),
        ],
        [
            "the day".to_owned(),
            format!(
                "traffic {} and prices {} of an ordinary day's",
                ratio(document.traffic),
                ratio(document.price)
            ),
        ],
    ];
    if let Some(floor) = document.return_floor {
        let so_far = or_undefined(document.return_so_far, ratio);
        facts.push([
            "return".to_owned(),
            format!("{so_far} credited so far, {} wanted at the end", ratio(floor)),
        ]);
    }
    if let Some(worth) = document.marginal {
        let more = format!("{} more", grouped(document.per));
        facts.push([more, format!("{} {} where today's money goes", number(worth), document.unit)]);
    }
    if let Some(beside) = &document.beside {
        let gain =
            beside.gain.map(|gain| format!("; the recommendation brings {} {}", signed(gain), document.unit));
        facts.push([
            "beside".to_owned(),
            format!("{} in all{}", major(beside.total), gain.unwrap_or_default()),
        ]);
    }
    text += &look.facts(&facts);
    text.push('\n');
    let width = document.lines.iter().map(|line| line.line.len()).max().unwrap_or(0);
    let reasons: String =
        document.lines.iter().map(|line| format!("{:width$}  {}\n", line.line, line.reason)).collect();
    text += &look.notes(&reasons);
    text += &look.notes("what more money brings, now and later, is what `mpc` makes of the same log\n");
    look.page(text)
}
