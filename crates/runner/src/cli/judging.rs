//! What was typed to judge agents: `evaluate`, `compare`, `report`, `levers`, `suite`, `traps`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};

use super::amount::number;
use super::{Destination, SeedRange, Stage};

/// `outlay evaluate`
#[derive(Debug, Args)]
pub(crate) struct Evaluate {
    /// A name of `outlay agents`, a checkpoint folder, or exec:COMMAND; NAME=AGENT gives it another name
    pub(crate) agent: String,
    /// Where to judge it.
    #[command(flatten)]
    pub(crate) stage: Stage,
    /// What is to be other there.
    #[command(flatten)]
    pub(crate) destination: Destination,
    /// How large it is.
    #[command(flatten)]
    pub(crate) size: Size,
    /// Measure what each line caused: one more run for each line
    #[arg(long)]
    pub(crate) truth: bool,
    /// One table of the scenario for each of these merchants instead of its own (files in environments/merchants)
    #[arg(long, value_name = "A,B,..", value_delimiter = ',', conflicts_with_all = ["truth", "replay", "report", "budget", "set", "shoppers", "steps"])]
    pub(crate) merchants: Vec<String>,
    /// Write this report instead; every episode is played anew
    #[arg(long, value_name = "NAME", conflicts_with_all = ["truth", "replay", "results", "shoppers"])]
    pub(crate) report: Option<Report>,
    /// Report: find the lines' Shapley values on the first N seeds; 0 finds none
    #[arg(long, value_name = "N", default_value_t = 4, requires = "report")]
    pub(crate) shapley: u64,
    /// How results are written, and which.
    #[command(flatten)]
    pub(crate) show: Show,
    /// What is kept of them.
    #[command(flatten)]
    pub(crate) keep: Keep,
}

/// A size other than the one in the scenario's files.
#[derive(Debug, Default, Args)]
pub(crate) struct Size {
    /// Simulated shoppers, e.g. 50k, 8.1M or 810e6; with more than the scenario has people, as many people. Budget and
    /// limits stay: see --budget x2025
    #[arg(long, value_name = "N", value_parser = shoppers)]
    pub(crate) shoppers: Option<u32>,
    /// The season's first N steps alone, with all of its budget
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) steps: Option<u32>,
}

/// Which report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Report {
    /// The account of the shoppers: stages, reach, links, moves, contributions, returns
    Deeplink,
}

/// `outlay compare`
#[derive(Debug, Args)]
pub(crate) struct Compare {
    /// Where to judge them.
    #[command(flatten)]
    pub(crate) stage: Stage,
    /// What is to be other there.
    #[command(flatten)]
    pub(crate) destination: Destination,
    /// Agents, split at commas [default: even,last-period,buyer-rule,mpc]
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(crate) agents: Vec<String>,
    /// One agent, not split at commas; NAME=AGENT gives it another name; repeatable
    #[arg(long = "agent", value_name = "AGENT")]
    pub(crate) agent: Vec<String>,
    /// The agent the others are measured against [default: the first]
    #[arg(long, value_name = "AGENT")]
    pub(crate) against: Option<String>,
    /// Run the clairvoyant plan as well, to say how much there was to win
    #[arg(long)]
    pub(crate) headroom: bool,
    /// Show how often each agent reaches how much
    #[arg(long)]
    pub(crate) profile: bool,
    /// Show where each agent put its money, and what was credited there; with --csv a row for each line
    #[arg(long, conflicts_with = "replay")]
    pub(crate) by_line: bool,
    /// Exit with 3 unless X is better than Y beyond doubt; repeatable
    #[arg(long, value_name = "X > Y", conflicts_with = "replay")]
    pub(crate) require: Vec<String>,
    /// How results are written, and which.
    #[command(flatten)]
    pub(crate) show: Show,
    /// What is kept of them.
    #[command(flatten)]
    pub(crate) keep: Keep,
}

/// `outlay report`
#[derive(Debug, Args)]
pub(crate) struct ReportFile {
    /// Where they are judged.
    #[command(flatten)]
    pub(crate) stage: Stage,
    /// What is to be other there.
    #[command(flatten)]
    pub(crate) destination: Destination,
    /// Agents, split at commas; the first is reported, the others stand beside it [default: mpc,buyer-rule,even]
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(crate) agents: Vec<String>,
    /// One agent, not split at commas; NAME=AGENT gives it another name; repeatable
    #[arg(long = "agent", value_name = "AGENT")]
    pub(crate) agent: Vec<String>,
    /// The agent the first is held against [default: the second]
    #[arg(long, value_name = "AGENT")]
    pub(crate) against: Option<String>,
    /// The file, HTML; one that is there is replaced
    #[arg(long, value_name = "FILE", default_value = "report.html")]
    pub(crate) out: PathBuf,
    /// What is kept of the results.
    #[command(flatten)]
    pub(crate) keep: Keep,
}

/// `outlay levers`
#[derive(Debug, Args)]
pub(crate) struct Levers {
    /// A name of `outlay agents`, a checkpoint folder, or exec:COMMAND; NAME=AGENT gives it another name
    pub(crate) agent: String,
    /// Where to judge it.
    #[command(flatten)]
    pub(crate) stage: Stage,
    /// Write a GitHub table
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// What is kept of the results.
    #[command(flatten)]
    pub(crate) keep: Keep,
}

/// `outlay suite`
#[derive(Debug, Args)]
pub(crate) struct Suite {
    /// A file with comparisons
    pub(crate) file: PathBuf,
    /// Instead of the tables, one: a row for each comparison, with this agent against the one of the file
    #[arg(long, value_name = "AGENT")]
    pub(crate) board: Option<String>,
    /// Measure it against this agent
    #[arg(long, value_name = "AGENT", requires = "board")]
    pub(crate) against: Option<String>,
    /// Write GitHub tables
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// What is kept of the results.
    #[command(flatten)]
    pub(crate) keep: Keep,
}

/// `outlay traps`
#[derive(Debug, Args)]
pub(crate) struct Traps {
    /// A file with traps [default: those that ship]
    pub(crate) file: Option<PathBuf>,
    /// Agents, split at commas [default: eight that know nothing beforehand]
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(crate) agents: Vec<String>,
    /// One agent, not split at commas; NAME=AGENT gives it another name; repeatable
    #[arg(long = "agent", value_name = "AGENT")]
    pub(crate) agent: Vec<String>,
    /// Seeds, half-open
    #[arg(long, value_name = "A..B", default_value = "0..16")]
    pub(crate) seeds: SeedRange,
    /// Noise seeds for each world
    #[arg(long, value_name = "K", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) noise: u64,
    /// Write one CSV row for each trap and agent
    #[arg(long, conflicts_with_all = ["json", "markdown"])]
    pub(crate) csv: bool,
    /// Write GitHub tables
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// What is kept of the results.
    #[command(flatten)]
    pub(crate) keep: Keep,
}

/// How results are written, and which.
#[derive(Debug, Default, Args)]
pub(crate) struct Show {
    /// Write one CSV row for each episode; with --replay the log that `recommend` reads; money in major units
    #[arg(long, conflicts_with_all = ["json", "markdown"])]
    pub(crate) csv: bool,
    /// Write GitHub tables
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// Show one seed step by step instead: SEED, or SEED:NOISE
    #[arg(long, value_name = "SEED")]
    pub(crate) replay: Option<Replay>,
}

/// What is kept of results.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Keep {
    /// Folder of the episodes played so far [default: outlay/results in the user's data folder, or OUTLAY_RESULTS]
    #[arg(long, value_name = "DIR")]
    pub(crate) results: Option<PathBuf>,
    /// Play every episode, and keep none
    #[arg(long, conflicts_with = "results")]
    pub(crate) no_reuse: bool,
}

/// One seed, and which noise of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Replay {
    /// Seed.
    pub(crate) seed: u64,
    /// Noise seed of the world.
    pub(crate) noise: u64,
}

impl FromStr for Replay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (seed, noise) = text.split_once(':').unwrap_or((text, "0"));
        let number = |text: &str| text.parse::<u64>();
        match (number(seed), number(noise)) {
            (Ok(seed), Ok(noise)) => Ok(Self { seed, noise }),
            _ => Err(format!("`{text}` is not a seed such as `17`, or `17:1` for its second noise")),
        }
    }
}

fn shoppers(text: &str) -> Result<u32, String> {
    let whole = number(text).filter(|number| number.fract() == 0.0 && (1.0..=4e9).contains(number));
    whole.map(|number| number as u32).ok_or_else(|| {
        format!("`{text}` is not a number of shoppers up to 4 billion such as `50k`, `8.1M` or `810e6`")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shoppers_are_whole_and_may_be_many() {
        for (text, number) in [
            ("1", 1),
            ("50k", 50_000),
            ("8.1M", 8_100_000),
            ("810e6", 810_000_000),
            ("810_000_000", 810_000_000),
        ] {
            assert_eq!(shoppers(text), Ok(number));
        }
        for bad in ["", "0", "-5", "1.5", "1e10", "many", "nan", "inf"] {
            assert!(shoppers(bad).is_err(), "{bad}");
        }
    }
}
