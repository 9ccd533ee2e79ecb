//! The thirty scenarios: what is true of each, and the point that each makes, shown with plain plans of money.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/season.rs"]
mod season;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Arc;

use outlay_environment::{Allocation, Episode, Goal, Ledger, Money, ProductRow, Scenario, ShopRow};
use season::start;

/// Shoppers of a test; effects are measured on the same shoppers in the same moods, so few are enough.
const SHOPPERS: usize = 4_000;

/// What is read off a season's books.
type Figure<'a> = &'a dyn Fn(&Scenario, &Ledger) -> f64;

/// Part of the budget for a line, spread evenly over steps.
type Plan<'a> = [(&'a str, f64, Range<usize>)];

/// Rare events need more shoppers.
const MANY: [&str; 5] = ["lead", "member", "opening-red", "promotion-double-11", "win-back"];

fn scenario(name: &str) -> Arc<Scenario> {
    let shoppers = if MANY.contains(&name) { 10_000 } else { SHOPPERS };
    Scenario::load(name).unwrap_or_else(|problems| panic!("{problems}")).with_shoppers(shoppers)
}

fn line(scenario: &Scenario, name: &str) -> usize {
    scenario.brief.lines.iter().position(|line| line.name == name).unwrap()
}

/// Plays to the end with the money that `wish` asks for in each step.
fn play(mut episode: Episode, mut wish: impl FnMut(&Episode) -> Vec<f64>) -> Episode {
    while !episode.is_over() {
        let money = wish(&episode);
        episode.step(&Allocation::of(money));
    }
    episode
}

/// Plays a plan; its steps beyond the last are left out.
fn planned(scenario: &Arc<Scenario>, number: u64, plan: &Plan<'_>) -> Ledger {
    let budget = scenario.brief.budget.major();
    let places: Vec<usize> = plan.iter().map(|(name, ..)| line(scenario, name)).collect();
    let episode = play(start(scenario, number), |episode| {
        let step = episode.observation().step;
        let mut money = vec![0.0; scenario.brief.lines.len()];
        for ((_, share, steps), place) in plan.iter().zip(&places) {
            if steps.contains(&step) {
                money[*place] += budget * share / steps.len() as f64;
            }
        }
        money
    });
    episode.ledger().clone()
}

/// Sums a figure of a plan over `worlds`.
fn total(name: &str, worlds: u64, plan: &Plan<'_>, figure: impl Fn(&Scenario, &Ledger) -> f64) -> f64 {
    let scenario = scenario(name);
    (0..worlds).map(|number| figure(&scenario, &planned(&scenario, number, plan))).sum()
}

/// Every line of a scenario with an equal part of `share`.
fn evenly(scenario: &Scenario, share: f64, steps: Range<usize>) -> Vec<(&str, f64, Range<usize>)> {
    let lines = &scenario.brief.lines;
    lines.iter().map(|line| (line.name.as_str(), share / lines.len() as f64, steps.clone())).collect()
}

fn spend(_: &Scenario, ledger: &Ledger) -> f64 {
    ledger.spend().major()
}

fn score(scenario: &Scenario, ledger: &Ledger) -> f64 {
    scenario.expected(ledger)
}

fn of_shop(figure: impl Fn(&ShopRow) -> f64) -> impl Fn(&Scenario, &Ledger) -> f64 {
    move |_, ledger| figure(&ledger.shop())
}

/// What a plan causes of each of some figures, for each yuan spent: the same worlds with it and without any money.
fn gains<const N: usize>(name: &str, worlds: u64, plan: &Plan<'_>, figures: [Figure<'_>; N]) -> [f64; N] {
    let scenario = scenario(name);
    let (mut gains, mut paid) = ([0.0; N], 0.0);
    for number in 0..worlds {
        let (with, without) = (planned(&scenario, number, plan), planned(&scenario, number, &[]));
        for (gain, figure) in gains.iter_mut().zip(figures) {
            *gain += figure(&scenario, &with) - figure(&scenario, &without);
        }
        paid += with.spend().major();
    }
    gains.map(|gain| gain / paid)
}

/// What a plan causes of one figure for each yuan spent.
fn caused(name: &str, worlds: u64, plan: &Plan<'_>, figure: impl Fn(&Scenario, &Ledger) -> f64) -> f64 {
    gains(name, worlds, plan, [&figure])[0]
}

/// Credited revenue of one line for each yuan it spent.
fn reported(name: &str, worlds: u64, of: &str, plan: &Plan<'_>) -> f64 {
    let scenario = scenario(name);
    let place = line(&scenario, of);
    let credited = |_: &Scenario, ledger: &Ledger| ledger.line(place).credited_revenue.major();
    total(name, worlds, plan, credited) / total(name, worlds, plan, |_, it| it.line(place).spend.major())
}

#[test]
fn thirty_ship_and_each_says_what_it_asks() {
    let names = Scenario::shipped();
    assert_eq!(names.len(), 30);
    let mut questions = BTreeSet::new();
    for name in &names {
        let scenario = scenario(name);
        for text in [&scenario.title, &scenario.question, &scenario.calendar_title] {
            assert!(!text.trim().is_empty() && !text.contains('\n'), "{name}: {text:?}");
        }
        assert!(!scenario.question.contains("TODO") && scenario.question.len() < 130, "{name}");
        assert!(scenario.brief.budget > Money::ZERO && scenario.brief.lines.len() > 1, "{name}");
        assert!(scenario.brief.limits.contradictions(scenario.brief.budget, scenario.brief.steps).is_empty());
        assert!(
            Goal::NAMED.iter().any(|(_, goal)| *goal == scenario.goal) && scenario.goal != Goal::Response
        );
        questions.insert(scenario.question.clone());
    }
    assert_eq!(questions.len(), 30);
    let silent: Vec<&String> = names.iter().filter(|name| !scenario(name).question.ends_with('?')).collect();
    assert!(silent.is_empty(), "no question: {silent:?}");
}

#[test]
fn each_runs_to_its_end_within_its_limits_whatever_is_asked() {
    for name in Scenario::shipped() {
        let scenario = scenario(&name).with_shoppers(500);
        let (steps, lines) = (scenario.brief.steps, scenario.brief.lines.len());
        let budget = scenario.brief.budget.major();
        let held = |episode: &Episode| {
            let seen = episode.observation();
            let spent = scenario.brief.budget - seen.budget_left;
            assert!(
                spent <= scenario.brief.budget - scenario.brief.limits.held(seen.step.saturating_sub(1)),
                "{name}"
            );
        };
        for asked in 0..4 {
            let episode = play(start(&scenario, 1), |episode| {
                held(episode);
                match asked {
                    0 => vec![budget / (steps * lines) as f64; lines],
                    1 => Vec::new(),
                    // Everything on one line at once.
                    2 => vec![f64::MAX],
                    _ => [f64::NAN, f64::INFINITY, -1.0, 1e300].into_iter().cycle().take(lines + 2).collect(),
                }
            });
            held(&episode);
            let ledger = episode.ledger();
            assert_eq!(ledger.steps(), steps, "{name}");
            assert_eq!(ledger.violations(&scenario.brief.limits), 0, "{name}, {asked}");
            assert!(ledger.cash() <= scenario.brief.budget, "{name}, {asked}");
            assert!(scenario.score(ledger).is_finite() && scenario.expected(ledger).is_finite(), "{name}");
            assert_eq!(asked == 1, ledger.spend() == Money::ZERO, "{name}, {asked}");
            let mut again = start(&scenario, 1);
            ledger.granted().iter().for_each(|granted| again.replay(granted));
            assert_eq!(
                (&again.ledger().rows, &again.ledger().shop),
                (&ledger.rows, &ledger.shop),
                "{name}, {asked}"
            );
        }
    }
}

#[test]
fn brand_search_reports_most_and_causes_next_to_nothing() {
    for (name, other) in
        [("product-boost", "search"), ("steady-profit", "search"), ("repeat-purchase", "search")]
    {
        let steps = scenario(name).brief.steps;
        let plan: Vec<_> = ["brand-search", other].map(|line| (line, 0.1, 0..steps)).into();
        let (brand, rest) = (reported(name, 4, "brand-search", &plan), reported(name, 4, other, &plan));
        assert!(brand > 1.3 * rest, "{name}: reported {brand} and {rest}");
        let revenue = of_shop(|shop| shop.expected_revenue);
        let gain = caused(name, 4, &[("brand-search", 0.1, 0..steps)], revenue);
        assert!(gain.abs() < 0.1 * brand, "{name}: caused {gain}, reported {brand}");
    }
}

/// Nothing is cheaper than a click of the exchange, and hardly anything is worth less: only the brand's own name, whose
/// trap is another, brings less for a yuan.
#[test]
fn the_cheapest_clicks_are_worth_least() {
    let scenario = scenario("steady-profit");
    let figures = |name: &str| {
        let place = line(&scenario, name);
        let clicks = move |_: &Scenario, ledger: &Ledger| ledger.line(place).clicks as f64;
        gains("steady-profit", 4, &[(name, 0.08, 0..56)], [&clicks, &of_shop(|shop| shop.expected_revenue)])
    };
    let [many, little] = figures("exchange");
    for other in ["search", "display", "notes", "douyin"] {
        let [clicks, gain] = figures(other);
        assert!(many > 2.0 * clicks, "{other}: {clicks} clicks a yuan, exchange {many}");
        assert!(little < 0.8 * gain, "{other}: {gain} a yuan, exchange {little}");
    }
}

/// The hunters of a gift join for least, most of them are gone within the fortnight, and whom it keeps costs more than
/// whom the live room keeps.
#[test]
fn member_bonus_hunters_join_for_least_and_leave() {
    let [hunted, live, weixin, display, notes] =
        ["interactive", "live", "weixin", "display", "notes"].map(|name| {
            let figures: [Figure<'_>; 2] =
                [&of_shop(|shop| shop.joins as f64), &of_shop(|shop| shop.leavers as f64)];
            gains("member", 6, &[(name, 0.3, 0..14)], figures)
        });
    for [others, _] in [live, weixin, display, notes] {
        assert!(hunted[0] > 1.5 * others, "{others} and {hunted:?}");
    }
    let left = |[joins, leavers]: [f64; 2]| leavers / joins;
    assert!(left(hunted) > 0.5 && left(live) < 0.2, "{hunted:?} {live:?}");
    let kept = |[joins, leavers]: [f64; 2]| joins - leavers;
    assert!(kept(hunted) < kept(live), "kept for a yuan: {hunted:?} {live:?}");
}

#[test]
fn lead_the_cheapest_forms_are_the_dearest_qualified_leads() {
    let [exchange, search, others @ ..] =
        ["exchange", "search", "baidu", "zhihu", "weixin", "douyin"].map(|name| {
            let figures: [Figure<'_>; 2] =
                [&of_shop(|shop| shop.leads as f64), &of_shop(|shop| shop.qualified_leads as f64)];
            gains("lead", 10, &[(name, 0.15, 0..28)], figures)
        });
    for other in [[search].as_slice(), &others].concat() {
        assert!(exchange[0] > 3.0 * other[0], "forms a yuan: {exchange:?} {other:?}");
        assert!(exchange[1] < other[1], "qualified a yuan: {exchange:?} {other:?}");
    }
    assert!(exchange[1] < 0.1 * search[1], "{exchange:?} {search:?}");
}

#[test]
fn product_test_backing_the_best_wins_and_money_has_a_price() {
    let scenario = scenario("product-test");
    let last = scenario.brief.steps - 1;
    for number in 0..3 {
        let back = |line: usize, share: f64| {
            let name = scenario.brief.lines[line].name.as_str();
            scenario.score(&planned(&scenario, number, &[(name, share, last..last + 1)]))
        };
        let scores: Vec<f64> = (0..8).map(|line| back(line, 0.05)).collect();
        let best = (0..8).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).unwrap();
        let mean = scores.iter().sum::<f64>() / 8.0;
        assert!(scores[best] > 0.95 && mean < 0.9 * scores[best], "{scores:?}");
        assert!(back(best, 0.5) < scores[best], "{number}");
    }
}

#[test]
fn test_then_launch_backs_one_product_from_the_eighth_day() {
    let scenario = scenario("test-then-launch");
    let ledger =
        planned(&scenario, 1, &[("jeans", 0.3, 0..28), ("wool-coat", 0.5, 0..28), ("t-shirt", 0.2, 0..28)]);
    let paid = |step: usize| ledger.step(step).iter().filter(|row| row.spend > Money::ZERO).count();
    assert_eq!((0..28).map(paid).collect::<Vec<_>>(), [[3; 7].as_slice(), &[1; 21]].concat());
    assert!((7..28).all(|step| ledger.step(step)[line(&scenario, "wool-coat")].spend > Money::ZERO));
}

#[test]
fn launch_money_of_the_first_days_brings_the_orders_earlier() {
    let plan = |steps: Range<usize>| {
        total("launch", 4, &[("search", 0.5, steps.clone()), ("live", 0.3, steps)], score)
    };
    let (early, spread, nothing) = (plan(3..10), plan(0..28), total("launch", 4, &[], score));
    assert!(early > spread && spread > nothing, "{early} {spread} {nothing}");
}

/// Rank carries a push beyond its end, but only where stock is left: the latest push sells most, and then nothing is
/// there when it counts.
#[test]
fn breakout_a_push_that_stock_can_follow_is_still_selling_a_week_later() {
    let lines = ["search", "live", "display", "affiliate", "douyin"];
    let plan = |steps: Range<usize>, figure: fn(&Scenario, &Ledger) -> f64| {
        total("breakout", 6, &lines.map(|line| (line, 0.2, steps.clone())), figure)
    };
    let [late, spread, early] = [14..21, 0..21, 0..7].map(|steps| plan(steps, score));
    let nothing = total("breakout", 6, &[], score);
    assert!(spread > late && spread > early && early > nothing, "{late} {spread} {early} {nothing}");
    let sold_out = |_: &Scenario, ledger: &Ledger| {
        (21..28).filter(|step| ledger.products_in(*step)[0].stock == Some(0)).count() as f64
    };
    assert!(plan(14..21, sold_out) > plan(0..21, sold_out));
}

#[test]
fn warm_up_money_sells_when_the_doors_open() {
    let plan = [
        ("xiaohongshu", 0.2, 0..12),
        ("bilibili", 0.2, 0..12),
        ("interactive", 0.2, 0..12),
        ("display", 0.2, 0..12),
    ];
    let now =
        |_: &Scenario, ledger: &Ledger| ledger.shop[..12].iter().map(|shop| shop.expected_revenue).sum();
    let (later, first) = (caused("warm-up", 4, &plan, score), caused("warm-up", 4, &plan, now));
    // In three days of opening a good part of what twelve days of warm-up bring.
    assert!(later > 0.0 && later > 0.5 * first, "opening {later}, warm-up {first}");
}

#[test]
fn promotions_keep_what_is_held_for_their_peak() {
    for (name, hold) in [("promotion-618", 50_000.0), ("warm-up", 20_000.0), ("opening-red", 20_000.0)] {
        let scenario = scenario(name);
        let until = scenario.brief.limits.holds[0].until_step;
        let lines = scenario.brief.lines.len();
        let episode = play(start(&scenario, 1), |_| vec![1e9; lines]);
        let early: Money = (0..until).flat_map(|step| episode.ledger().step(step)).map(|row| row.spend).sum();
        assert!(scenario.brief.budget.major() - early.major() >= hold, "{name}: {early}");
        let later = episode.ledger().spend() - early;
        assert!(later > Money::ZERO, "{name}");
    }
}

#[test]
fn opening_red_counts_two_hours_and_no_more() {
    let scenario = scenario("opening-red");
    let ledger = planned(&scenario, 1, &evenly(&scenario, 1.0, 0..96));
    let counted: Money = ledger.shop[48..52].iter().map(|shop| shop.revenue).sum();
    assert_eq!(scenario.score(&ledger), counted.major());
    assert!(counted > Money::ZERO && counted < ledger.shop().revenue);
    // Money after them buys nothing that counts.
    let late = |share| total("opening-red", 2, &[("search", share, 52..96)], score);
    assert_eq!(late(0.5), late(0.0));
}

#[test]
fn double_11_deposits_fall_due_once() {
    let scenario = scenario("promotion-double-11");
    let ledger = planned(&scenario, 1, &evenly(&scenario, 1.0, 0..22));
    let shop = ledger.shop();
    assert!(shop.deposits > Money::ZERO && ledger.shop[12..].iter().all(|row| row.deposits == Money::ZERO));
    assert_eq!(shop.deposits, shop.balances + shop.deposit_refunds);
    assert!((0..scenario.brief.steps).all(|step| step == 22 || ledger.shop[step].balances == Money::ZERO));
    // What is never paid, and what was sold out meanwhile, is given back.
    assert!(shop.deposit_refunds > Money::ZERO && shop.balances > Money::ZERO);
}

#[test]
fn all_domain_keeps_its_floor_and_outside_media_show_too_little() {
    let scenario = scenario("all-domain");
    let [search, display] = ["search", "display"].map(|name| line(&scenario, name));
    let episode = play(start(&scenario, 1), |_| {
        let mut money = vec![0.0; scenario.brief.lines.len()];
        (money[search], money[display]) = (1e6, 1e6);
        money
    });
    let inside = episode.ledger().line(search).spend + episode.ledger().line(display).spend;
    assert!(inside.0 * 10 <= scenario.brief.budget.0 * 6, "{inside}");
    // Outside media show little of what they cause.
    let plan = [("xiaohongshu", 0.2, 0..56)];
    let gain = caused("all-domain", 4, &plan, of_shop(|shop| shop.expected_revenue));
    let told = reported("all-domain", 4, "xiaohongshu", &plan);
    assert!(told < gain, "reported {told}, caused {gain}");
}

/// Search converts people met outside (直通车转化站外人群): with the same money it gets less to convert.
#[test]
fn all_domain_search_falls_when_outside_media_are_off() {
    let scenario = scenario("all-domain").with_shoppers(8_000);
    let search = line(&scenario, "search");
    let outside: Vec<&str> = (scenario.brief.lines.iter().map(|line| line.name.as_str()))
        .filter(|name| !["search", "display"].contains(name))
        .collect();
    let run = |number: u64, share: f64| {
        let mut plan = vec![("search", 0.4, 0..56)];
        plan.extend(outside.iter().map(|name| (*name, share / outside.len() as f64, 0..56)));
        planned(&scenario, number, &plan).line(search)
    };
    let mut falls = Vec::new();
    for number in 0..10 {
        let (with, without) = (run(number, 0.6), run(number, 0.0));
        let ratio = with.spend.major() / without.spend.major();
        assert!((0.98..1.1).contains(&ratio), "{number}: the same money for search, {ratio}");
        assert!(without.clicks < with.clicks, "{number}: {} clicks, {} without", with.clicks, without.clicks);
        falls.push(with.credited_orders as f64 - without.credited_orders as f64);
    }
    let mean = falls.iter().sum::<f64>() / 10.0;
    let variance = falls.iter().map(|fall| (fall - mean).powi(2)).sum::<f64>() / 9.0;
    assert!(mean > 2.0 * (variance / 10.0).sqrt(), "credited orders lost: {falls:?}");
}

#[test]
fn break_out_of_circle_the_core_is_used_up() {
    let new = |core: f64, neighbour: f64| {
        let plan = [("core-display", core, 0..56), ("neighbour-display", neighbour, 0..56)];
        let figure = of_shop(|shop| shop.expected_new_customers);
        (total("break-out-of-circle", 4, &plan, figure), total("break-out-of-circle", 4, &plan, spend))
    };
    let price = |from: (f64, f64), to: (f64, f64)| (to.0 - from.0) / (to.1 - from.1);
    let (none, much) = (new(0.0, 0.0), new(0.4, 0.0));
    let [core, neighbour] = [price(none, new(0.03, 0.0)), price(none, new(0.0, 0.03))];
    let [more_core, then_neighbour] = [price(much, new(0.6, 0.0)), price(much, new(0.4, 0.2))];
    println!("first yuan: core {core}, neighbour {neighbour}; later {more_core}, {then_neighbour}");
    assert!(core > neighbour && then_neighbour > more_core);
}

#[test]
fn seeding_sells_little_at_once_and_leaves_assets() {
    let plan = [("xiaohongshu", 0.3, 0..56), ("zhihu", 0.3, 0..56), ("bilibili", 0.3, 0..8)];
    let scenario = scenario("seeding");
    let assets = caused("seeding", 2, &plan, score);
    let told = ["xiaohongshu", "zhihu", "bilibili"].map(|line| reported("seeding", 2, line, &plan));
    assert!(assets > 0.0 && told.iter().all(|it| *it < 1.0 / scenario.net_margin()), "{assets} {told:?}");
}

#[test]
fn stock_bound_money_on_what_is_sold_out_buys_nothing() {
    let scenario = scenario("stock-bound");
    let plan = [("gift-box-search", 0.5, 0..28), ("gift-box-display", 0.5, 0..28)];
    let (mut wasted, mut days) = (0.0, 0);
    for number in 0..3 {
        let ledger = planned(&scenario, number, &plan);
        let mut stock = 1_300;
        for step in 0..28 {
            let ProductRow { orders, stock: now, arrived, returned, .. } = ledger.products_in(step)[0];
            if stock == 0 && arrived == 0 {
                assert!(orders <= returned, "{number}, {step}: {orders}");
                wasted += ledger.step(step)[..2].iter().map(|row| row.spend.major()).sum::<f64>();
                days += 1;
            }
            stock = now.unwrap();
        }
    }
    assert!(days > 3 && wasted > 0.0, "{days} days sold out, {wasted} yuan");
    // The other product is there, and its money sells.
    let gain = |line| caused("stock-bound", 3, &[(line, 0.3, 10..28)], of_shop(|shop| shop.expected_orders));
    let (short, plenty) = (gain("gift-box-search"), gain("family-pack-search"));
    assert!(plenty > short, "{plenty} {short}");
}

#[test]
fn clearance_and_price_war_and_return_phase_have_their_good_weeks() {
    let profit = |name: &str, steps: Range<usize>| {
        let scenario = scenario(name);
        caused(name, 4, &evenly(&scenario, 0.2, steps), score)
    };
    for (name, good, bad) in [("clearance", 0..14, 28..42), ("rival-attack", 0..14, 14..28)] {
        let (good, bad) = (profit(name, good), profit(name, bad));
        assert!(good > bad, "{name}: {good} in good weeks, {bad} in bad ones");
    }
    // After the promotion contacts are cheap.
    let scenario = scenario("return-phase");
    let contacts = |steps: Range<usize>| {
        let row = planned(&scenario, 1, &[("display", 0.1, steps)]).line(line(&scenario, "display"));
        row.impressions as f64 / row.spend.major()
    };
    assert!(contacts(0..4) > contacts(14..18));
}

#[test]
fn newcomer_uses_what_is_free_before_money() {
    let nothing = |figure: fn(&ShopRow) -> f64| total("newcomer", 2, &[], of_shop(figure));
    assert_eq!(nothing(|shop| (shop.free_exposures + shop.expired_exposures) as f64), 20_000.0);
    assert!(nothing(|shop| shop.free_exposures as f64) > 0.9 * 20_000.0);
    assert!(nothing(|shop| shop.orders as f64) > 0.0 && nothing(|shop| shop.subsidies.major()) > 0.0);
    // The platform pays for the packets; the merchant's money comes on top.
    let plan = [("search", 0.5, 0..28), ("live", 0.5, 0..28)];
    let with = |figure: fn(&ShopRow) -> f64| total("newcomer", 2, &plan, of_shop(figure));
    assert!(with(|shop| shop.subsidies.major()) >= nothing(|shop| shop.subsidies.major()));
    assert_eq!(with(|shop| shop.coupons.major()), 0.0);
    assert!(total("newcomer", 2, &plan, score) >= total("newcomer", 2, &[], score));
}

#[test]
fn brand_launch_uses_credit_before_cash_and_counts_what_expires() {
    let scenario = scenario("brand-launch");
    let idle = planned(&scenario, 1, &[]);
    assert_eq!(idle.shop().expired_credit, Money::from_major(9_901.0));
    let ledger = planned(&scenario, 1, &[("display", 0.6, 0..28), ("search", 0.2, 0..28)]);
    let mut left = Money::from_major(9_901.0);
    for step in 0..28 {
        let [display, search] = ["display", "search"].map(|name| ledger.step(step)[line(&scenario, name)]);
        assert_eq!(search.credit, Money::ZERO);
        assert_eq!(display.credit, display.spend.min(if step < 21 { left } else { Money::ZERO }));
        left -= display.credit;
    }
    assert!(ledger.cash() < ledger.spend());
}

#[test]
fn portfolio_weighs_its_goals_as_it_says() {
    let scenario = scenario("portfolio");
    let ledger = planned(&scenario, 1, &evenly(&scenario, 1.0, 0..scenario.brief.steps));
    let shop = ledger.shop();
    let profit = shop.contribution - shop.coupons - ledger.cash() - shop.leftover + shop.rebate;
    let wanted =
        30.0 * shop.new_customers as f64 + 3.0 * (shop.joins as f64 - shop.leavers as f64) + profit.major();
    assert!((scenario.score(&ledger) - wanted).abs() < 1e-6 * wanted.abs().max(1.0));
}

#[test]
fn new_customer_benefit_a_coupon_costs_its_share_and_brings_new_customers() {
    let scenario = scenario("new-customer-benefit");
    let plan = [("display-with-coupon", 0.2, 0..28)];
    let shop = planned(&scenario, 1, &plan).shop();
    assert!(shop.coupons_redeemed > 0 && shop.coupons_redeemed <= shop.coupons_claimed);
    // The platform bears three tenths of each coupon of 15 yuan.
    let paid = (shop.coupons + shop.subsidies).major();
    assert_eq!(paid, 15.0 * shop.coupons_redeemed as f64);
    assert!((shop.subsidies.major() - 0.3 * paid).abs() < 0.01);
    assert_eq!(planned(&scenario, 1, &[]).shop().coupons, Money::ZERO);
}

/// For the same media money, with what coupons cost the merchant, an additional new customer is cheaper where only new
/// ones get the coupon: the coupon for all goes to customers too, who buy anyway.
#[test]
fn new_customer_benefit_a_targeted_coupon_is_the_cheaper_one() {
    let cost = |line| {
        let figures: [Figure<'_>; 2] =
            [&of_shop(|shop| shop.expected_new_customers), &of_shop(|shop| shop.coupons.major())];
        let [new, coupons] = gains("new-customer-benefit", 24, &[(line, 0.2, 14..28)], figures);
        ((1.0 + coupons) / new, coupons)
    };
    let ((targeted, given), (all, given_to_all)) = (cost("display-with-coupon"), cost("coupon-for-all"));
    assert!(given < given_to_all, "coupons for a yuan of media: {given}, for all {given_to_all}");
    assert!(targeted < 0.95 * all, "a new customer costs {targeted}, with the coupon for all {all}");
}

#[test]
fn cold_start_large_edits_cost_orders() {
    let scenario = scenario("cold-start");
    let lines = ["ocean-engine", "magnetic-engine", "tencent"].map(|name| line(&scenario, name));
    let run = |swing: f64| {
        let ledgers = (0..4).map(|number| {
            let episode = play(start(&scenario, number), |episode| {
                let mut money = vec![0.0; scenario.brief.lines.len()];
                let factor = if episode.observation().step % 2 == 0 { 1.0 + swing } else { 1.0 - swing };
                lines.iter().for_each(|line| money[*line] = 600.0 * factor);
                money
            });
            (episode.ledger().shop().expected_orders, episode.ledger().spend().major())
        });
        ledgers.fold((0.0, 0.0), |sum, it| (sum.0 + it.0, sum.1 + it.1))
    };
    let (steady, edited) = (run(0.0), run(0.3));
    assert!((edited.1 / steady.1 - 1.0).abs() < 0.02, "{steady:?} {edited:?}");
    assert!(edited.0 < steady.0, "{steady:?} {edited:?}");
}

#[test]
fn win_back_and_repeat_purchase_bring_back_customers() {
    let back = |line| caused("win-back", 4, &[(line, 0.3, 0..28)], of_shop(|shop| shop.won_back as f64));
    let gains = ["search", "display", "weixin", "tencent", "interactive"].map(back);
    assert!(gains.iter().sum::<f64>() > 0.0);
    let again = |line| caused("repeat-purchase", 4, &[(line, 0.1, 0..56)], score);
    let (buyers, brand) = (again("buyers-search"), again("brand-search"));
    assert!(buyers > brand, "{buyers} {brand}");
}

#[test]
fn carts_and_the_live_room_are_soon_full() {
    for (name, line_name) in [("cart-recovery", "cart-display"), ("live-room", "live")] {
        let steps = scenario(name).brief.steps;
        let worth = |share| {
            let plan = [(line_name, share, 0..steps)];
            let figure = of_shop(|shop| shop.expected_revenue);
            (
                total(name, 4, &plan, figure),
                total(name, 4, &plan, spend),
                4.0 * share * scenario(name).brief.budget.major(),
            )
        };
        let (none, little, much) = (worth(0.0), worth(0.1), worth(0.9));
        let (first, next) =
            ((little.0 - none.0) / little.1, (much.0 - little.0) / (much.1 - little.1).max(1.0));
        assert!(much.1 < 0.7 * much.2 || next < 0.7 * first, "{name}: {first} {next}, {much:?}");
    }
}

#[test]
fn steady_profit_ends_where_the_next_yuan_does_not_come_back() {
    let profit = |share| {
        let scenario = scenario("steady-profit");
        total("steady-profit", 3, &evenly(&scenario, share, 0..56), score)
    };
    let [none, little, all] = [0.0, 0.2, 1.0].map(profit);
    assert!(little - none > 0.2 * (all - none), "{none} {little} {all}");
}

/// The step pays for the yuan that crosses it; what a merchant spends to come so far, and beyond, has to pay for itself.
#[test]
fn spend_to_rebate_the_yuan_that_crosses_pays() {
    let scenario = scenario("spend-to-rebate");
    let lines = ["search", "display", "douyin"];
    let play = |share: f64| planned(&scenario, 1, &lines.map(|line| (line, share / 3.0, 0..28)));
    let [little, short, across, all] = [0.3, 0.56, 0.64, 1.0].map(play);
    let rebates = [&little, &short, &across, &all].map(|ledger| ledger.shop().rebate);
    assert_eq!(rebates, [0.0, 0.0, 42_000.0, 42_000.0].map(Money::from_major));
    let score = |ledger: &Ledger| scenario.score(ledger);
    assert!(score(&across) > score(&short) && score(&across) > score(&all));
    assert!(score(&little) > score(&across));
}
