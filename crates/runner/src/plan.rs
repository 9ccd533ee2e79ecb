//! What the words mean: scenarios, agents, requirements. Only here are names looked up and files opened.

use std::path::Path;
use std::sync::Arc;

use outlay_environment::{Change, Money, Scenario, SizeError, suggestion};

use crate::cli;
use crate::entrants::{self, Known};
use crate::episodes::{Games, Participant};
use crate::failure::Failure;
use crate::format::major;
use crate::warning::Warning;

/// The scenario of this name or path.
pub(crate) fn scenario(name: &str) -> Result<Arc<Scenario>, Failure> {
    let shipped = Scenario::every_shipped();
    let (typed, (name, _)) = (name, Scenario::split_variant(name));
    let (name, _) = Scenario::split_merchant(name);
    if !shipped.iter().any(|other| other == name) && !Path::new(name).exists() {
        let looks_like_a_path = name.contains(['/', '\\']) || name.ends_with(".toml");
        let near = nearest(name, shipped.iter().map(String::as_str));
        if looks_like_a_path {
            let failure = Failure::usage(format!("there is no file `{name}`"));
            return Err(did_you_mean(failure, near.filter(|near| near.contains('/')).as_deref())
                .help("`outlay scenarios` lists the shipped scenarios, which need no file"));
        }
        let failure = Failure::usage(format!("there is no scenario `{name}`"));
        return Err(did_you_mean(failure, near.as_deref())
            .help("`outlay scenarios` lists the shipped ones; a path to a file works as well"));
    }
    Ok(Scenario::load(typed)?)
}

/// What is to be played.
pub(crate) fn games(
    stage: &cli::Stage,
    destination: &cli::Destination,
    truth: bool,
) -> Result<Games, Failure> {
    let mut scenario = scenario(&stage.scenario)?;
    let mut changes: Vec<Change> = destination.set.iter().map(|text| Change::set("--set", text)).collect();
    if let Some(budget) = destination.budget {
        changes.push(set_budget(money(&scenario, budget)?));
    }
    if !changes.is_empty() {
        scenario = Scenario::load_changed(&stage.scenario, &changes)?;
    }
    Ok(games_in(&scenario, stage, truth))
}

/// Most shoppers of one market that are played in one piece where they can be played in shards; and of a shard. More in a
/// shard would not stay in a processor's cache, fewer would have more to agree on.
const PIECE: u32 = 1_000_000;
const SHARD: u32 = 1 << 17;
/// Most that are played in one piece where they cannot: as many as a file may ask for.
const LARGEST_PIECE: u32 = 10_000_000;

/// A scenario of the size that was typed.
pub(crate) fn sized(scenario: &Arc<Scenario>, size: &cli::Size) -> Result<Arc<Scenario>, Failure> {
    let mut scenario = Arc::clone(scenario);
    if let Some(steps) = size.steps {
        scenario = scenario.first_steps(steps as usize).map_err(|error| wrong_size("--steps", error))?;
    }
    let Some(shoppers) = size.shoppers else { return Ok(scenario) };
    let wrong = |error| wrong_size("--shoppers", error);
    scenario = scenario.with_population(shoppers).map_err(wrong)?;
    if shoppers <= PIECE {
        return Ok(scenario);
    }
    match scenario.in_shards(SHARD) {
        Ok(scenario) => Ok(scenario),
        Err(_) if shoppers <= LARGEST_PIECE => Ok(scenario),
        Err(error) => {
            Err(wrong(error).help(format!("up to {LARGEST_PIECE} shoppers are played in one piece")))
        }
    }
}

fn wrong_size(option: &str, error: SizeError) -> Failure {
    Failure::usage(format!("`{option}`: {}", error.cause)).help(error.help)
}

/// The money of a budget that was typed.
pub(crate) fn money(scenario: &Scenario, budget: cli::Budget) -> Result<Money, Failure> {
    let money = Money::from_major(budget.of(scenario.brief.budget.major()));
    if money < Money::ZERO {
        return Err(Failure::usage(format!("a budget of {} {}", major(money.0), scenario.currency))
            .help(format!("the scenario's is {}", major(scenario.brief.budget.0))));
    }
    Ok(money)
}

/// Another budget, laid over a scenario's files.
pub(crate) fn set_budget(money: Money) -> Change {
    Change::set("--budget", &format!("budget={}", money.major()))
}

/// What is to be played in a scenario other than the one that was typed.
pub(crate) fn games_in(scenario: &Arc<Scenario>, stage: &cli::Stage, truth: bool) -> Games {
    Games {
        scenario: Arc::clone(scenario),
        seeds: stage.seeds.0.clone(),
        noises: stage.noise,
        agent_seed: stage.running.agent_seed,
        truth,
        store: None,
    }
}

/// The agent of a text such as `mpc`, `runs/a`, `exec:COMMAND` or `mine=runs/a`.
pub(crate) fn participant(
    text: &str,
    scenario: &Arc<Scenario>,
    time_limit: f64,
) -> Result<(Participant, Vec<Warning>), Failure> {
    let (alias, agent) = split_alias(text);
    let Known { player, identity, warning } = entrants::player(agent, scenario, time_limit)?;
    let name = alias.unwrap_or(agent).to_owned();
    let participant = Participant { name, agent: agent.to_owned(), identity, player };
    Ok((participant, warning.into_iter().collect()))
}

/// Agents in the order given, each under a name of its own.
pub(crate) fn participants(
    texts: &[String],
    scenario: &Arc<Scenario>,
    time_limit: f64,
) -> Result<(Vec<Participant>, Vec<Warning>), Failure> {
    let (mut participants, mut warnings) = (Vec::<Participant>::new(), Vec::new());
    for text in texts {
        let (participant, warning) = participant(text.trim(), scenario, time_limit)?;
        if participants.iter().any(|other| other.name == participant.name) {
            return Err(Failure::usage(format!("two agents are called `{}`", participant.name))
                .help(format!("give one another name: `--agent 'another={}'`", participant.agent)));
        }
        participants.push(participant);
        warnings.extend(warning);
    }
    Ok((participants, warnings))
}

/// The place of an agent that an option names.
pub(crate) fn place(name: &str, participants: &[Participant], option: &str) -> Result<usize, Failure> {
    let found = participants.iter().position(|participant| participant.name == name);
    found.or_else(|| participants.iter().position(|participant| participant.agent == name)).ok_or_else(|| {
        let names = participants.iter().map(|participant| participant.name.as_str());
        let failure = Failure::usage(format!("`{option}` names `{name}`, which is not compared"));
        did_you_mean(failure, nearest(name, names.clone()).as_deref())
            .help(format!("compared are {}; add others with `--agents`", list(names)))
    })
}

/// `--require 'X > Y'`
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Requirement {
    /// As typed.
    pub(crate) text: String,
    /// Place of X.
    pub(crate) better: usize,
    /// Place of Y.
    pub(crate) worse: usize,
}

/// Reads `X > Y`.
pub(crate) fn requirement(text: &str, participants: &[Participant]) -> Result<Requirement, Failure> {
    let bad = || {
        Failure::usage(format!("`--require '{text}'` is not of the form 'X > Y'"))
            .help("an example: `--require 'mpc > even'`")
    };
    let (better, worse) = text.split_once('>').ok_or_else(bad)?;
    let (better, worse) = (better.trim(), worse.trim());
    if better.is_empty() || worse.is_empty() {
        return Err(bad());
    }
    let place = |name| place(name, participants, "--require");
    Ok(Requirement { text: text.to_owned(), better: place(better)?, worse: place(worse)? })
}

/// The candidate most like `name`, if it is close enough to be a slip of the hand.
pub(crate) fn nearest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<String> {
    suggestion(name, &candidates.collect::<Vec<_>>()).map(ToOwned::to_owned)
}

/// Adds the nearest name, if there is one.
pub(crate) fn did_you_mean(failure: Failure, nearest: Option<&str>) -> Failure {
    match nearest {
        Some(name) => failure.help(format!("did you mean `{name}`?")),
        None => failure,
    }
}

/// The place of a line that an option names.
pub(crate) fn line(scenario: &Scenario, name: &str, option: &str) -> Result<usize, Failure> {
    let lines = scenario.brief.lines.iter().map(|line| line.name.as_str());
    lines.clone().position(|line| line == name).ok_or_else(|| {
        let failure = Failure::usage(format!("`{option}`: `{}` has no line `{name}`", scenario.name));
        did_you_mean(failure, nearest(name, lines.clone()).as_deref())
            .help(format!("its lines are {}", list(lines.clone())))
    })
}

/// Names for a sentence.
pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Splits `NAME=AGENT`. A name is of letters, digits, `.`, `_` and `-`, so the `=` of a command or a path is not taken.
pub(crate) fn split_alias(text: &str) -> (Option<&str>, &str) {
    match text.split_once('=') {
        Some((name, agent))
            if !name.is_empty()
                && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '.' | '_' | '-')) =>
        {
            (Some(name), agent)
        }
        _ => (None, text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::episodes::play;

    #[test]
    fn an_alias_is_a_plain_word() {
        assert_eq!(split_alias("mine=exec:python my.py a=b"), (Some("mine"), "exec:python my.py a=b"));
        assert_eq!(split_alias("exec:python my.py --k=3"), (None, "exec:python my.py --k=3"));
        assert_eq!(split_alias("runs/a=b"), (None, "runs/a=b"));
        assert_eq!(split_alias("=mpc"), (None, "=mpc"));
        assert_eq!(split_alias("mpc"), (None, "mpc"));
    }

    /// Whoever decides meets the same market in shards, for whole seasons, and with each line left out in turn.
    #[test]
    fn agents_do_in_shards_what_they_do_in_one_piece() {
        for name in ["new-customer", "stock-bound"] {
            let whole = Scenario::load(name).unwrap().with_shoppers(400);
            let shards = whole.in_shards(150).unwrap();
            let agents = ["mpc", "buyer-rule", "rules", "random"].map(ToOwned::to_owned);
            let outcomes = [whole, shards].map(|scenario| {
                let (agents, _) = participants(&agents, &scenario, 1.0).unwrap();
                let games =
                    Games { scenario, seeds: 4..5, noises: 1, agent_seed: 0, truth: true, store: None };
                let mut played = play(&agents, &games, &|| false, &|| ()).outcomes;
                for outcome in played.iter_mut().flatten().flatten() {
                    outcome.deciding = std::time::Duration::ZERO;
                }
                played
            });
            assert!(outcomes[0].iter().flatten().flatten().all(|outcome| outcome.spend > Money::ZERO));
            assert_eq!(outcomes[0], outcomes[1], "{name}");
        }
    }

    #[test]
    fn only_a_near_name_is_suggested() {
        let names = ["even", "buyer-rule", "mpc"];
        assert_eq!(nearest("buyer-rul", names.into_iter()), Some("buyer-rule".into()));
        assert_eq!(nearest("evne", names.into_iter()), Some("even".into()));
        assert_eq!(nearest("zzz", names.into_iter()), None);
    }
}
