//! Questions about a plan that has not happened yet.

use std::fmt;
use std::str::FromStr;

use clap::Args;

use super::amount::{money_above_zero, number};
use super::{Keep, Running, SeedRange, Stage};

/// `outlay what-if`
#[derive(Debug, Args)]
pub(crate) struct WhatIf {
    /// A name of `outlay agents`, a checkpoint folder, or exec:COMMAND; NAME=AGENT gives it another name
    pub(crate) agent: String,
    /// Where it plays.
    #[command(flatten)]
    pub(crate) stage: Stage,
    /// What is to be other than the scenario says.
    #[command(flatten)]
    pub(crate) changes: Changes,
    /// Where the next MONEY goes, and where the first MONEY to take away comes from
    #[arg(long, value_name = "MONEY", allow_hyphen_values = true, value_parser = money_above_zero, conflicts_with_all = ["changes", "limits", "curve", "stress"])]
    pub(crate) next: Option<f64>,
    /// What MONEY moved from one line to another brings besides; repeatable
    #[arg(long = "move", value_name = "LINE=LINE", requires = "next")]
    pub(crate) moves: Vec<LineToLine>,
    /// What each limit of the scenario costs: without it, one after the other
    #[arg(long, conflicts_with_all = ["changes", "curve", "stress"])]
    pub(crate) limits: bool,
    /// Outcome against budget, from a quarter to twice as much
    #[arg(long, conflicts_with_all = ["changes", "stress"])]
    pub(crate) curve: bool,
    /// The season a week late or early, a weaker peak, dearer rivals
    #[arg(long, conflicts_with = "changes")]
    pub(crate) stress: bool,
    /// Write GitHub tables
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
    /// What is kept of the results.
    #[command(flatten)]
    pub(crate) keep: Keep,
}

/// Changes of a scenario: each is one alternative, or all of them together are.
#[derive(Debug, Args)]
#[group(id = "changes", multiple = true)]
pub(crate) struct Changes {
    /// Another budget: 350000, +10000, -10000 or x1.2; repeatable, as are the next four
    #[arg(long, value_name = "MONEY", allow_hyphen_values = true)]
    pub(crate) budget: Vec<Budget>,
    /// A key of the scenario's files and its value, e.g. limits.return_floor=2.5 or line.search.cap=4000
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// What a line buys at another price, e.g. search=x1.2
    #[arg(long, value_name = "LINE=xN")]
    pub(crate) price: Vec<LinePrice>,
    /// Without a line
    #[arg(long, value_name = "LINE")]
    pub(crate) drop: Vec<String>,
    /// A line's exact money in every step
    #[arg(long, value_name = "LINE=MONEY")]
    pub(crate) pin: Vec<LineMoney>,
    /// All changes at once as one alternative, instead of one alternative each
    #[arg(long)]
    pub(crate) together: bool,
}

/// `outlay branch`
#[derive(Debug, Args)]
pub(crate) struct Branch {
    /// A name of `outlay agents`, a checkpoint folder, or exec:COMMAND; NAME=AGENT gives it another name
    pub(crate) agent: String,
    /// A shipped scenario or a path; SCENARIO@MERCHANT plays it for another merchant
    #[arg(default_value = "new-customer")]
    pub(crate) scenario: String,
    /// The seed that is shown step by step
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// The first step that may differ, from 0
    #[arg(long, value_name = "STEP")]
    pub(crate) at: usize,
    /// What is other from there.
    #[command(flatten)]
    pub(crate) from_there: FromThere,
    /// Measure the difference over these seeds as well, half-open
    #[arg(long, value_name = "A..B")]
    pub(crate) seeds: Option<SeedRange>,
    /// Noise seeds for each world of `--seeds`
    #[arg(long, value_name = "K", default_value_t = 1, requires = "seeds", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) noise: u64,
    /// How agents are run.
    #[command(flatten)]
    pub(crate) running: Running,
    /// Write GitHub tables
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}

/// What is other from a step on.
#[derive(Debug, Args)]
#[group(id = "from_there", required = true, multiple = false)]
pub(crate) struct FromThere {
    /// Another agent takes over; it has seen all before
    #[arg(long, value_name = "AGENT")]
    pub(crate) with: Option<String>,
    /// A line gets exactly this much a step, as far as limits let it
    #[arg(long, value_name = "LINE=MONEY")]
    pub(crate) pin: Option<LineMoney>,
    /// The agent pursues another goal; the difference is that of the scenario's own
    #[arg(long, value_name = "GOAL")]
    pub(crate) goal: Option<String>,
    /// The budget becomes another: 350000, +10000, -10000 or x1.2
    #[arg(long, value_name = "MONEY", allow_hyphen_values = true)]
    pub(crate) budget: Option<Budget>,
    /// A line stops, or `all` do; the agent may move its money to others
    #[arg(long, value_name = "LINE")]
    pub(crate) stop: Option<String>,
}

/// `outlay explain`
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// A name of `outlay agents`, a checkpoint folder, or exec:COMMAND; NAME=AGENT gives it another name
    pub(crate) agent: String,
    /// A shipped scenario or a path; SCENARIO@MERCHANT plays it for another merchant
    #[arg(default_value = "new-customer")]
    pub(crate) scenario: String,
    /// The seed of the season
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Its noise seed
    #[arg(long, value_name = "K", default_value_t = 0)]
    pub(crate) noise: u64,
    /// The step to explain, against the one before [default: that of the largest move]
    #[arg(long, value_name = "STEP")]
    pub(crate) step: Option<usize>,
    /// The line that the money left [default: that of the largest move]
    #[arg(long, value_name = "LINE")]
    pub(crate) from_line: Option<String>,
    /// The line that it went to [default: that of the largest move]
    #[arg(long, value_name = "LINE")]
    pub(crate) to_line: Option<String>,
    /// Draws of chance in the same world over which the move is undone
    #[arg(long, value_name = "K", default_value_t = 16, value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub(crate) repeat: u64,
    /// How agents are run.
    #[command(flatten)]
    pub(crate) running: Running,
    /// Write a GitHub table
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}

/// `outlay run-off`
#[derive(Debug, Args)]
pub(crate) struct RunOff {
    /// A name of `outlay agents`, a checkpoint folder, or exec:COMMAND; NAME=AGENT gives it another name
    pub(crate) agent: String,
    /// Where it plays.
    #[command(flatten)]
    pub(crate) stage: Stage,
    /// Days without spending at the end of the season
    #[arg(long, value_name = "N", default_value_t = 14.0, value_parser = days)]
    pub(crate) days: f64,
    /// The first step without spending, instead
    #[arg(long, value_name = "STEP", conflicts_with = "days")]
    pub(crate) at: Option<usize>,
    /// Write GitHub tables
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}

/// Another budget.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Budget {
    /// This much.
    To(f64),
    /// So much more, or less.
    By(f64),
    /// So many times as much.
    Times(f64),
}

impl Budget {
    /// What a budget in major units becomes.
    pub(crate) fn of(self, budget: f64) -> f64 {
        match self {
            Self::To(to) => to,
            Self::By(by) => budget + by,
            Self::Times(times) => budget * times,
        }
    }
}

impl fmt::Display for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::To(to) => write!(f, "{to}"),
            Self::By(by) => write!(f, "{by:+}"),
            Self::Times(times) => write!(f, "x{times}"),
        }
    }
}

impl FromStr for Budget {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let read = |text: &str| number(text).filter(|number| *number >= 0.0);
        let budget = match text.split_at_checked(1) {
            Some(("+", more)) => read(more).map(Self::By),
            Some(("-", less)) => read(less).map(|less| Self::By(-less)),
            Some(("x", times)) => read(times).map(Self::Times),
            _ => read(text).map(Self::To),
        };
        budget
            .ok_or_else(|| format!("`{text}` is not a budget such as `350000`, `+10000`, `-10000` or `x1.2`"))
    }
}

/// What a line buys at so many times its price.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LinePrice {
    /// The line.
    pub(crate) line: String,
    /// How many times.
    pub(crate) factor: f64,
}

impl FromStr for LinePrice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once("=x").and_then(|(line, factor)| Some((line, number(factor)?)));
        match parts {
            Some((line, factor)) if !line.is_empty() && factor > 0.0 => {
                Ok(Self { line: line.to_owned(), factor })
            }
            _ => Err(format!("`{text}` is not a line and a factor such as `search=x1.2`")),
        }
    }
}

/// Money from one line to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LineToLine {
    /// The line that it leaves.
    pub(crate) from: String,
    /// The line that it goes to.
    pub(crate) to: String,
}

impl FromStr for LineToLine {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((from, to)) if !from.is_empty() && !to.is_empty() && from != to => {
                Ok(Self { from: from.to_owned(), to: to.to_owned() })
            }
            _ => Err(format!("`{text}` is not two lines such as `search=notes`")),
        }
    }
}

/// Money for a line.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct LineMoney {
    /// The line.
    pub(crate) line: String,
    /// Major units a step.
    pub(crate) money: f64,
}

impl FromStr for LineMoney {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parts = text.rsplit_once('=').and_then(|(line, money)| Some((line, number(money)?)));
        match parts {
            Some((line, money)) if !line.is_empty() && money >= 0.0 => {
                Ok(Self { line: line.to_owned(), money })
            }
            _ => Err(format!("`{text}` is not a line and its money such as `search=4000`")),
        }
    }
}

fn days(text: &str) -> Result<f64, String> {
    let days = number(text).filter(|days| *days > 0.0);
    days.ok_or_else(|| format!("`{text}` is not a number of days such as `14`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_amounts_differences_or_multiples() {
        for (text, budget) in [
            ("350000", Budget::To(350_000.0)),
            ("350k", Budget::To(350_000.0)),
            ("+10_000", Budget::By(10_000.0)),
            ("-10000", Budget::By(-10_000.0)),
            ("x1.2", Budget::Times(1.2)),
            ("+0", Budget::By(0.0)),
        ] {
            assert_eq!(text.parse(), Ok(budget));
        }
        for bad in ["", "+", "x", "x-1", "--5", "10 000", "inf", "nan", "1e999", "k"] {
            assert!(bad.parse::<Budget>().is_err(), "{bad}");
        }
        assert_eq!(
            [Budget::To(3.0), Budget::By(-1.0), Budget::Times(2.0)].map(|it| it.of(10.0)),
            [3.0, 9.0, 20.0]
        );
    }

    #[test]
    fn lines_have_factors_and_money() {
        assert_eq!("search=x1.2".parse(), Ok(LinePrice { line: "search".into(), factor: 1.2 }));
        assert_eq!("a=b=4k".parse(), Ok(LineMoney { line: "a=b".into(), money: 4_000.0 }));
        for bad in ["search", "search=1.2", "search=x0", "=x1.2", "search=x"] {
            assert!(bad.parse::<LinePrice>().is_err(), "{bad}");
        }
        for bad in ["search", "search=", "=4", "search=-4"] {
            assert!(bad.parse::<LineMoney>().is_err(), "{bad}");
        }
    }
}
