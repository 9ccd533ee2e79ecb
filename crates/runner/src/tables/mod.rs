//! Results as text: pure functions, so that what a person reads can be tested.

mod by_line;
mod comparison;
mod evaluation;

use std::fmt::Write;

use anstyle::Style;
use comfy_table::{CellAlignment, Table, presets};
use outlay_environment::Scenario;

pub(crate) use comparison::{Comparison, Shown, comparison};
pub(crate) use evaluation::{evaluation, tier_reached};

use crate::format::{major, number, padded, percent, ratio, width};
use crate::look::Look;
use crate::results::{LastYear, Promise, VERSION};

const BOLD: Style = Style::new().bold();
const FAINT: Style = Style::new().dimmed();

/// Where and how results came about.
pub(crate) struct Setting<'a> {
    /// The scenario.
    pub(crate) scenario: &'a Scenario,
    /// Its name as typed, for commands to copy.
    pub(crate) typed: &'a str,
    /// Seeds, half-open.
    pub(crate) seeds: String,
    /// Noise seeds a world.
    pub(crate) noise: u64,
    /// How the page looks.
    pub(crate) look: Look,
}

impl Setting<'_> {
    /// What is played: goal, money, time, seeds.
    pub(crate) fn heading(&self) -> String {
        let brief = &self.scenario.brief;
        let noise = if self.noise > 1 { format!(" x {} noises", self.noise) } else { String::new() };
        format!(
            "{BOLD}{}{BOLD:#}: most {} with {} {} in {}, seeds {}{noise}\n",
            self.scenario.name,
            self.scenario.goal.unit(),
            major(brief.budget.0),
            self.scenario.currency,
            duration(brief.steps, brief.step_days),
            self.seeds,
        )
    }

    /// What made the page.
    pub(crate) fn footing(&self) -> String {
        let hash: String = self.scenario.hash.chars().take(12).collect();
        format!("{FAINT}outlay {VERSION}, scenario {} {hash}{FAINT:#}\n", self.scenario.name)
    }
}

/// What a promise is about: `keeps ROI 2.00`.
fn kept(promise: &Promise) -> String {
    let what = if promise.limit == "return_floor" { "ROI" } else { "cost" };
    format!("keeps {what} {}", ratio(promise.level))
}

/// What the columns mean.
fn definitions(break_even: Option<f64>, truth: bool) -> String {
    let mut text = String::from(
        "ROI reported = credited revenue / spend; ROI incremental = (revenue - revenue without spending) / spend\n",
    );
    if truth {
        text += "per line: incremental = the run, less the same run with this line at zero and its money not moved\n";
    }
    if let Some(break_even) = break_even {
        let _ = writeln!(
            text,
            "break-even ROI = 1 / margin = {}; profit = ROI incremental / break-even - 1",
            ratio(break_even)
        );
    }
    text
}

/// The median time to pass last year's revenue, and the share of seeds that never do: hours where steps are shorter than
/// a day.
fn time_to_pass(last_year: &LastYear, step_days: f64) -> [String; 2] {
    let (unit, per_day) = if step_days < 1.0 { ("hours", 24.0) } else { ("days", 1.0) };
    let median = last_year.median_days.map(|days| format!("{} {unit}", number(days * per_day)));
    [median.unwrap_or_else(|| "never".into()), percent(last_year.never)]
}

/// `32 days`, `26 weeks`, `48 half-hours`
pub(crate) fn duration(steps: usize, step_days: f64) -> String {
    let unit = match step_days {
        1.0 => "day",
        7.0 => "week",
        days if (days * 48.0 - 1.0).abs() < 1e-9 => "half-hour",
        days => return format!("{steps} steps of {} days", number(days)),
    };
    crate::warning::plural(steps as u64, unit)
}

/// A word for a command line.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | ':' | '=' | ',' | '@');
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// Two columns, the first faint.
pub(crate) fn facts(rows: &[[String; 2]]) -> String {
    let columns = rows.iter().map(|[name, _]| width(name)).max().unwrap_or_default();
    let row = |[name, value]: &[String; 2]| format!("  {FAINT}{}{FAINT:#}  {value}\n", padded(name, columns));
    rows.iter().map(row).collect()
}

/// A table without borders, its first column to the left and the others to the right.
pub(crate) fn table(header: &[String], rows: impl Iterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header(header);
    table.add_rows(rows);
    for (index, column) in table.column_iter_mut().enumerate() {
        column.set_padding((if index == 0 { 2 } else { 1 }, 1));
        if index > 0 {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let text = table.trim_fmt();
    let (head, body) = text.split_once('\n').unwrap_or((&text, ""));
    format!("{FAINT}{head}{FAINT:#}\n{body}\n")
}
