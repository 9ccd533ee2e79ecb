//! A market in shards is the same market: whatever is played comes to the same bytes in one piece and in any number of
//! shards.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/season.rs"]
mod season;

use std::sync::Arc;

use outlay_environment::{Allocation, Change, Episode, Key, STAGES, Scenario};
use proptest::prelude::*;
use season::{even, start};

/// All that can be seen of a season: ledger, observations, flow of shoppers, standing.
fn season(scenario: &Arc<Scenario>, number: u64, mut wish: impl FnMut(&Episode) -> Allocation) -> String {
    let mut episode = start(scenario, number);
    let mut seen = Vec::new();
    while !episode.is_over() {
        seen.push(serde_json::to_string(episode.observation()).unwrap());
        let wish = wish(&episode);
        episode.step(&wish);
    }
    seen.push(serde_json::to_string(episode.observation()).unwrap());
    seen.push(serde_json::to_string(episode.ledger()).unwrap());
    let flow: [[u64; STAGES]; STAGES] = episode.flow();
    seen.push(format!("{flow:?} {:?} {:?}", episode.standing(), episode.activity().1));
    seen.join("\n")
}

fn in_shards(scenario: &Arc<Scenario>, shards: usize) -> Arc<Scenario> {
    let shoppers = scenario.market().unwrap().shoppers;
    scenario.in_shards(shoppers.div_ceil(shards) as u32).unwrap()
}

/// Every shipped market that can be cut, for a whole season.
#[test]
fn every_scenario_comes_to_the_same_bytes() {
    let mut played = 0;
    let mut refused = Vec::new();
    for name in Scenario::every_shipped() {
        let scenario = Scenario::load(&name).unwrap();
        if scenario.market().is_none() {
            assert!(scenario.in_shards(10).is_err());
            continue;
        }
        let scenario = scenario.with_shoppers(700);
        if scenario.in_shards(100).is_err() {
            refused.push(name);
            continue;
        }
        let whole = season(&scenario, 1, even);
        for shards in [2, 7] {
            assert_eq!(whole, season(&in_shards(&scenario, shards), 1, even), "{name} in {shards} shards");
        }
        played += 1;
    }
    assert!(played > 30);
    assert_eq!(refused, ["lead", "promotion-double-11", "heldout/leads-two-more"]);
}

/// Money for some lines, more or less of it, with bids where they are open.
fn whim(scenario: &Scenario, key: Key) -> impl FnMut(&Episode) -> Allocation {
    let steps = scenario.brief.steps as f64;
    let budget = scenario.brief.budget.major();
    move |episode| {
        let key = key.with(episode.observation().step as u64);
        let lines = episode.world().scenario.brief.lines.len() as u64;
        let money = (0..lines).map(|line| {
            let size = key.with(line).uniform();
            if size < 0.3 { 0.0 } else { budget / steps * size * size * size }
        });
        let bids = (0..lines).map(|line| 8.0 * key.with(line).with(1).uniform());
        Allocation { money: money.collect(), bids: bids.collect() }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Whoever decides, with shoppers of one person and of many, at any number of shards.
    #[test]
    fn any_money_comes_to_the_same_bytes(
        name in prop::sample::select(vec!["new-customer", "portfolio", "all-domain", "stock-bound", "newcomer", "win-back"]),
        shoppers in prop::sample::select(vec![400_usize, 1_000, 4_000]),
        shards in prop::sample::select(vec![1_usize, 2, 3, 7, 40]),
        number in 0_u64..1_000,
    ) {
        let scenario = Scenario::load(name).unwrap().with_shoppers(shoppers);
        let whole = season(&scenario, number, whim(&scenario, Key::new(number)));
        let parts = season(&in_shards(&scenario, shards), number, whim(&scenario, Key::new(number)));
        prop_assert_eq!(whole, parts);
    }
}

#[test]
fn a_branch_of_a_market_in_shards_goes_on_as_it_would_have() {
    let scenario = in_shards(&Scenario::load("new-customer").unwrap().with_shoppers(1_000), 3);
    let mut trunk = start(&scenario, 3);
    for _ in 0..5 {
        trunk.step(&even(&trunk));
    }
    let mut branch = trunk.clone();
    while !trunk.is_over() {
        trunk.step(&even(&trunk));
        branch.step(&even(&branch));
    }
    assert_eq!(
        serde_json::to_string(trunk.ledger()).unwrap(),
        serde_json::to_string(branch.ledger()).unwrap()
    );
}

#[test]
fn nobody_stands_for_less_than_one_person() {
    let scenario = Scenario::load("new-customer").unwrap();
    let many = scenario.with_population(8_100_000).unwrap();
    let market = many.market().unwrap();
    assert_eq!((market.people, market.shoppers), (8_100_000, 8_100_000));
    assert_eq!(many.brief.budget, scenario.brief.budget);
    assert_ne!(many.hash, scenario.hash);
    assert_eq!(market.people % market.training_shoppers as u64, 0);
    let few = scenario.with_population(50_000).unwrap();
    assert_eq!((few.market().unwrap().people, few.market().unwrap().weight()), (400_000, 8));
    // The number that a file names is that file's scenario.
    assert_eq!(scenario.with_population(20_000).unwrap().hash, scenario.hash);
    assert!(scenario.with_population(300_000).is_err());
    assert!(scenario.with_population(0).is_err());
}

#[test]
fn a_season_of_its_first_steps_begins_as_the_whole_one() {
    // A rival who enters does so within the season, which is a shorter one.
    let peace = Change::set("test", "industry.rival_entry=0");
    let scenario = Scenario::load_changed("new-customer", &[peace]).unwrap().with_shoppers(1_000);
    let short = scenario.first_steps(3).unwrap();
    let (mut whole, mut part) = (start(&scenario, 5), start(&short, 5));
    assert_eq!(part.world().scenario.brief.steps, 3);
    while !part.is_over() {
        let money = vec![2_000.0; 7];
        whole.step(&Allocation::of(money.clone()));
        part.step(&Allocation::of(money));
    }
    // Money at the end of a season is the guard's to give in the last step; these sums are far below.
    assert_eq!(whole.ledger().rows, part.ledger().rows);
    assert!(scenario.first_steps(0).is_err() && scenario.first_steps(33).is_err());
    assert_eq!(scenario.first_steps(32).unwrap().hash, scenario.hash);
}
