//! What a policy remembers of an episode: sums of what was reported, fading at several speeds.

use outlay_environment::{Brief, Goal, LineReport, Observation, ShopReport};

/// Half-lives of the fading sums in days. A last horizon never fades.
pub(crate) const HALF_LIVES: [f64; 4] = [1.0, 3.0, 7.0, 14.0];
/// Number of horizons: the fading ones and the whole episode.
pub(crate) const HORIZONS: usize = HALF_LIVES.len() + 1;
/// The horizon of a day.
pub(crate) const DAY: usize = 0;
/// The horizon of three days.
pub(crate) const THREE_DAYS: usize = 1;
/// The horizon of two weeks.
pub(crate) const FORTNIGHT: usize = 3;
/// The horizon that never fades.
pub(crate) const EPISODE: usize = HORIZONS - 1;

/// How fast time passes: 1 in a season of a month or longer, less in a short one, whose hours count as its days.
pub(crate) fn pace(brief: &Brief) -> f64 {
    /// Days of a season in which a day counts as one.
    const MONTH: f64 = 28.0;
    (brief.steps as f64 * brief.step_days / MONTH).min(1.0)
}

/// What the goal counts; where that is money, in tenths of a line's even share, so that it is of the size of a count.
fn in_counts(goal: Goal, outcome: f64, unit: f64) -> f64 {
    if goal.is_money() { 10.0 * outcome.max(0.0) / unit } else { outcome }
}

/// Sums of one line's reports over one horizon. Money is in units of one line's even share of one step.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct LineSums {
    pub(crate) granted: f64,
    pub(crate) spend: f64,
    pub(crate) impressions: f64,
    pub(crate) clicks: f64,
    pub(crate) engagements: f64,
    pub(crate) orders: f64,
    pub(crate) new_customers: f64,
    pub(crate) revenue: f64,
    /// What the goal counts, as credited; see [`Memory::outcome`].
    pub(crate) outcome: f64,
}

impl LineSums {
    fn of(report: &LineReport, unit: f64, goal: Goal) -> Self {
        Self {
            outcome: in_counts(goal, goal.credited(report), unit),
            granted: report.granted.major() / unit,
            spend: report.spend.major() / unit,
            impressions: report.impressions as f64,
            clicks: report.clicks as f64,
            engagements: report.engagements as f64,
            orders: report.orders as f64,
            new_customers: report.new_customers as f64,
            // Where spending itself costs, a line may lose more than it brings: that counts as nothing.
            revenue: report.revenue.major().max(0.0) / unit,
        }
    }

    fn fade_and_add(&mut self, keep: f64, new: &Self) {
        self.granted = self.granted * keep + new.granted;
        self.spend = self.spend * keep + new.spend;
        self.impressions = self.impressions * keep + new.impressions;
        self.clicks = self.clicks * keep + new.clicks;
        self.engagements = self.engagements * keep + new.engagements;
        self.orders = self.orders * keep + new.orders;
        self.new_customers = self.new_customers * keep + new.new_customers;
        self.revenue = self.revenue * keep + new.revenue;
        self.outcome = self.outcome * keep + new.outcome;
    }
}

/// Sums of the shop's own book over one horizon.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct ShopSums {
    /// Steps, faded like the rest: what turns a sum into a rate.
    pub(crate) steps: f64,
    /// Declared traffic x demand: what the calendar alone lets one expect.
    pub(crate) calendar: f64,
    pub(crate) visitors: f64,
    pub(crate) orders: f64,
    pub(crate) new_customers: f64,
    /// What the goal counts; see [`Memory::outcome`].
    pub(crate) outcome: f64,
}

/// The memory of one episode.
#[derive(Debug, Clone, Default)]
pub(crate) struct Memory {
    /// Major units of one line's even share of one step.
    pub(crate) unit: f64,
    goal: Goal,
    /// `[HORIZONS]` what is kept of a sum from one step to the next.
    keep: [f64; HORIZONS],
    /// `[lines]` the last step alone.
    pub(crate) last: Vec<LineSums>,
    /// `[lines]`, each `[HORIZONS]`.
    pub(crate) lines: Vec<[LineSums; HORIZONS]>,
    /// `[HORIZONS]` sums over all lines.
    pub(crate) pool: [LineSums; HORIZONS],
    /// `[HORIZONS]`
    pub(crate) shop: [ShopSums; HORIZONS],
}

impl Memory {
    /// Forgets everything and takes the measures of a new episode.
    pub(crate) fn start(&mut self, brief: &Brief) {
        let lines = brief.lines.len();
        let shares = (lines * brief.steps).max(1) as f64;
        self.unit = (brief.budget.major() / shares).max(1e-9);
        self.goal = Goal::named(&brief.goal).unwrap_or_default();
        for (keep, half_life) in self.keep.iter_mut().zip(HALF_LIVES) {
            *keep = libm::exp2(-brief.step_days / (half_life * pace(brief)));
        }
        self.keep[EPISODE] = 1.0;
        self.last.clear();
        self.last.resize(lines, LineSums::default());
        self.lines.clear();
        self.lines.resize(lines, [LineSums::default(); HORIZONS]);
        self.pool = [LineSums::default(); HORIZONS];
        self.shop = [ShopSums::default(); HORIZONS];
    }

    /// What the goal counts of a step; where that is money, in tenths of a line's even share, so that a step's number is
    /// of the size of a count.
    pub(crate) fn outcome(&self, shop: &ShopReport) -> f64 {
        in_counts(self.goal, self.goal.seen(shop), self.unit)
    }

    /// Adds the reports of the step before `observation`, in which the calendar declared `calendar`.
    pub(crate) fn add(&mut self, observation: &Observation, calendar: f64) {
        let mut all = LineSums::default();
        for ((report, last), sums) in observation.lines.iter().zip(&mut self.last).zip(&mut self.lines) {
            *last = LineSums::of(report, self.unit, self.goal);
            all.fade_and_add(1.0, last);
            for (sum, keep) in sums.iter_mut().zip(self.keep) {
                sum.fade_and_add(keep, last);
            }
        }
        let shop = &observation.shop;
        let outcome = self.outcome(shop);
        for ((pool, sums), keep) in self.pool.iter_mut().zip(&mut self.shop).zip(self.keep) {
            pool.fade_and_add(keep, &all);
            sums.steps = sums.steps * keep + 1.0;
            sums.calendar = sums.calendar * keep + calendar;
            sums.visitors = sums.visitors * keep + shop.visitors as f64;
            sums.orders = sums.orders * keep + shop.orders as f64;
            sums.new_customers = sums.new_customers * keep + shop.new_customers as f64;
            sums.outcome = sums.outcome * keep + outcome;
        }
    }
}
