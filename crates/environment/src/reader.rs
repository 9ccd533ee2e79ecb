//! Reads tables of a file field by field and notes every problem with its place, instead of stopping at the first.

mod numbers;

pub use crate::bounds::Bounds;
use crate::declared::{Declared, Field, Log};
pub use crate::document::{Place, Source, read_bounded};
use crate::document::{Table, Value};
use crate::problem::MOST_PROBLEMS;
pub use crate::problem::Notes;
use crate::schema::FileKind;
pub use crate::uncertain::{Drawn, Uncertain};

/// Parses a text and hands its top table to `read`; syntax errors are noted.
pub fn with_table<T>(source: &Source, notes: &Notes, read: impl FnOnce(Section<'_>) -> T) -> Option<T> {
    let table = Table::parse(source, notes)?;
    Some(read(Section::top(&table, notes)))
}

/// Most tables in one list. Assumed: more than anybody writes, and few enough that reading them takes no time.
const MOST_TABLES: usize = 10_000;

/// One table of a file. Ask for its fields, then call [`Section::finish`], which notes every key not asked for.
pub struct Section<'a> {
    notes: &'a Notes,
    title: String,
    table: &'a Table,
    asked: Vec<&'static str>,
    /// Where what is asked for is noted, and the tables around this one.
    log: Option<(&'a Log, String)>,
}

impl<'a> Section<'a> {
    /// The top of a file.
    pub(crate) fn top(table: &'a Table, notes: &'a Notes) -> Self {
        Self { notes, title: "the file".to_owned(), table, asked: Vec::new(), log: None }
    }

    /// The top of a file, called by its name in messages.
    pub(crate) fn titled(table: &'a Table, notes: &'a Notes, title: String) -> Self {
        Self { title, ..Self::top(table, notes) }
    }

    /// The top of a file, and where to note what is asked of it.
    pub(crate) fn logged(table: &'a Table, notes: &'a Notes, log: &'a Log) -> Self {
        Self { log: Some((log, String::new())), ..Self::top(table, notes) }
    }

    fn inner(&self, title: String, table: &'a Table, step: &str) -> Self {
        let log = self.log.as_ref().map(|(log, path)| (*log, format!("{path}{step}/")));
        Self { notes: self.notes, title, table, asked: Vec::new(), log }
    }

    /// The value under a key. Every key passes here. `required` says what to write where it must be there.
    fn ask(
        &mut self,
        key: &'static str,
        required: Option<&str>,
        field: impl FnOnce() -> Field,
    ) -> Option<&'a Value> {
        self.asked.push(key);
        if let Some((log, path)) = &self.log {
            log.note(Declared {
                path: path.clone(),
                key,
                field: field(),
                required: required.is_some(),
                about: required.map(str::to_owned),
            });
        }
        let found = self.table.get(key);
        if let (None, Some(what)) = (found, required) {
            let message = format!("`{key}` is missing in {}", self.title);
            let help = Some(format!("add `{key} = ...`: {what}"));
            self.notes.add(&self.table.place, message, "expected here", help);
        }
        found
    }

    fn wrong_type(&self, key: &str, value: &Value, expected: &str) {
        let found = value.type_name();
        self.notes.add(
            &value.place,
            format!("`{key}` must be {expected}"),
            format!("found {} {found}", if found.starts_with(['a', 'i']) { "an" } else { "a" }),
            (found == "string" && expected.contains("number"))
                .then(|| "write the bare number; its unit is fixed".to_owned()),
        );
    }

    fn unknown(&self, place: &Place, message: String, name: &str, names: &[&str], they: &str) {
        let help = suggestion(name, names).map_or_else(
            || format!("{} may be {}", they.to_lowercase(), quoted(names)),
            |near| format!("did you mean `{near}`? {they} may be {}", quoted(names)),
        );
        self.notes.add(place, message, "unknown", Some(help));
    }

    /// Notes a problem at the place of `key`, or at the section where the key is absent.
    pub fn object(&self, key: &str, message: impl Into<String>, label: impl Into<String>, help: &str) {
        let place = self.table.get(key).map_or(&self.table.place, |value| &value.place);
        self.notes.add(place, message, label, (!help.is_empty()).then(|| help.to_owned()));
    }

    fn as_text(&self, key: &str, value: &Value) -> Option<String> {
        let text = value.text().map(str::to_owned);
        if text.is_none() {
            self.wrong_type(key, value, "a text in quotes");
        }
        self.note_control(key, value);
        text
    }

    /// Names are shown on terminals, where such a character does more than be shown; the end of a line does not.
    fn note_control(&self, key: &str, value: &Value) {
        if value.text().is_some_and(|text| text.chars().any(|letter| letter.is_control() && letter != '\n')) {
            let help = Some("write it without".to_owned());
            self.notes.add(&value.place, format!("`{key}` holds a control character"), "here", help);
        }
    }

    /// A required text.
    pub fn text(&mut self, key: &'static str, what: &str) -> String {
        let value = self.ask(key, Some(what), || Field::Text);
        value.and_then(|value| self.as_text(key, value)).unwrap_or_default()
    }

    /// A text that may be absent.
    pub fn text_if_any(&mut self, key: &'static str) -> Option<String> {
        let value = self.ask(key, None, || Field::Text)?;
        self.as_text(key, value)
    }

    /// The required name of a catalogue file in `folder`.
    pub fn file(&mut self, key: &'static str, folder: &'static str) -> String {
        let what = format!("a file in environments/{folder}");
        let value = self.ask(key, Some(&what), || Field::File(folder));
        value.and_then(|value| self.as_text(key, value)).unwrap_or_default()
    }

    fn as_texts(&self, key: &str, value: &Value) -> Vec<String> {
        let Some(items) = value.list().filter(|items| !items.is_empty()) else {
            self.wrong_type(key, value, "a list of texts, at least one");
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in items {
            self.note_control(key, item);
            match item.text() {
                Some(text) => found.push(text.to_owned()),
                None => self.wrong_type(key, item, "a list of texts in quotes"),
            }
        }
        found
    }

    /// A required list of texts, at least one.
    pub fn texts(&mut self, key: &'static str, what: &str) -> Vec<String> {
        let value = self.ask(key, Some(what), || Field::Texts);
        value.map(|value| self.as_texts(key, value)).unwrap_or_default()
    }

    /// A list of texts that may be absent.
    pub fn texts_if_any(&mut self, key: &'static str) -> Vec<String> {
        let value = self.ask(key, None, || Field::Texts);
        value.map(|value| self.as_texts(key, value)).unwrap_or_default()
    }

    fn as_places(&self, key: &str, value: &Value, names: &[&str]) -> Vec<usize> {
        let mut places = Vec::new();
        for text in self.as_texts(key, value) {
            match names.iter().position(|name| *name == text) {
                Some(place) => places.push(place),
                None => {
                    let message = format!("`{text}` in `{key}` is not known");
                    self.unknown(&value.place, message, &text, names, "They");
                }
            }
        }
        places
    }

    /// The places among `names` of a list of texts that may be absent; empty where it is.
    pub fn places_if_any(&mut self, key: &'static str, names: &[&str]) -> Vec<usize> {
        let value = self.ask(key, None, || Field::Words(names.iter().map(|&name| name.to_owned()).collect()));
        value.map(|value| self.as_places(key, value, names)).unwrap_or_default()
    }

    /// As [`Self::places_if_any`], of names that another file or table gives.
    pub fn named_places_if_any(&mut self, key: &'static str, names: &[&str]) -> Vec<usize> {
        let value = self.ask(key, None, || Field::Texts);
        value.map(|value| self.as_places(key, value, names)).unwrap_or_default()
    }

    fn as_choice<T: Copy>(&self, key: &str, value: &Value, choices: &[(&str, T)]) -> Option<T> {
        let Some(text) = value.text() else {
            self.wrong_type(key, value, "a text in quotes");
            return None;
        };
        let found = choices.iter().find(|(name, _)| *name == text).map(|(_, choice)| *choice);
        if found.is_none() {
            let message = format!("`{key}` is not known");
            self.unknown(&value.place, message, text, &names(choices), "It");
        }
        found
    }

    /// A required choice.
    pub fn choice<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let what = format!("one of {}", quoted(&names(choices)));
        let value = self.ask(key, Some(&what), || Field::Choice(owned(choices)))?;
        self.as_choice(key, value, choices)
    }

    /// A choice that may be absent.
    pub fn choice_if_any<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.ask(key, None, || Field::Choice(owned(choices)))?;
        self.as_choice(key, value, choices)
    }

    /// A required choice among names that another file or table gives.
    pub fn named<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let what = format!("one of {}", quoted(&names(choices)));
        let value = self.ask(key, Some(&what), || Field::Text)?;
        self.as_choice(key, value, choices)
    }

    /// As [`Self::named`], and may be absent.
    pub fn named_if_any<T: Copy>(&mut self, key: &'static str, choices: &[(&str, T)]) -> Option<T> {
        let value = self.ask(key, None, || Field::Text)?;
        self.as_choice(key, value, choices)
    }

    fn as_flag(&self, key: &str, value: &Value) -> bool {
        value.flag().unwrap_or_else(|| {
            self.wrong_type(key, value, "true or false");
            false
        })
    }

    /// A required truth value.
    pub fn flag(&mut self, key: &'static str, what: &str) -> bool {
        let value = self.ask(key, Some(what), || Field::Flag);
        value.is_some_and(|value| self.as_flag(key, value))
    }

    /// A truth value that may be absent.
    pub fn flag_if_any(&mut self, key: &'static str) -> Option<bool> {
        let value = self.ask(key, None, || Field::Flag)?;
        Some(self.as_flag(key, value))
    }

    fn as_section(&self, key: &str, value: &'a Value) -> Option<Section<'a>> {
        let Some(table) = value.table() else {
            self.wrong_type(key, value, "a table");
            return None;
        };
        Some(self.inner(format!("`[{key}]`"), table, key))
    }

    /// A required table.
    pub fn section(&mut self, key: &'static str) -> Option<Section<'a>> {
        let value = self.ask(key, Some("a table"), || Field::Table)?;
        self.as_section(key, value)
    }

    /// A table that may be absent.
    pub fn section_if_any(&mut self, key: &'static str) -> Option<Section<'a>> {
        let value = self.ask(key, None, || Field::Table)?;
        self.as_section(key, value)
    }

    /// A table that may be absent, whose keys are figures of a catalogue file.
    pub(crate) fn overrides(&mut self, key: &'static str, kind: FileKind) -> Option<&'a Table> {
        let value = self.ask(key, None, || Field::Overrides(kind))?;
        if value.table().is_none() {
            self.wrong_type(key, value, "a table");
        }
        value.table()
    }

    fn as_sections(&self, key: &str, value: &'a Value) -> Vec<Section<'a>> {
        let Some(items) = value.list() else {
            self.wrong_type(key, value, &format!("a list of tables, `[[{key}]]`"));
            return Vec::new();
        };
        if items.len() > MOST_TABLES {
            let message = format!("`{key}` has {} tables, more than {MOST_TABLES}", items.len());
            self.notes.add(&value.place, message, "too many", None);
            return Vec::new();
        }
        let mut found = Vec::new();
        for item in items {
            match item.table() {
                Some(table) => {
                    let title = format!("`[[{key}]]` {}", table.number);
                    found.push(self.inner(title, table, &format!("{key}[]")));
                }
                None => self.wrong_type(key, item, "a table"),
            }
        }
        found
    }

    /// A required list of tables, at least one.
    pub fn sections(&mut self, key: &'static str) -> Vec<Section<'a>> {
        let Some(value) = self.ask(key, Some("at least one table"), || Field::Tables) else {
            return Vec::new();
        };
        if value.list().is_some_and(<[Value]>::is_empty) {
            self.object(key, format!("`{key}` is empty"), "at least one table", "");
        }
        self.as_sections(key, value)
    }

    /// A list of tables that may be absent.
    pub fn sections_if_any(&mut self, key: &'static str) -> Vec<Section<'a>> {
        let value = self.ask(key, None, || Field::Tables);
        value.map(|value| self.as_sections(key, value)).unwrap_or_default()
    }

    /// Notes every key of the section that nobody asked for.
    pub fn finish(self) {
        let unknown = self.table.keys().filter(|(name, _)| !self.asked.contains(name));
        for (name, place) in unknown.take(MOST_PROBLEMS) {
            let help = suggestion(name, &self.asked).map_or_else(
                || format!("known keys are {}", quoted(&self.asked)),
                |near| format!("did you mean `{near}`?"),
            );
            let message = format!("unknown key `{name}` in {}", self.title);
            self.notes.add(place, message, "not known here", Some(help));
        }
    }
}

fn names<'n, T>(choices: &[(&'n str, T)]) -> Vec<&'n str> {
    choices.iter().map(|(name, _)| *name).collect()
}

fn owned<T>(choices: &[(&str, T)]) -> Vec<String> {
    choices.iter().map(|(name, _)| (*name).to_owned()).collect()
}

pub(crate) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The candidate that a typing error most likely meant, or the shortest that holds what was typed (`618`).
#[must_use]
pub fn suggestion<'a>(typed: &str, candidates: &[&'a str]) -> Option<&'a str> {
    const LEAST: usize = 3;
    let score = |name: &&str| strsim::jaro_winkler(typed, name);
    let nearest =
        candidates.iter().max_by(|a, b| score(a).total_cmp(&score(b))).filter(|name| score(name) > 0.75);
    let holding = || {
        let holding = candidates.iter().filter(|name| typed.len() >= LEAST && name.contains(typed));
        holding.min_by_key(|name| name.len())
    };
    nearest.or_else(holding).copied()
}
