//! What was typed for the planner's desk: `calibrate`, `init`, `plan`, `recommend`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::amount::money_above_zero;
use super::{Destination, Replay, SeedRange, Stage, inner_share, seconds};
use crate::calibrate::DateOrder;

/// `outlay calibrate`
#[derive(Debug, Clone, Args)]
pub(crate) struct Calibrate {
    /// A CSV table: a row for each day or week, or for each of these and channel
    pub(crate) history: PathBuf,
    /// Write the curves as a scenario
    #[arg(long, value_name = "FILE.toml")]
    pub(crate) out: Option<PathBuf>,
    /// Overwrite that file
    #[arg(long, requires = "out")]
    pub(crate) force: bool,
    /// Column of dates [default: the one that holds dates]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) date: Option<String>,
    /// Order of dates such as 03/04/2026
    #[arg(long, value_name = "ORDER")]
    pub(crate) dates: Option<DateOrder>,
    /// Column of channels, where a date has a row for each
    #[arg(long, value_name = "COLUMN")]
    pub(crate) channel: Option<String>,
    /// Column of the outcome [default: by its name]
    #[arg(long, value_name = "COLUMN")]
    pub(crate) outcome: Option<String>,
    /// Columns of spend, split at commas [default: by their names]
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(crate) spend: Vec<String>,
    /// Columns of controls, split at commas [default: by their names]
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(crate) controls: Vec<String>,
    /// Columns to leave out, split at commas
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(crate) ignore: Vec<String>,
    /// Which outcome, where the table has both [default: revenue]
    #[arg(long, value_name = "WHICH", conflicts_with = "outcome")]
    pub(crate) goal: Option<Outcome>,
    /// Share of the outcome that is left after the cost of goods; says what pays
    #[arg(long, value_name = "SHARE", value_parser = margin)]
    pub(crate) margin: Option<f64>,
    /// Last part of the history to forecast from the rest, as a check; 0 checks nothing
    #[arg(long, value_name = "SHARE", default_value_t = 0.2, value_parser = holdout)]
    pub(crate) holdout: f64,
    /// Draws of the posterior in the scenario
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=2000))]
    pub(crate) draws: u16,
    /// Seed of the fit
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Money of the scenario, major units [default: what was spent in as many of the last steps]
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true, value_parser = money_above_zero)]
    pub(crate) budget: Option<f64>,
    /// Steps of the scenario, of the table's length [default: 13 weeks, 28 days]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=2000))]
    pub(crate) steps: Option<u16>,
    /// Code of the currency [default: what the table says]
    #[arg(long, value_name = "CODE")]
    pub(crate) currency: Option<String>,
    /// Write GitHub tables
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}

/// Which outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Outcome {
    /// Money
    Revenue,
    /// A count of orders or conversions
    Orders,
}

/// `outlay init`
#[derive(Debug, Clone, Args)]
pub(crate) struct Init {
    /// The file to write
    #[arg(default_value = "my-shop.toml")]
    pub(crate) file: PathBuf,
    /// Overwrite it
    #[arg(long)]
    pub(crate) force: bool,
    /// Shipped scenario to start from
    #[arg(long, value_name = "SCENARIO")]
    pub(crate) base: Option<String>,
    /// What to aim at, as `new-customers`, `revenue`, `orders`, `profit`
    #[arg(long, value_name = "GOAL")]
    pub(crate) goal: Option<String>,
    /// Money for all days, major units
    #[arg(long, value_name = "AMOUNT", allow_hyphen_values = true, value_parser = money_above_zero)]
    pub(crate) budget: Option<f64>,
    /// Number of days
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=730), conflicts_with_all = ["start", "end"])]
    pub(crate) days: Option<u16>,
    /// First day, as 2026-05-20
    #[arg(long, value_name = "DATE", requires = "end")]
    pub(crate) start: Option<String>,
    /// Last day, as 2026-06-20
    #[arg(long, value_name = "DATE", requires = "start")]
    pub(crate) end: Option<String>,
    /// Channels to spend on, split at commas (files in environments/channels)
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(crate) channels: Vec<String>,
    /// Share of an order's value that is left after the cost of goods
    #[arg(long, value_name = "SHARE", value_parser = margin)]
    pub(crate) margin: Option<f64>,
    /// Take the base scenario's figure for whatever is not given, and ask nothing
    #[arg(long)]
    pub(crate) yes: bool,
}

/// A share above 0, up to 1.
fn margin(text: &str) -> Result<f64, String> {
    let number = text.parse::<f64>().ok().filter(|number| *number > 0.0 && *number <= 1.0);
    number.ok_or_else(|| format!("`{text}` is not a share above 0 and up to 1"))
}

fn holdout(text: &str) -> Result<f64, String> {
    if text.parse::<f64>() == Ok(0.0) { Ok(0.0) } else { inner_share(text) }
}

/// `outlay plan`
#[derive(Debug, Args)]
pub(crate) struct Plan {
    /// A name of `outlay agents`, a checkpoint folder, or exec:COMMAND; NAME=AGENT gives it another name
    pub(crate) agent: String,
    /// Where to plan.
    #[command(flatten)]
    pub(crate) stage: Stage,
    /// What is to be other there.
    #[command(flatten)]
    pub(crate) destination: Destination,
    /// Write one CSV row for each step and line; money in major units
    #[arg(long, conflicts_with_all = ["json", "markdown"])]
    pub(crate) csv: bool,
    /// Write a GitHub table
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}

/// `outlay recommend`
#[derive(Debug, Args)]
pub(crate) struct Recommend {
    /// A name of `outlay agents`, a checkpoint folder, or exec:COMMAND
    #[arg(required_unless_present = "reproduce")]
    pub(crate) agent: Option<String>,
    /// The season: a shipped scenario or a path
    #[arg(long, value_name = "SCENARIO", default_value = "new-customer")]
    pub(crate) scenario: String,
    /// Log of the season so far, a row for each line and step; without one, the first step is recommended
    #[arg(long, value_name = "LOG.csv")]
    pub(crate) history: Option<PathBuf>,
    /// Recommend for this step instead of the one after the log's last
    #[arg(long, value_name = "STEP", requires = "history")]
    pub(crate) at: Option<usize>,
    /// Put a plan of your own beside it: columns `line` and `money`
    #[arg(long, value_name = "PLAN.csv")]
    pub(crate) beside: Option<PathBuf>,
    /// Beside every step of the log, what the agent would have asked for
    #[arg(long, requires = "history", conflicts_with_all = ["beside", "evidence", "csv"])]
    pub(crate) shadow: bool,
    /// Shadow: the log is that of this simulated season (`--replay SEED --csv`); says what the difference would have brought
    #[arg(long, value_name = "SEED", requires = "shadow")]
    pub(crate) seed: Option<Replay>,
    /// Seeds of the worlds in which the odds are found, half-open
    #[arg(long, value_name = "A..B", default_value = "0..64")]
    pub(crate) seeds: SeedRange,
    /// Find no odds
    #[arg(long)]
    pub(crate) no_odds: bool,
    /// Write everything that the recommendation follows from into this file
    #[arg(long, value_name = "FILE.json")]
    pub(crate) evidence: Option<PathBuf>,
    /// Ask again what such a file is the evidence of: the same bytes, or what differs
    #[arg(long, value_name = "FILE.json", conflicts_with_all = ["agent", "history", "at", "beside", "shadow", "evidence", "csv", "markdown", "json"])]
    pub(crate) reproduce: Option<PathBuf>,
    /// Write one CSV row for each line; money in major units
    #[arg(long, conflicts_with_all = ["json", "markdown"])]
    pub(crate) csv: bool,
    /// Write a GitHub table
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Seconds an exec: agent may take for one answer
    #[arg(long = "time-limit", value_name = "SECONDS", default_value_t = 30.0, value_parser = seconds)]
    pub(crate) time_limit: f64,
}
