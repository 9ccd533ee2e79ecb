//! Columns of cells as days, numbers, controls, a currency; what is not clear is a problem.

use std::collections::BTreeMap;

use super::cells::{Date, DateOrder, Number, date, number};
use super::findings::Findings;
use super::roles::{currency_of, tokens};
use super::table::Table;
use crate::phrases::calibrate::Phrases;
use crate::phrases::fill;

/// Most words of a text that become controls.
const MOST_WORDS: usize = 12;

/// `[rows]` days; nothing where any is unclear.
pub(super) fn read_days(
    table: &Table,
    column: usize,
    order: Option<DateOrder>,
    findings: &mut Findings,
) -> Option<Vec<i64>> {
    let name = &table.names[column];
    let read: Vec<Option<Date>> = (0..table.rows()).map(|row| date(&table.cell(row, column))).collect();
    let mut sound = true;
    for (row, _) in read.iter().enumerate().filter(|(_, it)| it.is_none()) {
        let message = format!("`{}` in column `{name}` is no date", table.cell(row, column));
        findings.cell(
            "date",
            column,
            table.lines[row],
            table.place(row, column),
            message,
            "not a date",
            "write dates as 2026-01-31",
        );
        sound = false;
    }
    let open = || {
        read.iter()
            .flatten()
            .filter_map(|it| if let Date::Either(one, other, _) = it { Some((*one, *other)) } else { None })
    };
    let order = match (order, open().any(|(one, _)| one > 12), open().any(|(_, other)| other > 12)) {
        (Some(order), _, _) => order,
        (None, true, false) => DateOrder::Dmy,
        (None, false, true) => DateOrder::Mdy,
        (None, day_first, _) => {
            if let Some(row) = read.iter().position(|it| matches!(it, Some(Date::Either(..)))) {
                let why = if day_first {
                    "both day and month stand first in column"
                } else {
                    "day or month first? no date tells in column"
                };
                let message = format!("{why} `{name}`");
                findings.cell(
                    "order",
                    column,
                    table.lines[row],
                    table.place(row, column),
                    message,
                    "either",
                    "write dates as 2026-01-31, or say `--dates dmy` or `--dates mdy`",
                );
                sound = false;
            }
            DateOrder::Dmy
        }
    };
    let mut days = Vec::with_capacity(read.len());
    for (row, read) in read.iter().enumerate() {
        match read.map(|it| it.ordered(order)) {
            Some(Some(day)) => days.push(day),
            Some(None) if sound => {
                let message =
                    format!("`{}` in column `{name}` is no date of the calendar", table.cell(row, column));
                findings.cell(
                    "calendar",
                    column,
                    table.lines[row],
                    table.place(row, column),
                    message,
                    "no such day",
                    "",
                );
            }
            _ => {}
        }
    }
    (sound && days.len() == table.rows()).then_some(days)
}

/// `[rows]` numbers of a column; those that are none are problems and 0.
pub(super) fn read_numbers(
    table: &Table,
    column: usize,
    positive: bool,
    signs: &mut BTreeMap<String, usize>,
    findings: &mut Findings,
) -> Vec<f64> {
    let name = &table.names[column];
    let mut numbers = Vec::with_capacity(table.rows());
    for row in 0..table.rows() {
        let cell = table.cell(row, column);
        let mut wrong = |kind, message: String, label, help| {
            findings.cell(kind, column, table.lines[row], table.place(row, column), message, label, help);
            0.0
        };
        numbers.push(match number(&cell) {
            Number::Plain(value, sign) => {
                if let Some(sign) = sign {
                    signs.entry(sign.to_string()).or_insert(table.lines[row]);
                }
                if positive && value < 0.0 {
                    wrong(
                        "negative",
                        format!("column `{name}` holds a negative spend, {cell}"),
                        "below 0",
                        "credits and refunds belong to the step that was paid for",
                    )
                } else {
                    value
                }
            }
            Number::Empty => wrong(
                "empty",
                format!("nothing in column `{name}`"),
                "empty",
                "write 0 where it was nothing; fill in what is not known",
            ),
            Number::Separated => wrong(
                "separated",
                format!("`{cell}` in column `{name}` has separators: thousands, or a decimal comma?"),
                "unclear",
                "write plain numbers with a decimal point: 1234.5",
            ),
            Number::Text => wrong(
                "text",
                format!("`{cell}` in column `{name}` is no number"),
                "not a number",
                "write plain numbers with a decimal point: 1234.5",
            ),
        });
    }
    numbers
}

/// A control: its numbers, or where it is a text each of its words as 0 and 1.
pub(super) fn read_control(
    table: &Table,
    column: usize,
    controls: &mut Vec<(String, Vec<f64>)>,
    notes: &mut Vec<String>,
    phrases: &Phrases,
    findings: &mut Findings,
) {
    let name = &table.names[column];
    let all = table.rows().max(1);
    let texts = (0..table.rows()).filter(|row| number(&table.cell(*row, column)) == Number::Text).count();
    let plain = (0..table.rows())
        .filter(|row| matches!(number(&table.cell(*row, column)), Number::Plain(..)))
        .count();
    if texts == 0 || 2 * plain > all {
        controls.push((name.clone(), read_numbers(table, column, false, &mut BTreeMap::new(), findings)));
        return;
    }
    let word = |row: usize| table.cell(row, column).into_owned();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    (0..table.rows()).for_each(|row| *counts.entry(word(row)).or_default() += 1);
    // What stands for nothing, or else the most frequent word, is what the others are held against.
    let nothing = |word: &&String| {
        number(word) == Number::Empty || ["no", "none", "0", "无"].contains(&word.to_lowercase().as_str())
    };
    let base = counts
        .keys()
        .find(nothing)
        .or_else(|| counts.iter().max_by_key(|(_, count)| **count).map(|(word, _)| word))
        .cloned();
    let others: Vec<String> = counts.into_keys().filter(|word| Some(word) != base.as_ref()).collect();
    if others.len() > MOST_WORDS {
        notes.push(fill(phrases.many_words, &[name, &others.len().to_string()]));
        return;
    }
    for other in others {
        let values = (0..table.rows()).map(|row| f64::from(u8::from(word(row) == other))).collect();
        controls.push((format!("{name}={other}"), values));
    }
}

/// The one currency of all money, by its sign, by a column's name, by a column of currencies.
pub(super) fn one_currency(
    table: &Table,
    columns: &[usize],
    money: &[usize],
    signs: BTreeMap<String, usize>,
    findings: &mut Findings,
) -> Option<String> {
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for (sign, line) in signs {
        let code = match sign.as_str() {
            "$" => "USD",
            "€" => "EUR",
            "£" => "GBP",
            "¥" | "￥" => "CNY",
            "₹" => "INR",
            "₩" => "KRW",
            other => other,
        };
        found.entry(code.to_owned()).or_insert_with(|| format!("`{sign}` in row {line}"));
    }
    for &column in money {
        for code in tokens(&table.names[column]).iter().filter_map(|word| currency_of(word)) {
            found.entry(code.to_owned()).or_insert_with(|| format!("column `{}`", table.names[column]));
        }
    }
    for &column in columns {
        for row in 0..table.rows() {
            let cell = table.cell(row, column).to_uppercase();
            if !cell.is_empty() {
                found.entry(cell).or_insert_with(|| {
                    format!("row {} of column `{}`", table.lines[row], table.names[column])
                });
            }
        }
    }
    if found.len() > 1 {
        let places: Vec<String> = found.iter().map(|(code, place)| format!("{code} ({place})")).collect();
        findings.whole(
            format!("money is in {} currencies: {}", found.len(), places.join(", ")),
            "convert all money to one currency",
        );
    }
    found.into_keys().next()
}
