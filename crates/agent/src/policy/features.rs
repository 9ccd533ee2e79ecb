//! What the network sees: numbers without a unit, made from the brief and the stream of observations.
//!
//! Money is measured in a line's even share of a step, outcomes against their own running totals, ratios in logs, so
//! that neither the currency nor the size of the shop changes a feature's meaning. Ratios of counts are shrunk towards
//! the pool of all lines by pseudo-counts, so that no data gives zero, and the counts themselves are features too: the
//! network can see how much a ratio is worth.

use std::ops::Range;

use libm::{cos, log, sin};
use outlay_environment::{Brief, Observation, Pricing, STAGES};

use super::conditions::{Conditions, GLOBAL_CONDITIONS, LINE_CONDITIONS};
use super::declared::{DECLARED_FEATURES, Declared};
use super::effect::Effect;
use super::memory::{DAY, EPISODE, FORTNIGHT, HALF_LIVES, HORIZONS, LineSums, Memory, THREE_DAYS, pace};

/// Raised whenever a feature changes its place or meaning: a checkpoint of another version cannot be used.
pub const FEATURES_VERSION: u32 = 3;
/// Features of one line.
pub const LINE_FEATURES: usize = 50 + DECLARED_FEATURES + LINE_CONDITIONS;
/// Features of the whole.
pub const GLOBAL_FEATURES: usize = 78 + GLOBAL_CONDITIONS;

/// Places of a line's features that need more of the past than the last step's report.
pub(crate) const REMEMBERED_LINE: [Range<usize>; 4] = [15..49, 58..60, 61..62, 68..70];
/// Places of the whole's features that do.
pub(crate) const REMEMBERED_GLOBAL: [Range<usize>; 4] = [35..55, 63..77, 95..96, 102..104];

/// Days ahead over which the calendar is averaged.
const AHEAD: [f64; 4] = [1.0, 3.0, 7.0, 14.0];
/// Features of one step that follow from the calendar alone.
const CALENDAR_FEATURES: usize = 26;
/// Pseudo-count that pulls a ratio of rare events towards the pool.
const RARE: f64 = 2.0;
/// Pseudo-count that pulls a ratio of frequent events towards the pool.
const FREQUENT: f64 = 20.0;
/// Added to spend before the log: a tenth of an even share counts as next to nothing.
const LITTLE: f64 = 0.1;
/// Horizons at which ratios are taken.
const RATIO_HORIZONS: [usize; 3] = [THREE_DAYS, FORTNIGHT, EPISODE];

/// Turns observations into features. Nothing is allocated between `start` and the end of an episode.
#[derive(Debug, Clone, Default)]
pub struct Features {
    brief: Option<Brief>,
    memory: Memory,
    effect: Effect,
    declared: Declared,
    conditions: Conditions,
    /// `[steps, CALENDAR_FEATURES]`
    calendar: Vec<f64>,
    /// `[steps + 1]` declared traffic x demand from a step to the end.
    calendar_left: Vec<f64>,
    /// `[horizons, STAGES]` fading mean of the stage shares at three days and a fortnight.
    stages: [[f64; STAGES]; 2],
}

impl Features {
    /// Forgets everything and reads the brief of a new episode.
    pub fn start(&mut self, brief: &Brief) {
        self.memory.start(brief);
        self.effect.start(brief.lines.len());
        self.declared.start(brief);
        self.conditions.start(brief);
        self.stages = [[0.0; STAGES]; 2];
        if self.brief.as_ref() != Some(brief) {
            self.read_calendar(brief);
            self.declared.read(brief);
            self.brief = Some(brief.clone());
        }
    }

    /// Takes in one observation and writes the features of its step.
    ///
    /// `guide` is `[lines + 1]` the logits of a planner's allocation, empty where there is no planner; `lines` is
    /// `[lines, LINE_FEATURES]` row by row, `global` is `[GLOBAL_FEATURES]`. Observations must come in the order of their
    /// steps, each once. Before `start` nothing is written.
    pub fn read(&mut self, observation: &Observation, guide: &[f32], lines: &mut [f32], global: &mut [f32]) {
        let Some(brief) = self.brief.take() else { return };
        if observation.step > 0 {
            self.remember(&brief, observation);
        }
        let mut writer = Writer { values: global, place: 0 };
        self.write_global(&brief, observation, &mut writer);
        writer.put(guide.last().copied().map_or(0.0, f64::from));
        writer.finish();
        for (line, values) in lines.chunks_exact_mut(LINE_FEATURES).enumerate() {
            let mut writer = Writer { values, place: 0 };
            self.write_line(&brief, observation, line, &mut writer);
            writer.put(guide.get(line).copied().map_or(0.0, f64::from));
            writer.finish();
        }
        self.brief = Some(brief);
    }

    fn remember(&mut self, brief: &Brief, observation: &Observation) {
        let before = &brief.calendar[(observation.step - 1).min(brief.calendar.len() - 1)];
        let calendar = (before.traffic * before.demand).max(1e-3);
        self.memory.add(observation, calendar);
        let steps = self.memory.shop[THREE_DAYS].steps.max(1e-9);
        let spend = self.memory.lines.iter().map(|sums| sums[THREE_DAYS].spend / steps);
        self.effect.add(spend, self.memory.outcome(&observation.shop) / calendar);
        self.declared.remember(brief, observation);
        self.conditions.remember(brief, observation);
    }

    /// Everything about a step that is declared in advance.
    fn read_calendar(&mut self, brief: &Brief) {
        let steps = brief.steps;
        let declared = |step: usize| {
            let day = &brief.calendar[step.min(brief.calendar.len() - 1)];
            [day.traffic, day.demand, day.price].map(|x| x.max(1e-3))
        };
        self.calendar_left.clear();
        self.calendar_left.resize(steps + 1, 0.0);
        for step in (0..steps).rev() {
            let [traffic, demand, _] = declared(step);
            self.calendar_left[step] = self.calendar_left[step + 1] + traffic * demand;
        }
        let phases = brief.calendar.iter().map(|day| day.phase_index + 1).max().unwrap_or(1) as f64;
        self.calendar.clear();
        self.calendar.resize(steps * CALENDAR_FEATURES, 0.0);
        for step in 0..steps {
            let values = &mut self.calendar[step * CALENDAR_FEATURES..(step + 1) * CALENDAR_FEATURES];
            let mut place = 0;
            let mut put = |value: f64| {
                values[place] = value;
                place += 1;
            };
            let now = declared(step);
            now.iter().for_each(|x| put(log(*x)));
            let mean = |from: usize, to: usize| {
                let mut sums = [0.0; 3];
                for ahead in from..to {
                    for (sum, x) in sums.iter_mut().zip(declared(ahead)) {
                        *sum += x;
                    }
                }
                sums.map(|sum| if to > from { sum / (to - from) as f64 } else { 1.0 })
            };
            for days in AHEAD {
                let span = ((days * pace(brief) / brief.step_days).round() as usize).max(1);
                let to = (step + 1 + span).min(steps);
                let next = mean(step + 1, to);
                // Past the end of the season nothing is ahead: as today.
                (0..3).for_each(|i| put(if to > step + 1 { log(next[i] / now[i]) } else { 0.0 }));
            }
            let rest = mean(step, steps);
            (0..3).for_each(|i| put(log(rest[i] / now[i])));
            let best = (step..steps).map(|s| declared(s)[0] * declared(s)[1]).fold(0.0, f64::max);
            put(log(best / (now[0] * now[1])));
            put(self.calendar_left[step] / self.calendar_left[0].max(1e-9));
            put(now[0] * now[1] / self.calendar_left[step].max(1e-9) * (steps - step) as f64);
            let day = &brief.calendar[step.min(brief.calendar.len() - 1)];
            put(day.phase_index as f64 / phases);
            let same = (step..steps).take_while(|s| declared_phase(brief, *s) == day.phase_index).count();
            put(same as f64 / steps as f64);
            let angle = std::f64::consts::TAU * f64::from(day.weekday) / 7.0;
            put(sin(angle));
            put(cos(angle));
            put(if step + 1 == steps { 1.0 } else { 0.0 });
            debug_assert_eq!(place, CALENDAR_FEATURES);
        }
    }

    fn write_global(&mut self, brief: &Brief, observation: &Observation, to: &mut Writer<'_>) {
        let step = observation.step.min(brief.steps.saturating_sub(1));
        let steps = brief.steps as f64;
        let budget = brief.budget.major().max(1e-9);
        let left = observation.budget_left.major() / budget;
        let steps_left = (brief.steps - step) as f64;
        self.calendar[step * CALENDAR_FEATURES..(step + 1) * CALENDAR_FEATURES]
            .iter()
            .for_each(|x| to.put(*x));
        // Time and money.
        to.put(step as f64 / steps);
        to.put(log(steps_left));
        to.put(left);
        to.put(log((left + 0.01) / (steps_left / steps + 0.01)));
        to.put(log((left + 0.01) / (self.calendar_left[step] / self.calendar_left[0].max(1e-9) + 0.01)));
        to.put(observation.reserved.major() / budget);
        to.put(log(brief.lines.len() as f64));
        to.put(log(brief.step_days));
        to.put(brief.margin);
        let pool = &self.memory.pool;
        let shop = &self.memory.shop;
        let lines = brief.lines.len() as f64;
        for (pool, shop) in pool.iter().zip(shop).take(HALF_LIVES.len()) {
            to.put(log(LITTLE + pool.spend / (shop.steps.max(1e-9) * lines)));
        }
        // The shop's own book, against what the calendar lets one expect.
        let whole = &shop[EPISODE];
        let rate = |sum: f64, total: f64, calendar: f64, pseudo: f64| {
            log((sum + pseudo) / (total * calendar / whole.calendar.max(1e-9) + pseudo))
        };
        for sums in &shop[..HALF_LIVES.len()] {
            to.put(rate(sums.outcome, whole.outcome, sums.calendar, FREQUENT));
        }
        for horizon in [DAY, THREE_DAYS] {
            let sums = &shop[horizon];
            to.put(rate(sums.orders, whole.orders, sums.calendar, FREQUENT));
            to.put(rate(sums.visitors, whole.visitors, sums.calendar, FREQUENT));
        }
        to.put(log(1.0 + whole.new_customers));
        to.put(log((whole.new_customers + RARE) / (whole.orders + 2.0 * RARE)));
        to.put(log((whole.orders + RARE) / (whole.visitors + 50.0 * RARE)));
        // What the platforms claim of it.
        let all = &pool[EPISODE];
        to.put(log((all.new_customers + RARE) / (whole.new_customers + RARE)));
        to.put(log((all.orders + RARE) / (whole.orders + RARE)));
        let returned = log((all.revenue + 1.0) / (all.spend + 1.0));
        let floor = brief.limits.return_floor.unwrap_or(1.0).max(1e-3);
        to.put(returned - log(floor));
        to.put(log((pool[FORTNIGHT].revenue + 1.0) / (pool[FORTNIGHT].spend + 1.0)) - log(floor));
        let constant = self.effect.coefficients.last().copied().unwrap_or(0.0);
        to.put(constant / (whole.outcome / whole.calendar.max(1e-9)).max(1e-9));
        self.write_stages(brief, observation, to);
        self.conditions.global(brief, observation, |x| to.put(x));
    }

    /// Shares of the stages and their changes against fading means.
    fn write_stages(&mut self, brief: &Brief, observation: &Observation, to: &mut Writer<'_>) {
        let people: u64 = observation.stages.iter().sum();
        let share = |stage: usize| observation.stages[stage] as f64 / people.max(1) as f64;
        if observation.step == 0 {
            self.stages = [std::array::from_fn(share); 2];
        }
        for stage in 0..STAGES {
            to.put(log(1e-4 + share(stage)));
        }
        for (means, half_life) in self.stages.iter_mut().zip([HALF_LIVES[THREE_DAYS], HALF_LIVES[FORTNIGHT]])
        {
            let keep = libm::exp2(-brief.step_days / (half_life * pace(brief)));
            // The change of those not reached yet follows from the others.
            for (stage, mean) in means.iter_mut().enumerate().skip(1) {
                let now = share(stage);
                *mean = *mean * keep + now * (1.0 - keep);
                to.put(log((now + 1e-4) / (*mean + 1e-4)));
            }
        }
    }

    fn write_line(&self, brief: &Brief, observation: &Observation, line: usize, to: &mut Writer<'_>) {
        let described = &brief.lines[line];
        let unit = self.memory.unit;
        for pricing in [
            Pricing::PerClick,
            Pricing::PerThousand,
            Pricing::PerImpression,
            Pricing::PerEngagement,
            Pricing::Commission,
        ] {
            to.put(f64::from(described.pricing == pricing));
        }
        to.put(f64::from(described.outside));
        let price = described.list_price.max(1e-9);
        // Billed events that an even share buys; a commission is a share already.
        to.put(if described.pricing == Pricing::Commission { log(price) } else { log(unit / price) });
        self.write_limits(brief, observation.step, line, to);
        let sums = &self.memory.lines[line];
        let pool = &self.memory.pool;
        let shop = &self.memory.shop;
        let last = &self.memory.last[line];
        to.put(log(LITTLE + last.granted));
        to.put(log(LITTLE + last.spend));
        to.put((last.spend + LITTLE) / (last.granted + LITTLE));
        to.put((sums[THREE_DAYS].spend + LITTLE) / (sums[THREE_DAYS].granted + LITTLE));
        for horizon in 0..HALF_LIVES.len() {
            to.put(log(LITTLE + sums[horizon].spend / shop[horizon].steps.max(1e-9)));
        }
        let lines = brief.lines.len() as f64;
        to.put(sums[EPISODE].spend / brief.steps as f64);
        to.put(log((sums[EPISODE].spend * lines + 1.0) / (pool[EPISODE].spend + 1.0)));
        for horizon in RATIO_HORIZONS {
            let (own, all) = (&sums[horizon], &pool[horizon]);
            to.put(against_pool(own.new_customers, all.new_customers, own.spend, all.spend, RARE));
            to.put(against_pool(own.orders, all.orders, own.spend, all.spend, RARE));
            to.put(against_pool(own.clicks, all.clicks, own.spend, all.spend, FREQUENT));
            to.put(against_pool(own.revenue, all.revenue, own.spend, all.spend, 1.0));
            to.put(against_pool(own.outcome, all.outcome, own.spend, all.spend, RARE));
        }
        let (whole, all) = (&sums[EPISODE], &pool[EPISODE]);
        to.put(log((whole.clicks + 1.0) / (whole.impressions + FREQUENT)));
        to.put(log((whole.engagements + 1.0) / (whole.impressions + FREQUENT)));
        to.put(against_pool(whole.orders, all.orders, whole.clicks, all.clicks, RARE));
        to.put(log((whole.new_customers + RARE) / (whole.orders + 2.0 * RARE)));
        to.put(log(1.0 + sums[FORTNIGHT].new_customers));
        to.put(log(1.0 + whole.new_customers));
        to.put(log(1.0 + whole.clicks));
        // Has the price of attention risen?
        to.put(price_of_reach(&sums[DAY], whole));
        to.put(price_of_reach(&sums[THREE_DAYS], whole));
        let mean = (shop[EPISODE].outcome / shop[EPISODE].calendar.max(1e-9)).max(1e-9);
        let (effect, deviation) = (self.effect.coefficients[line] / mean, self.effect.deviations[line]);
        to.put(effect);
        to.put(effect * (1.0 - deviation));
        to.put(deviation);
        self.declared.features(brief, observation, line, unit).into_iter().for_each(|x| to.put(x));
        self.conditions.line(brief, observation, line, |x| to.put(x));
    }

    fn write_limits(&self, brief: &Brief, step: usize, line: usize, to: &mut Writer<'_>) {
        let Some(limits) = brief.limits.lines.get(line) else {
            [1.0, 1.0, 0.0, 0.0, 0.0].into_iter().for_each(|x| to.put(x));
            return;
        };
        to.put(f64::from((limits.first_step..limits.end_step).contains(&step)));
        to.put(limits.end_step.saturating_sub(step) as f64 / brief.steps as f64);
        let unit = self.memory.unit;
        to.put(limits.cap.map_or(0.0, |cap| unit / (unit + cap.major())));
        to.put(limits.floor.map_or(0.0, |floor| log(1.0 + floor.major() / unit)));
        to.put(limits.pin.map_or(0.0, |pin| log(1.0 + pin.major() / unit)));
    }
}

fn declared_phase(brief: &Brief, step: usize) -> usize {
    brief.calendar[step.min(brief.calendar.len() - 1)].phase_index
}

/// Log of a line's rate against the rate of all lines, pulled to 0 by `pseudo` events at the pool's rate
/// (the posterior mean of a Poisson rate under a Gamma prior around the pool).
fn against_pool(events: f64, all_events: f64, base: f64, all_base: f64, pseudo: f64) -> f64 {
    let expected = if all_base > 0.0 { all_events * base / all_base } else { 0.0 };
    log((events + pseudo) / (expected + pseudo))
}

/// Log of the recent price of an impression against the line's own whole episode.
fn price_of_reach(recent: &LineSums, whole: &LineSums) -> f64 {
    -against_pool(recent.impressions, whole.impressions, recent.spend, whole.spend, FREQUENT)
}

/// Writes features one after another.
struct Writer<'a> {
    values: &'a mut [f32],
    place: usize,
}

impl Writer<'_> {
    fn put(&mut self, value: f64) {
        self.values[self.place] = value as f32;
        self.place += 1;
    }

    fn finish(self) {
        debug_assert_eq!(self.place, self.values.len(), "the number of features is a constant to be kept");
    }
}

// Horizons index arrays of this length.
const _: () = assert!(EPISODE + 1 == HORIZONS);

#[cfg(test)]
mod tests;
