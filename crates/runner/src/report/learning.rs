//! How a policy learned: its validations, where its checkpoint keeps them.

use std::path::Path;

use outlay_agent::checkpoint::{self, Card};

use super::charts::{self, Axis, Curve, PLAIN, range, tick};
use super::figures::{Cell, Figure, Material, Section, Table};
use crate::episodes::Participant;
use crate::format::{count, number};
use crate::phrases::fill;

/// The card of the first agent's checkpoint, if that keeps its validations.
pub(super) fn card(participant: &Participant) -> Option<Card> {
    let folder = Path::new(&participant.agent);
    let named = participant.identity.as_ref()?.starts_with("checkpoint:");
    let read = named.then(|| checkpoint::read(folder).ok()).flatten()?;
    (read.card.training.validated_steps.len() > 1).then_some(read.card)
}

/// The learning curve, where there is one.
pub(super) fn learning_section(material: &Material<'_>) -> Result<Option<Section>, String> {
    let (Some(card), phrases) = (&material.learning, material.phrases) else { return Ok(None) };
    let training = &card.training;
    let validations = training.validations();
    let unit = match &card.scenarios[..] {
        [scenario] => phrases.term(&scenario.unit),
        _ => phrases.deviations.to_owned(),
    };
    let points: Vec<(f64, f64)> = validations.iter().map(|(steps, score)| (*steps as f64, *score)).collect();
    let last = points.last().map_or(1.0, |(steps, _)| *steps);
    let even = training.validate_even;
    let curves = [
        Curve { color: 0, points: points.clone(), band: Vec::new() },
        Curve { color: PLAIN, points: vec![(0.0, even), (last, even)], band: Vec::new() },
    ];
    let x = Axis { title: phrases.decisions_axis.to_owned(), range: [0.0, last], format: tick };
    let scores = points.iter().map(|(_, score)| *score).chain([even]);
    let y = Axis { title: unit.clone(), range: range(scores, false), format: tick };
    let best = training.validate_score.unwrap_or(even);
    let kept =
        fill(phrases.note_learning, &[&number(best), &unit, &count(training.best_steps), &number(even)]);
    let rows = validations.iter().map(|(steps, score)| {
        vec![
            Cell::Number(*steps as f64, count(*steps)),
            Cell::number(*score, number),
            Cell::number(even, number),
        ]
    });
    let figure = Figure {
        id: "learning",
        title: fill(phrases.title_learning, &[&material.first.name]),
        chart: Some((charts::curves(&x, &y, &curves, &[])?, kept.clone())),
        legend: vec![(0, material.first.name.clone()), (PLAIN, phrases.even_split.to_owned())],
        notes: vec![kept],
        table: Table {
            header: [phrases.decisions_axis, &unit, phrases.even_split].map(ToOwned::to_owned).to_vec(),
            rows: rows.collect(),
        },
        command: Some(card.command.clone()),
    };
    Ok(Some(Section { title: phrases.section_learning, figures: vec![figure] }))
}
