//! Reads tables of a TOML file field by field and notes every problem with its place, instead of stopping at the
//! first.

use std::cell::RefCell;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::draws::Key;
use crate::problem::{Problem, Problems};

/// Largest file that is read: a scenario is a page or two of text.
const LARGEST_FILE: u64 = 4 << 20;

/// A text and where it came from.
#[derive(Debug, Clone)]
pub struct Source {
    /// A path, or the name of a shipped file.
    pub file: Arc<str>,
    /// All of it.
    pub text: Arc<str>,
}

impl Source {
    /// A text and what to call it.
    #[must_use]
    pub fn new(file: &str, text: &str) -> Self {
        Self { file: file.into(), text: text.into() }
    }
}

/// Reads a file that is a few pages of text.
///
/// # Errors
///
/// Why it could not be read.
pub fn read_bounded(path: &Path) -> Result<String, String> {
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > LARGEST_FILE {
        return Err(format!("the file has {size} bytes, more than {LARGEST_FILE}"));
    }
    std::fs::read_to_string(path).map_err(|error| error.to_string())
}

/// Parses a text and hands its top table to `read`; syntax errors are noted.
pub fn with_table<T>(source: &Source, notes: &Notes, read: impl FnOnce(Section<'_>) -> T) -> Option<T> {
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    for error in &errors {
        notes.add(source, error.span(), error.message(), "here", None);
    }
    // Fields of a file with broken syntax would only repeat the same cause.
    errors.is_empty().then(|| read(Section::top(source, notes, &table)))
}

/// Collects problems over all files that make up one thing.
#[derive(Debug, Default)]
pub struct Notes(RefCell<Vec<Problem>>);

impl Notes {
    /// Notes a problem at some bytes of a text.
    pub fn add(
        &self,
        source: &Source,
        span: Option<Range<usize>>,
        message: impl Into<String>,
        label: impl Into<String>,
        help: Option<String>,
    ) {
        self.0.borrow_mut().push(Problem {
            file: source.file.clone(),
            text: source.text.clone(),
            span,
            message: message.into(),
            label: label.into(),
            help,
        });
    }

    /// Notes what was found elsewhere.
    pub fn extend(&self, problems: Problems) {
        self.0.borrow_mut().extend(problems.0);
    }

    /// Everything noted so far, if anything was.
    ///
    /// # Errors
    ///
    /// All of it.
    pub fn verdict(&self) -> Result<(), Problems> {
        let problems = self.0.borrow();
        if problems.is_empty() { Ok(()) } else { Err(Problems(problems.clone())) }
    }
}

/// A number that each world draws anew, or that is the same in all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Uncertain {
    /// The same in every world.
    Fixed(f64),
    /// Log-normal: the median, and the standard deviation of the logarithm.
    LogNormal {
        /// Half of the worlds lie below.
        median: f64,
        /// Standard deviation of the natural logarithm.
        log_sd: f64,
    },
    /// Uniform on an interval.
    Uniform {
        /// Lower end.
        low: f64,
        /// Upper end.
        high: f64,
    },
}

impl Uncertain {
    /// The value in an average world.
    #[must_use]
    pub fn median(self) -> f64 {
        match self {
            Self::Fixed(value) => value,
            Self::LogNormal { median, .. } => median,
            Self::Uniform { low, high } => 0.5 * (low + high),
        }
    }

    /// The value in the world of `key`, or the median where there is none.
    #[must_use]
    pub fn draw(self, key: Option<Key>) -> f64 {
        match (self, key) {
            (Self::LogNormal { median, log_sd }, Some(key)) => median * libm::exp(log_sd * key.normal()),
            (Self::Uniform { low, high }, Some(key)) => low + (high - low) * key.uniform(),
            _ => self.median(),
        }
    }
}

/// What a number must satisfy, and what it counts.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    low: f64,
    high: f64,
    open: bool,
    unit: &'static str,
}

impl Bounds {
    /// Above zero.
    #[must_use]
    pub const fn above_zero(unit: &'static str) -> Self {
        Self { low: 0.0, high: 1e15, open: true, unit }
    }
    /// Zero or more.
    #[must_use]
    pub const fn at_least_zero(unit: &'static str) -> Self {
        Self { low: 0.0, high: 1e15, open: false, unit }
    }
    /// From zero to one.
    #[must_use]
    pub const fn share(unit: &'static str) -> Self {
        Self { low: 0.0, high: 1.0, open: false, unit }
    }
    /// From `low` to `high`, both included.
    #[must_use]
    pub const fn between(low: f64, high: f64, unit: &'static str) -> Self {
        Self { low, high, open: false, unit }
    }

    fn holds(&self, value: f64) -> bool {
        value.is_finite()
            && value <= self.high
            && if self.open { value > self.low } else { value >= self.low }
    }

    fn sentence(&self) -> String {
        match (self.open, self.high) {
            (true, high) if high >= 1e15 => format!("must be above {}", self.low),
            (false, high) if high >= 1e15 => format!("must be at least {}", self.low),
            (true, high) => format!("must lie above {} and be at most {high}", self.low),
            (false, high) => format!("must lie between {} and {high}", self.low),
        }
    }

    fn help(&self, value: f64) -> String {
        if self.high == 1.0 && value > 1.0 && value <= 100.0 {
            format!("{}: a share, not a percentage; {value} % is {}", self.unit, value / 100.0)
        } else {
            format!("the unit is {}", self.unit)
        }
    }
}

/// One table of a file. Ask for its fields, then call [`Section::finish`], which notes every key not asked for.
pub struct Section<'a> {
    source: &'a Source,
    notes: &'a Notes,
    title: String,
    table: &'a DeTable<'a>,
    span: Range<usize>,
    asked: Vec<&'static str>,
}

impl<'a> Section<'a> {
    /// The top of a file that has been parsed.
    pub fn top(source: &'a Source, notes: &'a Notes, table: &'a Spanned<DeTable<'a>>) -> Self {
        Self::new(source, notes, "the file".to_owned(), table.get_ref(), 0..source.text.len().min(1))
    }

    fn new(
        source: &'a Source,
        notes: &'a Notes,
        title: String,
        table: &'a DeTable<'a>,
        span: Range<usize>,
    ) -> Self {
        Self { source, notes, title, table, span, asked: Vec::new() }
    }

    fn find(&mut self, key: &'static str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.asked.push(key);
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn require(&mut self, key: &'static str, what: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        let found = self.find(key);
        if found.is_none() {
            let message = format!("`{key}` is missing in {}", self.title);
            self.notes.add(
                self.source,
                Some(self.span.clone()),
                message,
                "expected here",
                Some(format!("add `{key} = ...`: {what}")),
            );
        }
        found
    }

    fn wrong_type(&self, key: &str, value: &Spanned<DeValue<'_>>, expected: &str) {
        let found = value.get_ref().type_str();
        self.notes.add(
            self.source,
            Some(value.span()),
            format!("`{key}` must be {expected}"),
            format!("found {} {found}", if found.starts_with(['a', 'i']) { "an" } else { "a" }),
            (found == "string" && expected.contains("number"))
                .then(|| "write the bare number; its unit is fixed".to_owned()),
        );
    }

    /// Notes a problem at the place of `key`, or at the section where the key is absent.
    pub fn object(&self, key: &str, message: impl Into<String>, label: impl Into<String>, help: &str) {
        let place = self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value.span());
        let help = (!help.is_empty()).then(|| help.to_owned());
        self.notes.add(self.source, Some(place.unwrap_or_else(|| self.span.clone())), message, label, help);
    }

    fn checked(&self, key: &str, value: f64, span: Range<usize>, bounds: Bounds) -> f64 {
        if bounds.holds(value) {
            return value;
        }
        self.notes.add(
            self.source,
            Some(span),
            format!("`{key}` {}", bounds.sentence()),
            format!("{value} in {}", self.title),
            Some(bounds.help(value)),
        );
        bounds.low.max(f64::MIN_POSITIVE).min(bounds.high)
    }

    fn as_number(&self, key: &str, value: &Spanned<DeValue<'_>>, bounds: Bounds) -> f64 {
        match parse_number(value.get_ref()) {
            Some(number) => self.checked(key, number, value.span(), bounds),
            None => {
                self.wrong_type(key, value, &format!("a number ({})", bounds.unit));
                bounds.low
            }
        }
    }

    /// A required number.
    pub fn number(&mut self, key: &'static str, bounds: Bounds) -> f64 {
        self.require(key, bounds.unit).map_or(bounds.low, |value| self.as_number(key, value, bounds))
    }

    /// A number that may be absent.
    pub fn number_if_any(&mut self, key: &'static str, bounds: Bounds) -> Option<f64> {
        self.find(key).map(|value| self.as_number(key, value, bounds))
    }

    /// A required whole number.
    pub fn whole(&mut self, key: &'static str, bounds: Bounds) -> u64 {
        let Some(value) = self.require(key, bounds.unit) else { return bounds.low as u64 };
        let number = self.as_number(key, value, bounds);
        if number.fract() != 0.0 {
            self.wrong_type(key, value, &format!("a whole number ({})", bounds.unit));
        }
        number as u64
    }

    /// A whole number that may be absent.
    pub fn whole_if_any(&mut self, key: &'static str, bounds: Bounds) -> Option<u64> {
        self.has(key).then(|| self.whole(key, bounds))
    }

    /// A required text.
    pub fn text(&mut self, key: &'static str, what: &str) -> String {
        match self.require(key, what) {
            Some(value) => value.get_ref().as_str().map(str::to_owned).unwrap_or_else(|| {
                self.wrong_type(key, value, "a text in quotes");
                String::new()
            }),
            None => String::new(),
        }
    }

    /// A text that may be absent.
    pub fn text_if_any(&mut self, key: &'static str) -> Option<String> {
        let value = self.find(key)?;
        let text = value.get_ref().as_str().map(str::to_owned);
        if text.is_none() {
            self.wrong_type(key, value, "a text in quotes");
        }
        text
    }

    /// A list of texts that may be absent.
    pub fn texts_if_any(&mut self, key: &'static str) -> Vec<String> {
        if self.has(key) { self.texts(key, "texts") } else { Vec::new() }
    }

    /// A required list of texts, at least one.
    pub fn texts(&mut self, key: &'static str, what: &str) -> Vec<String> {
        let Some(value) = self.require(key, what) else { return Vec::new() };
        let Some(array) = value.get_ref().as_array().filter(|array| !array.is_empty()) else {
            self.wrong_type(key, value, "a list of texts, at least one");
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in array.iter() {
            match item.get_ref().as_str() {
                Some(text) => found.push(text.to_owned()),
                None => self.wrong_type(key, item, "a list of texts in quotes"),
            }
        }
        found
    }

    /// The places among `names` of a list of texts that may be absent; empty where it is.
    pub fn places_if_any(&mut self, key: &'static str, names: &[&str]) -> Vec<usize> {
        if !self.has(key) {
            return Vec::new();
        }
        let mut places = Vec::new();
        for text in self.texts(key, "names") {
            match names.iter().position(|name| *name == text) {
                Some(place) => places.push(place),
                None => {
                    let help = suggestion(&text, names).map_or_else(
                        || format!("they may be {}", quoted(names)),
                        |near| format!("did you mean `{near}`? They may be {}", quoted(names)),
                    );
                    self.object(key, format!("`{text}` in `{key}` is not known"), "unknown", &help);
                }
            }
        }
        places
    }

    /// A required choice.
    pub fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let names: Vec<&str> = choices.iter().map(|(name, _)| *name).collect();
        let value = self.require(key, &format!("one of {}", quoted(&names)))?;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(key, value, "a text in quotes");
            return None;
        };
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        if found.is_none() {
            let help = suggestion(text, &names).map_or_else(
                || format!("it may be {}", quoted(&names)),
                |near| format!("did you mean `{near}`? It may be {}", quoted(&names)),
            );
            self.notes.add(
                self.source,
                Some(value.span()),
                format!("`{key}` is not known"),
                "unknown",
                Some(help),
            );
        }
        found
    }

    /// A choice that may be absent.
    pub fn choice_if_any<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        if self.has(key) { self.choice(key, choices) } else { None }
    }

    /// A required truth value.
    pub fn flag(&mut self, key: &'static str, what: &str) -> bool {
        let Some(value) = self.require(key, what) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.wrong_type(key, value, "true or false");
            false
        })
    }

    /// A truth value that may be absent.
    pub fn flag_if_any(&mut self, key: &'static str) -> Option<bool> {
        self.has(key).then(|| self.flag(key, "true or false"))
    }

    /// A required number that worlds may draw: `0.8`, `{ median = 0.8, log_sd = 0.3 }` or `{ low = 0.5, high = 1 }`.
    pub fn uncertain(&mut self, key: &'static str, bounds: Bounds) -> Uncertain {
        let Some(value) = self.require(key, bounds.unit) else { return Uncertain::Fixed(bounds.low) };
        let Some(table) = value.get_ref().as_table() else {
            return Uncertain::Fixed(self.as_number(key, value, bounds));
        };
        let title = format!("`{key}` of {}", self.title);
        let mut inner = Section::new(self.source, self.notes, title, table, value.span());
        let drawn = if table.iter().any(|(name, _)| name.get_ref() == "low") {
            let (low, high) = (inner.number("low", bounds), inner.number("high", bounds));
            if low > high {
                inner.object("low", "`low` is above `high`", format!("{low} > {high}"), "exchange the two");
            }
            Uncertain::Uniform { low, high }
        } else {
            Uncertain::LogNormal {
                median: inner.number("median", bounds),
                log_sd: inner.number("log_sd", Bounds::between(0.0, 3.0, "of the natural logarithm")),
            }
        };
        inner.finish();
        drawn
    }

    /// An uncertain number that may be absent.
    pub fn uncertain_if_any(&mut self, key: &'static str, bounds: Bounds) -> Option<Uncertain> {
        self.has(key).then(|| self.uncertain(key, bounds))
    }

    /// A list of `length` numbers that may be absent.
    pub fn numbers_if_any(&mut self, key: &'static str, length: usize, bounds: Bounds) -> Option<Vec<f64>> {
        self.has(key).then(|| self.numbers(key, length, bounds))
    }

    /// A list of tables that may be absent.
    pub fn sections_if_any(&mut self, key: &'static str) -> Vec<Section<'a>> {
        if self.has(key) { self.sections(key) } else { Vec::new() }
    }

    /// Whether a key is there; either way it is known.
    fn has(&mut self, key: &'static str) -> bool {
        self.find(key).is_some()
    }

    /// A required list of `length` numbers.
    pub fn numbers(&mut self, key: &'static str, length: usize, bounds: Bounds) -> Vec<f64> {
        let fallback = vec![bounds.low; length];
        let Some(value) = self.require(key, &format!("{length} numbers, {}", bounds.unit)) else {
            return fallback;
        };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, &format!("a list of {length} numbers"));
            return fallback;
        };
        if array.len() != length {
            let found = format!("found {}", array.len());
            self.object(key, format!("`{key}` must have {length} numbers"), found, "");
            return fallback;
        }
        array.iter().map(|item| self.as_number(key, item, bounds)).collect()
    }

    /// A list of lists of numbers that may be absent.
    pub fn rows_if_any(&mut self, key: &'static str, bounds: Bounds) -> Vec<Vec<f64>> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let rows = value
            .get_ref()
            .as_array()
            .map(|rows| rows.iter().map(|row| row.get_ref().as_array()).collect::<Option<Vec<_>>>());
        let Some(Some(rows)) = rows else {
            self.wrong_type(key, value, "a list of lists of numbers");
            return Vec::new();
        };
        rows.into_iter()
            .map(|row| row.iter().map(|item| self.as_number(key, item, bounds)).collect())
            .collect()
    }

    /// A table of numbers that may be absent, in the order of their names.
    pub fn named_numbers_if_any(&mut self, key: &'static str, bounds: Bounds) -> Vec<(String, f64)> {
        let Some(value) = self.find(key) else { return Vec::new() };
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, value, "a table of numbers");
            return Vec::new();
        };
        let number = |(name, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            (String::from(name.get_ref() as &str), self.as_number(key, value, bounds))
        };
        table.iter().map(number).collect()
    }

    /// A table that may be absent.
    pub fn section_if_any(&mut self, key: &'static str) -> Option<Section<'a>> {
        let value = self.find(key)?;
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(key, value, "a table");
            return None;
        };
        Some(Section::new(self.source, self.notes, format!("`[{key}]`"), table, value.span()))
    }

    /// A required table.
    pub fn section(&mut self, key: &'static str) -> Option<Section<'a>> {
        self.require(key, "a table")?;
        self.section_if_any(key)
    }

    /// A required list of tables, at least one.
    pub fn sections(&mut self, key: &'static str) -> Vec<Section<'a>> {
        let Some(value) = self.require(key, "at least one table") else { return Vec::new() };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, value, &format!("a list of tables, `[[{key}]]`"));
            return Vec::new();
        };
        let mut found = Vec::new();
        for (place, item) in array.iter().enumerate() {
            match item.get_ref().as_table() {
                Some(table) => {
                    let title = format!("`[[{key}]]` {}", place + 1);
                    found.push(Section::new(self.source, self.notes, title, table, item.span()));
                }
                None => self.wrong_type(key, item, "a table"),
            }
        }
        found
    }

    /// Notes every key of the section that nobody asked for.
    pub fn finish(self) {
        for (name, _) in self.table {
            let text: &str = name.get_ref();
            if !self.asked.contains(&text) {
                let help = suggestion(text, &self.asked).map_or_else(
                    || format!("known keys are {}", quoted(&self.asked)),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!("unknown key `{text}` in {}", self.title);
                self.notes.add(self.source, Some(name.span()), message, "not known here", Some(help));
            }
        }
    }
}

fn parse_number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(number) => number.as_str().replace('_', "").parse().ok(),
        DeValue::Integer(number) => {
            i64::from_str_radix(&number.as_str().replace('_', ""), number.radix()).ok().map(|n| n as f64)
        }
        _ => None,
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The candidate that a typing error most likely meant.
#[must_use]
pub fn suggestion<'a>(typed: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let score = |name: &&str| strsim::jaro_winkler(typed, name);
    candidates.iter().max_by(|a, b| score(a).total_cmp(&score(b))).filter(|name| score(name) > 0.75).copied()
}
