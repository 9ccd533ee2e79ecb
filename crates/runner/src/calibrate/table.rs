//! A CSV file as cells that know their place, within bounds: size, rows, cells.

use std::io::Read;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::findings::Findings;

/// Largest file, in bytes: a hundred years of days with a hundred columns fit.
const MOST_BYTES: u64 = 32 << 20;
/// Most rows and cells.
const MOST_ROWS: usize = 400_000;
const MOST_CELLS: usize = 4_000_000;

/// A text cut into cells.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) text: Arc<str>,
    /// `[columns]` names.
    pub(super) names: Vec<String>,
    /// `[rows * columns]`, row by row.
    cells: Vec<Span>,
    /// `[rows]` lines of the file, from 1.
    pub(super) lines: Vec<usize>,
}

/// Bytes of a text.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

impl Table {
    /// Reads a file; what is wrong with it as a whole is found.
    pub(super) fn read(path: &Path, findings: &mut Findings) -> Option<Self> {
        match std::fs::File::open(path) {
            Ok(file) => Self::of(file, findings),
            Err(error) => {
                let help = "name a CSV file with a row for each day or week: spend, and what came of it; \
                            `outlay calibrate --help` has examples";
                findings.whole(format!("the file cannot be read: {error}"), help);
                None
            }
        }
    }

    /// Reads a stream.
    pub(super) fn of(stream: impl Read, findings: &mut Findings) -> Option<Self> {
        let mut bytes = Vec::new();
        if let Err(error) = stream.take(MOST_BYTES + 1).read_to_end(&mut bytes) {
            findings.whole(format!("the file cannot be read: {error}"), "");
            return None;
        }
        if bytes.len() as u64 > MOST_BYTES {
            let rows = bytes.iter().filter(|byte| **byte == b'\n').count();
            let message = format!("the file is larger than {} MiB ({rows} rows and more)", MOST_BYTES >> 20);
            findings.whole(message, "sum it to a row for each day or week (and channel) first");
            return None;
        }
        let text = decode(bytes, findings)?;
        findings.set_text(&text);
        Self::cut(text, findings)
    }

    fn cut(text: Arc<str>, findings: &mut Findings) -> Option<Self> {
        let first = text.lines().next().unwrap_or_default();
        let count = |separator: char| first.matches(separator).count();
        let separator = [',', ';', '\t'].into_iter().rev().max_by_key(|it| count(*it)).unwrap_or(',');
        let mut records = Records { text: &text, separator: separator as u8, place: 0, line: 1 };
        let mut header = Vec::new();
        records.next(&mut header);
        let names: Vec<String> = header.iter().map(|it| plain(&text, *it).into_owned()).collect();
        if names.len() < 2 {
            findings.whole(
                "the first row does not hold the names of at least two columns",
                "a table needs a date, an outcome and the spend of each channel, separated by commas",
            );
            return None;
        }
        for (column, name) in names.iter().enumerate() {
            if name.is_empty() {
                findings.at(range(header[column]), format!("column {} has no name", column + 1), "", "");
            } else if let Some(first) = names[..column].iter().position(|other| other == name) {
                let message = format!("two columns are called `{name}` ({} and {})", first + 1, column + 1);
                findings.at(range(header[column]), message, "second", "give each its own name");
            }
        }
        let mut table = Self { text: text.clone(), names, cells: Vec::new(), lines: Vec::new() };
        let mut row = Vec::new();
        loop {
            let line = records.line;
            if !records.next(&mut row) {
                break;
            }
            if row.iter().all(|cell| plain(&text, *cell).is_empty()) {
                continue;
            }
            if table.lines.len() >= MOST_ROWS || table.cells.len() >= MOST_CELLS {
                let message = format!("more than {} rows", table.lines.len());
                findings.whole(message, "sum it to a row for each day or week (and channel) first");
                return None;
            }
            if row.len() != table.names.len() {
                let place = row.first().map_or(0..0, |it| range(*it));
                let message =
                    format!("the row has {} cells where there are {} columns", row.len(), table.names.len());
                findings.cell(
                    "cells",
                    0,
                    line,
                    place,
                    message,
                    "here",
                    "a comma inside of a number or a text must stand in quotes",
                );
                row.resize(table.names.len(), Span { start: 0, end: 0 });
            }
            table.cells.extend(&row);
            table.lines.push(line);
        }
        Some(table)
    }

    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.lines.len()
    }

    /// What stands in a cell, without blanks around it.
    pub(super) fn cell(&self, row: usize, column: usize) -> std::borrow::Cow<'_, str> {
        plain(&self.text, self.cells[row * self.names.len() + column])
    }

    /// Where a cell stands.
    pub(super) fn place(&self, row: usize, column: usize) -> Range<usize> {
        range(self.cells[row * self.names.len() + column])
    }
}

fn range(span: Span) -> Range<usize> {
    span.start as usize..span.end as usize
}

/// The text of a cell, quotes and blanks taken off.
fn plain(text: &str, span: Span) -> std::borrow::Cow<'_, str> {
    let cell = text.get(range(span)).unwrap_or_default().trim();
    match cell.strip_prefix('"').and_then(|cell| cell.strip_suffix('"')) {
        Some(inner) if inner.contains("\"\"") => inner.replace("\"\"", "\"").trim().to_owned().into(),
        Some(inner) => inner.trim().into(),
        None => cell.into(),
    }
}

/// Rows of a text as RFC 4180 has them: a quoted cell may hold separators and line ends.
struct Records<'t> {
    text: &'t str,
    separator: u8,
    place: usize,
    /// Line of the next row, from 1.
    line: usize,
}

impl Records<'_> {
    /// The next row's cells, if there is one.
    fn next(&mut self, cells: &mut Vec<Span>) -> bool {
        cells.clear();
        let bytes = self.text.as_bytes();
        if self.place >= bytes.len() {
            return false;
        }
        let (mut start, mut quoted) = (self.place, false);
        let cell = |start: usize, end: usize| Span { start: start as u32, end: end as u32 };
        loop {
            let byte = bytes.get(self.place).copied();
            match byte {
                Some(b'"') => quoted = !quoted,
                Some(b'\n') => self.line += 1,
                _ => {}
            }
            let ends = !quoted && (byte == Some(self.separator) || byte == Some(b'\n'));
            if ends || byte.is_none() {
                cells.push(cell(start, self.place));
                start = self.place + 1;
            }
            self.place += 1;
            if byte.is_none() || (ends && byte == Some(b'\n')) {
                return true;
            }
        }
    }
}

/// UTF-8, with or without its mark; anything else is named as far as it can be.
fn decode(bytes: Vec<u8>, findings: &mut Findings) -> Option<Arc<str>> {
    const HELP: &str =
        "save it as UTF-8 (in a spreadsheet: CSV UTF-8), or convert it with `iconv -f ENCODING -t UTF-8`";
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        findings.whole("the file is encoded in UTF-16, not in UTF-8", HELP);
        return None;
    }
    if bytes.contains(&0) {
        findings.whole("the file holds zero bytes: it is no text in UTF-8, perhaps UTF-16 without a mark, or a spreadsheet", HELP);
        return None;
    }
    let bytes = match bytes.strip_prefix(&[0xef, 0xbb, 0xbf]) {
        Some(rest) => rest.to_vec(),
        None => bytes,
    };
    match String::from_utf8(bytes) {
        Ok(text) if text.trim().is_empty() => {
            findings.whole(
                "the file is empty",
                "a table needs a first row of names and a row for each day or week",
            );
            None
        }
        Ok(text) => match text.find(|c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
            Some(at) => {
                let row = text[..at].matches('\n').count() + 1;
                findings.whole(format!("row {row} holds a control character: it is no table of text"), HELP);
                None
            }
            None => Some(text.into()),
        },
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let bytes = error.as_bytes();
            let row = bytes[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
            let line = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |place| place + 1);
            let column =
                bytes[line..at].iter().filter(|byte| matches!(byte, b',' | b';' | b'\t')).count() + 1;
            // Chinese encodings use two bytes above 0x80 for a sign, Latin ones a single byte among plain letters.
            let guess = if bytes.get(at + 1).is_some_and(|byte| *byte >= 0x80) {
                "GBK or another Chinese encoding"
            } else {
                "Latin-1 or Windows-1252"
            };
            let message = format!(
                "row {row}, column {column} is not UTF-8 (byte {:#04x}); it looks like {guess}",
                bytes[at]
            );
            findings.whole(message, HELP);
            None
        }
    }
}
