//! A table of spend and outcome, as `outlay calibrate` reads it: cells, roles, dates, the whole history.
#![no_main]
#![allow(dead_code, reason = "the page that shows a history is not here")]

#[path = "../../crates/runner/src/calibrate/assemble.rs"]
mod assemble;
#[path = "../../crates/runner/src/calibrate/cells.rs"]
mod cells;
#[path = "../../crates/runner/src/calibrate/columns.rs"]
mod columns;
#[path = "../../crates/runner/src/calibrate/findings.rs"]
mod findings;
#[path = "../../crates/runner/src/phrases/mod.rs"]
mod phrases;
#[path = "../../crates/runner/src/calibrate/roles.rs"]
mod roles;
#[path = "../../crates/runner/src/calibrate/table.rs"]
mod table;

use phrases::Language;
use phrases::calibrate::Phrases;

/// As `understand` of the program puts them together.
fn read(bytes: &[u8]) {
    let mut findings = findings::Findings::new("fuzz.csv");
    let Some(table) = table::Table::of(bytes, &mut findings) else { return };
    let phrases = Phrases::of(Language::En);
    let taken = roles::roles(&table, &cli::Calibrate::default(), phrases, &mut findings);
    if let Some(assembled) = assemble::assemble(&table, &taken, None, phrases, &mut findings) {
        let history = assembled.history;
        let steps = history.steps();
        assert!(history.channels.iter().all(|channel| channel.spend.len() == steps));
        assert!(
            history.channels.iter().flat_map(|it| &it.spend).all(|money| money.is_finite() && *money >= 0.0)
        );
        assert!(history.controls.iter().all(|control| control.values.len() == steps));
    }
}

/// What is asked of the columns on the command line: nothing.
mod cli {
    #[derive(Default)]
    pub(crate) struct Calibrate {
        pub(crate) date: Option<String>,
        pub(crate) channel: Option<String>,
        pub(crate) outcome: Option<String>,
        pub(crate) spend: Vec<String>,
        pub(crate) controls: Vec<String>,
        pub(crate) ignore: Vec<String>,
        pub(crate) goal: Option<Outcome>,
    }
    #[derive(Clone, Copy, PartialEq)]
    pub(crate) enum Outcome {
        Revenue,
        Orders,
    }
}

mod plan {
    pub(crate) fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
        names.collect::<Vec<_>>().join(", ")
    }
    pub(crate) fn nearest<'a>(_: &str, mut names: impl Iterator<Item = &'a str>) -> Option<String> {
        names.next().map(str::to_owned)
    }
}

mod warning {
    pub(crate) fn plural(count: u64, noun: &str) -> String {
        format!("{count} {noun}")
    }
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| read(bytes));
