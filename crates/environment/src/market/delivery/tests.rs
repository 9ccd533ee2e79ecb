use std::sync::Arc;

use super::super::settings::{AudienceSettings, FrequencyCap, Line, Market};
use super::super::shoppers::{LEVELS, flag};
use super::super::targeting::AudienceTest;
use super::super::visits::visit;
use super::*;
use crate::deeplink::Stage;
use crate::{Allocation, Episode, Scenario, World};

#[test]
fn buys_from_the_cheapest_rank_until_the_money_is_spent() {
    let mut scratch = Scratch::default();
    (scratch.billed[3], scratch.billed[10], scratch.billed[700]) = (2, 1, 5);
    scratch.met.clone_from(&scratch.billed);
    let price = |bin: usize| bin as i64;
    let last = |end, money, contacts| {
        let (bin, left) =
            last_bin(&scratch.billed[..], &scratch.met[..], end, 20, Left { money, contacts }, price);
        (bin, left.money)
    };
    // Two shoppers of 20 people at 3, one at 10, five at 700.
    assert_eq!(last(BINS, 119, i64::MAX), (3, 119));
    assert_eq!(last(BINS, 120, i64::MAX), (10, 0));
    assert_eq!(last(BINS, 320, i64::MAX), (700, 0));
    assert_eq!(last(BINS, 1_000_000, i64::MAX), (BINS, 1_000_000 - 320 - 70_000));
    // Dear ranks are out of reach, or there are people enough.
    assert_eq!(last(700, 1_000_000, i64::MAX), (700, 1_000_000 - 320));
    assert_eq!(last(BINS, 1_000_000, 60), (700, 1_000_000 - 320));
    assert_eq!(last(BINS, 1_000_000, 59), (10, 1_000_000 - 120));
}

#[test]
fn a_bid_reaches_the_ranks_that_are_no_dearer() {
    assert_eq!(first_above(-1, |bin| bin as i64), 0);
    assert_eq!(first_above(0, |bin| bin as i64), 1);
    assert_eq!(first_above(499, |bin| bin as i64 / 2), 1_000);
    assert_eq!(first_above(9, |_| 9), BINS);
}

/// A market in which every channel that ships is a line, on its first day.
struct Opening {
    world: Arc<MarketWorld>,
    shoppers: Shoppers,
    audience: Audience,
}

/// All channels as lines.
fn scenario(shoppers: usize) -> Arc<Scenario> {
    let mut text = String::from(
        "title = \"t\"\nquestion = \"q\"\ngoal = \"new-customers\"\ncurrency = \"CNY\"\nbudget = 500000\n\
         people = 400000\nshoppers = 2000\ntraining_shoppers = 2000\nindustry = \"snacks\"\n\
         merchant = \"young-snack-brand\"\ncalendar = \"618\"\n",
    );
    for name in channels() {
        text += &format!("[[line]]\nname = \"{name}\"\nchannel = \"{name}\"\n");
    }
    Scenario::from_text("all", &text).unwrap().with_shoppers(shoppers)
}

fn channels() -> Vec<String> {
    let names = Scenario::shipped_in("channels");
    names.iter().filter_map(|name| name.strip_prefix("channels/")).map(str::to_owned).collect()
}

/// The first day of that market with its settings changed.
fn stage(change: impl FnOnce(&mut Market)) -> Opening {
    let scenario = scenario(2_000);
    let mut market = Market::clone(scenario.market().unwrap());
    change(&mut market);
    let world = Arc::new(MarketWorld::build(&scenario.brief, &Arc::new(market), 11, Some(Key::new(11))));
    let mut shoppers = world.shoppers.clone();
    let mut audience = Audience::default();
    visit(&world, 0, Key::new(5), shoppers.crowd(), &mut shoppers, &mut audience);
    Opening { world, shoppers, audience }
}

impl Opening {
    fn moment(&self) -> Moment<'_> {
        Moment { world: &self.world, step: 0, key: Key::new(5) }
    }

    fn line(&self, name: &str) -> usize {
        self.world.market.lines.iter().position(|line| line.name == name).unwrap()
    }

    fn buy(&self, line: usize, terms: Terms) -> (Delivered, Shoppers) {
        let mut shoppers = self.shoppers.clone();
        let got = deliver(self.moment(), line, terms, &mut shoppers, &self.audience, &mut Scratch::default());
        (got, shoppers)
    }

    /// Whom a line meets where money is no limit.
    fn met(&self, line: usize) -> Vec<usize> {
        let mut all = List::default();
        let targeting = Targeting::count(self.moment(), line, &self.shoppers, &self.audience);
        let targeting = Targeting::new(self.moment(), line, &self.shoppers, targeting);
        meet(self.moment(), line, BINS, targeting.as_ref(), &self.shoppers, &self.audience, &mut all);
        all.as_slice().iter().map(|opportunity| opportunity.shopper as usize).collect()
    }
}

fn with_audience(line: &mut Line, change: impl FnOnce(&mut AudienceSettings)) {
    let mut audience = AudienceSettings {
        name: "those".into(),
        personas: Vec::new(),
        stages: Vec::new(),
        exclude_buyers_days: None,
        precision: 1.0,
        size: 1.0,
    };
    change(&mut audience);
    line.audience = Some(audience);
}

const MONEY: [i64; 5] = [1_000_000, 300_000_000, 1_500_000_000, 4_600_000_000, 90_000_000_000];

/// The pricing rule, person by person in the order of rank: what was spent is exactly its sum, for every channel.
#[test]
fn spend_is_the_pricing_rule_applied_to_the_events() {
    let stage = stage(|_| ());
    let weight = stage.world.market.weight();
    for (line, described) in stage.world.market.lines.iter().enumerate() {
        let (channel, drawn) = (&described.channel, &stage.world.lines[line]);
        for (money, contacts) in
            MONEY.into_iter().flat_map(|money| [(money, i64::MAX), (money, 5_003), (money, 0)])
        {
            let (delivered, _) = stage.buy(line, Terms { contacts, ..Terms::plain(money) });
            let clicks = Clicks::new(stage.moment(), line, 1.0, &stage.shoppers.contacts);
            let belong = Targeting::count(stage.moment(), line, &stage.shoppers, &stage.audience);
            let targeting = Targeting::new(stage.moment(), line, &stage.shoppers, belong);
            let mut all = List::default();
            let Opening { shoppers, audience, .. } = &stage;
            meet(stage.moment(), line, BINS, targeting.as_ref(), shoppers, audience, &mut all);
            let all = all.as_mut_slice();
            all.sort_by_key(|opportunity| (opportunity.bin, opportunity.shopper));

            let (mut cost, mut clicked, mut met, mut most) = (0, 0, 0, contacts as u64);
            if let Some(contract) = channel.contract {
                let price = (channel.price.median() * 1e6) as i64;
                let supply = all.len() as u64 * weight;
                let bought = (0..).take_while(|n| {
                    (n + 1) * price <= money
                        && *n < i64::from(contract.placements)
                        && (*n as u64 + 1) * contract.exposures <= supply
                });
                let bought = bought.count() as i64;
                cost = bought * price;
                most = bought as u64 * contract.exposures;
            }
            'money: for opportunity in all.iter() {
                let click = clicks.happens(&stage.shoppers, opportunity);
                let price = match channel.pricing {
                    Pricing::Commission => (channel.commission_cap * 1e6) as i64,
                    _ => {
                        let bid = drawn.price[0] * drawn.landscape[opportunity.bin as usize];
                        bid.max(drawn.floor) as i64
                    }
                };
                for _ in 0..weight {
                    let billed = match channel.pricing {
                        Pricing::PerThousand | Pricing::PerImpression => true,
                        Pricing::Fixed => false,
                        _ => click,
                    };
                    if met == most || (billed && cost + price > money) {
                        break 'money;
                    }
                    cost += if billed { price } else { 0 };
                    clicked += u64::from(click);
                    met += 1;
                }
            }
            let name = &described.name;
            assert_eq!((delivered.cost, delivered.clicks), (cost, clicked), "{name}, {money}, {contacts}");
            assert_eq!(delivered.impressions, met * u64::from(channel.impressions), "{name}, {money}");
            assert!(delivered.cost <= money);
        }
    }
}

#[test]
fn what_less_money_buys_is_part_of_what_more_buys() {
    let stage = stage(|_| ());
    for line in 0..stage.world.lines.len() {
        let met = MONEY.map(|money| stage.buy(line, Terms::plain(money)).1.met);
        for pair in met.windows(2) {
            assert!(pair[0].iter().zip(&pair[1]).all(|(less, more)| !less || *more), "line {line}");
        }
        assert!(met[4].iter().any(|met| *met), "line {line}");
    }
}

#[test]
fn looking_at_cheap_opportunities_first_changes_nothing() {
    let stage = stage(|market| {
        for line in &mut market.lines {
            with_audience(line, |audience| {
                audience.precision = 0.8;
                audience.personas = vec![0, 2, 3];
            });
        }
    });
    for line in 0..stage.world.lines.len() {
        for bid in [i64::MAX, 50_000] {
            let bought = |reach: usize| {
                let mut shoppers = stage.shoppers.clone();
                let reach = vec![reach; stage.world.lines.len()];
                let mut scratch = Scratch { reach, ..Scratch::default() };
                let terms = Terms { bid, ..Terms::plain(800_000_000) };
                let got = deliver(stage.moment(), line, terms, &mut shoppers, &stage.audience, &mut scratch);
                (got, shoppers.met, shoppers.stage)
            };
            let all = bought(BINS);
            for reach in [0, 7, 100, 400] {
                assert!(bought(reach) == all, "line {line}, reach {reach}");
            }
        }
    }
}

#[test]
fn a_contract_is_never_bought_in_part() {
    let stage = stage(|_| ());
    for name in ["contract", "bilibili"] {
        let line = stage.line(name);
        let channel = &stage.world.market.lines[line].channel;
        let contract = channel.contract.unwrap();
        let price = (channel.price.median() * 1e6) as i64;
        let mut bought = Vec::new();
        for money in (0..40).map(|part| part * price / 8) {
            let (got, _) = stage.buy(line, Terms::plain(money));
            assert_eq!(got.cost % price, 0);
            assert_eq!(got.impressions, (got.cost / price) as u64 * contract.exposures);
            bought.push(got.cost / price);
        }
        assert_eq!(bought[..17], [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 2]);
        assert_eq!(bought[39], i64::from(contract.placements));
        // One bids the price or nothing.
        let with = |bid: i64| stage.buy(line, Terms { bid, ..Terms::plain(price) }).0.cost;
        assert_eq!((with(price - 1), with(price)), (0, price));
    }
}

#[test]
fn no_more_placements_are_sold_than_can_be_kept() {
    let stage = stage(|market| {
        for line in market.lines.iter_mut().filter(|line| line.name == "contract") {
            line.channel.contract.as_mut().unwrap().exposures = 40_000;
        }
    });
    let line = stage.line("contract");
    let supply = stage.met(line).len() as u64 * stage.world.market.weight();
    let (got, _) = stage.buy(line, Terms::plain(90_000_000_000));
    assert_eq!(got.impressions, supply / 40_000 * 40_000);
    assert!(got.impressions < 3 * 40_000);
}

#[test]
fn audience_lines_meet_only_their_audience() {
    let change = |audience: &mut AudienceSettings| {
        audience.personas = vec![1, 4];
        audience.stages = vec![Stage::Unreached as usize, Stage::Discover as usize, Stage::Initial as usize];
        audience.exclude_buyers_days = Some(100);
    };
    let everyone = stage(|_| ());
    let meant = stage(|market| market.lines.iter_mut().for_each(|line| with_audience(line, change)));
    let today = meant.world.clock.day(0);
    let belongs = |i: usize| {
        let shoppers = &meant.shoppers;
        let last = shoppers.orders[0][i];
        [1, 4].contains(&(shoppers.class[i] as usize / LEVELS))
            && [0, 1, 5].contains(&shoppers.stage[i])
            && !(last > 0 && today - last <= 100)
    };
    for (line, described) in meant.world.market.lines.iter().enumerate() {
        let wanted: Vec<usize> = everyone.met(line).into_iter().filter(|i| belongs(*i)).collect();
        assert_eq!(meant.met(line), wanted, "{}", described.name);
        // Among whom money then buys in the order of price.
        let (_, shoppers) = meant.buy(line, Terms::plain(300_000_000));
        assert!((0..shoppers.len()).all(|i| !shoppers.met[i] || belongs(i)), "{}", described.name);
    }
    // Some bought longer ago than that, and are met.
    assert!(meant.met(meant.line("display")).iter().any(|i| meant.shoppers.stage[*i] == 5));
}

#[test]
fn precision_is_the_share_of_contacts_who_belong() {
    for precision in [0.4, 0.7, 1.0] {
        let stage = stage(|market| {
            for line in &mut market.lines {
                with_audience(line, |audience| {
                    audience.personas = vec![0];
                    audience.precision = precision;
                });
            }
        });
        let met = stage.met(stage.line("exchange"));
        let belong = met.iter().filter(|i| stage.shoppers.class[**i] as usize / LEVELS == 0).count();
        let share = belong as f64 / met.len() as f64;
        assert!((share - precision).abs() < 0.04, "{share} of {} at {precision}", met.len());
    }
}

#[test]
fn a_better_desk_passes_over_more_of_those_without_a_need() {
    let share = |optimised: f64| {
        let stage = stage(|market| {
            market.lines.iter_mut().for_each(|line| line.channel.friction.optimised = optimised);
        });
        let met = stage.met(stage.line("douyin"));
        let needs = |i: &&usize| stage.shoppers.flags[**i] & flag::IN_MARKET != 0;
        met.iter().filter(needs).count() as f64 / met.len() as f64
    };
    let shares = [0.0, 0.5, 1.0].map(share);
    // Half of those without a need are passed over.
    let odds = shares[0] / (1.0 - shares[0]);
    assert!((shares[1] - 2.0 * odds / (1.0 + 2.0 * odds)).abs() < 0.04, "{shares:?}");
    assert_eq!(shares[2], 1.0);
}

#[test]
fn a_lower_bid_never_buys_more_and_no_price_is_above_it() {
    let stage = stage(|_| ());
    for (line, described) in stage.world.market.lines.iter().enumerate() {
        let channel = &described.channel;
        let drawn = &stage.world.lines[line];
        let mut before = vec![false; stage.shoppers.len()];
        let mut costs = Vec::new();
        for part in [0.2, 0.6, 1.0, 1.6, 5.0] {
            let list = if channel.pricing == Pricing::Commission { 1e6 } else { 1.0 };
            let bid = (part * list * if list > 1.0 { drawn.commission_rate } else { drawn.price[0] }) as i64;
            let (got, shoppers) = stage.buy(line, Terms { bid, ..Terms::plain(4_600_000_000) });
            assert!(before.iter().zip(&shoppers.met).all(|(less, more)| !less || *more));
            before = shoppers.met;
            let events = match channel.pricing {
                Pricing::PerThousand | Pricing::PerImpression => {
                    got.impressions / u64::from(channel.impressions)
                }
                Pricing::PerClick | Pricing::PerEngagement => got.clicks,
                _ => 0,
            };
            assert!(events == 0 || got.cost <= bid * events as i64, "{} at {part}", described.name);
            costs.push(got.cost);
        }
        assert!(costs[0] < costs[4] && costs.is_sorted(), "{}: {costs:?}", described.name);
    }
}

/// In every window of the cap no shopper is met more often, though some would be.
#[test]
fn a_frequency_cap_holds_for_every_shopper() {
    let scenario = scenario(500);
    let most_in_window = |cap: FrequencyCap| {
        let mut market = Market::clone(scenario.market().unwrap());
        market.lines.retain(|line| line.name == "display");
        market.lines[0].channel.friction.frequency_cap = Some(cap);
        let world = MarketWorld::build(&scenario.brief, &Arc::new(market), 3, Some(Key::new(3)));
        let mut shoppers = world.shoppers.clone();
        let (mut audience, mut scratch) = (Audience::default(), Scratch::default());
        let mut contacts: Vec<Vec<usize>> = vec![Vec::new(); shoppers.len()];
        for step in 0..scenario.brief.steps {
            let key = Key::new(9).with(step as u64);
            visit(&world, step, key, shoppers.crowd(), &mut shoppers, &mut audience);
            let moment = Moment { world: &world, step, key };
            let terms = Terms::plain(90_000_000_000);
            deliver(moment, 0, terms, &mut shoppers, &audience, &mut scratch);
            for (i, stamp) in shoppers.capped[0][0].iter().enumerate() {
                if *stamp == world.clock.stamp(step) {
                    contacts[i].push(step);
                }
            }
        }
        let window = |steps: &Vec<usize>| -> usize {
            let within = |from: &usize| steps.iter().filter(|step| (*from..from + 7).contains(*step)).count();
            steps.iter().map(within).max().unwrap_or(0)
        };
        contacts.iter().map(window).max().unwrap()
    };
    assert_eq!(most_in_window(FrequencyCap { contacts: 2, days: 7.0 }), 2);
    assert_eq!(most_in_window(FrequencyCap { contacts: 16, days: 7.0 }), 7);
}

#[test]
fn leaked_buyers_are_counted_and_do_not_come() {
    let buy = |leak: f64| {
        let stage =
            stage(|market| market.lines.iter_mut().for_each(|line| line.channel.friction.leak = leak));
        let (got, shoppers) = stage.buy(stage.line("douyin"), Terms::plain(90_000_000_000));
        let satiated = |shoppers: &Shoppers| {
            shoppers.flags.iter().filter(|flags| **flags & flag::SATIATED != 0).count() as u64
        };
        let new = satiated(&shoppers) - satiated(&stage.shoppers);
        (got.leaked, new * stage.world.market.weight(), got.clicks)
    };
    let (none, some, all) = (buy(0.0), buy(0.5), buy(1.0));
    assert_eq!((none.0, none.1), (0, 0));
    assert!(some.0 > 0 && some.0 < all.0 && all.0 <= all.2);
    for bought in [some, all] {
        assert_eq!(bought.0, bought.1);
    }
    assert_eq!(none.2, all.2);
}

#[test]
fn creatives_wear_out_together_and_apart_from_others() {
    let rate = |creatives: [Option<&str>; 2]| {
        let stage = stage(|market| {
            let douyin = market.lines.iter().find(|line| line.name == "douyin").unwrap().clone();
            market.lines.clear();
            for (place, creative) in creatives.into_iter().enumerate() {
                let name = format!("line-{place}");
                market.lines.push(Line { name, creative: creative.map(str::to_owned), ..douyin.clone() });
            }
        });
        let mut shoppers = stage.shoppers.clone();
        shoppers.contacts = vec![4 * shoppers.len() as u64, 0];
        let mut scratch = Scratch::default();
        let terms = Terms::plain(90_000_000_000);
        deliver(stage.moment(), 1, terms, &mut shoppers, &stage.audience, &mut scratch).clicks
    };
    let (apart, other) = (rate([None, None]), rate([Some("a"), Some("b")]));
    let same = rate([Some("a"), Some("a")]);
    assert_eq!(apart, other);
    // Worn out by e^(-0.45 * 4), about a sixth.
    assert!(6 * same > other / 2 && 4 * same < other, "{same} {other}");
}

/// Whatever is granted, and on whatever terms, no line spends more.
#[test]
fn no_channel_spends_more_than_it_is_granted() {
    let scenario = scenario(400);
    let lines = scenario.brief.lines.len();
    for seed in 0..3 {
        let mut episode = Episode::new(World::draw(&scenario, seed), seed);
        let (mut granted, mut spent) = (vec![0; lines], vec![0; lines]);
        while !episode.is_over() {
            let step = episode.observation().step as u64;
            let wish = |line: usize| 4_000.0 * Key::new(seed).with(step).with(line as u64).uniform();
            episode.step(&Allocation::of((0..lines).map(wish).collect()));
            for (line, row) in episode.ledger().step(step as usize).iter().enumerate() {
                let commission = scenario.brief.lines[line].pricing == Pricing::Commission;
                granted[line] += row.granted.0;
                spent[line] += row.spend.0;
                assert!(commission || row.spend <= row.granted, "{}", scenario.brief.lines[line].name);
            }
        }
        assert!(granted.iter().zip(&spent).all(|(granted, spent)| spent <= granted));
        // A sale on commission is rare, with so few shoppers.
        assert!(spent[1..].iter().all(|spent| *spent > 0), "{spent:?}");
        assert_eq!(episode.ledger().violations(&scenario.brief.limits), 0);
    }
}

#[test]
fn an_audience_test_knows_the_day() {
    let scenario = Scenario::load("new-customer").unwrap().with_shoppers(100);
    let world = World::draw(&scenario, 1).market_world().clone();
    let mut line = world.market.lines[0].clone();
    with_audience(&mut line, |audience| audience.exclude_buyers_days = Some(365));
    let test = AudienceTest::new(line.audience.as_ref().unwrap());
    let mut shoppers = world.shoppers.clone();
    shoppers.orders.iter_mut().for_each(|slot| slot[0] = 0);
    assert!(test.holds(&shoppers, 0, world.clock.day(0)));
    shoppers.order(0, &world.clock, 0);
    assert!(!test.holds(&shoppers, 0, world.clock.day(365)));
    assert!(test.holds(&shoppers, 0, world.clock.day(366)));
}
