//! Readings of specimens, compared: what is asked for always, and what follows from which answers.

use std::collections::{BTreeMap, BTreeSet};

use super::specimen::{Given, Specimen, Trial, trials};
use super::{Answer, Condition, Effect, FileKind, Rule, Shape, Stands};
use crate::bounds::Bounds;
use crate::declared::{Declared, Field};

/// A key and the tables around it.
type Key = (String, &'static str);

pub(super) fn shape(kind: FileKind) -> Shape {
    let mut rules = Vec::new();
    let found = Exploration { kind, rules: &mut rules }.explore(Specimen::empty(), &[], &BTreeSet::new());
    let keys = found.order.iter().filter_map(|key| found.declared(key)).collect();
    Shape { keys, rules }
}

/// What some readings asked for together.
#[derive(Debug, Clone, Default)]
struct Readings {
    order: Vec<Key>,
    keys: BTreeMap<Key, Asked>,
    /// How many readings came to a table.
    visits: BTreeMap<String, usize>,
}

#[derive(Debug, Clone)]
struct Asked {
    declared: Declared,
    /// How many readings needed it.
    needed: usize,
}

impl Readings {
    fn one(asked: Vec<Declared>) -> Self {
        let mut all = Self::default();
        for declared in asked {
            all.visits.insert(declared.path.clone(), 1);
            let key = (declared.path.clone(), declared.key);
            all.order.push(key.clone());
            all.keys.insert(key, Asked { needed: usize::from(declared.required), declared });
        }
        all
    }

    fn add(&mut self, other: &Self) {
        for key in &other.order {
            let new = &other.keys[key];
            match self.keys.get_mut(key) {
                Some(asked) => {
                    asked.needed += new.needed;
                    asked.declared.field = wider(&asked.declared.field, &new.declared.field);
                    let about = asked.declared.about.take();
                    asked.declared.about = about.or_else(|| new.declared.about.clone());
                }
                None => {
                    self.order.push(key.clone());
                    self.keys.insert(key.clone(), new.clone());
                }
            }
        }
        for (path, visits) in &other.visits {
            *self.visits.entry(path.clone()).or_default() += visits;
        }
    }

    /// A key, required where every reading that came to its table needed it.
    fn declared(&self, key: &Key) -> Option<Declared> {
        let asked = self.keys.get(key)?;
        let required = self.visits.get(&key.0) == Some(&asked.needed);
        Some(Declared { required, ..asked.declared.clone() })
    }
}

/// A field that holds whatever either holds; ends that differ are open.
fn wider(one: &Field, other: &Field) -> Field {
    let bounds = |one: &Bounds, other: &Bounds| Bounds {
        low: if (one.low, one.open) == (other.low, other.open) { one.low } else { f64::NEG_INFINITY },
        high: if one.high == other.high { one.high } else { f64::INFINITY },
        open: one.open && other.open,
        unit: if one.unit == other.unit { one.unit } else { "" },
    };
    match (one, other) {
        (Field::Number(a), Field::Number(b)) => Field::Number(bounds(a, b)),
        (Field::Whole(a), Field::Whole(b)) => Field::Whole(bounds(a, b)),
        (Field::Uncertain(a), Field::Uncertain(b)) => Field::Uncertain(bounds(a, b)),
        (Field::Drawn(a), Field::Drawn(b)) => Field::Drawn(bounds(a, b)),
        (Field::Rows(a), Field::Rows(b)) => Field::Rows(bounds(a, b)),
        (Field::NamedNumbers(a), Field::NamedNumbers(b)) => Field::NamedNumbers(bounds(a, b)),
        (Field::Numbers(a, length), Field::Numbers(b, other)) => {
            Field::Numbers(bounds(a, b), length.filter(|_| length == other))
        }
        (Field::Choice(a), Field::Choice(b)) => {
            Field::Choice(a.iter().chain(b.iter().filter(|word| !a.contains(word))).cloned().collect())
        }
        (a, b) if a == b => a.clone(),
        (a, b) => Field::Either(Box::new([a.clone(), b.clone()])),
    }
}

/// Readings of one kind of file, and what has been found to follow from the answers.
struct Exploration<'a> {
    kind: FileKind,
    rules: &'a mut Vec<Rule>,
}

impl Exploration<'_> {
    /// Reads a specimen with what is given, then with every other answer to every question that is new, and notes what
    /// follows from the answers. Returns all these readings together.
    fn explore(&mut self, mut specimen: Specimen, given: &[Given], known: &BTreeSet<Key>) -> Readings {
        let asked = specimen.complete(self.kind, given);
        let fresh: Vec<Declared> =
            asked.iter().filter(|it| !known.contains(&(it.path.clone(), it.key))).cloned().collect();
        let mut known = known.clone();
        known.extend(fresh.iter().map(|it| (it.path.clone(), it.key)));
        let plain = Readings::one(asked);
        let mut all = plain.clone();

        // Figures and names of files first: what varies with them is said by no rule.
        let is_loose = |field: &Field| {
            matches!(
                field,
                Field::Number(_) | Field::Whole(_) | Field::Uncertain(_) | Field::Drawn(_) | Field::File(_)
            )
        };
        let (loose, strict): (Vec<_>, Vec<_>) = fresh.into_iter().partition(|it| is_loose(&it.field));
        let mut blurred = plain.clone();
        let mut tried = Vec::new();
        for declared in loose.into_iter().chain(strict) {
            let mut states = Vec::new();
            for trial in trials(&declared).into_iter().skip(1) {
                let found = self.explore(
                    specimen.with(&declared, &trial),
                    &with(given, &declared, trial.clone()),
                    &known,
                );
                all.add(&found);
                if is_loose(&declared.field) && trial != Trial::Absent {
                    blurred.add(&found);
                } else {
                    states.extend(answer(&trial).map(|answer| (answer, found)));
                }
            }
            tried.push((declared, states));
        }
        for (declared, states) in &tried {
            let first = if is_loose(&declared.field) {
                Some(Answer::Present)
            } else {
                trials(declared).first().and_then(answer)
            };
            let states: Vec<(Answer, &Readings)> = (first.into_iter().map(|answer| (answer, &blurred)))
                .chain(states.iter().map(|(answer, found)| (answer.clone(), found)))
                .collect();
            self.rules.extend(follow(given, declared, &states, &plain, &blurred));
        }
        all
    }
}

fn with(given: &[Given], declared: &Declared, trial: Trial) -> Vec<Given> {
    let next = Given { path: declared.path.clone(), key: declared.key, trial };
    given.iter().cloned().chain([next]).collect()
}

/// A trial as a condition; none of a figure or a file, because no one of them stands for the others.
fn answer(trial: &Trial) -> Option<Answer> {
    match trial {
        Trial::Absent => Some(Answer::Absent),
        Trial::Present => Some(Answer::Present),
        Trial::Word(word) => Some(Answer::Word(word.clone())),
        Trial::Flag(flag) => Some(Answer::Flag(*flag)),
        Trial::Least | Trial::Most | Trial::File(_) => None,
    }
}

/// The rules that follow from the answers to one question, where `states` are the readings with each.
fn follow(
    given: &[Given],
    declared: &Declared,
    states: &[(Answer, &Readings)],
    plain: &Readings,
    blurred: &Readings,
) -> Vec<Rule> {
    let mut conditions = Vec::new();
    for given in given {
        let Some(answer) = answer(&given.trial) else { return Vec::new() };
        if !declared.path.starts_with(&given.path) {
            return Vec::new();
        }
        conditions.push(Condition { path: given.path.clone(), key: given.key, answers: vec![answer] });
    }
    conditions.sort_by_key(|condition| condition.path.len());
    let own = format!("{}{}", declared.path, declared.key);
    let keys: BTreeSet<&Key> = (states.iter().flat_map(|(_, readings)| &readings.order))
        .filter(|(path, key)| {
            path.starts_with(&declared.path)
                && (path, *key) != (&declared.path, declared.key)
                && !path.strip_prefix(&own).is_some_and(|rest| rest.starts_with(['/', '[']))
        })
        .collect();
    let mut rules: Vec<Rule> = Vec::new();
    for (answer, readings) in states {
        let effects: Vec<Effect> =
            keys.iter().filter_map(|key| effect(key, readings, states, plain, blurred)).collect();
        let same = rules.iter_mut().find(|rule| rule.effects == effects);
        match same.and_then(|rule| rule.conditions.last_mut()) {
            Some(condition) => condition.answers.push(answer.clone()),
            None => {
                let last = Condition {
                    path: declared.path.clone(),
                    key: declared.key,
                    answers: vec![answer.clone()],
                };
                let conditions = conditions.iter().cloned().chain([last]).collect();
                rules.push(Rule { conditions, effects });
            }
        }
    }
    rules.retain(|rule| !rule.effects.is_empty());
    rules
}

/// What an answer means for a key, if another answer means something else.
fn effect(
    key: &Key,
    readings: &Readings,
    states: &[(Answer, &Readings)],
    plain: &Readings,
    blurred: &Readings,
) -> Option<Effect> {
    let stands = |readings: &Readings| {
        // A table that an answer rules out takes its keys with it.
        readings.visits.contains_key(&key.0).then(|| match readings.declared(key) {
            None => Stands::Never,
            Some(declared) if declared.required => Stands::Always,
            Some(_) => Stands::Freely,
        })
    };
    let here = stands(readings)?;
    let differs = states.iter().filter_map(|(_, other)| stands(other)).any(|other| other != here);
    let field = |readings: &Readings| readings.keys.get(key).map(|asked| asked.declared.field.clone());
    let depends_on_figures = field(plain) != field(blurred);
    let others = || states.iter().filter_map(|(_, other)| field(other));
    let field = field(readings).filter(|field| !depends_on_figures && others().any(|other| other != *field));
    let effect = Effect {
        path: key.0.clone(),
        key: key.1,
        stands: if differs { here } else { Stands::Freely },
        field,
    };
    (effect.stands != Stands::Freely || effect.field.is_some()).then_some(effect)
}
