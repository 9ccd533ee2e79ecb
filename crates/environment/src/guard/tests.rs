//! Tests of the guard: its limits one by one, its order where they conflict, and its projection.

use proptest::prelude::*;

use super::*;
use crate::limits::LineLimits;

const STEPS: usize = 10;

fn open() -> LineLimits {
    LineLimits { end_step: STEPS, ..LineLimits::default() }
}

fn limits(lines: Vec<LineLimits>) -> Limits {
    Limits { lines, ..Limits::default() }
}

/// The ruling on a wish in major units, other money in minor units.
fn ruling(limits: &Limits, step: usize, available: i64, previous: Option<&[i64]>, wish: &[f64]) -> Ruling {
    let mut guard = Guard::new(limits, Money(100_000), STEPS);
    let previous: Option<Vec<Money>> = previous.map(|money| money.iter().copied().map(Money).collect());
    let mut ruling = Ruling::default();
    let wish = Allocation::of(wish.to_vec());
    guard.rule(step, Money(available), previous.as_deref(), &wish, &mut ruling);
    ruling
}

fn granted(ruling: &Ruling) -> Vec<i64> {
    ruling.granted.iter().map(|money| money.0).collect()
}

fn projected(wish: &[f64], lower: &[f64], upper: &[f64], total: f64) -> (Vec<f64>, f64) {
    let mut plan = vec![0.0; wish.len()];
    let multiplier = project_at_most(wish, lower, upper, total, &mut plan, &mut Vec::new());
    (plan, multiplier)
}

/// P10: from 1,000 at most 20 % a day, up to the cap of 5,000: five times as much takes nine days.
#[test]
fn the_largest_change_counts_from_what_was_spent_before() {
    let line = LineLimits { before: Some(Money(100_000)), cap: Some(Money(500_000)), end_step: 15, ..open() };
    let limits = Limits { largest_change: Some(0.2), lines: vec![line], ..Limits::default() };
    let mut guard = Guard::new(&limits, Money(10_000_000), 15);
    let (mut ruling, mut previous, mut wanted) = (Ruling::default(), None, 100_000);
    for step in 0..12 {
        let wish = Allocation::of(vec![1e9]);
        guard.rule(step, Money(10_000_000), previous.as_deref(), &wish, &mut ruling);
        wanted = 500_000.min(wanted + wanted / 5);
        assert_eq!(ruling.granted, [Money(wanted)]);
        assert_eq!(wanted == 500_000, step >= 8);
        previous = Some(ruling.granted.clone());
    }
}

#[test]
fn projection_by_hand() {
    let (zero, ten) = ([0.0; 3], [10.0; 3]);
    assert_eq!(projected(&[5.0, 3.0, 1.0], &zero, &ten, 20.0), (vec![5.0, 3.0, 1.0], 0.0));
    assert_eq!(projected(&[5.0, 3.0, 1.0], &zero, &ten, 6.0), (vec![4.0, 2.0, 0.0], 1.0));
    assert_eq!(projected(&[5.0, 3.0, 1.0], &zero, &ten, 0.0), (vec![0.0; 3], 5.0));
    assert_eq!(projected(&[6.0, 6.0, 6.0], &zero, &[1.0, 10.0, 10.0], 7.0), (vec![1.0, 3.0, 3.0], 3.0));
    assert_eq!(projected(&[1.0, 9.0], &[3.0, 0.0], &[10.0; 2], 8.0), (vec![3.0, 5.0], 4.0));
    assert_eq!(projected(&[1.0, 9.0], &[3.0, 4.0], &[10.0; 2], 6.0), (vec![3.0, 4.0], 5.0));
    assert_eq!(projected(&[], &[], &[], 6.0), (vec![], 0.0));
    let mut plan = [0.0; 2];
    let exactly = project_exactly(&[1.0, 1.0], &[0.0; 2], &[2.0, 10.0], 6.0, &mut plan, &mut Vec::new());
    assert_eq!((plan, exactly), ([2.0, 4.0], -3.0));
    let above = project_exactly(&[1.0, 1.0], &[0.0; 2], &[2.0, 3.0], 6.0, &mut plan, &mut Vec::new());
    assert_eq!((plan, above), ([2.0, 3.0], -2.0));
    let endless = [f64::INFINITY; 3];
    assert_eq!(projected(&[5.0, 3.0, 1.0], &zero, &endless, 6.0), (vec![4.0, 2.0, 0.0], 1.0));
}

#[test]
fn garbage_is_made_legal() {
    let two = limits(vec![open(); 2]);
    for (wish, expected) in [
        (vec![f64::NAN, -5.0], [0, 0]),
        (vec![f64::NEG_INFINITY, 2.0], [0, 200]),
        (vec![f64::INFINITY], [1000, 0]),
        (vec![1e308, f64::INFINITY, 7.0], [500, 500]),
        (vec![], [0, 0]),
        (vec![10.01, 0.0, 9.0], [1000, 0]),
    ] {
        assert_eq!(granted(&ruling(&two, 0, 1000, None, &wish)), expected, "{wish:?}");
    }
    let everything = ruling(&two, 0, 1000, None, &[f64::INFINITY]);
    assert_eq!(everything.bound, [Some(LimitKind::Budget), None]);
    assert_eq!(granted(&ruling(&two, 0, -7, None, &[1.0, 1.0])), [0, 0]);
    let most = ruling(&two, 0, i64::MAX, Some(&[i64::MAX, i64::MIN]), &[f64::MAX, 1.0]);
    assert_eq!(granted(&most).iter().map(|money| i128::from(*money)).sum::<i128>(), i128::from(i64::MAX));
}

#[test]
fn the_binding_limit_is_named() {
    use LimitKind::{Budget, Eligibility, Floor, LargestChange, LineCap, Pin, StepCap};
    let lines = vec![
        LineLimits { cap: Some(Money(100)), ..open() },
        LineLimits { floor: Some(Money(200)), ..open() },
        LineLimits { pin: Some(Money(300)), ..open() },
        LineLimits { first_step: 5, ..open() },
        open(),
    ];
    let mut limits = limits(lines);
    let free = ruling(&limits, 0, 10_000, None, &[9.0, 1.0, 1.0, 1.0, 4.0]);
    assert_eq!(granted(&free), [100, 200, 300, 0, 400]);
    assert_eq!(free.bound, [Some(LineCap), Some(Floor), Some(Pin), Some(Eligibility), None]);
    assert_eq!((free.multiplier, free.relaxed.len()), (0.0, 0));
    let short = ruling(&limits, 0, 800, None, &[9.0, 1.0, 1.0, 1.0, 4.0]);
    assert_eq!(granted(&short), [100, 200, 300, 0, 200]);
    assert_eq!((short.bound[4], short.multiplier), (Some(Budget), 2.0));
    limits.step_cap = Some(Money(700));
    let capped = ruling(&limits, 0, 800, None, &[9.0, 1.0, 1.0, 1.0, 4.0]);
    assert_eq!((capped.bound[4], granted(&capped)[4]), (Some(StepCap), 100));
    limits.step_cap = None;
    limits.largest_change = Some(0.2);
    let slow = ruling(&limits, 1, 10_000, Some(&[50, 200, 300, 0, 500]), &[9.0, 9.0, 1.0, 1.0, 0.0]);
    assert_eq!(granted(&slow), [60, 240, 300, 0, 400]);
    assert_eq!(slow.bound[0..2], [Some(LargestChange); 2]);
    assert_eq!(slow.bound[4], Some(LargestChange));
}

#[test]
fn weaker_limits_give_and_are_logged() {
    use LimitKind::{Floor, LargestChange, Pin};
    let entry = |line, limit, by| Relaxation { line, limit, by: Money(by) };
    // The cap is stronger than the change: the nearest lawful amount, whatever the wish.
    let mut capped = limits(vec![LineLimits { cap: Some(Money(50)), ..open() }]);
    capped.largest_change = Some(0.2);
    let ruled = ruling(&capped, 1, 1000, Some(&[100]), &[0.0]);
    assert_eq!((granted(&ruled), ruled.relaxed), (vec![50], vec![entry(0, LargestChange, 30)]));
    // A line that closes.
    let mut closing = limits(vec![LineLimits { end_step: 1, ..open() }]);
    closing.largest_change = Some(0.2);
    let ruled = ruling(&closing, 1, 1000, Some(&[100]), &[9.0]);
    assert_eq!((granted(&ruled), ruled.relaxed), (vec![0], vec![entry(0, LargestChange, 80)]));
    // Short of money: change first, by what is missing only, and where the wish asks for least.
    let mut falling = limits(vec![open(); 2]);
    falling.largest_change = Some(0.2);
    let ruled = ruling(&falling, 1, 100, Some(&[100, 100]), &[0.0, 9.0]);
    assert_eq!((granted(&ruled), ruled.relaxed), (vec![20, 80], vec![entry(0, LargestChange, 60)]));
    // Then the floor, then the pin.
    let lines = vec![
        LineLimits { pin: Some(Money(100)), ..open() },
        LineLimits { floor: Some(Money(100)), ..open() },
        open(),
    ];
    let ruled = ruling(&limits(lines.clone()), 0, 150, None, &[0.0, 0.0, 9.0]);
    assert_eq!((granted(&ruled), ruled.relaxed), (vec![100, 50, 0], vec![entry(1, Floor, 50)]));
    let ruled = ruling(&limits(lines), 0, 50, None, &[0.0, 0.0, 9.0]);
    assert_eq!(granted(&ruled), [50, 0, 0]);
    assert_eq!(ruled.relaxed, [entry(0, Pin, 50), entry(1, Floor, 100)]);
}

#[test]
fn remainders_go_to_the_largest() {
    let three = limits(vec![open(); 3]);
    assert_eq!(granted(&ruling(&three, 0, 100, None, &[9.0, 9.0, 9.0])), [34, 33, 33]);
    assert_eq!(granted(&ruling(&three, 0, 999, None, &[0.103, 0.103, 0.107])), [10, 10, 11]);
    assert_eq!(granted(&ruling(&three, 0, 999, None, &[0.29, 0.57, 1.15])), [29, 57, 115]);
    let capped = limits(vec![LineLimits { cap: Some(Money(33)), ..open() }, open(), open()]);
    assert_eq!(granted(&ruling(&capped, 0, 100, None, &[9.0, 9.0, 9.0])), [33, 34, 33]);
}

#[test]
fn a_line_starts_again_after_it_was_off() {
    let mut limits = limits(vec![open(), LineLimits { cap: Some(Money(200)), ..open() }]);
    limits.largest_change = Some(0.2);
    let guard = Guard::new(&limits, Money(100_000), STEPS);
    assert_eq!([0, 1, 2].map(|line| guard.starting_amount(line).0), [5_000, 200, 0]);
    let again =
        |previous: [i64; 2], wish| granted(&ruling(&limits, 3, 99_999, Some(&previous), &[wish, wish]));
    assert_eq!(again([0, 0], 900.0), [5_000, 200]);
    assert_eq!(again([49, 1], 900.0), [5_000, 200]);
    assert_eq!(again([49, 1], 0.0), [0, 0]);
    assert_eq!(again([50, 2], 900.0), [60, 3]);
    assert_eq!(again([50, 2], 0.0), [40, 1]);
    // No limit in the first step, nor where a line opens; but one where the past is known.
    assert_eq!(granted(&ruling(&limits, 0, 99_999, None, &[900.0]))[0], 90_000);
    limits.lines[0].first_step = 3;
    assert_eq!(granted(&ruling(&limits, 3, 99_999, Some(&[0, 0]), &[900.0]))[0], 90_000);
    limits.lines[0].first_step = 0;
    assert_eq!(granted(&ruling(&limits, 0, 99_999, Some(&[500, 0]), &[900.0]))[0], 600);
}

/// P10: linear response, so the wish is everything; x_t = min(U, x0 1.2^t), five times as much after 9 days.
#[test]
fn change_limit_grows_fivefold_in_nine_days() {
    let start = 5_i64.pow(9); // minor units; x0 1.2^t = 5^(9-t) 6^t is whole up to the ninth day
    let cap = 5 * start;
    let line = LineLimits { cap: Some(Money(cap)), end_step: 30, ..LineLimits::default() };
    let limits = Limits { largest_change: Some(0.2), lines: vec![line], ..Limits::default() };
    let mut guard = Guard::new(&limits, Money(30 * cap), 30);
    let mut ruling = Ruling::default();
    let wish = Allocation::of(vec![f64::INFINITY]);
    let mut previous = [Money(start)];
    for day in 1..30_u32 {
        guard.rule(day as usize, Money(i64::MAX), Some(&previous), &wish, &mut ruling);
        previous[0] = ruling.granted[0];
        let grown = if day < 9 { 5_i64.pow(9 - day) * 6_i64.pow(day) } else { cap };
        assert_eq!(previous[0].0, grown.min(cap), "day {day}");
        let expected = if day < 9 { LimitKind::LargestChange } else { LimitKind::LineCap };
        assert_eq!(ruling.bound[0], Some(expected), "day {day}");
    }
}

#[test]
fn a_used_ruling_keeps_its_memory() {
    let lines = vec![LineLimits { pin: Some(Money(10)), floor: Some(Money(10)), ..open() }; 5];
    let limits = Limits { largest_change: Some(0.2), ..limits(lines) };
    let mut guard = Guard::new(&limits, Money(100_000), STEPS);
    let mut ruling = Ruling::default();
    let memory = |guard: &Guard, ruling: &Ruling| {
        let Scratch { bounds, pot_lines, wish, lower, upper, plan, granted, remainder, order, breakpoints } =
            &guard.scratch;
        let numbers = [wish, lower, upper, plan, remainder, breakpoints].map(Vec::capacity);
        let others = [
            bounds.capacity(),
            pot_lines.capacity(),
            granted.capacity(),
            order.capacity(),
            ruling.granted.capacity(),
            ruling.bound.capacity(),
        ];
        (numbers, others, ruling.relaxed.capacity())
    };
    guard.rule(0, Money(100_000), None, &Allocation::default(), &mut ruling);
    let before = memory(&guard, &ruling);
    let wish = Allocation::of(vec![0.333; 5]);
    guard.rule(1, Money(13), Some(&[Money(1_000); 5]), &wish, &mut ruling);
    assert_eq!(ruling.relaxed.len(), 15);
    assert_eq!(memory(&guard, &ruling), before);
}

fn any_money() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => 0.0..20.0_f64,
        1 => any::<f64>(),
        1 => prop::sample::select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e308, 1e-308, 0.0]),
    ]
}

fn some<T: Clone + std::fmt::Debug>(inner: impl Strategy<Value = T>) -> impl Strategy<Value = Option<T>> {
    prop::option::weighted(0.3, inner)
}

prop_compose! {
    fn any_line(most: i64)(
        first_step in 0..3_usize, open in 1..8_usize,
        cap in some(0..most), floor in some(0..most / 4), pin in some(0..most / 4),
    ) -> LineLimits {
        // Consistent: floor <= pin <= cap.
        let cap = cap.map(|cap| cap.max(floor.unwrap_or(0)).max(pin.unwrap_or(0)));
        let floor = floor.map(|floor| pin.map_or(floor, |pin| floor.min(pin)));
        let [cap, floor, pin] = [cap, floor, pin].map(|money| money.map(Money));
        LineLimits { first_step, end_step: first_step + open, cap, floor, pin, ..LineLimits::default() }
    }
}

prop_compose! {
    fn any_limits(lines: std::ops::Range<usize>, most: i64)(
        step_cap in some(0..most * 2),
        largest_change in some(prop_oneof![0.01..1.5_f64, Just(0.2), Just(0.5)]),
        lines in prop::collection::vec(any_line(most), lines),
    ) -> Limits {
        Limits { step_cap: step_cap.map(Money), largest_change, lines, ..Limits::default() }
    }
}

/// How much `money` breaks pins, floors and the largest change, written without the guard's own bounds; `None`
/// where it breaks a limit that never gives.
fn broken(
    limits: &Limits,
    step: usize,
    available: i64,
    previous: Option<&[i64]>,
    money: &[i64],
) -> Option<[i64; 3]> {
    let sum: i64 = money.iter().sum();
    let mut broken = [0; 3];
    if sum > available || limits.step_cap.is_some_and(|cap| sum > cap.0) {
        return None;
    }
    for (line, (&money, limit)) in money.iter().zip(&limits.lines).enumerate() {
        let is_open = step >= limit.first_step && step < limit.end_step;
        if money < 0 || (money > 0 && !is_open) || limit.cap.is_some_and(|cap| money > cap.0) {
            return None;
        }
        if is_open {
            broken[0] += limit.pin.map_or(0, |pin| (pin.0 - money).abs());
            broken[1] += limit.floor.map_or(0, |floor| (floor.0 - money).max(0));
        }
        let opens = step > 0 && step == limit.first_step;
        if let (Some(change), Some(previous)) = (limits.largest_change, previous.filter(|_| !opens)) {
            let start = Guard::new(limits, Money(100_000), STEPS).starting_amount(line).0;
            let by = ((previous[line] as f64 * change + 1e-9) as i64).max(1);
            let off = previous[line] * 100 < start;
            let high = if off { start.max(previous[line] + by) } else { previous[line] + by };
            let low = if off { 0 } else { previous[line] - by };
            broken[2] += (money - high).max(low - money).max(0);
        }
    }
    Some(broken)
}

fn logged(ruling: &Ruling) -> [i64; 3] {
    LOWER_LIMITS.map(|kind| ruling.relaxed.iter().filter(|log| log.limit == kind).map(|log| log.by.0).sum())
}

#[test]
fn money_held_for_later_cannot_be_had() {
    let holds = vec![crate::limits::Hold { until_step: 3, money: Money(900) }];
    let limits = Limits { holds, ..limits(vec![open(), open()]) };
    let early = ruling(&limits, 2, 1_000, None, &[10.0, 0.0]);
    assert_eq!((granted(&early), early.bound[0]), (vec![100, 0], Some(LimitKind::Hold)));
    assert_eq!(granted(&ruling(&limits, 3, 1_000, None, &[10.0, 0.0])), [1_000, 0]);
    // What is held may be more than what is left.
    assert_eq!(granted(&ruling(&limits, 2, 800, None, &[10.0, 5.0])), [0, 0]);
}

#[test]
fn a_group_shares_what_it_has_left() {
    let group = crate::limits::Group { name: "two".into(), lines: vec![0, 2], most: Money(300) };
    let limits = Limits { groups: vec![group], ..limits(vec![open(), open(), open()]) };
    let mut guard = Guard::new(&limits, Money(100_000), STEPS);
    let mut ruling = Ruling::default();
    let wish = Allocation::of(vec![3.0, 4.0, 1.0]);
    guard.rule(0, Money(100_000), None, &wish, &mut ruling);
    assert_eq!(granted(&ruling), [225, 400, 75]);
    assert_eq!(ruling.bound, [Some(LimitKind::Group), None, Some(LimitKind::Group)]);
    guard.book([200, 400, 50].map(Money).into_iter());
    guard.rule(1, Money(100_000), None, &wish, &mut ruling);
    assert_eq!(granted(&ruling), [37, 400, 12]);
    guard.book([37, 400, 13].map(Money).into_iter());
    guard.rule(2, Money(100_000), None, &wish, &mut ruling);
    assert_eq!(granted(&ruling), [0, 400, 0]);
}

/// What may still fall due counts as spent, and a group that owes more than it has divides nothing.
#[test]
fn a_group_can_always_pay_what_is_reserved_for_it() {
    let group = crate::limits::Group { name: "two".into(), lines: vec![0, 2], most: Money(300) };
    let limits = Limits { groups: vec![group], ..limits(vec![open(), open(), open()]) };
    let mut guard = Guard::new(&limits, Money(100_000), STEPS);
    let mut ruling = Ruling::default();
    guard.book([100, 0, 0].map(Money).into_iter());
    guard.reserve([150, 90, 0].map(Money).into_iter());
    guard.rule(1, Money(100_000), None, &Allocation::of(vec![3.0, 4.0, 0.0]), &mut ruling);
    assert_eq!(granted(&ruling), [50, 400, 0]);
    guard.reserve([201, 0, 0].map(Money).into_iter());
    guard.rule(1, Money(100_000), None, &Allocation::of(vec![0.0, 4.0, 0.0]), &mut ruling);
    assert_eq!(granted(&ruling), [0, 400, 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Whatever is wished: what never gives holds, and what gave is in the log, to the minor unit.
    #[test]
    fn no_wish_breaks_a_limit_in_silence(
        limits in any_limits(0..7, 1000), step in 0..STEPS, available in 0..5000_i64,
        previous in some(prop::collection::vec(0..1000_i64, 7)), wish in prop::collection::vec(any_money(), 0..9),
    ) {
        let ruled = ruling(&limits, step, available, previous.as_deref(), &wish);
        let broken = broken(&limits, step, available, previous.as_deref(), &granted(&ruled));
        prop_assert_eq!(broken, Some(logged(&ruled)));
        prop_assert_eq!(ruled.granted.len(), limits.lines.len());
        prop_assert_eq!(ruled.bound.len(), limits.lines.len());
        prop_assert!(ruled.multiplier >= 0.0 && ruled.multiplier.is_finite());
        // Granted again, it stays as it is.
        let again: Vec<f64> = ruled.granted.iter().map(|money| money.major()).collect();
        let again = ruling(&limits, step, available, previous.as_deref(), &again);
        prop_assert_eq!(granted(&again), granted(&ruled));
    }

    /// Credit pays for its lines alone: whatever is wished, no more is granted than cash and credit can pay.
    #[test]
    fn credit_pays_for_its_lines_alone(
        limits in any_limits(0..7, 1000), eligible in prop::collection::vec(any::<bool>(), 7),
        step in 0..STEPS, cash in 0..3000_i64, credit in 0..3000_i64,
        previous in some(prop::collection::vec(0..1000_i64, 7)), wish in prop::collection::vec(any_money(), 0..9),
    ) {
        let mut limits = limits;
        limits.lines.iter_mut().zip(&eligible).for_each(|(line, eligible)| line.credit = *eligible);
        let previous: Option<Vec<Money>> = previous.map(|money| money.into_iter().map(Money).collect());
        let mut guard = Guard::new(&limits, Money(100_000), STEPS);
        let mut ruling = Ruling::default();
        let purse = Purse { cash: Money(cash), credit: Money(credit) };
        guard.rule(step, purse, previous.as_deref(), &Allocation::of(wish), &mut ruling);
        let all: i64 = granted(&ruling).iter().sum();
        let in_cash: i64 =
            granted(&ruling).iter().zip(&limits.lines).filter(|(_, line)| !line.credit).map(|(money, _)| money).sum();
        prop_assert!(all <= cash + credit && in_cash <= cash);
        prop_assert!(ruling.multiplier >= 0.0 && ruling.multiplier.is_finite());
        // The limits hold as ever, or stand in the log.
        let amounts: Vec<i64> = previous.iter().flatten().map(|money| money.0).collect();
        let broken =
            broken(&limits, step, cash + credit, previous.as_ref().map(|_| amounts.as_slice()), &granted(&ruling));
        prop_assert_eq!(broken, Some(logged(&ruling)));
    }

    /// With credit too, the grants are the nearest that are lawful: by trying every allocation.
    #[test]
    fn credit_leaves_the_nearest_allocation(
        wish in prop::collection::vec(0..9_i64, 3), eligible in prop::collection::vec(any::<bool>(), 3),
        cash in 0..12_i64, credit in 0..12_i64, cap in some(0..16_i64),
    ) {
        let lines = eligible.iter().map(|credit| LineLimits { credit: *credit, ..open() }).collect();
        let limits = Limits { step_cap: cap.map(Money), ..limits(lines) };
        let mut guard = Guard::new(&limits, Money(100_000), STEPS);
        let mut ruling = Ruling::default();
        let purse = Purse { cash: Money(cash), credit: Money(credit) };
        let money = wish.iter().map(|money| Money(*money).major()).collect();
        guard.rule(0, purse, None, &Allocation::of(money), &mut ruling);
        // What is above all that there is for a line is taken as that.
        let wish: Vec<i64> =
            wish.iter().zip(&eligible).map(|(wish, eligible)| (*wish).min(purse.for_line(*eligible))).collect();
        let distance = |money: &[i64]| money.iter().zip(&wish).map(|(a, b)| (a - b).pow(2)).sum::<i64>();
        let lawful = |money: &[i64; 3]| {
            let in_cash: i64 = (0..3).filter(|line| !eligible[*line]).map(|line| money[line]).sum();
            let all: i64 = money.iter().sum();
            in_cash <= cash && all <= cash + credit && cap.is_none_or(|cap| all <= cap)
        };
        let every = (0..9_i64.pow(3)).map(|n| [n % 9, n / 9 % 9, n / 81]);
        let least = every.filter(lawful).map(|money| distance(&money)).min().expect("nothing is lawful");
        prop_assert_eq!(distance(&granted(&ruling)), least);
    }

    /// Nothing overflows, however senseless the amounts.
    #[test]
    fn amounts_of_any_size_are_survived(
        lines in prop::collection::vec((some(any::<i64>()), some(any::<i64>()), some(any::<i64>())), 1..6),
        amounts in prop::collection::vec(any::<i64>(), 8), change in some(any::<f64>()), wish in any_money(),
    ) {
        let lines = lines.iter().map(|(cap, floor, pin)| {
            LineLimits { cap: cap.map(Money), floor: floor.map(Money), pin: pin.map(Money), ..open() }
        });
        let limits = Limits {
            step_cap: (amounts[6] % 2 == 0).then_some(Money(amounts[6])),
            largest_change: change,
            ..limits(lines.collect())
        };
        let mut guard = Guard::new(&limits, Money(amounts[7]), STEPS);
        let previous: Vec<Money> = amounts.iter().copied().map(Money).collect();
        let mut ruling = Ruling::default();
        let wish = Allocation::of(vec![wish, amounts[5] as f64, f64::MAX]);
        guard.rule(1, Money(amounts[7]), Some(&previous), &wish, &mut ruling);
        let sum: i128 = granted(&ruling).iter().map(|money| i128::from(*money)).sum();
        prop_assert!(sum <= i128::from(amounts[7].max(0)));
        prop_assert!(limits.step_cap.is_none_or(|cap| sum <= i128::from(cap.0.max(0))));
        for (money, line) in granted(&ruling).iter().zip(&limits.lines) {
            prop_assert!(*money >= 0 && line.cap.is_none_or(|cap| *money <= cap.0.max(0)));
        }
    }

    /// Weaker limits give no more than they must: by trying every allocation of a few minor units.
    #[test]
    fn no_limit_gives_more_than_it_must(
        limits in any_limits(3..4, 12), step in 0..6_usize, available in 0..12_i64,
        previous in some(prop::collection::vec(0..12_i64, 3)), wish in prop::collection::vec(any_money(), 3),
    ) {
        let wish: Vec<f64> = wish.iter().map(|money| money / 100.0).collect();
        let ruled = ruling(&limits, step, available, previous.as_deref(), &wish);
        let every = (0..13_i64.pow(3)).map(|n| [n % 13, n / 13 % 13, n / 169]);
        let least = every.filter_map(|money| broken(&limits, step, available, previous.as_deref(), &money)).min();
        let mut least = least.expect("nothing at all never breaks a limit that holds always");
        let mut logged = logged(&ruled);
        // Below the first kind that gives for want of money, the wish decides.
        if let Some(first) = logged.iter().position(|by| *by > 0) {
            logged[first + 1..].fill(0);
            least[first + 1..].fill(0);
        }
        prop_assert_eq!(logged, least);
    }

    /// A wish that is legal comes back as it is, for amounts up to a trillion.
    #[test]
    fn legal_wishes_are_granted(wish in prop::collection::vec(0..100_000_000_000_000_i64, 1..12), spare in 0..2_i64) {
        let total: i64 = wish.iter().sum();
        let majors: Vec<f64> = wish.iter().map(|money| Money(*money).major()).collect();
        let mut limits = limits(wish.iter().map(|money| LineLimits { cap: Some(Money(*money)), ..open() }).collect());
        limits.step_cap = Some(Money(total));
        limits.largest_change = Some(0.2);
        let ruled = ruling(&limits, 1, total + spare, Some(&wish), &majors);
        prop_assert_eq!(granted(&ruled), wish);
        prop_assert!(ruled.bound.iter().all(Option::is_none) && ruled.relaxed.is_empty());
    }

    /// The grants are the real-valued projection to within a minor unit.
    #[test]
    fn grants_are_the_projection_rounded(wish in prop::collection::vec(0.0..50.0_f64, 1..9), available in 0..9000_i64) {
        let minor: Vec<f64> = wish.iter().map(|money| (money * 100.0).min(available as f64)).collect();
        let (plan, multiplier) = projected(&minor, &vec![0.0; wish.len()], &vec![1e9; wish.len()], available as f64);
        let ruled = ruling(&limits(vec![open(); wish.len()]), 0, available, None, &wish);
        for (granted, plan) in granted(&ruled).iter().zip(&plan) {
            prop_assert!((*granted as f64 - plan).abs() < 1.0);
        }
        let expected = if multiplier > 0.0 { available } else { plan.iter().sum::<f64>().round() as i64 };
        prop_assert_eq!(granted(&ruled).iter().sum::<i64>(), expected);
        prop_assert!((ruled.multiplier * 100.0 - multiplier).abs() < 1e-9);
    }

    /// Optimality: (w - x) . (y - x) <= 0 for every legal y, and the multiplier's complementary slackness.
    #[test]
    fn the_projection_is_the_nearest_point(
        lines in prop::collection::vec((0.0..100.0_f64, 0.0..20.0_f64, 0.0..50.0_f64), 1..30), share in 0.0..1.2_f64,
        others in prop::collection::vec(prop::collection::vec(0.0..1.0_f64, 30), 20),
    ) {
        let wish: Vec<f64> = lines.iter().map(|line| line.0).collect();
        let lower: Vec<f64> = lines.iter().map(|line| line.1).collect();
        let upper: Vec<f64> = lines.iter().map(|line| line.1 + line.2).collect();
        let (least, most) = (lower.iter().sum::<f64>(), upper.iter().sum::<f64>());
        let total = least + share * (most - least);
        let (plan, multiplier) = projected(&wish, &lower, &upper, total);
        let sum: f64 = plan.iter().sum();
        prop_assert!(sum <= total + 1e-9);
        prop_assert!(multiplier == 0.0 || (sum - total).abs() < 1e-9);
        for other in others {
            let mut other: Vec<f64> = other.iter().zip(&lines).map(|(u, line)| line.1 + u * line.2).collect();
            let spread = (total - least) / (other.iter().sum::<f64>() - least).max(1e-12);
            for (money, lower) in other.iter_mut().zip(&lower) {
                *money = lower + (*money - lower) * spread.min(1.0);
            }
            let slope: f64 = (0..wish.len()).map(|i| (wish[i] - plan[i]) * (other[i] - plan[i])).sum();
            prop_assert!(slope <= 1e-7, "{slope}");
        }
        let (again, _) = projected(&plan, &lower, &upper, total);
        prop_assert!(again.iter().zip(&plan).all(|(a, b)| (a - b).abs() < 1e-9));
    }

    /// Money in another unit changes no share by more than 1e-9.
    #[test]
    fn the_unit_of_money_does_not_matter(
        lines in prop::collection::vec((0.0..100.0_f64, 0.0..1.0_f64, 0.0..50.0_f64), 1..30), share in 0.01..1.2_f64,
    ) {
        let columns = |unit: f64| {
            let wish: Vec<f64> = lines.iter().map(|line| line.0 * unit).collect();
            let lower: Vec<f64> = lines.iter().map(|line| line.1 * unit).collect();
            let upper: Vec<f64> = lines.iter().map(|line| (line.1 + line.2) * unit).collect();
            let total = unit * lines.iter().map(|line| line.1 + share * line.2).sum::<f64>();
            (projected(&wish, &lower, &upper, total), total)
        };
        let ((plan, multiplier), total) = columns(1.0);
        for unit in [1e6, 1e-6] {
            let ((scaled, price), scaled_total) = columns(unit);
            for (a, b) in plan.iter().zip(&scaled) {
                prop_assert!((a / total - b / scaled_total).abs() < 1e-9);
            }
            prop_assert!((price / unit - multiplier).abs() < 1e-9);
        }
    }
}
