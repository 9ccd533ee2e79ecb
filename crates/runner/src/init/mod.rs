//! `outlay init`: a scenario file of one's own, from a shipped one and a few answers.

mod questions;

use std::io::IsTerminal;

use outlay_environment::{Date, Scenario};

use crate::calibrate::{quoted, write};
use crate::cli;
use crate::failure::Failure;
use crate::phrases::init::Phrases;
use crate::phrases::{Language, fill};
use crate::plan;
use crate::terminal::Terminal;
use questions::{ask_all, between, channels, goal};

/// The scenario that a file starts from where none is named.
const BASE: &str = "new-customer";
/// The calendar whose one phase is made as long as is asked.
const CALENDAR: &str = "everyday-4-weeks";
const PHASE: &str = "everyday";
/// Goals that need nothing besides.
const GOALS: [&str; 8] = [
    "new-customers",
    "revenue",
    "orders",
    "repeat-orders",
    "won-back",
    "profit",
    "members",
    "qualified-leads",
];

/// Answers; what is missing is the base's.
#[derive(Debug, Clone, Default, PartialEq)]
struct Answers {
    goal: Option<String>,
    budget: Option<f64>,
    /// Days, and the first of them where it is known.
    days: Option<(u16, Option<Date>)>,
    channels: Vec<String>,
    margin: Option<f64>,
}

/// Runs the command and returns its exit code.
pub(crate) fn run(arguments: &cli::Init, terminal: Terminal) -> Result<u8, Failure> {
    let file = arguments.file.display().to_string();
    if arguments.file.exists() && !arguments.force {
        let failure = Failure::usage(format!("`{file}` is there already"));
        return Err(failure.help("name another file, or overwrite it with `--force`"));
    }
    let name = arguments.base.as_deref().unwrap_or(BASE);
    let base = plan::scenario(name)?;
    if base.market().is_none() {
        let failure = Failure::usage(format!("`{name}` has no shoppers, so nothing can be built on it here"));
        return Err(failure
            .help("`outlay scenarios` lists those that have; `outlay calibrate` makes curves of a history"));
    }
    let mut answers = given(arguments, &base)?;
    let missing = missing(&answers);
    if !missing.is_empty() && !arguments.yes {
        if !std::io::stdin().is_terminal() || terminal.json {
            let failure = Failure::usage(format!("missing: {}", missing.join(", ")));
            return Err(failure.help(format!(
                "give them, or `--yes` for the figures of `{name}`; on a terminal they are asked for"
            )));
        }
        let (mut input, mut output) = (std::io::stdin().lock(), anstream::stderr());
        ask_all(&mut answers, &base, Phrases::of(terminal.language), &mut input, &mut output)?;
    }
    let stem = arguments
        .file
        .file_stem()
        .map_or_else(|| "my-shop".to_owned(), |it| it.to_string_lossy().into_owned());
    let text = text(&stem, name, &base, &answers);
    write(&arguments.file, &text)?;
    if terminal.json {
        terminal.document(&serde_json::json!({
            "schema": "outlay.init/1",
            "version": crate::results::VERSION,
            "file": file,
            "base": name,
        }))?;
    } else {
        let written = fill(Phrases::of(terminal.language).written, &[&file]);
        terminal.result(&format!(
            "{written}  outlay check {file}\n  outlay compare {file} --agents even,buyer-rule,mpc\n"
        ))?;
    }
    Ok(0)
}

/// What the command line gives.
fn given(arguments: &cli::Init, base: &Scenario) -> Result<Answers, Failure> {
    let phrases = Phrases::of(Language::En);
    let goal =
        arguments.goal.as_deref().map(|text| goal(text, phrases)).transpose().map_err(Failure::usage)?;
    let days = match (&arguments.start, &arguments.end) {
        (Some(start), Some(end)) => Some(between(start, end, phrases).map_err(Failure::usage)?),
        _ => arguments.days.map(|days| (days, None)),
    };
    let channels = channels(&arguments.channels, base, phrases).map_err(Failure::usage)?;
    Ok(Answers { goal, budget: arguments.budget, days, channels, margin: arguments.margin })
}

/// Flags for what is not given.
fn missing(answers: &Answers) -> Vec<&'static str> {
    [
        (answers.goal.is_none(), "`--goal`"),
        (answers.budget.is_none(), "`--budget`"),
        (answers.days.is_none(), "`--days` (or `--start` and `--end`)"),
        (answers.channels.is_empty(), "`--channels`"),
        (answers.margin.is_none(), "`--margin`"),
    ]
    .into_iter()
    .filter_map(|(missing, flag)| missing.then_some(flag))
    .collect()
}

/// The file.
fn text(stem: &str, name: &str, base: &Scenario, answers: &Answers) -> String {
    let brief = &base.brief;
    let mut text = format!(
        "# Starts from the shipped scenario `{name}`: what is not written here is as it is there. `outlay check` shows what it\n\
         # comes to; environments/README.md lists the keys.\n\
         base = {}\n\
         title = {}\n\
         question = \"Where should the money go, and when?\"\n",
        quoted(name),
        quoted(stem),
    );
    let goal = answers.goal.as_deref().unwrap_or(base.goal.name());
    text += &format!(
        "# What is maximised; others are {}.\ngoal = {}\n",
        GOALS.into_iter().filter(|it| *it != goal).collect::<Vec<_>>().join(", "),
        quoted(goal)
    );
    let budget = answers.budget.unwrap_or(brief.budget.major());
    text += &format!("# Money for all days, {}.\nbudget = {budget}\n", base.currency);
    if let Some((_, Some(first))) = answers.days {
        text += &format!("# The first day: reports show dates.\nstart_date = \"{first}\"\n");
    }
    if answers.days.is_some() {
        text += &format!(
            "# Ordinary days without a promotion; other calendars lie in environments/calendars.\ncalendar = {}\n",
            quoted(CALENDAR)
        );
    }
    let has = |channel: &String| brief.lines.iter().any(|line| line.name == *channel);
    if !answers.channels.is_empty() {
        let dropped: Vec<String> = brief
            .lines
            .iter()
            .filter(|line| !answers.channels.contains(&line.name))
            .map(|line| quoted(&line.name))
            .collect();
        if !dropped.is_empty() {
            text +=
                &format!("# Lines of `{name}` that are not bought.\ndrop_lines = [{}]\n", dropped.join(", "));
        }
    }
    if let Some((days, first)) = answers.days {
        if let Some(first) = first {
            let names = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
            text += &format!("\n[set.calendar]\nfirst_weekday = {}\n", quoted(names[first.weekday()]));
        }
        text += &format!("\n[[set.calendar.phase]]\nname = {}\ndays = {days}\n", quoted(PHASE));
    }
    let margin = answers.margin.unwrap_or_else(|| base.net_margin());
    if answers.margin.is_some() {
        text += &format!(
            "\n[set.merchant]\n# Left of an order after the cost of goods: breaks even at a return of {:.2}.\nmargin = {margin}\n",
            1.0 / margin
        );
    }
    text += "\n# Limits; environments/README.md has more.\n[limits]\n";
    text += &match brief.limits.return_floor {
        Some(floor) => format!(
            "# Soft, as in `{name}`: least revenue that is reported for a unit of money.\nreturn_floor = {floor}\n"
        ),
        None => "# return_floor = 2.0\n".to_owned(),
    };
    text += "# daily_cap = 10000\n# largest_change = 0.2\n";
    for channel in answers.channels.iter().filter(|channel| !has(channel)) {
        text += &format!("\n[[line]]\nname = {0}\nchannel = {0}\n", quoted(channel));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers() -> Answers {
        Answers {
            goal: Some("profit".to_owned()),
            budget: Some(90_000.0),
            days: Some((21, Some(Date(20_593)))),
            channels: vec!["search".to_owned(), "display".to_owned(), "weibo".to_owned()],
            margin: Some(0.4),
        }
    }

    #[test]
    fn the_file_is_sound_and_says_what_was_asked() {
        for base in ["new-customer", "steady-profit", "member"] {
            let loaded = Scenario::load(base).unwrap();
            let text = text("mine", base, &loaded, &answers());
            let scenario =
                Scenario::from_text("mine", &text).unwrap_or_else(|problems| panic!("{problems}\n{text}"));
            let brief = &scenario.brief;
            assert_eq!((brief.steps, brief.budget.major(), brief.margin), (21, 90_000.0, 0.4));
            assert_eq!(scenario.goal.name(), "profit");
            assert_eq!(brief.calendar[0].weekday, 2);
            assert_eq!(scenario.date(1).map(|date| date.to_string()).as_deref(), Some("2026-05-21"));
            let mut lines: Vec<&str> = brief.lines.iter().map(|line| line.name.as_str()).collect();
            lines.sort_unstable();
            assert_eq!(lines, ["display", "search", "weibo"]);
        }
        let base = Scenario::load("new-customer").unwrap();
        let unchanged =
            Scenario::from_text("mine", &text("mine", "new-customer", &base, &Answers::default())).unwrap();
        assert_eq!((unchanged.brief.budget, unchanged.brief.steps), (base.brief.budget, base.brief.steps));
    }

    #[test]
    fn all_that_is_missing_is_said_at_once() {
        assert_eq!(missing(&Answers::default()).len(), 5);
        assert!(missing(&answers()).is_empty());
    }
}
