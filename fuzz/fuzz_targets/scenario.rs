//! A scenario file with all that it lays over catalogue files: read, and if it is sound, played for a few steps.
#![no_main]

use libfuzzer_sys::fuzz_target;
use outlay_environment::{Allocation, Episode, Kind, Money, Scenario, World};

fuzz_target!(|text: &str| {
    let scenario = match Scenario::from_text("fuzz", text) {
        Ok(scenario) => scenario,
        Err(problems) => {
            assert!(!problems.0.is_empty(), "refused without a reason");
            for problem in &problems.0 {
                assert!(problem.span.clone().is_none_or(|span| problem.text.get(span).is_some()));
            }
            return;
        }
    };
    // Small worlds only: what is looked for is a panic or an account that does not close, not speed.
    let small = scenario.with_shoppers(8);
    let lines = small.brief.lines.len();
    if small.brief.steps * lines > 2_000 || matches!(small.kind, Kind::Amss(_)) {
        return;
    }
    let mut episode = Episode::new(World::draw(&small, 1), 2);
    for _ in 0..small.brief.steps.min(4) {
        let money = small.brief.budget.major() / (4 * lines.max(1)) as f64;
        episode.step(&Allocation::of(vec![money; lines]));
        let (ledger, seen) = (episode.ledger(), episode.observation());
        assert_eq!(ledger.cash() + seen.budget_left + seen.reserved, ledger.budget);
        assert!(seen.budget_left >= Money::ZERO && seen.reserved >= Money::ZERO);
    }
});
