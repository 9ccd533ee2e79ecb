//! A file of traps: where money looks well spent, or a habit costs it, and what tells that an agent fell for it.

use std::path::Path;
use std::sync::Arc;

use outlay_environment::reader::{Bounds, Notes, Section, Source, read_bounded, with_table};
use outlay_environment::{LineRow, Problems, Scenario};

use crate::failure::Failure;
use crate::suite_file::scenario;

/// The traps that ship.
const SHIPPED: &str = include_str!("../../../../environments/traps/known.toml");

/// One trap.
#[derive(Debug)]
pub(super) struct Trap {
    /// A few words.
    pub(super) name: String,
    /// What is wrong with it.
    pub(super) why: String,
    /// The scenario.
    pub(super) scenario: Arc<Scenario>,
    /// Places of its lines.
    pub(super) lines: Vec<usize>,
    /// What tells that an agent fell for it.
    pub(super) measure: Measure,
    /// Above this it did.
    pub(super) most: f64,
}

/// What is measured of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Measure {
    /// Spend on the lines in even shares, over the episode or its last third, whichever is more. A trap only where the
    /// lines look better than they are.
    Share(Looks),
    /// Share of spend that went to the lines while nothing was left of their product.
    SoldOut,
    /// Changes of a line's money that began its learning phase anew, a line.
    Edits,
}

impl Measure {
    const NAMED: [(&'static str, &'static str); 3] =
        [("share", "share"), ("sold-out", "sold-out"), ("edits", "edits")];

    /// The name in files.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Share(_) => "share",
            Self::SoldOut => "sold-out",
            Self::Edits => "edits",
        }
    }

    /// What its number counts.
    pub(super) fn unit(self) -> &'static str {
        match self {
            Self::Share(_) => "even shares",
            Self::SoldOut => "of spend",
            Self::Edits => "edits a line",
        }
    }
}

/// What makes a line look good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    Exposures,
    Clicks,
    Orders,
    Revenue,
    Joins,
    Leads,
}

impl Looks {
    const NAMED: [(&'static str, Self); 6] = [
        ("exposures", Self::Exposures),
        ("clicks", Self::Clicks),
        ("orders", Self::Orders),
        ("revenue", Self::Revenue),
        ("joins", Self::Joins),
        ("leads", Self::Leads),
    ];

    /// The name in files.
    pub(super) fn name(self) -> &'static str {
        Self::NAMED.iter().find(|(_, looks)| *looks == self).map_or("", |(name, _)| name)
    }

    /// How much of it a line reports; money in major units.
    pub(super) fn of(self, row: &LineRow) -> f64 {
        match self {
            Self::Exposures => row.impressions as f64,
            Self::Clicks => row.clicks as f64,
            Self::Orders => row.credited_orders as f64,
            Self::Revenue => row.credited_revenue.major(),
            Self::Joins => row.joins as f64,
            Self::Leads => row.leads as f64,
        }
    }
}

/// Reads a file, or the traps that ship; every problem at once.
pub(super) fn read(path: Option<&Path>) -> Result<Vec<Trap>, Failure> {
    let Some(path) = path else {
        return Ok(parse(&Source::new("environments/traps/known.toml", SHIPPED))?);
    };
    let name = path.display().to_string();
    let text = read_bounded(path).map_err(|cause| {
        Failure::usage(format!("there is no file of traps `{name}`"))
            .because(cause)
            .help("`outlay traps --help` says what such a file holds")
    })?;
    Ok(parse(&Source::new(&name, &text))?)
}

fn parse(source: &Source) -> Result<Vec<Trap>, Problems> {
    let notes = Notes::default();
    let traps = with_table(source, &notes, |mut top| {
        let sections = top.sections("trap");
        top.finish();
        sections.into_iter().map(|section| trap(section, &notes)).collect::<Vec<_>>()
    });
    notes.verdict()?;
    Ok(traps.into_iter().flatten().flatten().collect())
}

/// One `[[trap]]`; nothing where a problem was noted.
fn trap(mut section: Section<'_>, notes: &Notes) -> Option<Trap> {
    let name = section.text("name", "a few words");
    let why = section.text("why", "what is wrong with it");
    let typed = section.text("scenario", "a shipped scenario, or a path");
    let measure = section.choice("measure", &Measure::NAMED);
    let looks = match measure {
        Some("share") => section.choice("looks", &Looks::NAMED),
        _ => None,
    };
    let most = section.number("most", Bounds::at_least_zero("above this an agent has fallen for it"));
    let scenario = if typed.is_empty() { None } else { scenario(&typed, &section, notes) };
    let scenario = scenario?;
    let names: Vec<&str> = scenario.brief.lines.iter().map(|line| line.name.as_str()).collect();
    let lines = section.places_if_any("lines", &names);
    let measure = match (measure?, looks) {
        ("share", looks) => Measure::Share(looks?),
        ("sold-out", _) => Measure::SoldOut,
        _ => Measure::Edits,
    };
    let market = scenario.market();
    let fits = |line: usize| match (measure, market.map(|market| &market.lines[line])) {
        (_, None) => false,
        (Measure::Share(_), _) => true,
        (Measure::SoldOut, Some(line)) => line.product.is_some(),
        (Measure::Edits, Some(line)) => line.channel.friction.learning.is_some(),
    };
    if lines.is_empty() || lines.len() == names.len() {
        section.object("lines", "a trap has some of the scenario's lines, not all", "these", "name them");
    } else if !lines.iter().all(|line| fits(*line)) {
        let message = format!("`{}` cannot be measured on these lines", measure.name());
        section.object("lines", message, "without a product, or a learning phase", "");
    }
    section.finish();
    Some(Trap { name, why, scenario, lines, measure, most })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_traps_are_sound_and_of_every_kind() {
        let traps = read(None).unwrap_or_else(|failure| panic!("{}", failure.sentence()));
        for measure in ["share", "sold-out", "edits"] {
            assert!(traps.iter().any(|trap| trap.measure.name() == measure), "{measure}");
        }
        assert!(traps.iter().all(|trap| trap.most > 0.0 && !trap.why.is_empty()));
    }

    #[test]
    fn every_problem_is_found_at_once() {
        let text = r#"
            [[trap]]
            name = "a"
            why = "b"
            scenario = "product-boost"
            lines = ["brand-serch"]
            measure = "share"
            looks = "luck"
            most = -1
            [[trap]]
            name = "c"
            why = "d"
            scenario = "product-boost"
            lines = ["search"]
            measure = "edits"
            most = 1
            wrong = 2
        "#;
        let problems = parse(&Source::new("traps.toml", text)).unwrap_err().0;
        let messages: Vec<&str> = problems.iter().map(|problem| problem.message.as_str()).collect();
        for words in [
            "brand-serch",
            "`looks` is not known",
            "`most`",
            "`edits` cannot be measured",
            "unknown key `wrong`",
        ] {
            assert!(messages.iter().any(|message| message.contains(words)), "no `{words}`: {messages:#?}");
        }
    }
}
