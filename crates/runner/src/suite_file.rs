//! The file of `outlay suite`: comparisons, each with its question and how to read the answer.

use std::path::Path;
use std::sync::Arc;

use outlay_environment::reader::{Bounds, Notes, Section, Source, read_bounded, with_table};
use outlay_environment::{Problems, Scenario};

use crate::cli::SeedRange;
use crate::failure::Failure;
use crate::plan;

/// Seeds where a comparison names none: those of `outlay compare`.
const SEEDS: std::ops::Range<u64> = 0..64;

/// One comparison.
#[derive(Debug)]
pub(crate) struct Entry {
    /// One line.
    pub(crate) title: String,
    /// What is asked.
    pub(crate) question: String,
    /// How to read the answer.
    pub(crate) reading: Option<String>,
    /// Scenario as typed.
    pub(crate) typed: String,
    /// The scenario.
    pub(crate) scenario: Arc<Scenario>,
    /// Agents as typed.
    pub(crate) agents: Vec<String>,
    /// Place of the agent that the others are measured against.
    pub(crate) against: usize,
    /// Seeds.
    pub(crate) seeds: SeedRange,
    /// Noise seeds for each world.
    pub(crate) noise: u64,
    /// Whether to show where each agent put its money.
    pub(crate) by_line: bool,
}

impl Entry {
    /// Names of the agents, in their order.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.agents.iter().map(|text| {
            let (alias, agent) = plan::split_alias(text.trim());
            alias.unwrap_or(agent)
        })
    }

    /// Name of the agent that the others are measured against.
    pub(crate) fn against_name(&self) -> &str {
        self.names().nth(self.against).unwrap_or_default()
    }
}

/// Reads a file; every problem of it and of its scenarios at once.
pub(crate) fn read(path: &Path) -> Result<Vec<Entry>, Failure> {
    let name = path.display().to_string();
    let text = read_bounded(path).map_err(|cause| {
        Failure::usage(format!("there is no suite `{name}`"))
            .because(cause)
            .help("`outlay suite --help` says what such a file holds")
    })?;
    Ok(parse(&Source::new(&name, &text))?)
}

fn parse(source: &Source) -> Result<Vec<Entry>, Problems> {
    let notes = Notes::default();
    let entries = with_table(source, &notes, |mut top| {
        let sections = top.sections("comparison");
        top.finish();
        sections.into_iter().map(|section| entry(section, &notes)).collect::<Vec<_>>()
    });
    notes.verdict()?;
    Ok(entries.into_iter().flatten().flatten().collect())
}

/// One `[[comparison]]`; nothing where a problem was noted that leaves no scenario.
fn entry(mut section: Section<'_>, notes: &Notes) -> Option<Entry> {
    let title = section.text("title", "one line for people");
    let question = section.text("question", "what the comparison is to answer");
    let reading = section.text_if_any("reading");
    let typed = section.text("scenario", "a shipped scenario, or a path");
    let agents = section.texts("agents", "names as for `outlay compare --agents`");
    let against = section.text_if_any("against");
    let seeds = section.text_if_any("seeds").map(|text| text.parse::<SeedRange>());
    let noise = section.whole_if_any("noise", Bounds::between(1.0, 10_000.0, "noise seeds for each world"));
    let by_line = section.flag_if_any("by_line").unwrap_or(false);

    let names: Vec<(&str, &str)> = agents
        .iter()
        .map(|text| plan::split_alias(text.trim()))
        .map(|(alias, agent)| (alias.unwrap_or(agent), agent))
        .collect();
    for (place, (name, agent)) in names.iter().enumerate() {
        if names[..place].iter().any(|(other, _)| other == name) {
            let help = format!("give one another name: \"another={agent}\"");
            section.object("agents", format!("two agents are called `{name}`"), "here", &help);
        }
        if agent.starts_with("exec:") {
            let help = "name it on the command line: `outlay compare --agent 'mine=exec:COMMAND'`";
            section.object("agents", "a file starts no programs", format!("`{name}` is one"), help);
        }
    }
    let place = against.as_deref().map(|against| {
        let by_name = names.iter().position(|(name, _)| *name == against);
        by_name.or_else(|| names.iter().position(|(_, agent)| *agent == against))
    });
    if let (Some(None), Some(against)) = (place, &against) {
        let near = plan::nearest(against, names.iter().map(|(name, _)| *name));
        let help =
            near.map_or_else(|| "name one of `agents`".to_owned(), |near| format!("did you mean `{near}`?"));
        section.object("against", format!("`{against}` is not compared"), "not among the agents", &help);
    }
    if let Some(Err(problem)) = &seeds {
        section.object("seeds", problem, "not seeds", "for example \"0..64\"");
    }
    let scenario = if typed.is_empty() { None } else { scenario(&typed, &section, notes) };
    section.finish();
    Some(Entry {
        title,
        question,
        reading,
        typed,
        scenario: scenario?,
        against: place.flatten().unwrap_or_default(),
        seeds: seeds.and_then(Result::ok).unwrap_or(SeedRange(SEEDS)),
        noise: noise.unwrap_or(1),
        by_line,
        agents,
    })
}

/// The scenario; its own problems join those of the suite.
pub(crate) fn scenario(typed: &str, section: &Section<'_>, notes: &Notes) -> Option<Arc<Scenario>> {
    match plan::scenario(typed) {
        Ok(scenario) => Some(scenario),
        Err(Failure::Scenario(problems)) => {
            notes.extend(problems);
            None
        }
        Err(Failure::Usage(complaint) | Failure::Run(complaint)) => {
            section.object("scenario", complaint.message, "not found", &complaint.help.join("; "));
            None
        }
        Err(Failure::Said(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<Vec<Entry>, Problems> {
        parse(&Source::new("suite.toml", text))
    }

    #[test]
    fn what_is_left_out_is_as_on_the_command_line() {
        let text = r#"
            [[comparison]]
            title = "Rules"
            question = "Which?"
            scenario = "new-customer"
            agents = ["even", "other=random"]
            against = "random"
        "#;
        let entries = parsed(text).unwrap();
        let entry = &entries[0];
        assert_eq!((entry.against, entry.noise, &entry.seeds), (1, 1, &SeedRange(SEEDS)));
        assert_eq!((entry.reading.as_deref(), entry.agents.len()), (None, 2));
    }

    #[test]
    fn every_problem_is_found_at_once() {
        let text = r#"
            [[comparison]]
            titel = "Rules"
            question = 3
            scenario = "new-custmer"
            agents = ["even", "even", 5, "mine=exec:rm -rf /"]
            against = "evne"
            seeds = "5..5"
            noise = 0
            [[comparison]]
            title = "Nobody"
            question = "Who?"
            scenario = "new-customer"
            agents = []
        "#;
        let problems = parsed(text).unwrap_err().0;
        let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        for words in [
            "`title` is missing",
            "`question` must be a text",
            "no scenario `new-custmer`",
            "two agents are called `even`",
            "`agents` must be a list of texts",
            "a file starts no programs",
            "`evne` is not compared",
            "`5..5` holds no seed",
            "`noise` must lie between 1",
            "unknown key `titel`",
            "`agents` must be a list of texts, at least one",
        ] {
            assert!(messages.iter().any(|message| message.contains(words)), "no `{words}`: {messages:#?}");
        }
        assert!(problems.iter().all(|problem| problem.span.is_some()));
        assert!(parsed("[[comparison]\n").is_err());
        assert!(parsed("").is_err());
    }
}
