//! Figures of the first agent: its season, its lines, its shoppers.

use super::charts::{self, Axis, COLORS, Curve, Drawn, Mark, PLAIN, Row, range, tick};
use super::figures::{Cell, Figure, Material, Section, Table, money, whole};
use crate::deeplink::Asset;
use crate::format::{number, percent, ratio, short, signed};
use crate::phrases::fill;

/// Lines that have a colour of their own; the others share one.
const SHOWN: usize = COLORS;

/// Where the money went, and when.
pub(super) fn money_section(material: &Material<'_>) -> Result<Section, String> {
    let figures = vec![spend(material)?, pace(material)?, goal(material)?];
    Ok(Section { title: material.phrases.section_money, figures })
}

/// What each line brought.
pub(super) fn lines_section(material: &Material<'_>) -> Result<Section, String> {
    let figures = vec![returns(material)?, response(material)?];
    Ok(Section { title: material.phrases.section_lines, figures })
}

/// The shoppers, where there are any.
pub(super) fn shoppers_section(material: &Material<'_>) -> Result<Option<Section>, String> {
    let Some(report) = &material.shoppers else { return Ok(None) };
    let figures = vec![assets(material, &report.assets)?, flow(material)];
    Ok(Some(Section { title: material.phrases.section_shoppers, figures }))
}

/// Lines in the order of their spend, the largest first.
fn by_spend(material: &Material<'_>) -> Vec<usize> {
    let lines = &material.first.evaluation.lines;
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|line| std::cmp::Reverse(lines[*line].spend));
    order
}

fn names(material: &Material<'_>) -> Vec<String> {
    material.scenario.brief.lines.iter().map(|line| line.name.clone()).collect()
}

/// The name of a step: its number, and what the calendar calls it.
fn step_cells(material: &Material<'_>, step: usize) -> Vec<Cell> {
    let phase = material.scenario.brief.calendar.get(step).map(|day| day.phase.clone());
    vec![Cell::text(step.to_string()), Cell::text(phase.unwrap_or_default())]
}

fn spend(material: &Material<'_>) -> Result<Figure, String> {
    let (phrases, names, order) = (material.phrases, names(material), by_spend(material));
    let spend = &material.courses[0].1.spend;
    let of = |line: usize| spend.iter().map(|step| money(step[line])).collect::<Vec<f64>>();
    let shown = if order.len() > SHOWN { SHOWN - 1 } else { order.len() };
    let mut layers: Vec<(usize, Vec<f64>)> =
        (order[..shown].iter().copied().enumerate()).map(|(color, line)| (color, of(line))).collect();
    let mut legend: Vec<(usize, String)> =
        order[..shown].iter().enumerate().map(|(color, line)| (color, names[*line].clone())).collect();
    if shown < order.len() {
        let rest = spend.iter().map(|step| order[shown..].iter().map(|line| money(step[*line])).sum());
        layers.push((PLAIN, rest.collect()));
        legend.push((PLAIN, phrases.others.to_owned()));
    }
    let totals = spend.iter().map(|step| money(step.iter().sum::<f64>()));
    let y = Axis {
        title: material.with(phrases.spend_axis, material.currency()),
        range: range(totals, true),
        format: tick,
    };
    let alt = fill(phrases.alt_spend, &[&spend.len().to_string(), &names.len().to_string()]);
    let chart = charts::stack(&material.steps(), &y, &layers, &material.phases())?;
    let mut header = vec![phrases.step.to_owned(), phrases.phase.to_owned()];
    header.extend(names);
    header.push(phrases.all_lines.to_owned());
    let rows = spend.iter().enumerate().map(|(step, lines)| {
        let mut row = step_cells(material, step);
        let all = lines.iter().sum::<f64>();
        row.extend(lines.iter().copied().chain([all]).map(|minor| Cell::Number(money(minor), whole(minor))));
        row
    });
    Ok(Figure {
        id: "spend",
        title: phrases.title_spend.to_owned(),
        chart: Some((chart, alt)),
        legend,
        notes: material.phases_note(),
        table: Table { header, rows: rows.collect() },
        command: None,
    })
}

/// A curve that starts at nothing and has a value at the end of every step.
fn curve(color: usize, values: impl Iterator<Item = f64>) -> Curve {
    let points = (1..).zip(values).map(|(step, value)| (f64::from(step), value));
    Curve { color, points: std::iter::once((0.0, 0.0)).chain(points).collect(), band: Vec::new() }
}

fn pace(material: &Material<'_>) -> Result<Figure, String> {
    let phrases = material.phrases;
    let (budget, steps) = (material.scenario.brief.budget.0 as f64, material.scenario.brief.steps);
    let even: Vec<f64> = (1..=steps).map(|step| budget * step as f64 / steps as f64).collect();
    let mut curves: Vec<Curve> = (material.courses.iter().enumerate())
        .map(|(color, (_, course))| curve(color, course.spent.iter().map(|minor| money(*minor))))
        .collect();
    curves.push(curve(PLAIN, even.iter().map(|minor| money(*minor))));
    let mut legend: Vec<(usize, String)> =
        material.courses.iter().enumerate().map(|(color, (name, _))| (color, name.clone())).collect();
    legend.push((PLAIN, phrases.even_pace.to_owned()));
    let values = curves.iter().flat_map(|curve| &curve.points).map(|(_, value)| *value);
    let y = Axis {
        title: material.with(phrases.spent_axis, material.currency()),
        range: range(values, true),
        format: tick,
    };
    let end = material.courses[0].1.spent.last().copied().unwrap_or_default();
    let alt = fill(phrases.alt_pace, &[&whole(end), &whole(budget), material.currency()]);
    let chart = charts::curves(&material.steps(), &y, &curves, &material.phases())?;
    let mut header = vec![phrases.step.to_owned(), phrases.phase.to_owned()];
    header.extend(legend.iter().map(|(_, name)| name.clone()));
    let rows = (0..steps).map(|step| {
        let mut row = step_cells(material, step);
        let spent = material.courses.iter().filter_map(|(_, course)| course.spent.get(step));
        row.extend(spent.chain(even.get(step)).map(|minor| Cell::Number(money(*minor), whole(*minor))));
        row
    });
    Ok(Figure {
        id: "pace",
        title: phrases.title_pace.to_owned(),
        chart: Some((chart, alt)),
        legend,
        notes: Vec::new(),
        table: Table { header, rows: rows.collect() },
        command: None,
    })
}

fn goal(material: &Material<'_>) -> Result<Figure, String> {
    let (phrases, unit) = (material.phrases, material.unit());
    let curves: Vec<Curve> = (material.courses.iter().enumerate())
        .map(|(color, (_, course))| {
            let band = (1..).zip(&course.score).map(|(step, [_, low, high])| (f64::from(step), *low, *high));
            let band = if color == 0 { band.collect() } else { Vec::new() };
            Curve { band, ..curve(color, course.score.iter().map(|[mean, ..]| *mean)) }
        })
        .collect();
    let legend: Vec<(usize, String)> =
        material.courses.iter().enumerate().map(|(color, (name, _))| (color, name.clone())).collect();
    let values = material.courses.iter().flat_map(|(_, course)| &course.score).flatten().copied();
    let title = material.with(phrases.so_far_axis, &unit);
    let y = Axis { title, range: range(values, true), format: tick };
    let end = material.courses[0].1.score.last().map_or(f64::NAN, |[mean, ..]| *mean);
    let alt = fill(phrases.alt_goal, &[&unit, &number(end)]);
    let chart = charts::curves(&material.steps(), &y, &curves, &material.phases())?;
    let mut header = vec![phrases.step.to_owned(), phrases.phase.to_owned()];
    for (_, name) in &legend {
        header.extend([phrases.mean, phrases.p10, phrases.p90].map(|what| format!("{name}: {what}")));
    }
    let rows = (0..material.scenario.brief.steps).map(|step| {
        let mut row = step_cells(material, step);
        let scores = material.courses.iter().filter_map(|(_, course)| course.score.get(step));
        row.extend(scores.flatten().map(|value| Cell::number(*value, number)));
        row
    });
    Ok(Figure {
        id: "goal",
        title: phrases.title_goal.to_owned(),
        chart: Some((chart, alt)),
        legend,
        notes: Vec::new(),
        table: Table { header, rows: rows.collect() },
        command: None,
    })
}

fn returns(material: &Material<'_>) -> Result<Figure, String> {
    let phrases = material.phrases;
    let evaluation = &material.first.evaluation;
    let mark = |color, value| Mark { color, value, interval: None };
    let of = |line: usize| {
        let [caused, marginal] = material.responses[line].returns();
        [evaluation.lines[line].return_on_spend, caused, marginal]
    };
    let order = by_spend(material);
    let row = |line: &usize| {
        let [credited, caused, marginal] = of(*line);
        let marks = vec![mark(1, credited), mark(0, caused), mark(5, marginal)];
        Row { name: evaluation.lines[*line].name.clone(), marks }
    };
    let rows: Vec<Row> = order.iter().map(row).collect();
    let break_even = evaluation.returns.break_even;
    let values = order.iter().flat_map(|line| of(*line)).flatten().chain(break_even);
    let x = Axis { title: phrases.returns_axis.to_owned(), range: range(values, true), format: tick };
    let lines: Vec<(usize, f64)> = break_even.iter().map(|at| (4, *at)).collect();
    let chart = charts::rows(&x, &rows, true, &lines)?;
    let shown = break_even.map_or_else(|| "-".to_owned(), ratio);
    let mut legend = vec![(1, phrases.credited), (0, phrases.caused), (5, phrases.marginal)];
    legend.extend(break_even.map(|_| (4, phrases.break_even)));
    let mut header = vec![phrases.line.to_owned(), material.with(phrases.spend, material.currency())];
    header.extend([phrases.credited, phrases.caused, phrases.marginal].map(ToOwned::to_owned));
    let cells = |line: &usize| {
        let spend = evaluation.lines[*line].spend as f64;
        let mut row =
            vec![Cell::text(&evaluation.lines[*line].name), Cell::Number(money(spend), whole(spend))];
        row.extend(of(*line).map(|value| Cell::number(value, ratio)));
        row
    };
    let all = &evaluation.returns;
    let spend = evaluation.spend.mean as f64;
    let mut sum = vec![Cell::text(phrases.all_lines), Cell::Number(money(spend), whole(spend))];
    sum.extend([all.reported, all.incremental, None].map(|value| Cell::number(value, ratio)));
    Ok(Figure {
        id: "returns",
        title: phrases.title_returns.to_owned(),
        chart: Some((chart, fill(phrases.alt_returns, &[&rows.len().to_string(), &shown]))),
        legend: legend.into_iter().map(|(color, name)| (color, name.to_owned())).collect(),
        notes: vec![phrases.note_returns.to_owned()],
        table: Table { header, rows: order.iter().map(cells).chain([sum]).collect() },
        command: Some(material.evaluate(" --truth", true)),
    })
}

fn response(material: &Material<'_>) -> Result<Figure, String> {
    let (phrases, unit, names) = (material.phrases, material.unit(), names(material));
    let order = by_spend(material);
    let shown = &order[..order.len().min(SHOWN)];
    let points = |line: usize| -> Vec<(f64, f64)> {
        let response = &material.responses[line];
        response.spend.iter().map(|minor| money(*minor)).zip(response.score).collect()
    };
    let curve = |(color, line): (usize, &usize)| Curve { color, points: points(*line), band: Vec::new() };
    let curves: Vec<Curve> = shown.iter().enumerate().map(curve).collect();
    let all = || curves.iter().flat_map(|curve| &curve.points);
    let x = Axis {
        title: material.with(phrases.line_spend_axis, material.currency()),
        range: range(all().map(|(spend, _)| *spend), true),
        format: tick,
    };
    let y = Axis {
        title: material.with(phrases.response_axis, &unit),
        range: range(all().map(|(_, score)| *score), true),
        format: tick,
    };
    let chart = charts::curves(&x, &y, &curves, &[])?;
    let part = |quarter: usize| percent(0.25 * quarter as f64);
    let mut header = vec![phrases.line.to_owned()];
    let spend = material.with(phrases.spend, material.currency());
    let caused = material.with(phrases.response_axis, &unit);
    header
        .extend((1..5).flat_map(|it| [format!("{spend}, {}", part(it)), format!("{caused}, {}", part(it))]));
    let row = |line: &usize| {
        let response = &material.responses[*line];
        let pair = |quarter: usize| {
            let spend = response.spend[quarter];
            [Cell::Number(money(spend), whole(spend)), Cell::number(response.score[quarter], signed)]
        };
        std::iter::once(Cell::text(&names[*line])).chain((1..5).flat_map(pair)).collect()
    };
    let legend = shown.iter().enumerate().map(|(color, line)| (color, names[*line].clone()));
    Ok(Figure {
        id: "response",
        title: phrases.title_response.to_owned(),
        chart: Some((chart, material.with(phrases.alt_response, &unit))),
        legend: legend.collect(),
        notes: Vec::new(),
        table: Table { header, rows: order.iter().map(row).collect() },
        command: None,
    })
}

fn assets(material: &Material<'_>, assets: &[Asset]) -> Result<Figure, String> {
    let phrases = material.phrases;
    let mark = |color, value| Mark { color, value: Some(value), interval: None };
    // Nearly everybody is unreached: beside them nothing could be seen.
    let shown = assets.iter().skip(1);
    let row = |asset: &Asset| Row {
        name: phrases.term(asset.stage),
        marks: vec![mark(PLAIN, asset.opening), mark(0, asset.closing), mark(1, asset.closing_without_spend)],
    };
    let rows: Vec<Row> = shown.clone().map(row).collect();
    let values = shown.flat_map(|it| [it.opening, it.closing, it.closing_without_spend]);
    let x = Axis { title: phrases.people_axis.to_owned(), range: range(values, true), format: tick };
    let chart: Drawn = charts::rows(&x, &rows, true, &[])?;
    let legend = [(PLAIN, phrases.opening), (0, phrases.closing), (1, phrases.closing_without)];
    let columns = [
        phrases.stage,
        phrases.opening,
        phrases.raised_in,
        phrases.raised_out,
        phrases.lapsed_in,
        phrases.lapsed_out,
        phrases.closing,
        phrases.closing_without,
    ];
    let mut header: Vec<String> = columns.map(ToOwned::to_owned).to_vec();
    header.push(material.with(phrases.worth, material.currency()));
    let cells = |asset: &Asset| {
        let mut row = vec![Cell::text(phrases.term(asset.stage))];
        row.extend(asset.people().map(|people| Cell::number(people, short)));
        row.push(Cell::number(asset.value.map(money), number));
        row
    };
    Ok(Figure {
        id: "assets",
        title: phrases.title_assets.to_owned(),
        chart: Some((chart, phrases.alt_assets.to_owned())),
        legend: legend.map(|(color, name)| (color, name.to_owned())).to_vec(),
        notes: vec![phrases.without_unreached.to_owned()],
        table: Table { header, rows: assets.iter().map(cells).collect() },
        command: Some(material.evaluate(" --report deeplink --shapley 0", true)),
    })
}

fn flow(material: &Material<'_>) -> Figure {
    let (phrases, stages) = (material.phrases, &material.first.evaluation.stages);
    let names = stages.names.map(|name| phrases.term(name));
    let mut header = vec![phrases.stage.to_owned()];
    header.extend(names.clone());
    let rows = names.into_iter().zip(&stages.flow).map(|(name, row)| {
        let all: f64 = row.iter().sum();
        let cell = |people: &f64| {
            let part = if all > 0.0 { people / all } else { 0.0 };
            Cell::Shaded(*people, short(*people), part)
        };
        std::iter::once(Cell::Text(name)).chain(row.iter().map(cell)).collect()
    });
    Figure {
        id: "flow",
        title: phrases.title_flow.to_owned(),
        chart: None,
        legend: Vec::new(),
        notes: Vec::new(),
        table: Table { header, rows: rows.collect() },
        command: Some(material.evaluate(" --report deeplink --shapley 0", true)),
    }
}
