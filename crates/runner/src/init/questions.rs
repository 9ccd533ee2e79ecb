//! The dialogue: a question for whatever is not given, until it is answered.

use std::io::{BufRead, Write};

use outlay_environment::{Date, Goal, Scenario, suggestion};

use super::{Answers, GOALS};
use crate::calibrate::day_of;
use crate::cli;
use crate::failure::Failure;
use crate::phrases::init::Phrases;
use crate::phrases::{Language, fill};
use crate::plan;

/// Asks for whatever is not given; an empty answer is the base's figure.
pub(super) fn ask_all(
    answers: &mut Answers,
    base: &Scenario,
    phrases: &Phrases,
    input: &mut impl BufRead,
    output: &mut impl Write,
) -> Result<(), Failure> {
    let brief = &base.brief;
    if answers.goal.is_none() {
        let goals: Vec<String> = GOALS.iter().map(|goal| in_words(goal, phrases)).collect();
        let question =
            fill(phrases.goal, &[&goals.join(if phrases.language == Language::Zh { "、" } else { ", " })]);
        let read = |text: &str| goal(text, phrases);
        answers.goal = ask(&question, base.goal.name(), phrases, input, output, read)?;
    }
    if answers.budget.is_none() {
        let question = fill(phrases.budget, &[&base.currency]);
        let usual = brief.budget.major().to_string();
        let read = |text: &str| money(text).ok_or_else(|| fill(phrases.no_money, &[text]));
        answers.budget = ask(&question, &usual, phrases, input, output, read)?;
    }
    if answers.days.is_none() {
        let usual = (brief.steps as f64 * brief.step_days).round().to_string();
        answers.days = ask(phrases.days, &usual, phrases, input, output, |text| days(text, phrases))?;
    }
    if answers.channels.is_empty() {
        let lines: Vec<&str> = brief.lines.iter().map(|line| line.name.as_str()).collect();
        let others: Vec<String> =
            known(base).into_iter().filter(|it| !lines.contains(&it.as_str())).collect();
        let question = fill(phrases.channels, &[&others.join(", ")]);
        let read = |text: &str| {
            let names: Vec<String> = text.split([',', '，', '、']).map(ToOwned::to_owned).collect();
            channels(&names, base, phrases)
        };
        let asked = ask(&question, &lines.join(","), phrases, input, output, read)?;
        answers.channels = asked.unwrap_or_default();
    }
    if answers.margin.is_none() {
        let read = |text: &str| share(text).ok_or_else(|| fill(phrases.no_share, &[text]));
        let usual = (1e4 * base.net_margin()).round() / 1e4;
        answers.margin = ask(phrases.margin, &usual.to_string(), phrases, input, output, read)?;
    }
    Ok(())
}

/// One question, until it is answered; nothing where the answer is empty.
fn ask<T>(
    question: &str,
    usual: &str,
    phrases: &Phrases,
    input: &mut impl BufRead,
    output: &mut impl Write,
    read: impl Fn(&str) -> Result<T, String>,
) -> Result<Option<T>, Failure> {
    let prompt = fill(phrases.prompt, &[question, usual]);
    loop {
        let failed = |error: std::io::Error| Failure::run("the question could not be asked").because(error);
        write!(output, "{prompt}").and_then(|()| output.flush()).map_err(failed)?;
        let mut line = String::new();
        if input.read_line(&mut line).map_err(failed)? == 0 {
            // The next line of the terminal is not the question's.
            writeln!(output).map_err(failed)?;
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

/// A goal's name, with what it counts where that is another language's word.
fn in_words(goal: &str, phrases: &Phrases) -> String {
    match (phrases.language, Goal::named(goal)) {
        (Language::Zh, Some(known)) => format!("{goal}（{}）", phrases.term(known.unit())),
        _ => goal.to_owned(),
    }
}

/// A goal that needs nothing besides, by its name or by what it counts.
pub(super) fn goal(text: &str, phrases: &Phrases) -> Result<String, String> {
    let is = |goal: &&&str| {
        **goal == text || Goal::named(goal).is_some_and(|known| phrases.term(known.unit()) == text)
    };
    if let Some(goal) = GOALS.iter().find(is) {
        return Ok((*goal).to_owned());
    }
    let near = near(text, &GOALS, phrases);
    Err(fill(phrases.no_goal, &[text, &near, &plan::list(GOALS.into_iter())]))
}

fn near(text: &str, known: &[&str], phrases: &Phrases) -> String {
    suggestion(text, known).map_or_else(String::new, |near| fill(phrases.did_you_mean, &[near]))
}

/// Channels that there are: lines of the base, or files that ship.
fn known(base: &Scenario) -> Vec<String> {
    let shipped = Scenario::shipped_in("channels");
    let shipped = shipped.iter().map(|path| path.rsplit('/').next().unwrap_or(path).to_owned());
    let mut known: Vec<String> =
        base.brief.lines.iter().map(|line| line.name.clone()).chain(shipped).collect();
    known.sort_unstable();
    known.dedup();
    known
}

/// Channels that there are.
pub(super) fn channels(typed: &[String], base: &Scenario, phrases: &Phrases) -> Result<Vec<String>, String> {
    let known = known(base);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let typed: Vec<&str> = typed.iter().map(|it| it.trim()).filter(|it| !it.is_empty()).collect();
    match typed.iter().find(|it| !known.contains(it)) {
        None => Ok(typed.iter().map(|it| (*it).to_owned()).collect()),
        Some(other) => {
            let near = near(other, &known, phrases);
            Err(fill(phrases.no_channel, &[other, &near, &plan::list(known.iter().copied())]))
        }
    }
}

/// A number of days, or the first and the last.
fn days(text: &str, phrases: &Phrases) -> Result<(u16, Option<Date>), String> {
    match text.split_once(char::is_whitespace) {
        Some((first, last)) => between(first.trim(), last.trim(), phrases),
        None => match text.parse::<u16>() {
            Ok(days @ 1..=730) => Ok((days, None)),
            _ => Err(fill(phrases.no_days, &[text])),
        },
    }
}

/// Days from one date to another, both included, and the first.
pub(super) fn between(start: &str, end: &str, phrases: &Phrases) -> Result<(u16, Option<Date>), String> {
    let day = |text: &str| day_of(text).ok_or_else(|| fill(phrases.no_date, &[text]));
    let (first, last) = (day(start)?, day(end)?);
    let count = last - first + 1;
    let days = u16::try_from(count).ok().filter(|days| (1..=730).contains(days));
    let days = days.ok_or_else(|| fill(phrases.span, &[start, end, &count.to_string()]))?;
    Ok((days, Some(Date(first))))
}

/// Money above 0 as people write it, with spaces where they like.
fn money(text: &str) -> Option<f64> {
    cli::money(&text.replace(' ', ""))
}

/// A share above 0 and up to 1: `0.4`, `40%`.
fn share(text: &str) -> Option<f64> {
    let share = match text.strip_suffix(['%', '％']) {
        Some(percent) => percent.trim().parse::<f64>().ok()? / 100.0,
        None => text.parse::<f64>().ok()?,
    };
    (share > 0.0 && share <= 1.0).then_some(share)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_are_asked_until_they_are_answered() {
        let base = Scenario::load("new-customer").unwrap();
        let mut input = "proft\nprofit\n120_000\n\nserch,notes\nsearch, notes\n1.5\n0.5\n".as_bytes();
        let (mut found, mut output) = (Answers::default(), Vec::new());
        ask_all(&mut found, &base, Phrases::of(Language::En), &mut input, &mut output).unwrap();
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
                && said.contains("`1.5` is not a share"),
            "{said}"
        );
        // Whoever hangs up gets no file.
        assert!(
            ask_all(
                &mut Answers::default(),
                &base,
                Phrases::of(Language::En),
                &mut "".as_bytes(),
                &mut Vec::new()
            )
            .is_err()
        );
    }

    #[test]
    fn questions_are_asked_in_chinese_and_answered_as_people_write() {
        let base = Scenario::load("new-customer").unwrap();
        let mut input = "利润\n12万\n2026-05-20\n2026-05-20 2026-06-09\nsearch、notes\n40%\n".as_bytes();
        let (mut found, mut output) = (Answers::default(), Vec::new());
        ask_all(&mut found, &base, Phrases::of(Language::Zh), &mut input, &mut output).unwrap();
        let wanted = Answers {
            goal: Some("profit".to_owned()),
            budget: Some(120_000.0),
            days: Some((21, Some(Date(20_593)))),
            channels: vec!["search".to_owned(), "notes".to_owned()],
            margin: Some(0.4),
        };
        assert_eq!(found, wanted);
        let said = String::from_utf8(output).unwrap();
        assert!(
            said.contains("profit（利润）") && said.contains("`2026-05-20` 不是 1 至 730 的天数"),
            "{said}"
        );
    }

    #[test]
    fn amounts_and_shares_are_read_as_people_write_them() {
        for (text, wanted) in [
            ("300,000", 3e5),
            ("300k", 3e5),
            ("1.5M", 1.5e6),
            ("30 万元", 3e5),
            ("500元", 500.0),
            ("300 000", 3e5),
        ] {
            assert_eq!(money(text), Some(wanted), "{text}");
        }
        for bad in ["", "0", "-3", "k", "3e13", "nan", "viel"] {
            assert_eq!(money(bad), None, "{bad}");
        }
        assert_eq!(["0.4", "40%", "40 ％", "1"].map(share), [Some(0.4), Some(0.4), Some(0.4), Some(1.0)]);
        assert_eq!(["0", "40", "101%", "-1", "x%", "nan"].map(share), [None; 6]);
    }

    #[test]
    fn dates_become_days_and_a_weekday() {
        let phrases = Phrases::of(Language::En);
        // 2026-05-20 is a Wednesday.
        let (days, first) = between("2026-05-20", "2026-06-20", phrases).unwrap();
        assert_eq!((days, first.map(Date::weekday)), (32, Some(2)));
        assert!(
            between("2026-06-20", "2026-05-20", phrases).is_err()
                && between("20 May", "2026-06-20", phrases).is_err()
        );
    }
}
