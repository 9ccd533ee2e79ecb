use outlay_environment::{Allocation, Episode, Money, Scenario, World};

use super::*;

/// The brief and every observation of an episode that spends unevenly.
fn record(name: &str) -> (Brief, Vec<Observation>) {
    let scenario = Scenario::load(name).unwrap();
    let scenario = if scenario.market().is_some() { scenario.with_shoppers(500) } else { scenario };
    let mut episode = Episode::new(World::draw(&scenario, 3), 4);
    let mut seen = Vec::new();
    while !episode.is_over() {
        seen.push(episode.observation().clone());
        let step = episode.observation().step;
        let money = (0..scenario.brief.lines.len()).map(|line| 300.0 * ((line + step) % 5) as f64).collect();
        episode.step(&Allocation::of(money));
    }
    ((*scenario.brief).clone(), seen)
}

/// `[steps]` line features and global features of an episode.
fn read(brief: &Brief, seen: &[Observation]) -> Vec<(Vec<f32>, Vec<f32>)> {
    let mut features = Features::default();
    features.start(brief);
    let one = |observation: &Observation| {
        let mut lines = vec![f32::NAN; brief.lines.len() * LINE_FEATURES];
        let mut global = vec![f32::NAN; GLOBAL_FEATURES];
        features.read(observation, &[], &mut lines, &mut global);
        (lines, global)
    };
    seen.iter().map(one).collect()
}

fn assert_close(a: &[f32], b: &[f32], what: &str) {
    for (place, (a, b)) in a.iter().zip(b).enumerate() {
        assert!((a - b).abs() <= 1e-4 * (1.0 + b.abs()), "{what} {place}: {a} against {b}");
    }
}

#[test]
fn every_feature_is_written_and_finite() {
    let (brief, seen) = record("new-customer");
    for (lines, global) in read(&brief, &seen) {
        assert!(lines.iter().chain(&global).all(|x| x.is_finite()));
    }
}

#[test]
fn every_feature_is_finite_in_worlds_without_shoppers() {
    for name in ["problems", "families", "references"].into_iter().flat_map(Scenario::shipped_in) {
        let scenario = Scenario::load(&name).unwrap();
        let brief = &scenario.brief;
        // All at once, evenly, and nothing at all.
        for scale in [1.0, 1.0 / brief.steps as f64, 0.0] {
            let mut episode = Episode::new(World::draw(&scenario, 3), 4);
            let mut seen = vec![episode.observation().clone()];
            while !episode.is_over() {
                let money = vec![scale * brief.budget.major(); brief.lines.len()];
                episode.step(&Allocation::of(money));
                seen.push(episode.observation().clone());
            }
            seen.pop();
            for (lines, global) in read(brief, &seen) {
                assert!(lines.iter().chain(&global).all(|x| x.is_finite()), "{name} {scale}");
            }
        }
    }
}

#[test]
fn every_feature_is_finite_where_a_shop_loses_money() {
    let (brief, seen) = record("problems/p4-goodwill");
    for lost in [-1.0, -2.0] {
        let mut seen = seen.clone();
        seen.iter_mut().for_each(|observation| observation.shop.revenue = Money(0));
        seen[1].shop.revenue = Money::from_major(lost);
        for (lines, global) in read(&brief, &seen) {
            assert!(lines.iter().chain(&global).all(|x| x.is_finite()), "{lost}");
        }
    }
}

#[test]
fn the_currency_does_not_matter() {
    let (brief, seen) = record("new-customer");
    let dear = |money: Money| Money(money.0 * 1000);
    let mut other = brief.clone();
    other.budget = dear(brief.budget);
    for line in &mut other.lines {
        if line.pricing != Pricing::Commission {
            line.list_price *= 1000.0;
        }
    }
    for line in &mut other.limits.lines {
        line.cap = line.cap.map(dear);
        line.floor = line.floor.map(dear);
        line.pin = line.pin.map(dear);
    }
    let mut converted = seen.clone();
    for observation in &mut converted {
        observation.budget_left = dear(observation.budget_left);
        observation.reserved = dear(observation.reserved);
        observation.shop.revenue = dear(observation.shop.revenue);
        for line in &mut observation.lines {
            line.granted = dear(line.granted);
            line.spend = dear(line.spend);
            line.revenue = dear(line.revenue);
        }
    }
    for (a, b) in read(&brief, &seen).iter().zip(read(&other, &converted)) {
        assert_close(&a.0, &b.0, "line feature");
        assert_close(&a.1, &b.1, "global feature");
    }
}

#[test]
fn the_order_of_lines_turns_their_features_and_nothing_else() {
    let (brief, seen) = record("new-customer");
    let mut other = brief.clone();
    other.lines.rotate_left(2);
    other.limits.lines.rotate_left(2);
    let mut turned = seen.clone();
    turned.iter_mut().for_each(|observation| observation.lines.rotate_left(2));
    for (a, b) in read(&brief, &seen).iter_mut().zip(read(&other, &turned)) {
        a.0.rotate_left(2 * LINE_FEATURES);
        assert_close(&a.0, &b.0, "line feature");
        assert_close(&a.1, &b.1, "global feature");
    }
}

/// Who forgets all but the last report sees the same in every other place.
#[test]
fn what_is_remembered_is_known() {
    let (mut line, mut whole) = (vec![false; LINE_FEATURES], vec![false; GLOBAL_FEATURES]);
    let shops = ["all-domain", "cart-recovery", "break-out-of-circle", "clearance", "launch"];
    for name in shops.into_iter().chain(["test-then-launch", "promotion-618", "problems/p3-carry-over"]) {
        let (brief, seen) = record(name);
        let known = read(&brief, &seen);
        for (observation, known) in seen.iter().zip(known) {
            let last = &read(&brief, std::slice::from_ref(observation))[0];
            for (place, (a, b)) in known.0.iter().zip(&last.0).enumerate() {
                line[place % LINE_FEATURES] |= a != b;
            }
            for (place, (a, b)) in known.1.iter().zip(&last.1).enumerate() {
                whole[place] |= a != b;
            }
        }
    }
    let places = |differs: &[bool]| (0..differs.len()).filter(|place| differs[*place]).collect::<Vec<_>>();
    assert_eq!(places(&line), REMEMBERED_LINE.into_iter().flatten().collect::<Vec<_>>());
    assert_eq!(places(&whole), REMEMBERED_GLOBAL.into_iter().flatten().collect::<Vec<_>>());
}

#[test]
fn starting_again_forgets_the_episode_before() {
    let (brief, seen) = record("new-customer");
    let fresh = read(&brief, &seen);
    let mut features = Features::default();
    let mut lines = vec![0.0; brief.lines.len() * LINE_FEATURES];
    let mut global = vec![0.0; GLOBAL_FEATURES];
    for _ in 0..2 {
        features.start(&brief);
        for (observation, fresh) in seen.iter().zip(&fresh) {
            features.read(observation, &[], &mut lines, &mut global);
            assert_eq!((&lines, &global), (&fresh.0, &fresh.1));
        }
    }
}

#[test]
fn no_data_is_the_pool_and_data_moves_away_from_it() {
    assert_eq!(against_pool(0.0, 0.0, 0.0, 0.0, RARE), 0.0);
    // Two lines, the same spend; the pool has 5 events a unit, so 50 were expected.
    assert!((against_pool(80.0, 100.0, 10.0, 20.0, 2.0) - (82.0_f64 / 52.0).ln()).abs() < 1e-12);
}
