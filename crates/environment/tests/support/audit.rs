//! An auditor of episodes: after each step it works out from the brief and the books alone, without the guard's own
//! code, whether a limit was broken, a minor unit was lost, or a figure does not follow from the others.

use outlay_environment::{Brief, Episode, LimitKind, LineLimits, Money, Observation, Relaxation};

/// Checks that have been made, and limits that gave because others made them impossible.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) steps: u64,
    pub(crate) checks: u64,
    pub(crate) gave: u64,
}

/// What an episode had before its step, and what has to be carried from one step to the next.
#[derive(Debug, Default)]
pub(crate) struct Auditor {
    tally: Tally,
    credit: Money,
    stock: Vec<Option<u64>>,
    coupons_held: u64,
    people: u64,
    relaxations: u64,
    reported: Vec<u64>,
}

impl Auditor {
    /// Begins with an episode that has not been played.
    pub(crate) fn new(episode: &Episode) -> Self {
        let brief = &episode.world().scenario.brief;
        let seen = episode.observation();
        let stock = seen.shop.stock.iter().map(|stock| (*stock != u64::MAX).then_some(*stock)).collect();
        Self {
            credit: seen.credit,
            stock,
            people: episode.stages().iter().sum(),
            reported: vec![0; brief.lines.len()],
            ..Self::default()
        }
    }

    pub(crate) fn tally(&self) -> Tally {
        self.tally
    }

    fn hold(&mut self, name: &str, holds: bool) -> Result<(), String> {
        self.tally.checks += 1;
        if holds { Ok(()) } else { Err(name.to_owned()) }
    }

    /// Looks at the step that was just played; `before` is what was seen before it.
    pub(crate) fn step(&mut self, before: &Observation, episode: &Episode) -> Result<(), String> {
        self.tally.steps += 1;
        self.money(before, episode)?;
        self.limits(before, episode)?;
        self.books(before, episode)
    }

    /// Every minor unit is spent, left, reserved, or was paid by credit.
    fn money(&mut self, before: &Observation, episode: &Episode) -> Result<(), String> {
        let (ledger, after) = (episode.ledger(), episode.observation());
        let rows = ledger.step(before.step);
        self.hold("budget left is negative", after.budget_left >= Money::ZERO)?;
        self.hold("reserved is negative", after.reserved >= Money::ZERO)?;
        let spent: i128 = ledger.rows.iter().map(|row| i128::from(row.spend.0 - row.credit.0)).sum();
        let kept = i128::from(after.budget_left.0) + i128::from(after.reserved.0);
        self.hold("spend - credit + left + reserved = budget", spent + kept == i128::from(ledger.budget.0))?;
        let paid: i128 = ledger.rows.iter().map(|row| i128::from(row.credit.0)).sum();
        let lost: i128 = ledger.shop.iter().map(|row| i128::from(row.expired_credit.0)).sum();
        let credit = paid + lost + i128::from(after.credit.0);
        self.hold("credit paid + expired + left = credit given", credit == i128::from(self.credit.0))?;
        let limits = &episode.world().scenario.brief.limits;
        for (row, line) in rows.iter().zip(&limits.lines) {
            self.hold("a line spends less than nothing", row.spend >= Money::ZERO)?;
            self.hold("credit pays more than the spend", (Money::ZERO..=row.spend).contains(&row.credit))?;
            self.hold("credit pays for a line it may not", line.credit || row.credit.is_zero())?;
        }
        Ok(())
    }

    /// The hard limits, and each that gave way: said by how much, and not without need.
    fn limits(&mut self, before: &Observation, episode: &Episode) -> Result<(), String> {
        let brief = &episode.world().scenario.brief;
        let (limits, step, ledger) = (&brief.limits, before.step, episode.ledger());
        let granted: Vec<i64> = ledger.step(step).iter().map(|row| row.granted.0).collect();
        let sum = |lines: &mut dyn Iterator<Item = usize>| -> i128 {
            lines.map(|line| i128::from(granted[line])).sum()
        };
        let all = sum(&mut (0..granted.len()));
        let in_cash = sum(&mut (0..granted.len()).filter(|line| !limits.lines[*line].credit));
        let cash = before.budget_left - limits.held(step).clamp(Money::ZERO, before.budget_left);
        self.hold("cash lines get more than the cash", in_cash <= i128::from(cash.0))?;
        self.hold("more is granted than there is", all <= i128::from(cash.0) + i128::from(before.credit.0))?;
        self.hold("step cap", limits.step_cap.is_none_or(|cap| all <= i128::from(cap.0)))?;
        for (money, line) in granted.iter().zip(&limits.lines) {
            self.hold("a grant below nothing", *money >= 0)?;
            self.hold("a closed line gets money", line.is_open(step) || *money == 0)?;
            self.hold("line cap", line.cap.is_none_or(|cap| *money <= cap.0))?;
        }
        let mut pinched = vec![false; granted.len()];
        for group in &limits.groups {
            let spent = |step: usize| -> i128 {
                group.lines.iter().map(|line| i128::from(ledger.step(step)[*line].spend.0)).sum()
            };
            let earlier: i128 = (0..step).map(spent).sum();
            let left = i128::from(group.most.0) - earlier;
            self.hold("a group spends more than it may", spent(step) <= left)?;
            self.hold("a group gets more than it may", sum(&mut group.lines.iter().copied()) <= left.max(0))?;
            // What a group has lowered stays below what it may spend, less what is reserved of it, by less than a minor unit
            // a line.
            let room = group.lines.len() as i128 + i128::from(before.reserved.0);
            if sum(&mut group.lines.iter().copied()) + room > left {
                group.lines.iter().for_each(|line| pinched[*line] = true);
            }
        }
        // A group that was lowered first looks roomy again once another that shares lines with it was lowered too.
        for group in &limits.groups {
            if group.lines.iter().any(|line| pinched[*line]) {
                group.lines.iter().for_each(|line| pinched[*line] = true);
            }
        }
        self.gave(before, episode, &granted, &pinched)
    }

    /// Pins, floors and the largest change: each miss is logged to the minor unit, and has a cause.
    fn gave(
        &mut self,
        before: &Observation,
        episode: &Episode,
        granted: &[i64],
        pinched: &[bool],
    ) -> Result<(), String> {
        let brief = &episode.world().scenario.brief;
        let wanted: Vec<Wanted> = (0..granted.len()).map(|line| Wanted::of(brief, before, line)).collect();
        let mut missed: Vec<Relaxation> = Vec::new();
        for (line, (money, wanted)) in granted.iter().zip(&wanted).enumerate() {
            missed.extend(wanted.missed(*money).map(|(limit, by)| Relaxation { line, limit, by: Money(by) }));
        }
        let logged = &episode.ruling().relaxed;
        self.hold("a limit gave in silence", missed.iter().all(|miss| logged.contains(miss)))
            .map_err(|found| format!("{found}: {missed:?}, logged {logged:?}"))?;
        self.hold("a limit is logged that was kept", missed.len() == logged.len())?;
        self.relaxations += missed.len() as u64;
        self.hold("relaxations are counted", self.relaxations == episode.ledger().relaxations)?;
        let least: i128 = wanted.iter().map(|wanted| i128::from(wanted.least())).sum();
        let eligible = |line: &usize| brief.limits.lines[*line].credit;
        let least_cash: i128 = (0..wanted.len())
            .filter(|line| !eligible(line))
            .map(|line| i128::from(wanted[line].least()))
            .sum();
        let cash = before.budget_left - brief.limits.held(before.step).clamp(Money::ZERO, before.budget_left);
        let money = (cash + before.credit).min(brief.limits.step_cap.unwrap_or(cash + before.credit));
        let short = least > i128::from(money.0) || least_cash > i128::from(cash.0.min(money.0));
        for miss in &missed {
            let caused = short || pinched[miss.line] || wanted[miss.line].contradicts(miss.limit);
            self.hold("a limit gave without need", caused).map_err(|found| {
                format!("{found}: {miss:?}, granted {granted:?}, {:?}", wanted[miss.line])
            })?;
        }
        self.tally.gave += missed.len() as u64;
        Ok(())
    }

    /// What the books say follows from one another.
    fn books(&mut self, before: &Observation, episode: &Episode) -> Result<(), String> {
        let (ledger, after, step) = (episode.ledger(), episode.observation(), before.step);
        let (rows, shop, products) = (ledger.step(step), ledger.shop[step], ledger.products_in(step));
        // A response curve may have a cost of its own and turn negative; an order has a price.
        let market = episode.world().scenario.market().is_some();
        self.hold("a step is played", after.step == step + 1)?;
        self.hold("shoppers are lost", episode.stages().iter().sum::<u64>() == self.people)?;
        for (line, (row, report)) in rows.iter().zip(&after.lines).enumerate() {
            let same = (report.granted, report.spend, report.clicks) == (row.granted, row.spend, row.clicks);
            self.hold("a report differs from the books", same)?;
            self.reported[line] += report.orders;
            let credited = (0..=step).map(|step| ledger.step(step)[line].credited_orders).sum::<u64>();
            self.hold("more is reported than was credited", self.reported[line] <= credited)?;
            self.hold("more first orders than orders", row.credited_new_customers <= row.credited_orders)?;
            let negative = market && row.credited_revenue < Money::ZERO;
            self.hold("credited revenue is negative", !negative)?;
        }
        self.hold("joins", shop.joins == rows.iter().map(|row| row.joins).sum::<u64>())?;
        self.hold("more new customers than orders", shop.new_customers <= shop.orders)?;
        let figures = [
            shop.expected_orders,
            shop.expected_contribution,
            shop.expected_new_customers,
            shop.expected_revenue,
        ];
        self.hold("an expectation is no number", figures.iter().all(|figure| figure.is_finite()))?;
        let price = ledger.multipliers[step];
        self.hold("a price of money is no number or negative", price.is_finite() && price >= 0.0)?;
        if !products.is_empty() {
            let revenue: i128 = products.iter().map(|row| i128::from(row.revenue.0)).sum();
            self.hold("revenue = sum over products", revenue == i128::from(shop.revenue.0))?;
            self.hold(
                "orders = sum over products",
                shop.orders == products.iter().map(|row| row.orders).sum::<u64>(),
            )?;
            self.hold(
                "refunds = sum over products",
                shop.refunds == products.iter().map(|row| row.refunds).sum(),
            )?;
        }
        for (place, row) in products.iter().enumerate() {
            if let (Some(Some(stock)), Some(now)) = (self.stock.get(place).copied(), row.stock) {
                let follows = stock + row.returned + row.arrived == now + row.orders;
                self.hold("stock = before - orders + returned + arrived", follows)?;
                self.stock[place] = Some(now);
            }
        }
        let held = (self.coupons_held + shop.coupons_claimed)
            .checked_sub(shop.coupons_redeemed + shop.coupons_expired);
        self.hold("coupons held = before + claimed - used - expired", held == Some(shop.coupons_held))?;
        self.coupons_held = shop.coupons_held;
        if episode.is_over() {
            let whole = ledger.shop();
            self.hold(
                "deposits = balances + given back",
                whole.balances + whole.deposit_refunds <= whole.deposits,
            )?;
            self.hold("more is given back than was sold", !market || whole.refunds <= whole.revenue)?;
            self.hold("violations", ledger.violations(&episode.world().scenario.brief.limits) == 0)?;
        }
        Ok(())
    }
}

/// What a line's pin, floor and largest change ask for in a step, in minor units.
#[derive(Debug)]
struct Wanted {
    open: bool,
    cap: i64,
    pin: Option<i64>,
    floor: Option<i64>,
    change: Option<(i64, i64)>,
}

impl Wanted {
    fn of(brief: &Brief, before: &Observation, line: usize) -> Self {
        let limits = &brief.limits.lines[line];
        let LineLimits { cap, floor, pin, first_step, .. } = *limits;
        let open = limits.is_open(before.step);
        let previous = if before.step == 0 {
            limits.before
        } else {
            Some(before.lines[line].granted).filter(|_| before.step != first_step)
        };
        let change = brief.limits.largest_change.zip(previous).map(|(change, previous)| {
            let start = start(brief, line);
            let exact = previous.0 as f64 * change;
            // The fraction is a float: 0.29 of 100 is 29, although it is a little less.
            let whole = (exact - exact.round()).abs() <= 4.0 * f64::EPSILON * exact;
            let by = (if whole { exact.round() } else { exact.floor() } as i64).max(1);
            let off = i128::from(previous.0) * 100 < i128::from(start);
            let low = if off { 0 } else { (previous.0 - by).max(0) };
            (low, if off { start.max(previous.0 + by) } else { previous.0 + by })
        });
        let amount = |money: Option<Money>| money.filter(|_| open).map(|money| money.0);
        Self {
            open,
            cap: if open { cap.map_or(i64::MAX, |cap| cap.0) } else { 0 },
            pin: amount(pin),
            floor: amount(floor),
            change,
        }
    }

    /// Each limit that `money` misses, and by how much.
    fn missed(&self, money: i64) -> impl Iterator<Item = (LimitKind, i64)> {
        let by = |low: i64, high: i64| (low - money).max(money - high);
        let pin = self.pin.map(|pin| (LimitKind::Pin, by(pin, pin)));
        let floor = self.floor.map(|floor| (LimitKind::Floor, by(floor, i64::MAX)));
        let change = self.change.map(|(low, high)| (LimitKind::LargestChange, by(low, high)));
        [pin, floor, change].into_iter().flatten().filter(|(_, by)| *by > 0)
    }

    /// The least that keeps all of them, as far as they can be kept together.
    fn least(&self) -> i64 {
        let promised = self.pin.or(self.floor).unwrap_or(0);
        let low = self.change.map_or(0, |(low, _)| low);
        let high = self.pin.unwrap_or(i64::MAX);
        low.clamp(promised, high.max(promised)).min(self.cap)
    }

    /// Whether the line's own stronger limits keep it from this one.
    fn contradicts(&self, limit: LimitKind) -> bool {
        let promised = self.pin.or(self.floor).unwrap_or(0);
        limit == LimitKind::LargestChange
            && self.change.is_some_and(|(low, high)| {
                !self.open || low > self.cap || promised > high || self.pin.is_some_and(|pin| low > pin)
            })
    }
}

/// What a line that was off may start again with: the even share, as [`outlay_environment::Guard::starting_amount`] says.
fn start(brief: &Brief, line: usize) -> i64 {
    let lines = brief.lines.len() as i64;
    let mut even = brief.budget.0 / (lines * brief.steps as i64);
    even = even.min(brief.limits.step_cap.map_or(i64::MAX, |cap| cap.0 / lines));
    even.min(brief.limits.lines[line].cap.map_or(i64::MAX, |cap| cap.0)).max(1)
}
