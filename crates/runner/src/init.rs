//! `outlay init`: a scenario file of one's own, from a shipped one and a few answers.

use std::io::{BufRead, IsTerminal, Write};

use outlay_environment::{Date, Scenario, suggestion};

use crate::calibrate::{day_of, quoted, write};
use crate::cli;
use crate::failure::Failure;
use crate::format::number;
use crate::plan;
use crate::terminal::Terminal;

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
        ask_all(&mut answers, &base, &mut std::io::stdin().lock(), &mut anstream::stderr())?;
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
        terminal.result(&format!(
            "{file} is written; try\n  outlay check {file}\n  outlay compare {file} --agents even,buyer-rule,mpc\n"
        ))?;
    }
    Ok(0)
}

/// What the command line gives.
fn given(arguments: &cli::Init, base: &Scenario) -> Result<Answers, Failure> {
    let goal = arguments.goal.as_deref().map(goal).transpose().map_err(Failure::usage)?;
    let days = match (&arguments.start, &arguments.end) {
        (Some(start), Some(end)) => Some(between(start, end).map_err(Failure::usage)?),
        _ => arguments.days.map(|days| (days, None)),
    };
    let channels = channels(&arguments.channels, base).map_err(Failure::usage)?;
    Ok(Answers { goal, budget: arguments.budget, days, channels, margin: arguments.margin })
}

/// A goal that needs nothing besides.
fn goal(text: &str) -> Result<String, String> {
    if GOALS.contains(&text) {
        return Ok(text.to_owned());
    }
    let near = suggestion(text, &GOALS).map_or_else(String::new, |near| format!("did you mean `{near}`? "));
    Err(format!("`{text}` is no goal for a new file; {near}there are {}", plan::list(GOALS.into_iter())))
}

/// Channels that there are: lines of the base, or files that ship.
fn channels(typed: &[String], base: &Scenario) -> Result<Vec<String>, String> {
    let shipped = Scenario::shipped_in("channels");
    let shipped = shipped.iter().map(|path| path.rsplit('/').next().unwrap_or(path));
    let mut known: Vec<&str> =
        base.brief.lines.iter().map(|line| line.name.as_str()).chain(shipped).collect();
    known.sort_unstable();
    known.dedup();
    let typed: Vec<&str> = typed.iter().map(|it| it.trim()).filter(|it| !it.is_empty()).collect();
    match typed.iter().find(|it| !known.contains(it)) {
        None => Ok(typed.iter().map(|it| (*it).to_owned()).collect()),
        Some(other) => {
            let near =
                suggestion(other, &known).map_or_else(String::new, |near| format!("did you mean `{near}`? "));
            Err(format!(
                "there is no channel `{other}`; {near}there are {}",
                plan::list(known.iter().copied())
            ))
        }
    }
}

/// Days from one date to another, both included, and the first.
fn between(start: &str, end: &str) -> Result<(u16, Option<Date>), String> {
    let day = |text: &str| day_of(text).ok_or_else(|| format!("`{text}` is no date such as 2026-05-20"));
    let (first, last) = (day(start)?, day(end)?);
    let days = u16::try_from(last - first + 1).ok().filter(|days| (1..=730).contains(days));
    let days = days.ok_or_else(|| {
        format!("from {start} to {end} are {} days; from 1 to 730 can be played", last - first + 1)
    })?;
    Ok((days, Some(Date(first))))
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

/// Asks for whatever is not given; an empty answer is the base's figure.
fn ask_all(
    answers: &mut Answers,
    base: &Scenario,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let brief = &base.brief;
    let positive = |text: &str, most: f64| {
        let number = text.replace(['_', ','], "").parse::<f64>().ok().filter(|it| *it > 0.0 && *it <= most);
        number.ok_or_else(|| format!("`{text}` is not a number above 0 and up to {}", self::number(most)))
    };
    if answers.goal.is_none() {
        let question = format!("What to aim at ({})", GOALS.join(", "));
        answers.goal = ask(&question, base.goal.name(), input, output, goal)?;
    }
    if answers.budget.is_none() {
        let question = format!("Money for all days, in {}", base.currency);
        answers.budget =
            ask(&question, &number(brief.budget.major()), input, output, |text| positive(text, 1e12))?;
    }
    if answers.days.is_none() {
        let days = (brief.steps as f64 * brief.step_days).round();
        let read = |text: &str| match text.split_once(' ') {
            Some((first, last)) => between(first.trim(), last.trim()),
            None => positive(text, 730.0).map(|days| (days.round().max(1.0) as u16, None)),
        };
        let question =
            "Number of days, or the first and the last as 2026-05-20 2026-06-20; nothing for the same season";
        answers.days = ask(question, &number(days), input, output, read)?;
    }
    if answers.channels.is_empty() {
        let lines: Vec<&str> = brief.lines.iter().map(|line| line.name.as_str()).collect();
        let read =
            |text: &str| channels(&text.split([',', '，']).map(ToOwned::to_owned).collect::<Vec<_>>(), base);
        let asked = ask("Channels, split at commas", &lines.join(","), input, output, read)?;
        answers.channels = asked.unwrap_or_default();
    }
    if answers.margin.is_none() {
        let question = "Share of an order's value that is left after the cost of goods";
        answers.margin =
            ask(question, &number(base.net_margin()), input, output, |text| positive(text, 1.0))?;
    }
    Ok(())
}

/// One question, until it is answered; nothing where the answer is empty.
fn ask<T>(
    question: &str,
    usual: &str,
    input: &mut impl BufRead,
    output: &mut impl Write,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Failure> {
    loop {
        let failed = |error: std::io::Error| Failure::run("the question could not be asked").because(error);
        write!(output, "{question} [{usual}]: ").and_then(|()| output.flush()).map_err(failed)?;
        let mut line = String::new();
        if input.read_line(&mut line).map_err(failed)? == 0 {
            return Err(Failure::usage("the questions were not answered")
                .help("give flags instead: `outlay init --help`"));
        }
        let line = line.trim();
        if line.is_empty() {
            return Ok(None);
        }
        match read(line) {
            Ok(answer) => return Ok(Some(answer)),
            Err(complaint) => writeln!(output, "{complaint}").map_err(failed)?,
        }
    }
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
    fn questions_are_asked_until_they_are_answered() {
        let base = Scenario::load("new-customer").unwrap();
        let mut input = "proft\nprofit\n120_000\n\nserch,notes\nsearch, notes\n1.5\n0.5\n".as_bytes();
        let (mut found, mut output) = (Answers::default(), Vec::new());
        ask_all(&mut found, &base, &mut input, &mut output).unwrap();
        let wanted = Answers {
            goal: Some("profit".to_owned()),
            budget: Some(120_000.0),
            days: None,
            channels: vec!["search".to_owned(), "notes".to_owned()],
            margin: Some(0.5),
        };
        assert_eq!(found, wanted);
        let said = String::from_utf8(output).unwrap();
        assert!(
            said.contains("did you mean `profit`?")
                && said.contains("did you mean `search`?")
                && said.contains("`1.5` is not a number"),
            "{said}"
        );
        // Whoever hangs up gets no file.
        assert!(ask_all(&mut Answers::default(), &base, &mut "".as_bytes(), &mut Vec::new()).is_err());
    }

    #[test]
    fn dates_become_days_and_a_weekday() {
        // 2026-05-20 is a Wednesday.
        let (days, first) = between("2026-05-20", "2026-06-20").unwrap();
        assert_eq!((days, first.map(Date::weekday)), (32, Some(2)));
        assert!(between("2026-06-20", "2026-05-20").is_err() && between("20 May", "2026-06-20").is_err());
    }

    #[test]
    fn all_that_is_missing_is_said_at_once() {
        assert_eq!(missing(&Answers::default()).len(), 5);
        assert!(missing(&answers()).is_empty());
    }
}
