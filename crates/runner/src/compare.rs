//! `outlay compare`: agents on the same worlds and the same noise.

use std::sync::Arc;
use std::time::Instant;

use outlay_environment::Scenario;

use crate::ceiling;
use crate::cli;
use crate::episodes::{Games, Outcome, Participant, Played};
use crate::evaluate::{kept, play, setting, warn_interrupted};
use crate::evaluation;
use crate::export;
use crate::failure::{EXIT_FAILED, EXIT_INTERRUPTED, EXIT_REQUIREMENT, Failure};
use crate::plan;
use crate::replay;
use crate::results::{
    CertifiedBound, CompareDocument, Contestant, Finished, Pair, Profile, Profiles, Requirement, ScenarioId,
    VERSION,
};
use crate::statistics;
use crate::tables::{self, Shown};
use crate::terminal::Terminal;
use crate::warning::Warning;

/// Agents where none are named.
const DEFAULT_AGENTS: [&str; 4] = ["even", "last-period", "buyer-rule", "mpc"];
/// The ends of the headroom.
const EVEN: &str = "even";
const CLAIRVOYANT: &str = "clairvoyant";

/// What a comparison found.
pub(crate) struct Found {
    /// Agents in the order asked for.
    pub(crate) agents: Vec<Contestant>,
    /// Each other agent against one.
    pub(crate) pairs: Vec<Pair>,
    /// What each requirement came to.
    pub(crate) requirements: Vec<Requirement>,
    /// How often they reach how much.
    pub(crate) profiles: Profiles,
    /// What no plan can exceed.
    pub(crate) bound: Option<CertifiedBound>,
    /// Interquartile means of even and of the clairvoyant plan.
    pub(crate) range: Option<[f64; 2]>,
    /// Whether it was stopped before the end.
    pub(crate) interrupted: bool,
    /// Seeds that are in.
    pub(crate) finished_episodes: usize,
    /// What should be known before the results are believed.
    pub(crate) warnings: Vec<Warning>,
}

/// Who is compared with whom.
pub(crate) struct Field {
    /// Everybody who plays: those asked for first, then those that only the headroom needs.
    pub(crate) participants: Vec<Participant>,
    /// How many were asked for.
    pub(crate) asked: usize,
    /// Place of the one the others are measured against.
    pub(crate) against: usize,
    /// What must hold.
    pub(crate) requirements: Vec<plan::Requirement>,
}

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Compare, timing: bool, terminal: Terminal) -> Result<u8, Failure> {
    let start = Instant::now();
    let show = &arguments.show;
    let format = Format::of(show, terminal)?;
    let mut games = plan::games(&arguments.stage, &arguments.destination, false)?;
    let (field, warnings) = field(arguments, &games)?;
    warnings.iter().for_each(|warning| terminal.warn(warning));
    if let Some(at) = show.replay {
        let asked = &field.participants[..field.asked];
        return replay::run(asked, &games, at, show, terminal);
    }
    games.store = kept(&arguments.keep, &games, timing, terminal)?;
    let found = compare(&field, &games, timing, terminal);
    if found.interrupted {
        warn_interrupted(&games, found.finished_episodes, terminal);
        if found.finished_episodes == 0 {
            return Ok(EXIT_INTERRUPTED);
        }
    }
    let setting = setting(&games, &arguments.stage, show.markdown, terminal.language);
    match format {
        Format::Json => {
            let scenario = evaluation::scenario_id(&games.scenario);
            let seconds = timing.then(|| start.elapsed().as_secs_f64());
            terminal.document(&document(&found, &scenario, &games, seconds))?;
        }
        Format::Csv => {
            let finished = found.agents.iter().filter_map(Contestant::finished);
            let agents = finished.map(|agent| (agent.name.as_str(), &*games.scenario, &agent.evaluation));
            let text = if arguments.by_line { export::lines(agents) } else { export::episodes(agents) };
            terminal.result(&text?)?;
        }
        Format::Page => {
            let shown = Shown { profile: arguments.profile, by_line: arguments.by_line };
            terminal.result(&table(&found, &field, &setting, shown))?;
        }
    }
    report(&found, &arguments.stage.seeds, terminal);
    Ok(exit_code(&found))
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// Tables, as text or Markdown.
    Page,
    /// One document.
    Json,
    /// A row for each episode.
    Csv,
}

impl Format {
    /// As the flags say, of which at most one may be given.
    pub(crate) fn of(show: &cli::Show, terminal: Terminal) -> Result<Self, Failure> {
        match (terminal.json, show.csv, show.markdown) {
            (true, false, false) => Ok(Self::Json),
            (false, true, false) => Ok(Self::Csv),
            (false, false, _) => Ok(Self::Page),
            // The parser refuses most of it; a flag before the command it does not see.
            _ => Err(Failure::usage("of `--json`, `--csv` and `--markdown` only one can be given")
                .help("run the command once for each: episodes are kept, so it takes no time")),
        }
    }
}

/// A comparison for `--json`.
pub(crate) fn document<'a>(
    found: &'a Found,
    scenario: &'a ScenarioId,
    games: &Games,
    seconds_total: Option<f64>,
) -> CompareDocument<'a> {
    CompareDocument {
        schema: "outlay.compare/1",
        version: VERSION,
        scenario,
        seeds: cli::SeedRange(games.seeds.clone()).to_string(),
        noise: games.noises,
        interrupted: found.interrupted,
        agents: &found.agents,
        pairs: &found.pairs,
        requirements: &found.requirements,
        estimand: statistics::ESTIMAND,
        profiles: &found.profiles,
        bound: found.bound.as_ref(),
        seconds_total,
    }
}

/// The tables of a comparison.
pub(crate) fn table(found: &Found, field: &Field, setting: &tables::Setting<'_>, shown: Shown) -> String {
    let against = &field.participants[field.against].name;
    let comparison = tables::Comparison {
        agents: &found.agents,
        pairs: &found.pairs,
        against,
        requirements: &found.requirements,
        range: found.range,
        bound: found.bound.as_ref(),
        profiles: &found.profiles,
        shown,
    };
    tables::comparison(&comparison, setting)
}

/// Says on standard error what went wrong and what is in doubt.
pub(crate) fn report(found: &Found, seeds: &cli::SeedRange, terminal: Terminal) {
    for agent in &found.agents {
        if let Contestant::Failed { name, error, .. } = agent {
            terminal.agent_failed(name, error);
        }
    }
    found.warnings.iter().for_each(|warning| terminal.warn(warning));
    let few = Warning::few_seeds(seeds);
    for pair in &found.pairs {
        let [low, high] = pair.difference_ci95;
        if few.is_none() && low <= 0.0 && high >= 0.0 {
            terminal.warn(&Warning::NotDistinguishable {
                a: pair.a.clone(),
                b: pair.b.clone(),
                seeds: seeds.clone(),
            });
        }
    }
    if let Some(warning) = few {
        terminal.warn(&warning);
    }
}

/// The exit code of what was found.
pub(crate) fn exit_code(found: &Found) -> u8 {
    if found.interrupted {
        EXIT_INTERRUPTED
    } else if found.agents.iter().any(|agent| agent.finished().is_none()) {
        EXIT_FAILED
    } else if found.requirements.iter().any(|requirement| !requirement.met) {
        EXIT_REQUIREMENT
    } else {
        0
    }
}

/// Looks up everybody who plays.
fn field(arguments: &cli::Compare, games: &Games) -> Result<(Field, Vec<Warning>), Failure> {
    let mut texts: Vec<String> = arguments.agents.iter().chain(&arguments.agent).cloned().collect();
    if texts.is_empty() {
        texts = DEFAULT_AGENTS.map(ToOwned::to_owned).to_vec();
    }
    let limit = arguments.stage.running.time_limit;
    let (mut participants, warnings) = plan::participants(&texts, &games.scenario, limit)?;
    let against = arguments.against.as_deref().map(|name| plan::place(name, &participants, "--against"));
    let against = against.transpose()?.unwrap_or_default();
    let requirements = arguments.require.iter().map(|text| plan::requirement(text, &participants));
    let requirements = requirements.collect::<Result<_, _>>()?;
    let asked = participants.len();
    add_references(&mut participants, arguments.headroom, &games.scenario, limit)?;
    Ok((Field { participants, asked, against, requirements }, warnings))
}

/// Adds the ends of the headroom, where it is asked for or one of them plays anyway.
pub(crate) fn add_references(
    participants: &mut Vec<Participant>,
    headroom: bool,
    scenario: &Arc<Scenario>,
    limit: f64,
) -> Result<(), Failure> {
    let plays = |agent: &str, participants: &[Participant]| participants.iter().any(|it| it.agent == agent);
    if headroom || plays(CLAIRVOYANT, participants) {
        for reference in [EVEN, CLAIRVOYANT] {
            if !plays(reference, participants) {
                participants.push(plan::participant(reference, scenario, limit)?.0);
            }
        }
    }
    Ok(())
}

/// Plays and compares.
pub(crate) fn compare(field: &Field, games: &Games, timing: bool, terminal: Terminal) -> Found {
    found(field, games, play(&field.participants, games, terminal), timing)
}

/// Compares what was played.
pub(crate) fn found(field: &Field, games: &Games, played: Played, timing: bool) -> Found {
    let noises = games.noises as usize;
    // Nobody finished anything: there is nothing to say but why.
    let outcomes: Vec<Result<Vec<Outcome>, String>> = played
        .outcomes
        .into_iter()
        .map(|it| {
            it.and_then(|it| if it.is_empty() { Err("no seed was finished".to_owned()) } else { Ok(it) })
        })
        .collect();
    let scores: Vec<Option<Vec<f64>>> =
        outcomes.iter().map(|it| it.as_ref().ok().map(|it| evaluation::scores(it))).collect();
    let reference = |agent: &str| {
        let place = field.participants.iter().position(|it| it.agent == agent)?;
        scores[place].as_deref()
    };
    let references = reference(EVEN).zip(reference(CLAIRVOYANT));
    let range = references.map(|(even, best)| [even, best].map(statistics::interquartile_mean));
    // A comparison that was stopped is about some of the worlds only.
    let bound = if played.interrupted { None } else { ceiling::bound(games) };
    let certified = bound.as_ref().filter(|bound| bound.certified);
    let mut warnings = Vec::new();
    let mut agents = Vec::new();
    for (participant, outcomes) in field.participants.iter().zip(&outcomes).take(field.asked) {
        let (name, agent) = (participant.name.clone(), participant.agent.clone());
        agents.push(match outcomes {
            Err(error) => Contestant::Failed { name, agent, error: error.clone() },
            Ok(outcomes) => {
                let times = outcomes.iter().map(|outcome| outcome.relaxations).sum();
                if times > 0 {
                    warnings.push(Warning::Relaxed { agent: name.clone(), times });
                }
                let evaluation = evaluation::evaluate(&agent, &games.scenario, outcomes, noises, timing);
                let headroom =
                    range.and_then(|[low, high]| statistics::headroom(evaluation.score.iqm, low, high));
                let normalised = references.and_then(|(even, best)| {
                    statistics::normalised(&evaluation::scores(outcomes), even, best)
                });
                let optimality_gap =
                    normalised.as_ref().map(|scores| statistics::optimality_gap(scores, 1.0));
                let mean = evaluation.score.mean;
                let of_bound = certified.map(|bound| mean / bound.mean);
                let of_answer = ceiling::share_of_answer(&games.scenario, mean);
                Contestant::Finished(Box::new(Finished {
                    name,
                    headroom,
                    evaluation,
                    optimality_gap,
                    normalised,
                    of_bound,
                    of_answer,
                }))
            }
        });
    }
    let against = |a: usize, b: usize| match (&scores[a], &scores[b]) {
        (Some(a), Some(b)) => Some(statistics::compare(a, b, noises)),
        _ => None,
    };
    let names: Vec<&str> = field.participants.iter().map(|it| it.name.as_str()).collect();
    let others = (0..field.asked).filter(|&place| place != field.against);
    let comparisons =
        others.filter_map(|place| Some((names[place], against(place, field.against)?))).collect();
    let requirements = field.requirements.iter().map(|requirement| {
        let interval =
            against(requirement.better, requirement.worse).map(|comparison| comparison.difference_interval);
        Requirement {
            require: requirement.text.clone(),
            difference_ci95: interval,
            met: interval.is_some_and(|[low, _]| low > 0.0),
        }
    });
    Found {
        pairs: pairs(comparisons, names[field.against]),
        requirements: requirements.collect(),
        profiles: profiles(&names[..field.asked], &scores, noises),
        agents,
        bound,
        range,
        interrupted: played.interrupted,
        finished_episodes: outcomes.iter().flatten().map(Vec::len).max().unwrap_or_default(),
        warnings,
    }
}

/// Each other agent against `b`, with p values adjusted for how many they are.
fn pairs(comparisons: Vec<(&str, statistics::Comparison)>, b: &str) -> Vec<Pair> {
    let p_values: Vec<f64> = comparisons.iter().map(|(_, comparison)| comparison.p_value).collect();
    let pair = |((a, comparison), p_holm): ((&str, statistics::Comparison), f64)| Pair {
        a: a.to_owned(),
        b: b.to_owned(),
        difference: comparison.difference,
        difference_ci95: comparison.difference_interval,
        uplift: comparison.uplift,
        uplift_ci95: comparison.uplift_interval,
        p_better: comparison.better,
        p10_difference: comparison.tenth,
        p10_difference_ci95: comparison.tenth_interval,
        p_value: comparison.p_value,
        p_holm,
        p_improvement: comparison.improvement,
    };
    comparisons.into_iter().zip(statistics::holm(&p_values)).map(pair).collect()
}

/// Performance profiles of those that finished, on thresholds common to all.
fn profiles(names: &[&str], scores: &[Option<Vec<f64>>], noises: usize) -> Profiles {
    let finished = || names.iter().zip(scores).filter_map(|(name, scores)| Some((name, scores.as_ref()?)));
    let pooled: Vec<f64> = finished().flat_map(|(_, scores)| scores).copied().collect();
    let tau = statistics::deciles(&pooled);
    let agents = finished().map(|(name, scores)| {
        let (share, share_ci95) = statistics::profile(scores, noises, &tau);
        let (share_of_worlds, share_of_worlds_ci95) =
            statistics::profile(&statistics::world_means(scores, noises), 1, &tau);
        Profile { name: (*name).to_owned(), share, share_ci95, share_of_worlds, share_of_worlds_ci95 }
    });
    Profiles { agents: agents.collect(), tau }
}
