//! Figures of agents beside each other, and what the page rests on: results, odds, worst seeds, one season, evidence.

use outlay_environment::Scenario;

use super::charts::{self, Axis, COLORS, Curve, Mark, PLAIN, Row, range, tick};
use super::figures::{Cell, Figure, Material, Section, Table, money, whole};
use crate::format::{UNDEFINED, interval, number, p_value, percent, ratio, signed, signed_percent};
use crate::phrases::fill;
use crate::results::{Contestant, Finished, Pair, VERSION};

/// What the first agent reached, and how surely.
pub(super) fn result_section(material: &Material<'_>) -> Result<Section, String> {
    let figures = vec![result(material), odds(material)?, worst(material)];
    Ok(Section { title: material.phrases.section_result, figures })
}

/// All agents, where there is more than one.
pub(super) fn agents_section(material: &Material<'_>) -> Result<Option<Section>, String> {
    let Some(against) = material.against else { return Ok(None) };
    let figures = vec![agents(material)?, differences(material, against)?];
    Ok(Some(Section { title: material.phrases.section_agents, figures }))
}

/// One season.
pub(super) fn ledger_section(material: &Material<'_>) -> Section {
    let (phrases, ledger) = (material.phrases, &material.ledger);
    let at = (ledger.at.seed.to_string(), ledger.at.noise.to_string());
    // A column that is named after a line has the line's name, whatever language that is in.
    let lines = &material.scenario.brief.lines;
    let header = ledger.header.iter().map(|name| {
        if lines.iter().any(|line| line.name == *name) { name.clone() } else { phrases.term(name) }
    });
    let last = ledger.header.len().saturating_sub(1);
    let row = |row: &Vec<String>| {
        let cell = |(column, text): (usize, &String)| {
            Cell::Text(if column == last { limits(material, text) } else { text.clone() })
        };
        row.iter().enumerate().map(cell).collect()
    };
    let figure = Figure {
        id: "ledger",
        title: fill(phrases.title_ledger, &[&material.first.name, &at.0, &at.1]),
        chart: None,
        legend: Vec::new(),
        notes: vec![material.with(phrases.note_ledger, material.currency())],
        table: Table { header: header.collect(), rows: ledger.rows.iter().map(row).collect() },
        command: Some(replay(material, ledger.at.seed, ledger.at.noise)),
    };
    Section { title: phrases.section_ledger, figures: vec![figure] }
}

/// What the page rests on.
pub(super) fn evidence_section(material: &Material<'_>) -> Section {
    let (phrases, stage) = (material.phrases, &material.arguments.stage);
    let fact = |name: &str, value: Cell| vec![Cell::text(name), value];
    let Scenario { name, hash, .. } = material.scenario;
    let mut rows =
        vec![fact(phrases.scenario, Cell::text(name)), fact(phrases.scenario_hash, Cell::Code(hash.clone()))];
    for participant in material.participants {
        let identity = participant.identity.clone();
        let identity = identity.unwrap_or_else(|| phrases.unnamed_identity.to_owned());
        let text = format!("{} = {}: {identity}", participant.name, participant.agent);
        rows.push(fact(phrases.identity, Cell::Code(text)));
    }
    rows.push(fact(phrases.version, Cell::text(VERSION)));
    rows.push(fact(phrases.seeds, Cell::text(stage.seeds.to_string())));
    rows.push(fact(phrases.noises, Cell::text(stage.noise.to_string())));
    rows.push(fact(phrases.agent_seed, Cell::text(stage.running.agent_seed.to_string())));
    rows.push(fact(phrases.made_by, Cell::Code(material.report())));
    let mut notes = vec![material.with(phrases.simulated, name)];
    if stage.seeds.0.end - stage.seeds.0.start < 10 {
        notes.push(phrases.few.to_owned());
    }
    let figure = Figure {
        id: "evidence",
        title: phrases.section_evidence.to_owned(),
        chart: None,
        legend: Vec::new(),
        notes,
        table: Table { header: [phrases.what, phrases.value].map(ToOwned::to_owned).to_vec(), rows },
        command: None,
    };
    Section { title: phrases.section_evidence, figures: vec![figure] }
}

fn replay(material: &Material<'_>, seed: u64, noise: u64) -> String {
    let noise = if noise > 0 { format!(":{noise}") } else { String::new() };
    material.evaluate(&format!(" --replay {seed}{noise}"), false)
}

/// `line-cap search+display, budget` in the words of the page.
fn limits(material: &Material<'_>, text: &str) -> String {
    let limit = |part: &str| match part.split_once(' ') {
        Some((limit, lines)) => format!("{} {lines}", material.phrases.term(limit)),
        None => material.phrases.term(part),
    };
    text.split(", ").map(limit).collect::<Vec<_>>().join(", ")
}

fn result(material: &Material<'_>) -> Figure {
    let (phrases, evaluation) = (material.phrases, &material.first.evaluation);
    let (score, unit) = (&evaluation.score, material.unit());
    let fact = |name: String, value: Cell, ends: Option<[Cell; 2]>| {
        let ends = ends.unwrap_or_else(|| [Cell::text(""), Cell::text("")]);
        [Cell::Text(name), value].into_iter().chain(ends).collect::<Vec<Cell>>()
    };
    let ends = |[low, high]: [f64; 2], text: fn(f64) -> String| {
        Some([Cell::number(low, text), Cell::number(high, text)])
    };
    let of_unit = |what: &str| format!("{unit}: {what}");
    let mut rows = vec![
        fact(of_unit(phrases.mean), Cell::number(score.mean, number), None),
        fact(of_unit(phrases.iqm), Cell::number(score.iqm, number), ends(score.iqm_ci95, number)),
    ];
    let spread = [(phrases.p10, score.p10), (phrases.p50, score.p50), (phrases.p90, score.p90)];
    for (what, value) in spread.into_iter().chain([(phrases.without_spend, score.without_spend)]) {
        rows.push(fact(of_unit(what), Cell::number(value, number), None));
    }
    for promise in &evaluation.promises {
        let name = fill(phrases.keeps, &[&phrases.term(promise.limit), &ratio(promise.level)]);
        rows.push(fact(name, Cell::number(promise.kept, percent), ends(promise.kept_ci95, percent)));
    }
    let spend = &evaluation.spend;
    let money_rows =
        [(phrases.budget, spend.budget), (phrases.spend, spend.mean), (phrases.unspent, spend.unspent)];
    for (phrase, minor) in money_rows {
        let name = material.with(phrase, material.currency());
        rows.push(fact(name, Cell::Number(money(minor as f64), whole(minor as f64)), None));
    }
    let returns = &evaluation.returns;
    let ratios = [
        (phrases.roi_reported, returns.reported),
        (phrases.roi_incremental, returns.incremental),
        (phrases.break_even, returns.break_even),
        (phrases.roi_profit, returns.profit),
    ];
    for (name, value) in ratios.into_iter().filter(|(_, value)| value.is_some()) {
        rows.push(fact(name.to_owned(), Cell::number(value, ratio), None));
    }
    let broken = evaluation.violations;
    rows.push(fact(phrases.hard_limits.to_owned(), Cell::Number(broken as f64, broken.to_string()), None));
    let header = [phrases.what, phrases.value, phrases.from, phrases.to].map(ToOwned::to_owned);
    Figure {
        id: "result",
        title: material.with(phrases.title_result, &material.first.name),
        chart: None,
        legend: Vec::new(),
        notes: Vec::new(),
        table: Table { header: header.to_vec(), rows },
        command: Some(material.evaluate("", true)),
    }
}

/// Agents that finished.
fn finished<'a>(material: &'a Material<'_>) -> Vec<&'a Finished> {
    material.found.agents.iter().filter_map(Contestant::finished).collect()
}

fn odds(material: &Material<'_>) -> Result<Figure, String> {
    let (phrases, agents) = (material.phrases, finished(material));
    let falling = |agent: &Finished| -> Vec<f64> {
        let mut scores: Vec<f64> = agent.evaluation.per_seed.iter().map(|row| row.score).collect();
        scores.sort_by(f64::total_cmp);
        scores
    };
    let sorted: Vec<Vec<f64>> = agents.iter().map(|agent| falling(agent)).collect();
    let curve = |(color, scores): (usize, &Vec<f64>)| {
        let count = scores.len() as f64;
        let steps = scores.iter().enumerate().flat_map(|(below, score)| {
            let share = |below: usize| (count - below as f64) / count;
            [(*score, share(below)), (*score, share(below + 1))]
        });
        Curve { color: color.min(PLAIN), points: steps.collect(), band: Vec::new() }
    };
    let curves: Vec<Curve> = sorted.iter().enumerate().map(curve).collect();
    let x =
        Axis { title: material.unit(), range: range(sorted.iter().flatten().copied(), false), format: tick };
    let y = Axis { title: phrases.share_axis.to_owned(), range: [0.0, 1.0], format: percent };
    let chart = charts::curves(&x, &y, &curves, &[])?;
    let episodes = sorted.first().map_or(0, Vec::len).to_string();
    let mut header = vec![phrases.share_axis.to_owned()];
    header.extend(agents.iter().map(|agent| agent.name.clone()));
    // A share of seeds reaches at least the quantile of what is left.
    let row = |tenth: u32| {
        let share = 0.1 * f64::from(tenth);
        let reached = |scores: &Vec<f64>| crate::statistics::quantile(scores, 1.0 - share);
        let cells = sorted.iter().map(|scores| Cell::number(reached(scores), number));
        std::iter::once(Cell::Number(share, percent(share))).chain(cells).collect()
    };
    Ok(Figure {
        id: "odds",
        title: phrases.title_odds.to_owned(),
        chart: Some((chart, material.with(phrases.alt_odds, &episodes))),
        legend: agents
            .iter()
            .enumerate()
            .map(|(color, agent)| (color.min(PLAIN), agent.name.clone()))
            .collect(),
        notes: Vec::new(),
        table: Table { header, rows: (1..10).rev().map(row).collect() },
        command: Some(material.compare(" --csv")),
    })
}

fn worst(material: &Material<'_>) -> Figure {
    let phrases = material.phrases;
    let row = |worst: &crate::results::SeedScore| {
        vec![
            Cell::text(worst.seed.to_string()),
            Cell::text(worst.noise.to_string()),
            Cell::number(worst.score, number),
            Cell::Code(replay(material, worst.seed, worst.noise)),
        ]
    };
    let header =
        [phrases.seed.to_owned(), phrases.noise.to_owned(), material.unit(), phrases.replay.to_owned()];
    Figure {
        id: "worst",
        title: material.with(phrases.title_worst, &material.first.name),
        chart: None,
        legend: Vec::new(),
        notes: Vec::new(),
        table: Table {
            header: header.to_vec(),
            rows: material.first.evaluation.score.worst.iter().map(row).collect(),
        },
        command: None,
    }
}

fn agents(material: &Material<'_>) -> Result<Figure, String> {
    let (phrases, unit, agents) = (material.phrases, material.unit(), finished(material));
    let row = |(place, agent): (usize, &&Finished)| {
        let score = &agent.evaluation.score;
        let color = if place < COLORS { place } else { PLAIN };
        let mark = Mark { color, value: Some(score.iqm), interval: Some(score.iqm_ci95) };
        Row { name: agent.name.clone(), marks: vec![mark] }
    };
    let rows: Vec<Row> = agents.iter().enumerate().map(row).collect();
    let scores = agents.iter().map(|agent| &agent.evaluation.score);
    let values = scores.flat_map(|score| [score.iqm, score.iqm_ci95[0], score.iqm_ci95[1]]);
    let x = Axis { title: unit.clone(), range: range(values, false), format: tick };
    let chart = charts::rows(&x, &rows, false, &[])?;
    let mut header = vec![phrases.agent.to_owned(), phrases.mean.to_owned(), phrases.iqm.to_owned()];
    header.extend([phrases.from, phrases.to, phrases.p10, phrases.p50, phrases.p90].map(ToOwned::to_owned));
    header.push(material.with(phrases.spend, material.currency()));
    header.extend([phrases.roi_reported, phrases.roi_incremental].map(ToOwned::to_owned));
    let cells = |agent: &Contestant| match agent {
        Contestant::Finished(agent) => {
            let (score, returns) = (&agent.evaluation.score, &agent.evaluation.returns);
            let [low, high] = score.iqm_ci95;
            let values = [score.mean, score.iqm, low, high, score.p10, score.p50, score.p90];
            let spend = agent.evaluation.spend.mean as f64;
            std::iter::once(Cell::text(&agent.name))
                .chain(values.map(|value| Cell::number(value, number)))
                .chain([Cell::Number(money(spend), whole(spend))])
                .chain([returns.reported, returns.incremental].map(|value| Cell::number(value, ratio)))
                .collect()
        }
        Contestant::Failed { name, error, .. } => {
            vec![Cell::text(name), Cell::Text(format!("{}: {error}", phrases.failed))]
        }
    };
    let alt = fill(phrases.alt_agents, &[&unit, &rows.len().to_string()]);
    Ok(Figure {
        id: "agents",
        title: phrases.title_agents.to_owned(),
        chart: Some((chart, alt)),
        legend: Vec::new(),
        notes: Vec::new(),
        table: Table { header, rows: material.found.agents.iter().map(cells).collect() },
        command: Some(material.compare("")),
    })
}

fn differences(material: &Material<'_>, against: usize) -> Result<Figure, String> {
    let (phrases, unit, pairs) = (material.phrases, material.unit(), &material.found.pairs);
    let other = &material.participants[against].name;
    let place = |pair: &Pair| material.participants.iter().position(|it| it.name == pair.a).unwrap_or(PLAIN);
    let row = |pair: &Pair| {
        let color = place(pair).min(PLAIN);
        let mark = Mark { color, value: Some(pair.difference), interval: Some(pair.difference_ci95) };
        Row { name: pair.a.clone(), marks: vec![mark] }
    };
    let rows: Vec<Row> = pairs.iter().map(row).collect();
    let ends =
        pairs.iter().flat_map(|pair| [pair.difference, pair.difference_ci95[0], pair.difference_ci95[1]]);
    let title = material.with(phrases.difference_axis, &unit);
    let x = Axis { title, range: range(ends, true), format: tick };
    let chart = charts::rows(&x, &rows, false, &[(PLAIN, 0.0)])?;
    let columns = [
        phrases.agent,
        phrases.difference,
        phrases.from,
        phrases.to,
        phrases.uplift,
        phrases.interval,
        phrases.p_better,
        phrases.p_holm,
    ];
    let cells = |pair: &Pair| {
        let [low, high] = pair.difference_ci95;
        let mut row = vec![Cell::text(&pair.a)];
        row.extend([pair.difference, low, high].map(|value| Cell::number(value, signed)));
        row.push(Cell::number(pair.uplift, signed_percent));
        let uplift = pair.uplift_ci95.map_or_else(|| UNDEFINED.to_owned(), |it| interval(it, signed_percent));
        row.push(Cell::Text(uplift));
        row.push(Cell::number(pair.p_better, percent));
        row.push(Cell::number(pair.p_holm, p_value));
        row
    };
    Ok(Figure {
        id: "differences",
        title: material.with(phrases.title_differences, other),
        chart: Some((chart, fill(phrases.alt_differences, &[&unit, other]))),
        legend: Vec::new(),
        notes: Vec::new(),
        table: Table {
            header: columns.map(ToOwned::to_owned).to_vec(),
            rows: pairs.iter().map(cells).collect(),
        },
        command: Some(material.compare("")),
    })
}
