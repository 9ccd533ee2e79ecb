//! Things a person should know before believing a result, each with advice that knows what was already done.

use crate::cli::SeedRange;
use crate::failure::Complaint;

/// Fewest worlds for which a bootstrap interval is worth its name.
const FEW_WORLDS: u64 = 10;

/// One warning.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Warning {
    /// A policy is judged on another scenario than it was trained on.
    OtherScenario {
        /// The agent.
        agent: String,
        /// What its checkpoint says.
        warning: String,
        /// The command that trains it there.
        command: String,
    },
    /// Too few worlds for an interval.
    FewSeeds {
        /// Seeds used.
        seeds: SeedRange,
    },
    /// An interval of a difference holds zero.
    NotDistinguishable {
        /// The one.
        a: String,
        /// The other.
        b: String,
        /// Seeds used.
        seeds: SeedRange,
    },
    /// Limits of the scenario conflicted on the way, and some gave way.
    Relaxed {
        /// The agent.
        agent: String,
        /// How often, over all seeds.
        times: u64,
    },
    /// Stopped before the end.
    Interrupted {
        /// Seeds that are in.
        finished: usize,
        /// Seeds asked for.
        asked: u64,
        /// Whether what was played is kept.
        kept: bool,
    },
    /// Results could not be kept for the next time.
    NotKept {
        /// Where they were to be kept.
        place: String,
        /// Why they are not.
        cause: String,
    },
}

impl Warning {
    /// Whether an interval from these seeds deserves a warning.
    pub(crate) fn few_seeds(seeds: &SeedRange) -> Option<Self> {
        (seeds.0.end - seeds.0.start < FEW_WORLDS).then(|| Self::FewSeeds { seeds: seeds.clone() })
    }

    /// What to say, and what to do.
    pub(crate) fn complaint(&self) -> Complaint {
        let (message, help) = match self {
            Self::OtherScenario { agent, warning, command } => (
                format!("`{agent}`: {warning}"),
                Some(format!("its results here are about a market it has not seen; `{command}` learns it")),
            ),
            Self::FewSeeds { seeds } => (
                format!(
                    "{} is too few for an interval; the true one is wider",
                    plural(seeds.0.end - seeds.0.start, "seed")
                ),
                Some(format!("try `--seeds {}`", SeedRange(seeds.0.start..seeds.0.start + 64))),
            ),
            Self::NotDistinguishable { a, b, seeds } => (
                format!(
                    "`{a}` is not distinguishable from `{b}` with {}",
                    plural(seeds.0.end - seeds.0.start, "seed")
                ),
                Some(format!("try `--seeds {}`", more(seeds))),
            ),
            Self::Relaxed { agent, times } => (
                format!(
                    "limits conflicted {times} times in the episodes of `{agent}`, and the lesser gave way"
                ),
                None,
            ),
            Self::Interrupted { finished, asked, kept } => (
                format!("interrupted: {finished} of {} are in", plural(*asked, "seed")),
                Some(if *kept {
                    "the same command goes on from here".to_owned()
                } else {
                    "the same command plays all of them again".to_owned()
                }),
            ),
            Self::NotKept { place, cause } => (
                format!("results are not kept in `{place}`: {cause}"),
                Some("name another folder with `--results`, or keep nothing with `--no-reuse`".to_owned()),
            ),
        };
        Complaint { message, cause: None, help: help.into_iter().collect() }
    }
}

/// Four times the seeds halve an interval.
fn more(seeds: &SeedRange) -> SeedRange {
    let count = (seeds.0.end - seeds.0.start).saturating_mul(4);
    SeedRange(seeds.0.start..seeds.0.start.saturating_add(count))
}

/// `1 seed`, `2 seeds`
pub(crate) fn plural(count: u64, noun: &str) -> String {
    let ending = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{ending}")
}
