//! What an agent asks for, step by step, of a season that a log tells, and what the limits leave of it.

use std::sync::Arc;

use outlay_agent::{Agent, Entrant};
use outlay_environment::{Allocation, Brief, Guard, Money, Observation, Pricing, Purse, Ruling, Scenario};

use super::question::File;
use crate::episodes::{Participant, Player};
use crate::failure::Failure;
use crate::log::{self, Seen};

/// What was seen before each step, up to the one that is asked for.
pub(super) fn season(log: &File, brief: &Brief, at: Option<usize>) -> Result<Seen, Failure> {
    /// More problems than anybody reads.
    const SHOWN: usize = 20;
    let mut seen = log::read(&log.text, brief).map_err(|problems| {
        let more = problems.len().saturating_sub(SHOWN);
        let mut shown: Vec<String> = problems.into_iter().take(SHOWN).collect();
        shown.extend((more > 0).then(|| format!("and {more} more")));
        Failure::usage(format!("the log `{}` is not one of this season", log.path))
            .because(shown.join("\n  "))
            .help("`outlay evaluate even SCENARIO --replay 0 --csv` writes one that is")
    })?;
    if let Some(at) = at {
        if at >= seen.len() {
            let last = seen.len() - 1;
            return Err(Failure::usage(format!(
                "the log ends before step {at}: the next one to decide is {last}"
            )));
        }
        seen.truncate(at + 1);
    }
    Ok(seen)
}

/// An agent, where it is one of ours, and what it asked for in each step that it was shown (`[steps seen]`).
type Asked = (Option<Box<dyn Agent>>, Vec<Allocation>);

/// Lets an agent decide every step that was seen.
pub(super) fn asked(
    participant: &Participant,
    scenario: &Arc<Scenario>,
    seen: &[Observation],
) -> Result<Asked, Failure> {
    let failed = |error: String| Failure::run(format!("`{}` failed: {error}", participant.agent));
    match &participant.player {
        Player::Inside(Entrant::Agent(recipe)) => {
            let mut agent = recipe.make(0);
            agent.start(&scenario.brief);
            let asked = seen.iter().map(|observation| agent.decide(observation)).collect();
            Ok((Some(agent), asked))
        }
        Player::Outside(program) => {
            let mut process = program.start(&scenario.brief, 0).map_err(failed)?;
            let asked = seen.iter().map(|observation| process.decide(observation));
            Ok((None, asked.collect::<Result<_, _>>().map_err(failed)?))
        }
        Player::Inside(Entrant::Oracle(_)) | Player::Absent(_) => {
            let oracle =
                Failure::usage(format!("`{}` plans with a world's hidden numbers", participant.agent));
            Err(oracle.help("nobody knows those of the real one; `mpc` or a checkpoint plans without"))
        }
    }
}

/// What the scenario's limits leave of what is asked for, as an episode would find.
pub(super) fn ruled(brief: &Brief, seen: &[Observation], asked: &Allocation) -> Ruling {
    let mut guard = Guard::new(&brief.limits, brief.budget, brief.steps);
    for observation in &seen[1..] {
        guard.book(observation.lines.iter().map(|report| report.spend));
        // A log does not say for which line: each that is paid by commission may be the one.
        let by_sale = brief.lines.iter().map(|line| line.pricing == Pricing::Commission);
        guard.reserve(by_sale.map(|by_sale| if by_sale { observation.reserved } else { Money::ZERO }));
    }
    let mut wish = asked.clone();
    wish.money.resize(brief.lines.len(), 0.0);
    brief.levers.ties(brief).iter().for_each(|tie| tie.share_out(&mut wish.money));
    let Some(now) = seen.last() else { return Ruling::default() };
    let previous: Vec<Money> = now.lines.iter().map(|report| report.granted).collect();
    let purse = Purse { cash: now.budget_left, credit: now.credit };
    let mut ruling = Ruling::default();
    guard.rule(now.step, purse, (now.step > 0).then_some(previous.as_slice()), &wish, &mut ruling);
    ruling
}
