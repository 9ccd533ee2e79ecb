//! What was typed. Nothing here looks at files or knows what the words mean; `plan` does.

mod amount;
mod desk;
mod examples;
mod judging;
mod learning;
mod planning;

use std::ffi::OsString;
use std::ops::Range;
use std::str::FromStr;

use anstyle::{AnsiColor, Style};
use clap::builder::Styles;
use clap::{Args, Parser, Subcommand, ValueEnum};
use outlay_environment::schema::FileKind;

use crate::phrases::Language;

pub(crate) use amount::money;
pub(crate) use desk::{Calibrate, Init, Outcome, Plan, Recommend};
use examples::{
    BRANCH_EXAMPLES, CALIBRATE_EXAMPLES, CHECK_EXAMPLES, COMPARE_EXAMPLES, EVALUATE_EXAMPLES,
    EXPLAIN_EXAMPLES, HEADS_EXAMPLES, INIT_EXAMPLES, LEVERS_EXAMPLES, PLAN_EXAMPLES, RECOMMEND_EXAMPLES,
    REPORT_EXAMPLES, RUN_OFF_EXAMPLES, SCHEMA_EXAMPLES, SUITE_EXAMPLES, TRAIN_EXAMPLES, TRAPS_EXAMPLES,
    WHAT_IF_EXAMPLES,
};
pub(crate) use judging::{
    Compare, Evaluate, Keep, Levers, Replay, Report, ReportFile, Show, Size, Suite, Traps,
};
pub(crate) use learning::{
    HEADS_AGENTS, Heads, HeadsCommand, HeadsEvaluate, HeadsTrain, Learner, Preference, Train,
};
pub(crate) use planning::{Branch, Budget, Changes, Explain, LineMoney, LinePrice, RunOff, WhatIf};

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Green.on_default().bold())
    .usage(AnsiColor::Green.on_default().bold())
    .literal(AnsiColor::Cyan.on_default().bold())
    .placeholder(Style::new().dimmed());

/// An open autopilot for marketing budgets.
///
/// A policy splits a budget over channels, step by step, and keeps adjusting to what comes back. It is trained and
/// judged in a simulated market, where the same shoppers can be met twice.
#[derive(Debug, Parser)]
#[command(name = "outlay", version, styles = STYLES, max_term_width = 100, disable_help_subcommand = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Flags of every command.
    #[command(flatten)]
    pub(crate) common: Common,
}

/// Flags of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Every command")]
pub(crate) struct Common {
    /// Write one JSON document to standard output (train: JSON lines)
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Write results and errors only
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Threads [default: one for each core]; results do not depend on it
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) threads: Option<u16>,
    /// Add wall-clock values to the results; they differ from run to run
    #[arg(long, global = true)]
    pub(crate) timing: bool,
    /// Language of pages, tables and help of the planner's commands; the others write English
    #[arg(long, global = true, value_name = "LANGUAGE", default_value = "en")]
    pub(crate) lang: Language,
    /// Colour the output
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,
}

/// When to colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR or TERM=dumb says otherwise
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// What a flag such as `--color` says, of arguments that may be wrong in other ways.
pub(crate) fn said<V: ValueEnum>(flag: &str, arguments: impl Iterator<Item = OsString>) -> Option<V> {
    let mut arguments = arguments.map(|argument| argument.to_string_lossy().into_owned());
    let mut value = None;
    while let Some(argument) = arguments.next() {
        if argument == flag {
            value = arguments.next();
        } else if let Some(text) = argument.strip_prefix(flag).and_then(|rest| rest.strip_prefix('=')) {
            value = Some(text.to_owned());
        }
    }
    value.and_then(|value| V::from_str(&value, false).ok())
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Train a policy on a scenario and save it
    #[command(after_long_help = TRAIN_EXAMPLES)]
    Train(Train),
    /// Judge one agent on fixed seeds
    #[command(after_long_help = EVALUATE_EXAMPLES)]
    Evaluate(Evaluate),
    /// Compare agents on the same fixed seeds
    #[command(after_long_help = COMPARE_EXAMPLES)]
    Compare(Compare),
    /// Show a whole season's plan, step by step and line by line, with odds
    #[command(after_long_help = PLAN_EXAMPLES)]
    Plan(Plan),
    /// Say what to spend today and why, from a log of the season so far
    #[command(after_long_help = RECOMMEND_EXAMPLES)]
    Recommend(Recommend),
    /// Write one page to hand over: result with odds, charts, ledger, evidence
    #[command(after_long_help = REPORT_EXAMPLES)]
    Report(ReportFile),
    /// Measure what each lever is worth: bid, audience, creative
    #[command(after_long_help = LEVERS_EXAMPLES)]
    Levers(Levers),
    /// Ask what another budget, price, limit or calendar would change
    #[command(after_long_help = WHAT_IF_EXAMPLES)]
    WhatIf(WhatIf),
    /// Play to a step, and from there two futures: one goes on, one is changed
    #[command(after_long_help = BRANCH_EXAMPLES)]
    Branch(Branch),
    /// Say why money went from one line to another between two steps, and what came of it
    #[command(after_long_help = EXPLAIN_EXAMPLES)]
    Explain(Explain),
    /// Stop spending, and see what still arrives
    #[command(after_long_help = RUN_OFF_EXAMPLES)]
    RunOff(RunOff),
    /// Predict what becomes of an exposure: train heads, and judge them
    #[command(after_long_help = HEADS_EXAMPLES)]
    Heads(Heads),
    /// Run all comparisons of a file
    #[command(after_long_help = SUITE_EXAMPLES)]
    Suite(Suite),
    /// Show which agents fall for which traps
    #[command(after_long_help = TRAPS_EXAMPLES)]
    Traps(Traps),
    /// Find response curves in a history of spending, and make a scenario of them
    #[command(after_long_help = CALIBRATE_EXAMPLES)]
    Calibrate(Calibrate),
    /// Write a scenario file of your own
    #[command(after_long_help = INIT_EXAMPLES)]
    Init(Init),
    /// List the shipped scenarios
    Scenarios,
    /// Check a scenario file and show every problem
    #[command(after_long_help = CHECK_EXAMPLES)]
    Check(Check),
    /// Write the JSON Schema of a kind of file, for editors
    #[command(after_long_help = SCHEMA_EXAMPLES)]
    Schema(Schema),
    /// List the agents that can be named
    Agents,
}

/// Where agents are judged.
#[derive(Debug, Args)]
pub(crate) struct Stage {
    /// A shipped scenario or a path; SCENARIO@MERCHANT plays it for another merchant
    #[arg(default_value = "new-customer")]
    pub(crate) scenario: String,
    /// Seeds, half-open
    #[arg(long, value_name = "A..B", default_value = "0..64")]
    pub(crate) seeds: SeedRange,
    /// Noise seeds for each world
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) noise: u64,
    /// How agents are run.
    #[command(flatten)]
    pub(crate) running: Running,
}

/// How agents are run.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct Running {
    /// Seed of the agents' own randomness
    #[arg(long = "agent-seed", value_name = "N", default_value_t = 0)]
    pub(crate) agent_seed: u64,
    /// Seconds an exec: agent may take for one answer
    #[arg(long = "time-limit", value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    pub(crate) time_limit: f64,
}

/// A destination other than the one in the scenario's files.
#[derive(Debug, Default, Args)]
pub(crate) struct Destination {
    /// Another budget than the scenario's: 350000, 350k, +10000, -10000 or x1.2
    #[arg(long, value_name = "MONEY", allow_hyphen_values = true)]
    pub(crate) budget: Option<Budget>,
    /// Another figure of the scenario's files, e.g. limits.return_floor=2.5 or line.search.cap=4000; repeatable
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
}

/// `outlay check`
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// A path, or a shipped scenario
    pub(crate) file: String,
}

/// `outlay schema`
#[derive(Debug, Args)]
pub(crate) struct Schema {
    /// What kind of file
    #[arg(default_value = "scenario", value_parser = FileKind::ALL.map(FileKind::name))]
    pub(crate) kind: String,
}

/// Seeds `start..end`, never empty.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SeedRange(pub(crate) Range<u64>);

impl FromStr for SeedRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bad = || format!("`{text}` is not a range of seeds such as `0..64`");
        let (start, end) = text.split_once("..").ok_or_else(bad)?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| bad());
        let range = number(start)?..number(end)?;
        if range.is_empty() {
            return Err(format!(
                "`{text}` holds no seed; the end is not included, so one seed is `{start}..{}`",
                { range.start.saturating_add(1) }
            ));
        }
        if range.end - range.start > 1_000_000 {
            return Err(format!("`{text}` holds more than a million seeds"));
        }
        Ok(Self(range))
    }
}

impl std::fmt::Display for SeedRange {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}..{}", self.0.start, self.0.end)
    }
}

/// A count such as `500000`, `500_000`, `500k` or `2M`.
fn count(text: &str) -> Result<u64, String> {
    let plain = text.replace('_', "");
    let (digits, unit) = match plain.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1_000),
        None => plain.strip_suffix('M').map_or((plain.as_str(), 1), |digits| (digits, 1_000_000)),
    };
    let number = digits.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    number
        .filter(|&number| number > 0)
        .ok_or_else(|| format!("`{text}` is not a count such as `500000` or `500k`"))
}

fn share(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| (0.0..=1.0).contains(number));
    number.ok_or_else(|| format!("`{text}` is not a share between 0 and 1"))
}

fn inner_share(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && *number < 1.0);
    number.ok_or_else(|| format!("`{text}` is not a share above 0 and below 1"))
}

fn seconds(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && *number <= 86_400.0);
    number.ok_or_else(|| format!("`{text}` is not a number of seconds above 0 and up to 86400"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn seeds_are_half_open_and_never_empty() {
        assert_eq!("3..5".parse(), Ok(SeedRange(3..5)));
        for bad in
            ["", "5", "5..", "..5", "5..5", "5..3", "-1..3", "a..b", "0..18446744073709551616", "0..=4"]
        {
            assert!(bad.parse::<SeedRange>().is_err(), "{bad}");
        }
    }

    #[test]
    fn counts_take_units() {
        assert_eq!(count("500k"), Ok(500_000));
        assert_eq!(count("2M"), Ok(2_000_000));
        assert_eq!(count("1_000"), Ok(1_000));
        for bad in ["", "0", "k", "1.5k", "-3", "99999999999999999999", "18446744073709551615k"] {
            assert!(count(bad).is_err(), "{bad}");
        }
    }
}
