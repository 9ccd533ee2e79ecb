//! `--report deeplink --csv`: every figure of the report as a row of its own, as data frames expect them.

use outlay_environment::Scenario;
use outlay_environment::money::MINOR_PER_MAJOR;
use serde::Serialize;

use crate::deeplink::results::{Contribution, Report};
use crate::failure::Failure;

/// A figure. Money is in major units, unlike in `--json`.
#[derive(Debug, Serialize)]
struct Cell<'a> {
    /// Name of the scenario.
    scenario: &'a str,
    /// Name of the agent.
    agent: &'a str,
    /// Which table.
    table: &'a str,
    /// Stage, source, domain or step.
    row: String,
    /// What it is.
    column: String,
    /// How much; empty where it is not defined.
    value: Option<f64>,
    /// `people`, a currency, `days`, `share`, `ratio` or `moves`.
    unit: &'a str,
}

/// All figures of a report.
pub(crate) fn csv(agent: &str, report: &Report, scenario: &Scenario) -> Result<String, Failure> {
    let failed = |error: String| Failure::run("the report could not be written as CSV").because(error);
    let mut cells = Cells { scenario, agent, cells: Vec::new() };
    cells.stages(report);
    cells.sources(report);
    cells.link(report);
    for (name, contribution) in &report.contribution {
        cells.contribution(name, contribution);
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    for cell in &cells.cells {
        writer.serialize(cell).map_err(|error| failed(error.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|error| failed(error.to_string()))?;
    String::from_utf8(bytes).map_err(|error| failed(error.to_string()))
}

struct Cells<'a> {
    scenario: &'a Scenario,
    agent: &'a str,
    cells: Vec<Cell<'a>>,
}

impl<'a> Cells<'a> {
    fn add(&mut self, table: &'a str, place: [&str; 2], value: Option<f64>, unit: &'a str) {
        self.cells.push(Cell {
            scenario: &self.scenario.name,
            agent: self.agent,
            table,
            row: place[0].to_owned(),
            column: place[1].to_owned(),
            value,
            unit,
        });
    }

    /// A value in minor units.
    fn money(&mut self, table: &'a str, place: [&str; 2], minor: Option<f64>) {
        let major = minor.map(|minor| minor / MINOR_PER_MAJOR as f64);
        self.add(table, place, major, &self.scenario.currency);
    }

    fn stages(&mut self, report: &Report) {
        for asset in &report.assets {
            let stage = asset.stage;
            let people = [
                ("opening", asset.opening, "people"),
                ("raised_in", asset.raised_in, "moves"),
                ("raised_out", asset.raised_out, "moves"),
                ("lapsed_in", asset.lapsed_in, "moves"),
                ("lapsed_out", asset.lapsed_out, "moves"),
                ("closing", asset.closing, "people"),
                ("closing_without_spend", asset.closing_without_spend, "people"),
                ("stays", asset.stays, "moves"),
            ];
            for (column, value, unit) in people {
                self.add("stages", [stage, column], Some(value), unit);
            }
            self.add("stages", [stage, "advance_rate_per_day"], asset.advance_rate_per_day, "share");
            self.add("stages", [stage, "median_days_to_advance"], asset.median_days_to_advance, "days");
            self.money("stages", [stage, "value"], asset.value);
            self.money("stages", [stage, "opening_value"], asset.opening_value);
            self.money("stages", [stage, "closing_value"], asset.closing_value);
            let without = asset.closing_value_without_spend;
            self.money("stages", [stage, "closing_value_without_spend"], without);
        }
        let names = report.stages.names;
        for (from, row) in names.iter().zip(&report.stages.flow) {
            for (to, people) in names.iter().zip(row) {
                self.add("flow", [from, to], Some(*people), "people");
            }
        }
        for step in &report.steps {
            let row = step.step.to_string();
            for (stage, people) in names.iter().zip(&step.stocks) {
                self.add("steps", [&row, stage], Some(*people), "people");
            }
            self.add("steps", [&row, "inflow"], Some(step.inflow), "moves");
            self.add("steps", [&row, "lapse"], Some(step.lapse), "moves");
        }
    }

    fn sources(&mut self, report: &Report) {
        for source in &report.sources {
            let name = source.name.as_str();
            self.money("sources", [name, "spend"], Some(source.spend as f64));
            self.add("sources", [name, "reach"], Some(source.reach), "people");
            self.add("sources", [name, "touches"], Some(source.touches), "moves");
            self.add("sources", [name, "frequency"], source.frequency, "ratio");
            self.add("sources", [name, "leaked"], Some(source.leaked), "people");
            self.money("sources", [name, "cost_per_any_advance"], source.cost_per_any_advance);
            let returns = [
                ("return_reported", source.returns.reported),
                ("return_incremental", source.returns.incremental),
                ("profit", source.returns.profit),
                ("break_even", source.returns.break_even),
            ];
            for (column, value) in returns {
                self.add("sources", [name, column], value, "ratio");
            }
            let stages = report.stages.names.iter().zip(source.up_moves.iter().zip(source.cost_per_advance));
            for (stage, (moves, cost)) in stages.skip(1) {
                self.add("up_moves", [name, stage], Some(*moves), "moves");
                self.money("cost_per_advance", [name, stage], cost);
            }
        }
        self.add("reach", ["lines", "reach"], Some(report.reach.bought), "people");
        self.add("reach", ["lines", "frequency"], report.reach.bought_frequency, "ratio");
        self.add("reach", ["all", "reach"], Some(report.reach.all), "people");
        self.add("reach", ["all", "frequency"], report.reach.all_frequency, "ratio");
    }

    fn link(&mut self, report: &Report) {
        let link = &report.link;
        for (column, people) in
            [("touched", link.touched), ("linked", link.linked), ("recognised", link.recognised)]
        {
            self.add("link", ["all", column], Some(people), "people");
        }
        self.add("link", ["all", "linked_share"], link.linked_share, "share");
        self.add("link", ["all", "recognised_share"], link.recognised_share, "share");
        let firsts = link.domains.iter().chain(&["untouched"]);
        for (first, row) in firsts.zip(&link.first_to_order) {
            for (last, people) in link.domains.iter().chain(&["no order"]).zip(row) {
                self.add("first_to_order", [first, last], Some(*people), "people");
            }
        }
        for outside in &report.outside {
            self.add("outside", [&outside.line, "met"], Some(outside.met), "people");
            for (source, (clicked, bought)) in
                report.sources.iter().zip(outside.clicked.iter().zip(&outside.bought))
            {
                self.add("outside_clicked", [&outside.line, &source.name], Some(*clicked), "people");
                self.add("outside_bought", [&outside.line, &source.name], Some(*bought), "people");
            }
        }
    }

    fn contribution(&mut self, name: &'static str, contribution: &Contribution) {
        let scale = if name == "revenue" { 1.0 / MINOR_PER_MAJOR as f64 } else { 1.0 };
        let unit = if name == "revenue" { self.scenario.currency.as_str() } else { "people" };
        let mut add = |row: &str, column: &str, value: Option<f64>| {
            let column = format!("{name}_{column}");
            self.add("contribution", [row, &column], value.map(|value| value * scale), unit);
        };
        for line in &contribution.lines {
            add(&line.name, "last_touch", Some(line.last_touch));
            add(&line.name, "removal", Some(line.removal));
            add(&line.name, "shapley", line.shapley);
        }
        add("free", "last_touch", Some(contribution.free_by_last_touch));
        add("interaction", "removal", Some(contribution.interaction));
        add("effect", "removal", Some(contribution.effect));
        add("effect", "shapley", contribution.shapley_effect);
        add("without spending", "removal", Some(contribution.without_spend));
        add("all", "total", Some(contribution.total));
    }
}
