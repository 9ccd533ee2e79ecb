//! What is always true of money that is not cash, of membership and of tiers, whatever an agent does.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "support/season.rs"]
mod season;

use std::sync::Arc;

use outlay_environment::{Allocation, Episode, Ledger, Money, Problems, Scenario, Standing, Stars, Tier};
use proptest::prelude::*;
use season::{finish, start};

const PLAIN: &str = include_str!("../../../environments/new-customer.toml");

/// The shipped scenario with more tables, and few shoppers.
fn scenario(tables: &str, shoppers: usize) -> Arc<Scenario> {
    from_text(&format!("{PLAIN}\n{tables}")).unwrap().with_shoppers(shoppers)
}

fn from_text(text: &str) -> Result<Arc<Scenario>, Problems> {
    Scenario::from_text("benefits", text)
}

/// The shipped scenario in which notes and display give a coupon.
fn with_claims(coupon: &str, shoppers: usize) -> Arc<Scenario> {
    let text = ["notes", "display"].iter().fold(PLAIN.to_owned(), |text, name| {
        text.replace(&format!("channel = \"{name}\""), &format!("channel = \"{name}\"\ncoupon = \"gift\""))
    });
    from_text(&format!("{text}\n[[coupon]]\nname = \"gift\"\nfor = \"line\"\n{coupon}"))
        .unwrap()
        .with_shoppers(shoppers)
}

fn merchant(name: &str, shoppers: usize) -> Arc<Scenario> {
    from_text(&PLAIN.replace("young-snack-brand", name)).unwrap().with_shoppers(shoppers)
}

fn even(scenario: &Arc<Scenario>, number: u64) -> Episode {
    finish(start(scenario, number))
}

fn bytes(ledger: &Ledger) -> String {
    serde_json::to_string(ledger).unwrap()
}

/// Mean over a few seeds of what an even split comes to.
fn mean(scenario: &Arc<Scenario>, seeds: u64, figure: impl Fn(&Ledger) -> f64) -> f64 {
    (0..seeds).map(|number| figure(even(scenario, number).ledger())).sum::<f64>() / seeds as f64
}

fn any_number() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..20_000.0,
        1 => Just(f64::NAN),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
        1 => Just(-1.0),
        1 => Just(1e308),
    ]
}

fn any_plan() -> impl Strategy<Value = Vec<Vec<f64>>> {
    prop::collection::vec(prop::collection::vec(any_number(), 0..9), 32)
}

const EVERYTHING: &str = r#"
[[coupon]]
name = "welcome"
for = "new"
value = 10
platform_share = 0.4
pool = 3000
[[coupon]]
name = "thanks"
for = "members"
share = 0.08
[red_packets]
pool = 2000
value = 5
phases = ["warm-up", "peak"]
[deposit]
share = 0.1
first_day = 3
end_day = 9
balance_day = 12
dropout = 0.2
[ad_credit]
amount = 20000
lines = ["display", "search"]
until_day = 20
[rebate]
spent_before = 90000
[[rebate.step]]
above = 100000
share = 0.02
[[rebate.step]]
above = 250000
share = 0.03
[free_exposures]
number = 30000
per_day = 2000
until_day = 25
impact = 0.3
click_rate = 0.05
[members]
contact_days = 4
impact = 0.3
click_rate = 0.04
fatigue = 3
fatigue_days = 7
price_share = 0.05
hunter_days = 10
"#;

#[test]
fn a_pool_of_nothing_changes_nothing() {
    let plain = even(&scenario("", 2_000), 1);
    for tables in [
        "[red_packets]\npool = 0\nvalue = 20",
        "[[coupon]]\nname = \"c\"\nfor = \"everyone\"\nvalue = 20\npool = 0",
        "[ad_credit]\namount = 0\nlines = [\"display\"]\nuntil_day = 9",
        "[free_exposures]\nnumber = 0\nuntil_day = 9\nimpact = 1\nclick_rate = 0.5",
        "[rebate]\n[[rebate.step]]\nabove = 1000000000\nshare = 0.5",
    ] {
        let zero = even(&scenario(tables, 2_000), 1);
        assert_eq!(bytes(plain.ledger()), bytes(zero.ledger()), "{tables}");
        assert_eq!(plain.observation(), zero.observation(), "{tables}");
    }
}

#[test]
fn a_lower_price_sells_more_and_costs_only_what_is_redeemed() {
    let coupon = |share: f64| {
        let tables = format!("[[coupon]]\nname = \"c\"\nfor = \"everyone\"\nshare = {share}");
        scenario(&tables, 2_000)
    };
    let plain = mean(&scenario("", 2_000), 6, |ledger| ledger.shop().expected_orders);
    let sold = mean(&coupon(0.1), 6, |ledger| ledger.shop().expected_orders);
    // Where the pull is small, orders rise by exp(2.62 * 0.1) = 1.30, and by less where it is large.
    assert!((1.15..1.31).contains(&(sold / plain)), "{sold} {plain}");
    for number in 0..4 {
        let shop = even(&coupon(0.1), number).ledger().shop();
        let cost = shop.coupons.major() / shop.revenue.major();
        assert!((cost - 0.1).abs() < 1e-3 && shop.subsidies == Money::ZERO, "{cost}");
        // Revenue and margin stay at the full price.
        assert!((shop.contribution.major() / shop.revenue.major() - 0.45).abs() < 1e-3);
    }
}

/// Money spent on those who come anyway is lost.
#[test]
fn a_coupon_for_new_customers_wins_more_of_them_for_its_cost() {
    let price = |holder: &str| {
        let tables = format!("[[coupon]]\nname = \"c\"\nfor = \"{holder}\"\nvalue = 10");
        let gain = |ledger: &Ledger| ledger.shop().expected_new_customers;
        let with = scenario(&tables, 2_000);
        let won = mean(&with, 6, gain) - mean(&scenario("", 2_000), 6, gain);
        mean(&with, 6, |ledger| ledger.shop().coupons.major()) / won
    };
    let (targeted, blanket) = (price("new"), price("everyone"));
    assert!(0.0 < targeted && targeted < 0.8 * blanket, "{targeted} {blanket}");
}

#[test]
fn the_platform_pays_its_part_of_a_coupon() {
    let tables = "[[coupon]]\nname = \"c\"\nfor = \"new\"\nvalue = 10\nplatform_share = 0.25\npool = 5000";
    let shop = even(&scenario(tables, 4_000), 2).ledger().shop();
    assert_eq!(shop.coupons + shop.subsidies, Money::from_major(5_000.0), "the pool is used up");
    assert!((shop.subsidies.major() / 5_000.0 - 0.25).abs() < 1e-3);
}

#[test]
fn red_packets_open_in_their_phases_and_expire_with_the_last() {
    let tables = "[red_packets]\npool = 1000000\nvalue = 8\nphases = [\"opening\", \"peak\"]";
    let episode = even(&scenario(tables, 2_000), 3);
    let mut expired = 0;
    for (row, day) in episode.ledger().shop.iter().zip(&episode.world().scenario.brief.calendar) {
        let open = day.phase == "opening" || day.phase == "peak";
        assert_eq!(row.subsidies > Money::ZERO, open, "{}", day.phase);
        expired += i32::from(row.expired_red_packets > Money::ZERO);
    }
    let shop = episode.ledger().shop();
    assert_eq!(expired, 1);
    assert_eq!(shop.subsidies + shop.expired_red_packets, Money::from_major(1_000_000.0));
    assert_eq!(shop.coupons, Money::ZERO);
}

#[test]
fn a_claimed_coupon_is_an_act_of_intent() {
    let plain = scenario("", 2_000);
    let gift = with_claims("value = 15\ndays = 10", 2_000);
    let perform = |scenario| mean(scenario, 4, |ledger| ledger.shop[11].stages[4] as f64);
    assert!(perform(&gift) > 1.1 * perform(&plain));
    // Where shoppers are given what nobody would take, nothing else is changed.
    let shop = even(&gift, 1).ledger().shop();
    assert!(shop.coupons_claimed > shop.coupons_redeemed && shop.coupons_redeemed > 0);
}

#[test]
fn deposits_become_orders_on_the_day_of_the_balance() {
    let tables = "[deposit]\nshare = 0.2\nfirst_day = 0\nend_day = 10\nbalance_day = 12\ndropout = 0.25";
    let (mut paid, mut dropped, mut orders) = (Money::ZERO, Money::ZERO, [0; 32]);
    let scenario = scenario(tables, 2_000);
    for number in 0..32 {
        let episode = even(&scenario, number);
        let days = &episode.ledger().shop;
        for (day, row) in days.iter().enumerate() {
            assert!(day < 10 || row.deposits == Money::ZERO);
            assert!(day >= 10 || (row.orders == 0 && row.expected_orders == 0.0));
            assert_eq!(row.balances > Money::ZERO, day == 12);
        }
        let shop = episode.ledger().shop();
        assert_eq!(shop.deposits, shop.balances + shop.deposit_refunds);
        for (sum, row) in orders.iter_mut().zip(days) {
            *sum += row.orders;
        }
        paid += shop.balances;
        dropped += shop.deposit_refunds;
    }
    // The day of the balance stands out of those around it.
    assert!(orders[12] > 3 * orders[11].max(orders[13]), "{orders:?}");
    let share = dropped.major() / (paid + dropped).major();
    // About 400 deposits: a standard error of 0.02.
    assert!((share - 0.25).abs() < 0.07, "{share}");
}

#[test]
fn what_is_not_due_by_the_end_stays_open() {
    let tables = "[deposit]\nshare = 0.2\nend_day = 10\nbalance_day = 90\ndropout = 0.25";
    let shop = even(&scenario(tables, 1_000), 1).ledger().shop();
    assert!(shop.deposits > Money::ZERO);
    assert_eq!((shop.balances, shop.deposit_refunds), (Money::ZERO, Money::ZERO));
}

#[test]
fn the_expectation_is_the_mean_of_what_happens() {
    let scenario = scenario(EVERYTHING, 2_000);
    let (mut orders, mut new, mut revenue) = ([0.0; 2], [0.0; 2], [0.0; 2]);
    for number in 0..60 {
        let shop = even(&scenario, number).ledger().shop();
        for (sums, pair) in [
            (&mut orders, [shop.orders as f64, shop.expected_orders]),
            (&mut new, [shop.new_customers as f64, shop.expected_new_customers]),
            (&mut revenue, [shop.revenue.major(), shop.expected_revenue]),
        ] {
            sums[0] += pair[0];
            sums[1] += pair[1];
        }
    }
    // About 4,000 sampled orders, half of them of new customers: standard errors of 1.6 and 2.3 %.
    assert!((orders[0] / orders[1] - 1.0).abs() < 0.05, "{orders:?}");
    assert!((new[0] / new[1] - 1.0).abs() < 0.07, "{new:?}");
    assert!((revenue[0] / revenue[1] - 1.0).abs() < 0.06, "{revenue:?}");
}

#[test]
fn results_do_not_depend_on_how_many_people_a_shopper_stands_for() {
    let figures = |shoppers: usize| {
        let scenario = scenario(EVERYTHING, shoppers);
        let mut sums = [0.0; 3];
        for number in 0..16 {
            let shop = even(&scenario, number).ledger().shop();
            sums[0] += shop.expected_orders;
            sums[1] += (shop.coupons + shop.subsidies).major();
            sums[2] += shop.free_exposures as f64;
        }
        sums
    };
    let (coarse, fine) = (figures(2_000), figures(8_000));
    for (coarse, fine) in coarse.iter().zip(fine) {
        assert!((coarse / fine - 1.0).abs() < 0.1, "{coarse} {fine}");
    }
}

#[test]
fn free_exposures_make_a_newcomer_known() {
    let plain = scenario("", 2_000);
    let given = scenario(
        "[free_exposures]\nnumber = 200000\nper_day = 20000\nuntil_day = 12\nimpact = 0.3\nclick_rate = 0.05",
        2_000,
    );
    let known = |scenario: &Arc<Scenario>| {
        let mut episode = start(scenario, 1);
        while !episode.is_over() {
            episode.step(&Allocation::default());
        }
        let ledger = episode.ledger();
        assert_eq!(ledger.spend(), Money::ZERO);
        (ledger.shop[9].stages[1], ledger.shop().visitors, ledger.shop())
    };
    let ((before, visitors, _), (after, more, shop)) = (known(&plain), known(&given));
    assert!(after > 2 * before && more > visitors, "{after} {before}");
    assert_eq!(shop.free_exposures + shop.expired_exposures, 200_000);
    assert_eq!(shop.free_exposures, 200_000, "twelve days of 20,000 are enough");
}

#[test]
fn credit_is_spent_before_cash_and_expires() {
    let tables = "[ad_credit]\namount = 30000\nlines = [\"display\"]\nuntil_day = 10";
    let episode = even(&scenario(tables, 2_000), 1);
    let ledger = episode.ledger();
    for (step, row) in (0..32).flat_map(|step| ledger.step(step).iter().map(move |row| (step, row))) {
        assert!(step < 10 || row.credit == Money::ZERO);
    }
    let credit: Money = ledger.rows.iter().map(|row| row.credit).sum();
    assert_eq!(credit, ledger.line(1).credit, "no other line is paid");
    assert!(credit > Money::ZERO);
    assert_eq!(credit + ledger.shop().expired_credit, Money::from_major(30_000.0));
    // The first day's display is paid by credit whole.
    assert_eq!(ledger.step(0)[1].credit, ledger.step(0)[1].spend);
    // Nothing of it is cash: the same split buys more with it.
    assert_eq!(
        ledger.cash() + episode.observation().budget_left + episode.observation().reserved,
        ledger.budget
    );
    assert!(ledger.spend() > even(&scenario("", 2_000), 1).ledger().spend());
}

#[test]
fn a_recorded_run_replays_to_the_same_bytes() {
    let scenario = scenario(EVERYTHING, 2_000);
    let played = even(&scenario, 4);
    let mut replayed = start(&scenario, 4);
    for granted in played.ledger().granted() {
        replayed.replay(&granted);
    }
    assert_eq!(played.ledger().rows, replayed.ledger().rows);
    assert_eq!(played.ledger().shop, replayed.ledger().shop);
}

/// Days are days, however long a step is.
#[test]
fn windows_open_and_close_at_midnight_where_steps_are_half_hours() {
    let folder = std::env::temp_dir().join(format!("outlay-benefits-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("calendars")).unwrap();
    let hours = vec!["1"; 48].join(", ");
    let calendar = format!(
        "title = \"t\"\nfirst_weekday = \"monday\"\nweekday_traffic = [1, 1, 1, 1, 1, 1, 1]\n\
         half_hour_traffic = [{hours}]\n\
         [[phase]]\nname = \"all\"\ndays = 5\ntraffic = 1\ndemand = 1\nprice = 1\n"
    );
    let text = PLAIN.replace("calendar = \"618\"", "calendar = \"short\"\nstep = \"half-hour\"");
    let tables = "[deposit]\nshare = 0.1\nfirst_day = 1\nend_day = 3\nbalance_day = 4\ndropout = 0.2\n\
                  [ad_credit]\namount = 900000\nlines = [\"display\"]\nuntil_day = 2\n\
                  [free_exposures]\nnumber = 90000\nper_day = 4800\nuntil_day = 3\nimpact = 1\nclick_rate = 0.1";
    std::fs::write(folder.join("calendars/short.toml"), calendar).unwrap();
    std::fs::write(folder.join("mine.toml"), format!("{text}\n{tables}")).unwrap();
    let scenario = Scenario::load(folder.join("mine.toml").to_str().unwrap());
    std::fs::remove_dir_all(&folder).unwrap();
    let episode = even(&scenario.unwrap().with_shoppers(8_000), 1);
    let ledger = episode.ledger();
    let day_sum = |figure: &dyn Fn(usize) -> f64| -> Vec<f64> {
        (0..5).map(|day| (48 * day..48 * (day + 1)).map(figure).sum()).collect()
    };
    let shop = &ledger.shop;
    let open = |figures: Vec<f64>| -> Vec<bool> { figures.iter().map(|figure| *figure > 0.0).collect() };
    let deposits = day_sum(&|step| shop[step].deposits.major());
    assert_eq!(open(deposits), [false, true, true, false, false]);
    assert_eq!(open(day_sum(&|step| shop[step].orders as f64)), [true, false, false, true, true]);
    assert!(shop[4 * 48].balances > Money::ZERO);
    let credit = day_sum(&|step| ledger.step(step)[1].credit.major());
    assert_eq!(open(credit), [true, true, false, false, false]);
    assert!(shop[2 * 48 - 1].expired_credit > Money::ZERO);
    assert_eq!(day_sum(&|step| shop[step].free_exposures as f64), [4_800.0, 4_800.0, 4_800.0, 0.0, 0.0]);
}

#[test]
fn names_that_nobody_has_are_found_at_once() {
    let text = format!(
        "{}\n{}",
        PLAIN.replacen("name = \"search\"", "name = \"search\"\ncoupon = \"gift\"", 1),
        r#"
[[coupon]]
name = "gft"
for = "line"
value = 5
share = 0.1
days = 3
[red_packets]
pool = 10
value = 1
phases = ["warmup"]
[deposit]
share = 0.1
end_day = 9
balance_day = 4
dropout = 0
[ad_credit]
amount = 10
lines = ["dsplay", "affiliate"]
until_day = 4
[members]
contact_days = 7
memory = "web-site"
impact = 0.3
click_rate = 0.03
fatigue = 3
fatigue_days = 7
"#
    );
    let found = from_text(&text).unwrap_err().0;
    let messages: Vec<&str> = found.iter().map(|problem| problem.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "a coupon has either `value` or `share`",
            "balances are due before the deposits end",
            "`coupon` is not known",
            "no phase is called `warmup`",
            "no memory is called `web-site`",
            "no line is called `dsplay`",
            "credit cannot pay commission (`affiliate`)",
        ]
    );
    assert!(found.iter().all(|problem| problem.span.is_some()));
}

fn stars() -> Stars {
    merchant("rising-star", 500).market().unwrap().stars.clone().unwrap()
}

#[test]
fn a_tier_brings_its_benefits_unless_they_are_overridden() {
    let rising = merchant("rising-star", 500).market().unwrap().benefits.clone();
    assert_eq!(rising.red_packets.as_ref().unwrap().pool, Money::from_major(10_000.0));
    assert_eq!(rising.free_exposures.as_ref().unwrap().number, 10_000);
    assert_eq!(rising.rebate.as_ref().unwrap().spent_before, Some(Money::from_major(100_000.0)));
    let super_star = merchant("super-star", 500).market().unwrap().benefits.clone();
    let rebate = super_star.rebate.unwrap();
    assert_eq!((rebate.spent_before, rebate.steps.len()), (Some(Money::from_major(4_600_000.0)), 2));
    assert_eq!((super_star.red_packets, super_star.scarce_discount), (None, Some(0.2)));

    let text = PLAIN.replace("young-snack-brand", "rising-star");
    let own = from_text(&format!("{text}\n[red_packets]\npool = 7\nvalue = 1")).unwrap();
    let own = &own.market().unwrap().benefits;
    assert_eq!(own.red_packets.as_ref().unwrap().pool, Money::from_major(7.0));
    assert_eq!(own.free_exposures, rising.free_exposures);

    // Who stands higher pays less for what is scarce.
    let price = |name: &str| {
        let text = PLAIN.replace("young-snack-brand", name);
        let text = text.replacen("name = \"display\"", "name = \"display\"\nscarce = true", 1);
        from_text(&text).unwrap().brief.lines[1].list_price
    };
    assert_eq!(price("young-snack-brand"), 38.0);
    let prices: Vec<f64> = Tier::NAMED.iter().map(|(name, _)| price(name)).collect();
    assert!(prices.windows(2).all(|pair| pair[0] > pair[1]), "{prices:?}");
    assert_eq!(prices[3], 38.0 * 0.8);
}

#[test]
fn merchants_of_the_catalogue_stand_where_they_are_listed() {
    for (name, tier) in Tier::NAMED {
        // A good season may lift a merchant by a tier.
        let reached: Vec<Tier> =
            (0..4).filter_map(|number| even(&merchant(name, 2_000), number).tier()).collect();
        assert_eq!(reached.iter().min(), Some(&tier), "{name}: {reached:?}");
        assert!(reached.iter().all(|reached| *reached as usize <= tier as usize + 1), "{reached:?}");
        assert_eq!(tier.name(), name);
    }
    let newcomer = even(&merchant("newcomer", 2_000), 1);
    assert_eq!(newcomer.tier(), None);
    assert!(newcomer.ledger().shop().subsidies > Money::ZERO && newcomer.ledger().shop().new_customers > 0);
    assert_eq!(newcomer.ledger().opening_stages, [400_000, 0, 0, 0, 0, 0, 0, 0]);
}

#[test]
fn a_standing_by_hand() {
    let stars = stars();
    assert_eq!(stars.tier_of(&Standing::default()), Tier::RisingStar);
    let half = Standing { spend: 1e6, assets: 1.5e6, share: 0.1 };
    assert!((stars.index(&half) - 0.5).abs() < 1e-12);
    assert_eq!(stars.tier_of(&half), Tier::TalentStar);
    let most = Standing { spend: f64::INFINITY, assets: f64::INFINITY, share: f64::INFINITY };
    assert_eq!(stars.tier_of(&most), Tier::SuperStar);
    assert_eq!(stars.to_next(&most), None);
    // From 0.5 to 0.7.
    let (next, lacking) = stars.to_next(&half).unwrap();
    assert!(next == Tier::SuperStar && (lacking - 0.2).abs() < 1e-12, "{lacking}");
    let nothing = Standing { spend: f64::NAN, assets: -5.0, share: f64::NEG_INFINITY };
    assert_eq!(stars.tier_of(&nothing), Tier::RisingStar);
    assert_eq!(stars.assets(&[9, 0, 0, 0, 0, 1, 2, 1]), 12.0 + 60.0 + 60.0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Every pool, every account and every promise, step by step, whatever an agent does.
    #[test]
    fn nothing_is_overdrawn_and_every_account_closes(plan in any_plan(), number in 0_u64..50) {
        let scenario = scenario(EVERYTHING, 500);
        let mut episode = start(&scenario, number);
        let (credit, packets) = (Money::from_major(20_000.0), Money::from_major(2_000.0));
        for money in plan {
            let before = episode.observation().clone();
            episode.step(&Allocation::of(money));
            let (ledger, after) = (episode.ledger(), episode.observation());
            let rows = ledger.step(before.step);
            let granted = |eligible: bool| -> Money {
                rows.iter().zip(&scenario.brief.limits.lines).filter(|(_, line)| line.credit == eligible)
                    .map(|(row, _)| row.granted).sum()
            };
            prop_assert!(granted(false) <= before.budget_left);
            prop_assert!(granted(true) + granted(false) <= before.budget_left + before.credit);
            for (row, line) in rows.iter().zip(&scenario.brief.limits.lines) {
                prop_assert!(row.credit >= Money::ZERO && row.credit <= row.spend);
                prop_assert!(line.credit || row.credit.is_zero());
                prop_assert!(row.spend <= row.granted || !line.credit);
            }
            let shop = ledger.shop();
            prop_assert!(after.budget_left >= Money::ZERO && after.reserved >= Money::ZERO);
            prop_assert_eq!(ledger.cash() + after.budget_left + after.reserved, ledger.budget);
            prop_assert_eq!(ledger.spend() - ledger.cash() + shop.expired_credit + after.credit, credit);
            prop_assert!(shop.free_exposures + shop.expired_exposures <= 30_000);
            prop_assert!(ledger.shop.last().unwrap().free_exposures <= 2_000);
            prop_assert!(shop.balances + shop.deposit_refunds <= shop.deposits);
            prop_assert!(shop.expired_red_packets <= packets);
        }
        let ledger = episode.ledger();
        let shop = ledger.shop();
        prop_assert_eq!(shop.free_exposures + shop.expired_exposures, 30_000);
        prop_assert_eq!(shop.deposits, shop.balances + shop.deposit_refunds);
        let rebate = scenario.market().unwrap().benefits.rebate.clone().unwrap();
        let year = Money::from_major(90_000.0) + ledger.cash();
        prop_assert_eq!(shop.rebate, rebate.earned(year) - rebate.earned(Money::from_major(90_000.0)));
        prop_assert_eq!(ledger.violations(&scenario.brief.limits), 0);
    }

    /// Opening, claimed, redeemed, expired, closing; and a pool that is never overdrawn.
    #[test]
    fn claims_add_up_at_every_step(
        plan in any_plan(), number in 0_u64..50, days in 1..20_u32, pool in 0..4_000_u32, end in 2..40_u32,
    ) {
        let coupon = format!("value = 12\ndays = {days}\npool = {pool}\nend_day = {end}\nplatform_share = 0.5");
        let scenario = with_claims(&coupon, 500);
        let mut episode = start(&scenario, number);
        for money in plan {
            episode.step(&Allocation::of(money));
        }
        let mut held = 0;
        for (day, row) in episode.ledger().shop.iter().enumerate() {
            held = held + row.coupons_claimed - row.coupons_redeemed - row.coupons_expired;
            prop_assert_eq!(row.coupons_held, held);
            prop_assert!(day < end as usize || row.coupons_claimed == 0);
            // Whatever is claimed is used or gone when its days have passed.
            prop_assert!(day < (end + days) as usize || row.coupons_held == 0);
        }
        let shop = episode.ledger().shop();
        prop_assert!(shop.coupons + shop.subsidies <= Money::from_major(f64::from(pool)));
        prop_assert!((shop.coupons.0 - shop.subsidies.0).abs() <= shop.coupons_redeemed as i64 + 1);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Raising one input alone never lowers the tier.
    #[test]
    fn more_of_anything_never_lowers_the_tier(
        base in prop::array::uniform3(prop_oneof![0.0..1e7_f64, any::<f64>()]),
        raised in prop_oneof![0.0..1e7_f64, any::<f64>()],
        input in 0..3_usize,
    ) {
        let stars = STARS.with(Clone::clone);
        let standing = |x: [f64; 3]| Standing { spend: x[0], assets: x[1], share: x[2] };
        let mut more = base;
        more[input] = if raised > base[input] { raised } else { base[input] };
        prop_assert!(stars.index(&standing(more)) >= stars.index(&standing(base)));
        prop_assert!(stars.tier_of(&standing(more)) >= stars.tier_of(&standing(base)));
    }
}

thread_local! {
    static STARS: Stars = stars();
}
