//! The log of a season, as `outlay recommend` reads it. What is sound is written and read again.
#![no_main]

#[path = "../../crates/runner/src/log.rs"]
mod log;

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use outlay_environment::{Money, Scenario};

static SCENARIO: LazyLock<Arc<Scenario>> =
    LazyLock::new(|| Scenario::load("problems/p3-carry-over").expect("it ships"));

fuzz_target!(|text: &str| {
    let brief = &SCENARIO.brief;
    let Ok(seen) = log::read(text, brief) else { return };
    assert!(seen.iter().all(|seen| seen.lines.len() == brief.lines.len() && seen.budget_left >= Money::ZERO));
    let again = log::write(brief, &seen).expect("it can be written");
    assert_eq!(log::read(&again, brief).expect("what was written is sound"), seen);
});
