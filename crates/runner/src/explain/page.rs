//! An explanation as a page.

use outlay_environment::{Money, Scenario};

use super::Document;
use super::outcome::Pair;
use crate::format::{grouped, interval, major, number, or_undefined, percent, signed, signed_major};
use crate::look::Look;
use crate::phrases::desk::Phrases;
use crate::phrases::fill;
use crate::recommend::limit;

pub(super) fn page(document: &Document, scenario: &Scenario, look: Look, phrases: &Phrases) -> String {
    let mut text = look.heading(3, title(document, scenario, phrases) + "\n\n");
    let mut header = [phrases.line, phrases.yesterday, phrases.asked, phrases.today, phrases.change]
        .map(ToOwned::to_owned)
        .to_vec();
    header.push(fill(phrases.known_then, &[&grouped(document.per)]));
    header.extend([phrases.known_now, phrases.after, phrases.limit].map(ToOwned::to_owned));
    let rows = document.lines.iter().map(|line| {
        let mut row = vec![line.line.clone(), major(line.yesterday), major(line.asked), major(line.today)];
        row.push(signed(Money(line.today - line.yesterday).major()));
        let told = [line.marginal_then, line.marginal_before, line.marginal_after];
        row.extend(told.map(|it| or_undefined(it, number)));
        row.push(line.bound.map_or_else(String::new, |bound| limit(phrases, bound)));
        row
    });
    text += &look.table(&header, rows);
    text.push('\n');
    text += &look.facts(&facts(document, scenario, phrases));
    text.push('\n');
    text += &look.notes(&format!("{}\n", document.reason));
    let told = document.told_by.as_ref().map_or_else(String::new, |by| fill(phrases.explain_told, &[by]));
    text += &look.notes(&fill(phrases.explain_notes, &[&told]));
    look.page(text)
}

fn title(document: &Document, scenario: &Scenario, phrases: &Phrases) -> String {
    let moved = &document.moved;
    let noise = match document.noise {
        0 => String::new(),
        noise => fill(phrases.noise, &[&noise.to_string()]),
    };
    let date = document.date.as_ref().map_or_else(String::new, |date| format!("{date}, "));
    fill(
        phrases.explain_title,
        &[
            &document.agent,
            &document.scenario.name,
            &document.seed.to_string(),
            &noise,
            &document.step.to_string(),
            &format!("{date}{}", document.phase),
            &major(moved.money),
            &scenario.currency,
            &moved.from,
            &moved.to,
        ],
    )
}

/// What was expected of the move, and what came of it.
fn facts(document: &Document, scenario: &Scenario, phrases: &Phrases) -> Vec<[String; 2]> {
    let unit = phrases.term(document.unit);
    let came = &document.came;
    let pair = |pair: &Pair| {
        let [with, without] = [pair.moved, pair.undone].map(number);
        let (difference, spent) = (signed(pair.difference), signed_major(pair.spend_difference));
        fill(phrases.came_of, &[&difference, &unit, &with, &without, &spent, &scenario.currency])
    };
    let expected = document.moved.expected.map(|it| format!("{} {unit}", signed(it)));
    let mut facts = vec![
        [phrases.expected.to_owned(), expected.unwrap_or_else(|| "-".to_owned())],
        [phrases.came.to_owned(), pair(&came.held)],
    ];
    if let Some(repeated) = &came.repeated {
        let ends = interval(repeated.difference_ci95, signed);
        facts.push([
            fill(phrases.over_draws, &[&repeated.noises.to_string()]),
            fill(
                phrases.over_draws_of,
                &[&signed(repeated.difference), &unit, &ends, &percent(repeated.p_better)],
            ),
        ]);
    }
    facts.push([phrases.decided_again.to_owned(), pair(&came.decided_again)]);
    facts
}
