//! Results as text: pure functions, so that what a person reads can be tested.

mod by_line;
mod comparison;
mod evaluation;

use anstyle::Style;
use comfy_table::{CellAlignment, Table, presets};
use outlay_environment::Scenario;

pub(crate) use comparison::{Comparison, Shown, comparison};
pub(crate) use evaluation::{evaluation, tier_reached};

use crate::format::{major, number, padded, percent, ratio, width};
use crate::look::Look;
use crate::phrases::judging::Phrases;
use crate::phrases::{Language, fill};
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
    /// Its language.
    pub(crate) language: Language,
}

impl Setting<'_> {
    /// What is played: goal, money, time, seeds.
    pub(crate) fn heading(&self) -> String {
        let (brief, phrases) = (&self.scenario.brief, self.phrases());
        let values = [
            &format!("{BOLD}{}{BOLD:#}", self.scenario.name),
            &self.unit(),
            &major(brief.budget.0),
            &self.scenario.currency,
            &duration(brief.steps, brief.step_days, phrases),
            &self.seeds,
            &noises(self.noise, phrases),
        ];
        fill(phrases.heading, &values.map(String::as_str)) + "\n"
    }

    /// What every page of results says.
    pub(crate) fn phrases(&self) -> &'static Phrases {
        Phrases::of(self.language)
    }

    /// The unit of the goal.
    pub(crate) fn unit(&self) -> String {
        self.language.term(self.scenario.goal.unit())
    }

    /// Its mean, as the head of a column.
    pub(crate) fn unit_mean(&self) -> String {
        fill(self.phrases().mean_of, &[&self.unit()])
    }

    /// Spend in the scenario's currency, as the head of a column.
    pub(crate) fn spend(&self) -> String {
        fill(self.phrases().spend_in, &[&self.scenario.currency])
    }

    /// What made the page.
    pub(crate) fn footing(&self) -> String {
        let hash: String = self.scenario.hash.chars().take(12).collect();
        let text = fill(self.phrases().footing, &[VERSION, &self.scenario.name, &hash]);
        format!("{FAINT}{text}{FAINT:#}\n")
    }
}

/// What a promise is about: `keeps ROI 2.00`.
fn kept(promise: &Promise, phrases: &Phrases) -> String {
    let keeps = if promise.limit == "return_floor" { phrases.keeps_return } else { phrases.keeps_cost };
    fill(keeps, &[&ratio(promise.level)])
}

/// ` x 2 noises`, or nothing of one.
pub(crate) fn noises(noises: u64, phrases: &Phrases) -> String {
    if noises > 1 { fill(phrases.noises, &[&noises.to_string()]) } else { String::new() }
}

/// What the columns mean.
fn definitions(break_even: Option<f64>, truth: bool, phrases: &Phrases) -> String {
    let mut text = phrases.roi_defined.to_owned();
    if truth {
        text += phrases.truth_defined;
    }
    if let Some(break_even) = break_even {
        text += &fill(phrases.break_even_defined, &[&ratio(break_even)]);
    }
    text
}

/// The median time to pass last year's revenue, and the share of seeds that never do: hours where steps are shorter than
/// a day.
fn time_to_pass(last_year: &LastYear, step_days: f64, phrases: &Phrases) -> [String; 2] {
    let (unit, per_day) = if step_days < 1.0 { (phrases.hours, 24.0) } else { (phrases.days, 1.0) };
    let median = last_year.median_days.map(|days| fill(unit, &[&number(days * per_day)]));
    [median.unwrap_or_else(|| phrases.never.into()), percent(last_year.never)]
}

/// `32 days`, `26 weeks`, `48 half-hours`
pub(crate) fn duration(steps: usize, step_days: f64, phrases: &Phrases) -> String {
    let [one, many] = match step_days {
        1.0 => [phrases.day, phrases.days],
        7.0 => [phrases.week, phrases.weeks],
        days if (days * 48.0 - 1.0).abs() < 1e-9 => [phrases.half_hour, phrases.half_hours],
        days => return fill(phrases.steps_of, &[&steps.to_string(), &number(days)]),
    };
    fill(if steps == 1 { one } else { many }, &[&steps.to_string()])
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
