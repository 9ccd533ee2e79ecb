//! The page: figures in sections, everything in one file. `maud` escapes whatever is filled in.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::charts;
use super::figures::{Cell, Figure, Material, Section, Table};
use crate::format::{number, percent, signed, signed_percent};
use crate::phrases::fill;

/// Nothing may be loaded from anywhere, not even by accident.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";

/// The whole file.
pub(super) fn page(material: &Material<'_>, sections: &[Section]) -> String {
    let scenario = material.scenario;
    let title = format!("{}: {}", scenario.name, material.first.name);
    let markup = html! {
        (DOCTYPE)
        html lang=(material.phrases.language.tag()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="generator" content="outlay";
                title { (title) }
                style { (PreEscaped(charts::style_sheet())) (PreEscaped(include_str!("style.css"))) }
            }
            body {
                header {
                    p.scenario { (scenario.name) }
                    h1 { (scenario.title) }
                    (headlines(material))
                }
                nav { @for section in sections { @if let Some(figure) = section.figures.first() {
                    a href={ "#" (figure.id) } { (section.title) }
                } } }
                main { @for section in sections { (section_markup(material, section)) } }
            }
        }
    };
    markup.into_string() + "\n"
}

/// What matters most, in two sentences.
fn headlines(material: &Material<'_>) -> Markup {
    let (phrases, unit) = (material.phrases, material.unit());
    let score = &material.first.evaluation.score;
    let stage = &material.arguments.stage;
    let budget = super::figures::whole(material.scenario.brief.budget.0 as f64);
    let seeds = (stage.seeds.to_string(), stage.noise.to_string());
    let against = material.against.map(|place| material.participants[place].name.as_str());
    let pair = material.found.pairs.iter().find(|pair| pair.a == material.first.name);
    html! {
        p.headline { (fill(phrases.headline, &[&material.first.name, &number(score.mean), &unit])) }
        @if let (Some(against), Some(pair)) = (against, pair) {
            p.headline {
                (fill(phrases.against_headline, &[
                    against,
                    &pair.uplift.map_or_else(|| signed(pair.difference), signed_percent),
                    if pair.uplift.is_some() { "" } else { &unit },
                    &pair.uplift_ci95.map_or_else(|| signed(pair.difference_ci95[0]), |it| signed_percent(it[0])),
                    &pair.uplift_ci95.map_or_else(|| signed(pair.difference_ci95[1]), |it| signed_percent(it[1])),
                    &percent(pair.p_better),
                ]))
            }
        }
        p { (fill(phrases.budget_of, &[&budget, material.currency(), &seeds.0, &seeds.1])) }
    }
}

fn section_markup(material: &Material<'_>, section: &Section) -> Markup {
    html! {
        section {
            h2 { (section.title) }
            div.figures { @for figure in &section.figures { (figure_markup(material, figure)) } }
        }
    }
}

fn figure_markup(material: &Material<'_>, figure: &Figure) -> Markup {
    let phrases = material.phrases;
    let wide = figure.chart.is_none() && figure.table.header.len() > 4;
    html! {
        figure id=(figure.id) class=[wide.then_some("wide")] {
            figcaption { h3 { (figure.title) } }
            @if let Some((chart, alt)) = &figure.chart {
                svg viewBox={ "0 0 " (chart.width) " " (chart.height) } role="img"
                    aria-label={ (figure.title) ". " (alt) } {
                    title { (figure.title) }
                    desc { (alt) }
                    (PreEscaped(&chart.inside))
                }
                @if !figure.legend.is_empty() {
                    ul.legend { @for (color, name) in &figure.legend {
                        li { span class={ "key k" (color) } {} (name) }
                    } }
                }
            }
            @for note in &figure.notes { p.note { (note) } }
            @if figure.chart.is_some() {
                details { summary { (phrases.numbers) } (table(&figure.table, &figure.title)) }
            } @else { (table(&figure.table, &figure.title)) }
            @if let Some(command) = &figure.command {
                p.note { (phrases.command) ": " code { (command) } }
            }
        }
    }
}

/// Wide tables scroll in a box of their own, also by keyboard.
fn table(table: &Table, title: &str) -> Markup {
    html! {
        div.scroll tabindex="0" role="region" aria-label=(title) {
            table {
                thead { tr { @for name in &table.header { th scope="col" { (name) } } } }
                tbody { @for row in &table.rows { tr { @for cell in row { (cell_markup(cell)) } } } }
            }
        }
    }
}

fn cell_markup(cell: &Cell) -> Markup {
    html! {
        @match cell {
            Cell::Text(text) => td { (text) },
            Cell::Code(text) => td { code { (text) } },
            Cell::Number(value, text) => td.number { data value=(value) { (text) } },
            Cell::Shaded(value, text, share) => {
                td.number.shaded style=(format!("--share:{:.3}", share)) { data value=(value) { (text) } }
            },
        }
    }
}
