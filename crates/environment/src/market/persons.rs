//! Shoppers are persons, not draws: what happens next hangs on who lived through what.

use super::claims::Claims;
use super::own::Relations;
use super::shoppers::Shoppers;
use super::state::MarketState;
use crate::{Allocation, Domain, Episode, Ledger, Scenario, Seeds, World};

/// Gives every history to another shopper: `order` is a permutation of shoppers.
fn permute<T: Copy>(values: &mut [T], order: &[usize]) {
    if values.is_empty() {
        return;
    }
    let old = values.to_vec();
    values.iter_mut().zip(order).for_each(|(value, from)| *value = old[*from]);
}

impl Shoppers {
    /// What shoppers have lived through goes to others; personas and habits stay where they are.
    fn permute(&mut self, order: &[usize]) {
        let Self { class: _, flags, stage, expires, contact, orders, memory, last_line, last_click, .. } =
            self;
        permute(flags, order);
        permute(stage, order);
        permute(last_line, order);
        let stamps = [expires, last_click].into_iter().chain(contact).chain(orders).chain(memory);
        let stamps = stamps.chain(&mut self.outside_click).chain(self.capped.iter_mut().flatten());
        stamps.for_each(|stamps| permute(stamps, order));
        // Who was at `from` is now at the place whose turn it is.
        let place = |from: u32| order.iter().position(|other| *other == from as usize).unwrap_or_default();
        self.reserved_in_part.iter_mut().for_each(|(shopper, _)| *shopper = place(*shopper) as u32);
        permute(&mut self.in_view, order);
        let Claims { held, until, .. } = &mut self.claims;
        permute(held, order);
        permute(until, order);
    }
}

impl MarketState {
    fn permute(&mut self, order: &[usize]) {
        let shard = self.whole_mut();
        shard.shoppers.permute(order);
        let Relations { tired, leaves } = &mut shard.relations;
        permute(tired, order);
        permute(leaves, order);
    }
}

/// Few steps of every line an even part of the budget, with the histories of shoppers moved on by `places` after each.
fn play(scenario: &str, places: usize) -> Ledger {
    const SHOPPERS: usize = 1_000;
    const STEPS: usize = 10;
    let scenario = Scenario::load(scenario).unwrap().with_shoppers(SHOPPERS);
    let seeds = Seeds::numbered(Domain::Train, 1, 0);
    let mut episode = Episode::new(World::draw(&scenario, seeds.world), seeds.noise);
    let lines = scenario.brief.lines.len();
    let money = scenario.brief.budget.major() / (scenario.brief.steps * lines) as f64;
    for _ in 0..STEPS.min(scenario.brief.steps) {
        episode.step(&Allocation::of(vec![money; lines]));
        let market = episode.market_mut();
        let count = market.whole().shoppers.len();
        let order: Vec<usize> = (0..count).map(|i| (i + places) % count).collect();
        let (stocks, in_market) = (market.whole().shoppers.stocks, market.whole().shoppers.in_market);
        market.permute(&order);
        assert_eq!((market.whole().shoppers.stocks, market.whole().shoppers.in_market), (stocks, in_market));
    }
    episode.ledger().clone()
}

#[test]
fn histories_given_to_others_change_what_comes_of_them() {
    for name in Scenario::shipped() {
        let [own, again, others] = [0, 0, 1].map(|places| play(&name, places));
        assert_eq!((&own.rows, &own.shop), (&again.rows, &again.shop), "{name}");
        // The first step knows of no change.
        assert_eq!((own.step(0), own.shop[0]), (others.step(0), others.shop[0]), "{name}");
        assert_ne!((&own.rows, &own.shop), (&others.rows, &others.shop), "{name}");
    }
}
