//! What a file says, value by value, each with its place. Files can be laid over one another, key by key, and every
//! value still knows where it stands.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::problem::Notes;

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
    /// A text and what to call it. The mark that some editors put before UTF-8 is no part of it.
    #[must_use]
    pub fn new(file: &str, text: &str) -> Self {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
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
    // What has no size, such as a device, may still have no end.
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
    file.take(LARGEST_FILE + 1).read_to_string(&mut text).map_err(|error| error.to_string())?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(format!("the file has more than {LARGEST_FILE} bytes"));
    }
    Ok(text)
}

/// Bytes of a text.
#[derive(Debug, Clone)]
pub struct Place {
    /// The text.
    pub source: Source,
    /// Bytes of it.
    pub span: Range<usize>,
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(crate) struct Value {
    pub(crate) place: Place,
    pub(crate) content: Content,
}

/// What a value is.
#[derive(Debug, Clone)]
pub(crate) enum Content {
    Text(String),
    Number {
        value: f64,
        name: &'static str,
    },
    Flag(bool),
    List(Vec<Value>),
    Table(Table),
    /// Something that no file of ours holds, by its name in TOML.
    Other(&'static str),
}

impl Value {
    /// The name of its type in TOML.
    pub(crate) fn type_name(&self) -> &'static str {
        match &self.content {
            Content::Text(_) => "string",
            Content::Number { name, .. } | Content::Other(name) => name,
            Content::Flag(_) => "boolean",
            Content::List(_) => "array",
            Content::Table(_) => "table",
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        if let Content::Text(text) = &self.content { Some(text) } else { None }
    }

    pub(crate) fn number(&self) -> Option<f64> {
        if let Content::Number { value, .. } = self.content { Some(value) } else { None }
    }

    pub(crate) fn flag(&self) -> Option<bool> {
        if let Content::Flag(flag) = self.content { Some(flag) } else { None }
    }

    pub(crate) fn list(&self) -> Option<&[Self]> {
        if let Content::List(list) = &self.content { Some(list) } else { None }
    }

    pub(crate) fn table(&self) -> Option<&Table> {
        if let Content::Table(table) = &self.content { Some(table) } else { None }
    }

    /// The `name` in a table, where it has one.
    pub(crate) fn name(&self) -> Option<&str> {
        self.table()?.get("name")?.text()
    }

    fn of(source: &Source, value: &Spanned<DeValue<'_>>, number: usize) -> Self {
        let place = Place { source: source.clone(), span: value.span() };
        let name = value.get_ref().type_str();
        let content = match value.get_ref() {
            DeValue::String(text) => Content::Text(text.as_ref().to_owned()),
            DeValue::Boolean(flag) => Content::Flag(*flag),
            DeValue::Float(number) => number
                .as_str()
                .replace('_', "")
                .parse()
                .map_or(Content::Other(name), |value| Content::Number { value, name }),
            DeValue::Integer(number) => {
                i64::from_str_radix(&number.as_str().replace('_', ""), number.radix())
                    .map_or(Content::Other(name), |value| Content::Number { value: value as f64, name })
            }
            DeValue::Array(items) => {
                let items = items.iter().enumerate();
                Content::List(items.map(|(index, item)| Self::of(source, item, index + 1)).collect())
            }
            DeValue::Table(table) => Content::Table(Table::of(&place, table, number)),
            DeValue::Datetime(_) => Content::Other(name),
        };
        Self { place, content }
    }

    /// Lays another value over this one: tables key by key, lists of tables with names name by name, whether they are
    /// written as a list or as a table of names (`line.search.cap = 1`); everything else is replaced, also by what stands
    /// in braces, which is one value.
    fn lay(&mut self, over: Self) {
        match (&mut self.content, over) {
            (Content::Table(below), Self { place, content: Content::Table(over) }) if !over.inline => {
                below.lay(over);
                self.place = place;
            }
            (Content::List(below), Self { place, content: Content::List(over) })
                if below.iter().all(|item| item.name().is_some())
                    && over.iter().all(|item| item.table().is_some_and(|table| !table.inline)) =>
            {
                lay_by_name(below, over);
                self.place = place;
            }
            (Content::List(below), Self { place, content: Content::Table(over) })
                if below.iter().all(|item| item.name().is_some()) && over.is_of_tables() =>
            {
                lay_by_name(below, over.named());
                self.place = place;
            }
            (_, over) => *self = over,
        }
    }
}

/// Tables of a name that is there change all of that name; others join at the end.
fn lay_by_name(below: &mut Vec<Value>, over: Vec<Value>) {
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (place, item) in below.iter().enumerate() {
        if let Some(name) = item.name() {
            places.entry(name.to_owned()).or_default().push(place);
        }
    }
    for item in over {
        if let Some(same) = item.name().and_then(|name| places.get(name)) {
            same.iter().for_each(|place| below[*place].lay(item.clone()));
            continue;
        }
        if let Some(name) = item.name() {
            places.entry(name.to_owned()).or_default().push(below.len());
        }
        below.push(item);
    }
}

/// A table of a file, or of several laid over one another.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    pub(crate) place: Place,
    /// Written in braces.
    inline: bool,
    /// Which of its list it is in its file, from 1.
    pub(crate) number: usize,
    entries: BTreeMap<String, Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    key: Place,
    value: Value,
}

impl Table {
    /// Parses a text; syntax errors are noted, and then there is no table.
    pub(crate) fn parse(source: &Source, notes: &Notes) -> Option<Self> {
        let (table, errors) = DeTable::parse_recoverable(&source.text);
        for error in &errors {
            let place = error.span().map(|span| Place { source: source.clone(), span });
            notes.add_in(source, place.as_ref(), error.message(), "here", None);
        }
        let place = Place { source: source.clone(), span: 0..source.text.len().min(1) };
        // Fields of a file with broken syntax would only repeat the same cause.
        errors.is_empty().then(|| Self::of(&place, table.get_ref(), 0))
    }

    fn of(place: &Place, table: &DeTable<'_>, number: usize) -> Self {
        let source = &place.source;
        let entries = table.iter().map(|(key, value)| {
            let place = Place { source: source.clone(), span: key.span() };
            let name = key.get_ref().as_ref().to_owned();
            (name, Entry { key: place, value: Value::of(source, value, 0) })
        });
        let inline = source.text.get(place.span.clone()).is_some_and(|text| text.starts_with('{'));
        Self { place: place.clone(), inline, number, entries: entries.collect() }
    }

    /// A table that stands nowhere.
    pub(crate) fn empty() -> Self {
        let place = Place { source: Source::new("", ""), span: 0..0 };
        Self { place, inline: false, number: 0, entries: BTreeMap::new() }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Value> {
        self.entries.get(key).map(|entry| &entry.value)
    }

    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.entries.get_mut(key).map(|entry| &mut entry.value)
    }

    pub(crate) fn remove(&mut self, key: &str) -> Option<Value> {
        self.entries.remove(key).map(|entry| entry.value)
    }

    /// Puts a value that stands nowhere.
    pub(crate) fn put(&mut self, key: &str, content: Content) {
        let place = self.place.clone();
        let value = Value { place: place.clone(), content };
        self.entries.insert(key.to_owned(), Entry { key: place, value });
    }

    /// Keys in alphabetical order, with their places.
    pub(crate) fn keys(&self) -> impl Iterator<Item = (&str, &Place)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), &entry.key))
    }

    /// Keys in alphabetical order, with their values.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(name, entry)| (name.as_str(), &entry.value))
    }

    /// Whether every value is a table that is not written in braces.
    fn is_of_tables(&self) -> bool {
        !self.inline
            && self.entries.values().all(|entry| entry.value.table().is_some_and(|table| !table.inline))
    }

    /// Its values, each with its key as its `name`.
    fn named(self) -> Vec<Value> {
        let named = |(name, Entry { mut value, .. }): (String, Entry)| {
            if let Content::Table(table) = &mut value.content {
                table.put("name", Content::Text(name));
            }
            value
        };
        self.entries.into_iter().map(named).collect()
    }

    /// Lays another table over this one. What it lacks is missing where the upper one stands.
    pub(crate) fn lay(&mut self, over: Self) {
        (self.place, self.number) = (over.place, over.number);
        for (name, entry) in over.entries {
            match self.entries.get_mut(&name) {
                Some(below) => {
                    below.key = entry.key;
                    below.value.lay(entry.value);
                }
                None => {
                    self.entries.insert(name, entry);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(file: &str, text: &str) -> Table {
        let notes = Notes::default();
        let table = Table::parse(&Source::new(file, text), &notes);
        notes.verdict().unwrap();
        table.unwrap()
    }

    fn laid(below: &str, over: &str) -> Table {
        let mut below = table("below", below);
        below.lay(table("over", over));
        below
    }

    #[test]
    fn tables_meet_key_by_key_and_keep_their_places() {
        let both = laid("[limits]\ncap = 1\nfloor = 2\n", "[limits]\ncap = 3\n");
        let limits = both.get("limits").and_then(Value::table).unwrap();
        let seen: Vec<(&str, Option<f64>, &str)> =
            limits.values().map(|(key, value)| (key, value.number(), &*value.place.source.file)).collect();
        assert_eq!(seen, [("cap", Some(3.0), "over"), ("floor", Some(2.0), "below")]);
        assert_eq!(&*limits.place.source.file, "over");
    }

    #[test]
    fn lists_with_names_meet_by_name_and_others_are_replaced() {
        let both = laid(
            "plain = [1, 2]\n[[line]]\nname = \"a\"\ncap = 1\n[[line]]\nname = \"b\"\n[[step]]\nx = 1\n",
            "plain = [3]\n[[line]]\nname = \"c\"\n[[line]]\nname = \"a\"\nfloor = 2\n[[step]]\nx = 2\n",
        );
        let lines = both.get("line").and_then(Value::list).unwrap();
        assert_eq!(lines.iter().map(Value::name).collect::<Vec<_>>(), [Some("a"), Some("b"), Some("c")]);
        let first = lines[0].table().unwrap();
        assert_eq!(first.get("cap").and_then(Value::number), Some(1.0));
        assert_eq!(first.get("floor").and_then(Value::number), Some(2.0));
        assert_eq!(both.get("plain").and_then(Value::list).map(<[Value]>::len), Some(1));
        assert_eq!(both.get("step").and_then(Value::list).map(<[Value]>::len), Some(1));
    }

    #[test]
    fn braces_are_one_value() {
        let both = laid("price = { median = 2, log_sd = 1 }\n", "price = { low = 1, high = 2 }\n");
        let price = both.get("price").and_then(Value::table).unwrap();
        assert_eq!(price.keys().map(|(key, _)| key).collect::<Vec<_>>(), ["high", "low"]);
        // Written key by key it is laid over.
        let both = laid("price = { median = 2, log_sd = 1 }\n", "price.median = 3\n");
        assert_eq!(both.get("price").and_then(Value::table).unwrap().keys().count(), 2);
    }
}
