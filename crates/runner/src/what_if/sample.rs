//! Episodes of what-if questions: played or kept, all judged by the goal of the scenario as it is.

use std::sync::Arc;

use outlay_environment::{Ledger, Money, Scenario};

use crate::cli;
use crate::episodes::{self, Outcome, noise_seed};
use crate::evaluate::{kept, play, warn_interrupted};
use crate::failure::Failure;
use crate::incremental::without_spend;
use crate::phrases::futures::Phrases;
use crate::plan;
use crate::sweep;
use crate::terminal::Terminal;

/// What one episode came to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sample {
    /// Score by the goal of the scenario as it is.
    pub(super) score: f64,
    /// Money spent.
    pub(super) spend: Money,
    /// Credited revenue.
    pub(super) credited: Money,
    /// Revenue that would not have come without the money.
    pub(super) caused: Money,
    /// `[lines]` money spent on each.
    pub(super) lines: Vec<Money>,
}

impl Sample {
    /// Of a finished episode whose world sells `free` without any spending.
    pub(super) fn of(judge: &Scenario, ledger: &Ledger, free: Money) -> Self {
        Self {
            score: judge.score(ledger),
            spend: ledger.cash(),
            credited: ledger.total().credited_revenue,
            caused: ledger.shop().revenue - free,
            lines: (0..ledger.lines).map(|line| ledger.line(line).spend).collect(),
        }
    }

    fn of_outcome(outcome: &Outcome) -> Self {
        Self {
            score: outcome.totals.score,
            spend: outcome.spend,
            credited: outcome.lines.iter().map(|line| line.credited_revenue).sum(),
            caused: outcome.totals.revenue - outcome.free.revenue,
            lines: outcome.lines.iter().map(|line| line.spend).collect(),
        }
    }
}

/// Who asks, of which scenario.
pub(super) struct Question<'a> {
    /// The command line.
    pub(super) arguments: &'a cli::WhatIf,
    /// The scenario as it is.
    pub(super) base: Arc<Scenario>,
    /// Whether values of the clock are wanted.
    pub(super) timing: bool,
    /// Where to write.
    pub(super) terminal: Terminal,
    /// What alternatives are called.
    pub(super) phrases: &'a Phrases,
}

impl Question<'_> {
    /// `[seeds, noises]` the agent's episodes in a scenario, in order; nothing after an interrupt.
    pub(super) fn samples(&self, scenario: &Arc<Scenario>) -> Result<Option<Vec<Sample>>, Failure> {
        let same_goal = scenario.goal == self.base.goal && scenario.brief.aim == self.base.brief.aim;
        if !same_goal {
            return self.judged_by_base(scenario);
        }
        let stage = &self.arguments.stage;
        let mut games = plan::games_in(scenario, stage, false);
        let (participant, _) = plan::participant(&self.arguments.agent, scenario, stage.running.time_limit)?;
        games.store = kept(&self.arguments.keep, &games, self.timing, self.terminal)?;
        let name = participant.name.clone();
        let played = play(&[participant], &games, self.terminal);
        if played.interrupted {
            warn_interrupted(&games, 0, self.terminal);
            return Ok(None);
        }
        let outcomes = played.outcomes.into_iter().next().unwrap_or_else(|| Ok(Vec::new()));
        let outcomes = outcomes.map_err(|error| Failure::run(format!("`{name}` failed: {error}")))?;
        Ok(Some(outcomes.iter().map(Sample::of_outcome).collect()))
    }

    /// What is kept was judged by another goal, so these are played.
    fn judged_by_base(&self, scenario: &Arc<Scenario>) -> Result<Option<Vec<Sample>>, Failure> {
        let stage = &self.arguments.stage;
        let (participant, _) = plan::participant(&self.arguments.agent, scenario, stage.running.time_limit)?;
        let games = plan::games_in(scenario, stage, false);
        self.each_episode(|seed, noise| {
            let mut sample = None;
            episodes::watch(&participant, &games, seed, noise, &mut |episode, _| {
                if episode.is_over() {
                    let free = without_spend(episode.world(), noise_seed(seed, noise)).revenue;
                    sample = Some(Sample::of(&self.base, episode.ledger(), free));
                }
            })?;
            sample.ok_or_else(|| "it has no steps".to_owned())
        })
    }

    /// `[seeds, noises]` what `work` makes of each episode, with a bar; nothing after an interrupt.
    pub(super) fn each_episode<T: Send>(
        &self,
        work: impl Fn(u64, u64) -> Result<T, String> + Sync,
    ) -> Result<Option<Vec<T>>, Failure> {
        let games = plan::games_in(&self.base, &self.arguments.stage, false);
        sweep::episodes(&games, &self.arguments.agent, self.terminal, work)
    }
}
