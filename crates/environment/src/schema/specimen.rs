//! A file that has every key which its reader asks for, and what can be tried in it.

use std::mem::discriminant;

use super::FileKind;
use crate::catalogue::{Catalogue, shipped_names};
use crate::declared::{Declared, Field, Log};
use crate::document::{Content, Table};
use crate::market::calendar::read_calendar;
use crate::market::channel_parts::read_channel;
use crate::market::parts::{read_industry, read_merchant};
use crate::problem::Notes;
use crate::reader::{Bounds, Section};
use crate::scenario_parts::read_scenario;
use crate::tiers::read_stars;

/// Largest number that is tried.
const LARGE: f64 = 1e9;

/// What is tried under a key.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Trial {
    Absent,
    Present,
    Word(String),
    /// A file of this name.
    File(&'static str),
    Flag(bool),
    Least,
    Most,
}

/// A trial at its key.
#[derive(Debug, Clone)]
pub(super) struct Given {
    pub(super) path: String,
    pub(super) key: &'static str,
    pub(super) trial: Trial,
}

/// All that can be tried under a key, first what is tried where nothing else is said.
pub(super) fn trials(declared: &Declared) -> Vec<Trial> {
    let mut trials = match &declared.field {
        Field::Choice(words) => words.iter().cloned().map(Trial::Word).collect(),
        Field::File(folder) => shipped_names(folder).into_iter().map(Trial::File).collect(),
        Field::Flag => vec![Trial::Flag(false), Trial::Flag(true)],
        Field::Number(_) | Field::Whole(_) | Field::Uncertain(_) | Field::Drawn(_) => {
            vec![Trial::Least, Trial::Most]
        }
        _ => vec![Trial::Present],
    };
    if !declared.required {
        trials.push(Trial::Absent);
    }
    trials
}

/// A file in which something stands under every key that its reader asks for.
#[derive(Debug, Clone)]
pub(super) struct Specimen(Table);

impl Specimen {
    /// A file in which nothing stands.
    pub(super) fn empty() -> Self {
        Self(Table::empty())
    }

    /// The same with something else under a key.
    pub(super) fn with(&self, declared: &Declared, trial: &Trial) -> Self {
        let mut changed = self.0.clone();
        if let Some(table) = table_at(&mut changed, &declared.path) {
            table.remove(declared.key);
            content(&declared.field, trial).into_iter().for_each(|content| table.put(declared.key, content));
        }
        Self(changed)
    }

    /// Adds whatever the reader asks for and does not find, but for what is given as absent. Returns all that it asks.
    pub(super) fn complete(&mut self, kind: FileKind, given: &[Given]) -> Vec<Declared> {
        loop {
            let log = Log::default();
            read(kind, &self.0, &log);
            let asked = log.take();
            let mut complete = true;
            for declared in &asked {
                let given = given.iter().find(|it| it.path == declared.path && it.key == declared.key);
                let trial = given.map(|it| it.trial.clone()).or_else(|| trials(declared).into_iter().next());
                let content = trial.and_then(|trial| content(&declared.field, &trial));
                let Some(table) = table_at(&mut self.0, &declared.path) else { continue };
                let there = table.get(declared.key).map(|value| &value.content);
                if let Some(content) = content.filter(|content| !there.is_some_and(|it| alike(it, content))) {
                    table.put(declared.key, content);
                    complete = false;
                }
            }
            if complete {
                return asked;
            }
        }
    }
}

/// Lets a reader read. Its problems do not matter: only what it asks for does.
fn read(kind: FileKind, table: &Table, log: &Log) {
    let notes = Notes::default();
    let top = &mut Section::logged(table, &notes, log);
    match kind {
        FileKind::Scenario => {
            let catalogue = Catalogue { folders: &[], merchant: None, notes: &Notes::default() };
            read_scenario("specimen", top, &catalogue, &mut Vec::new());
        }
        FileKind::Channel => {
            read_channel(top, None);
        }
        FileKind::Industry => {
            read_industry(top);
        }
        FileKind::Merchant => {
            read_merchant(top);
        }
        FileKind::Calendar => {
            read_calendar(top, 1);
        }
        FileKind::Tiers => {
            read_stars(top);
        }
    }
}

/// A value of a field; nothing where it is to be absent.
fn content(field: &Field, trial: &Trial) -> Option<Content> {
    let number = |bounds: &Bounds| Content::Number {
        value: if *trial == Trial::Most { bounds.high.min(LARGE) } else { bounds.low },
        name: "float",
    };
    let list = |content: Content, length: usize| {
        let mut table = Table::empty();
        table.put("item", content);
        Content::List(table.get("item").map(|item| vec![item.clone(); length]).unwrap_or_default())
    };
    let word = |words: &[String]| words.first().cloned().unwrap_or_default();
    Some(match (field, trial) {
        (_, Trial::Absent) => return None,
        (_, Trial::Word(word)) => Content::Text(word.clone()),
        (_, Trial::File(name)) => Content::Text((*name).to_owned()),
        (_, Trial::Flag(flag)) => Content::Flag(*flag),
        (
            Field::Number(bounds) | Field::Whole(bounds) | Field::Uncertain(bounds) | Field::Drawn(bounds),
            _,
        ) => number(bounds),
        (Field::Numbers(bounds, length), _) => list(number(bounds), length.unwrap_or(1)),
        (Field::Rows(_), _) => Content::List(Vec::new()),
        (Field::Flag, _) => Content::Flag(false),
        (Field::Text | Field::File(_), _) => Content::Text("specimen".to_owned()),
        (Field::Choice(words), _) => Content::Text(word(words)),
        (Field::Texts, _) => list(Content::Text("specimen".to_owned()), 1),
        (Field::Words(words), _) => list(Content::Text(word(words)), 1),
        (Field::Tables, _) => list(Content::Table(Table::empty()), 1),
        (Field::Table | Field::NamedNumbers(_) | Field::Overrides(_), _) => Content::Table(Table::empty()),
        (Field::Either(fields), trial) => return content(&fields[0], trial),
    })
}

/// Whether two values are of one type; another answer may make another of the same key.
fn alike(one: &Content, other: &Content) -> bool {
    match (one, other) {
        (Content::List(one), Content::List(other)) => {
            one.iter().zip(other).all(|(one, other)| alike(&one.content, &other.content))
        }
        _ => discriminant(one) == discriminant(other),
    }
}

/// The table at a path such as `line[]/audience/`; of a list its first.
fn table_at<'t>(top: &'t mut Table, path: &str) -> Option<&'t mut Table> {
    let mut table = top;
    for step in path.split_terminator('/') {
        let (key, of_list) = step.strip_suffix("[]").map_or((step, false), |key| (key, true));
        let mut value = table.get_mut(key)?;
        if of_list {
            let Content::List(items) = &mut value.content else { return None };
            value = items.first_mut()?;
        }
        let Content::Table(inner) = &mut value.content else { return None };
        table = inner;
    }
    Some(table)
}
