//! Fields that hold numbers: plain, whole, uncertain, and lists and tables of them.

use super::Section;
use crate::bounds::Bounds;
use crate::declared::Field;
use crate::document::Value;
use crate::uncertain::{Drawn, Uncertain};

impl<'a> Section<'a> {
    fn as_number(&self, key: &str, value: &Value, bounds: Bounds) -> f64 {
        let Some(number) = value.number() else {
            self.wrong_type(key, value, &format!("a number ({})", bounds.unit));
            return bounds.low;
        };
        if bounds.holds(number) {
            return number;
        }
        self.notes.add(
            &value.place,
            format!("`{key}` {}", bounds.sentence()),
            format!("{number} in {}", self.title),
            Some(bounds.help(number)),
        );
        bounds.low.max(f64::MIN_POSITIVE).min(bounds.high)
    }

    /// A required number.
    pub fn number(&mut self, key: &'static str, bounds: Bounds) -> f64 {
        let value = self.ask(key, Some(bounds.unit), || Field::Number(bounds));
        value.map_or(bounds.low, |value| self.as_number(key, value, bounds))
    }

    /// A number that may be absent.
    pub fn number_if_any(&mut self, key: &'static str, bounds: Bounds) -> Option<f64> {
        let value = self.ask(key, None, || Field::Number(bounds))?;
        Some(self.as_number(key, value, bounds))
    }

    fn as_whole(&self, key: &str, value: &Value, bounds: Bounds) -> u64 {
        let number = self.as_number(key, value, bounds);
        if number.fract() != 0.0 {
            self.wrong_type(key, value, &format!("a whole number ({})", bounds.unit));
        }
        number as u64
    }

    /// A required whole number.
    pub fn whole(&mut self, key: &'static str, bounds: Bounds) -> u64 {
        let value = self.ask(key, Some(bounds.unit), || Field::Whole(bounds));
        value.map_or(bounds.low as u64, |value| self.as_whole(key, value, bounds))
    }

    /// A whole number that may be absent.
    pub fn whole_if_any(&mut self, key: &'static str, bounds: Bounds) -> Option<u64> {
        let value = self.ask(key, None, || Field::Whole(bounds))?;
        Some(self.as_whole(key, value, bounds))
    }

    fn as_uncertain(&self, key: &str, value: &'a Value, bounds: Bounds) -> Uncertain {
        let Some(table) = value.table() else {
            return Uncertain::Fixed(self.as_number(key, value, bounds));
        };
        let title = format!("`{key}` of {}", self.title);
        let mut inner = Section::titled(table, self.notes, title);
        let drawn = if table.get("low").is_some() {
            let (low, high) = (inner.number("low", bounds), inner.number("high", bounds));
            if low > high {
                inner.object("low", "`low` is above `high`", format!("{low} > {high}"), "exchange the two");
            }
            Uncertain::Uniform { low, high }
        } else {
            Uncertain::LogNormal {
                median: inner.number("median", bounds),
                log_sd: inner.number("log_sd", Uncertain::LOG_SD),
            }
        };
        inner.finish();
        drawn
    }

    /// A required number that worlds may draw: `0.8`, `{ median = 0.8, log_sd = 0.3 }` or `{ low = 0.5, high = 1 }`.
    pub fn uncertain(&mut self, key: &'static str, bounds: Bounds) -> Uncertain {
        let value = self.ask(key, Some(bounds.unit), || Field::Uncertain(bounds));
        value.map_or(Uncertain::Fixed(bounds.low), |value| self.as_uncertain(key, value, bounds))
    }

    /// An uncertain number that may be absent.
    pub fn uncertain_if_any(&mut self, key: &'static str, bounds: Bounds) -> Option<Uncertain> {
        let value = self.ask(key, None, || Field::Uncertain(bounds))?;
        Some(self.as_uncertain(key, value, bounds))
    }

    fn as_drawn(&self, key: &str, value: &'a Value, bounds: Bounds) -> Drawn {
        let Some(items) = value.list() else { return Drawn::Alone(self.as_uncertain(key, value, bounds)) };
        if items.is_empty() {
            self.object(key, format!("`{key}` is empty"), "at least one draw", "");
            return Drawn::Alone(Uncertain::Fixed(bounds.low));
        }
        Drawn::Jointly(items.iter().map(|item| self.as_number(key, item, bounds)).collect())
    }

    /// As [`Self::uncertain`], or a list of equally likely draws: `[0.7, 0.9, 0.8]`.
    pub fn drawn(&mut self, key: &'static str, bounds: Bounds) -> Drawn {
        let value = self.ask(key, Some(bounds.unit), || Field::Drawn(bounds));
        let missing = Drawn::Alone(Uncertain::Fixed(bounds.low));
        value.map_or(missing, |value| self.as_drawn(key, value, bounds))
    }

    /// As [`Self::drawn`], and may be absent.
    pub fn drawn_if_any(&mut self, key: &'static str, bounds: Bounds) -> Option<Drawn> {
        let value = self.ask(key, None, || Field::Drawn(bounds))?;
        Some(self.as_drawn(key, value, bounds))
    }

    /// A list of numbers of any length, which may be absent; empty where it is.
    pub fn list_if_any(&mut self, key: &'static str, bounds: Bounds) -> Vec<f64> {
        let Some(value) = self.ask(key, None, || Field::Numbers(bounds, None)) else { return Vec::new() };
        let Some(items) = value.list() else {
            self.wrong_type(key, value, "a list of numbers");
            return Vec::new();
        };
        items.iter().map(|item| self.as_number(key, item, bounds)).collect()
    }

    fn as_numbers(&self, key: &str, value: &Value, length: usize, bounds: Bounds) -> Vec<f64> {
        let Some(items) = value.list() else {
            self.wrong_type(key, value, &format!("a list of {length} numbers"));
            return vec![bounds.low; length];
        };
        if items.len() != length {
            let found = format!("found {}", items.len());
            self.notes.add(&value.place, format!("`{key}` must have {length} numbers"), found, None);
            return vec![bounds.low; length];
        }
        items.iter().map(|item| self.as_number(key, item, bounds)).collect()
    }

    /// A required list of `length` numbers.
    pub fn numbers(&mut self, key: &'static str, length: usize, bounds: Bounds) -> Vec<f64> {
        let what = format!("{length} numbers, {}", bounds.unit);
        let value = self.ask(key, Some(&what), || Field::Numbers(bounds, Some(length)));
        value.map_or_else(|| vec![bounds.low; length], |value| self.as_numbers(key, value, length, bounds))
    }

    /// A list of `length` numbers that may be absent.
    pub fn numbers_if_any(&mut self, key: &'static str, length: usize, bounds: Bounds) -> Option<Vec<f64>> {
        let value = self.ask(key, None, || Field::Numbers(bounds, Some(length)))?;
        Some(self.as_numbers(key, value, length, bounds))
    }

    /// A list of lists of numbers that may be absent.
    pub fn rows_if_any(&mut self, key: &'static str, bounds: Bounds) -> Vec<Vec<f64>> {
        let Some(value) = self.ask(key, None, || Field::Rows(bounds)) else { return Vec::new() };
        let rows = value.list().map(|rows| rows.iter().map(Value::list).collect::<Option<Vec<_>>>());
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
        let Some(value) = self.ask(key, None, || Field::NamedNumbers(bounds)) else { return Vec::new() };
        let Some(table) = value.table() else {
            self.wrong_type(key, value, "a table of numbers");
            return Vec::new();
        };
        table.values().map(|(name, value)| (name.to_owned(), self.as_number(key, value, bounds))).collect()
    }
}
