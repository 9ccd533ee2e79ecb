//! Arguments of what learns: `outlay train` and `outlay heads`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::{SeedRange, count, inner_share, share};

/// Who plays for the heads unless others are named.
pub(crate) const HEADS_AGENTS: &str = "even,random,buyer-rule,roi-proportional";

/// `outlay train`
#[derive(Debug, Args)]
pub(crate) struct Train {
    /// Shipped scenarios or paths: one policy for all of them [default: new-customer, or those of --resume]
    #[arg(value_name = "SCENARIO")]
    pub(crate) scenarios: Vec<String>,
    /// Seed of the run: initial weights, exploration, order of the training worlds [default: 1]
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
    /// Decisions to train for, e.g. 500000 or 500k
    #[arg(long, value_name = "N", value_parser = count)]
    pub(crate) steps: Option<u64>,
    /// Worlds played side by side in each update
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub(crate) worlds: Option<u32>,
    /// Share of the run at its start in which the policy imitates mpc; 0 starts from nothing [default: 0.1]
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(crate) teacher: Option<f64>,
    /// Start from what mpc would do in each step, and learn what to add; the policy then asks it in each step
    #[arg(long, conflicts_with = "teacher")]
    pub(crate) guided: bool,
    /// Let the policy learn what to remember: so many numbers of each line, carried from step to step by a recurrent unit
    /// (GRU); without, it remembers fading sums alone
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=256))]
    pub(crate) memory: u32,
    /// Train on so many variants of each scenario besides: other budgets, prices, effects and lines (`outlay check NAME~1`)
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1000))]
    pub(crate) variants: u32,
    /// Keep the soft limits of the scenario (return floor, cost cap) in this share of worlds at least, e.g. 0.9
    #[arg(long, value_name = "SHARE", value_parser = inner_share)]
    pub(crate) promise: Option<f64>,
    /// What gives where a limit and the budget cannot both be had: spend the budget, or leave money to hold the target
    #[arg(long, value_name = "WHAT", value_enum, requires = "promise")]
    pub(crate) prefer: Option<Preference>,
    /// Maximise the mean of this share of worlds, the worst, e.g. 0.25, instead of the mean of all
    #[arg(long, value_name = "SHARE", value_parser = inner_share)]
    pub(crate) risk: Option<f64>,
    /// How it learns
    #[arg(long, value_name = "NAME", default_value = "ppo")]
    pub(crate) learner: Learner,
    /// Go on from the policy of this checkpoint, on these scenarios
    #[arg(long, value_name = "DIR", conflicts_with_all = ["guided", "memory"])]
    pub(crate) from: Option<PathBuf>,
    /// Show the policy what these heads predict of the shopper's path, line by line (`outlay heads train`)
    #[arg(long, value_name = "DIR", conflicts_with = "from")]
    pub(crate) heads: Option<PathBuf>,
    /// Folder of the checkpoint [default: runs/SCENARIO-seedN]
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub(crate) out: Option<PathBuf>,
    /// Go on with the run saved in this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["seed", "steps", "worlds", "teacher", "guided", "memory", "variants", "promise", "prefer", "risk", "learner", "from", "heads"])]
    pub(crate) resume: Option<PathBuf>,
}

/// What gives where a soft limit and the budget cannot both be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Preference {
    /// Spend the budget (default)
    Spend,
    /// Hold the target
    Target,
}

/// How a policy learns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Learner {
    /// Proximal policy optimisation: learns from each batch of episodes once
    Ppo,
    /// Soft actor-critic: remembers episodes and learns from them again
    Sac,
}

/// `outlay heads`
#[derive(Debug, Args)]
pub(crate) struct Heads {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: HeadsCommand,
}

/// What to do with heads.
#[derive(Debug, Subcommand)]
pub(crate) enum HeadsCommand {
    /// Train heads on scenarios and save them
    Train(HeadsTrain),
    /// Judge saved heads on fixed seeds: calibration, log-loss, ranking
    Evaluate(HeadsEvaluate),
}

/// `outlay heads train`
#[derive(Debug, Args)]
pub(crate) struct HeadsTrain {
    /// Shipped scenarios or paths: one set of heads for all of them
    #[arg(value_name = "SCENARIO", required = true)]
    pub(crate) scenarios: Vec<String>,
    /// Agents that play the training worlds in turn, split at commas
    #[arg(long, value_name = "A,B,..", value_delimiter = ',', default_value = HEADS_AGENTS)]
    pub(crate) agents: Vec<String>,
    /// Seed of the run: initial weights, order of the rows, training worlds
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) seed: u64,
    /// Lines in steps to learn from, of each scenario, e.g. 160k
    #[arg(long, value_name = "N", value_parser = count)]
    pub(crate) examples: Option<u64>,
    /// Passes over all of them
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) epochs: Option<u32>,
    /// Folder of the heads [default: runs/heads-seedN]
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
}

/// `outlay heads evaluate`
#[derive(Debug, Args)]
pub(crate) struct HeadsEvaluate {
    /// Folder of the heads
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    /// A shipped scenario or a path; SCENARIO@MERCHANT plays it for another merchant
    #[arg(default_value = "new-customer")]
    pub(crate) scenario: String,
    /// Seeds, half-open; each agent plays each of them
    #[arg(long, value_name = "A..B", default_value = "1000..1032")]
    pub(crate) seeds: SeedRange,
    /// Agents that play, split at commas [default: those of the training]
    #[arg(long, value_name = "A,B,..", value_delimiter = ',')]
    pub(crate) agents: Vec<String>,
    /// Write GitHub tables
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}
