//! A drawn AMSS world: the disturbed season, the flighting of the lines' own plans, and the people after the history.

use std::sync::Arc;

use super::media::{Campaign, Delivery};
use super::sales::Sold;
use super::segments::{BySegment, SEGMENTS};
use super::settings::{AmssLine, AmssSettings, Autoregression, Media};
use crate::draws::{Key, purpose};

/// An AMSS world with its hidden parameters drawn and its history played.
#[derive(Debug, Clone, PartialEq)]
pub struct AmssWorld {
    settings: Arc<AmssSettings>,
    /// `[all weeks]` share of the population in the market.
    rate: Vec<f64>,
    /// `[lines][all weeks]` what the lines' own plans buy.
    planned: Vec<Vec<Buy>>,
    /// The people when an agent's first week begins.
    opening: BySegment,
    key: Key,
}

/// What is bought of a line in a week.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Buy {
    /// Exposures for so much money, major units.
    Exposures(f64),
    /// Clicks.
    Clicks(Campaign),
}

/// The weeks an agent would play, as the lines' own plans play them.
#[derive(Debug, Clone, PartialEq)]
pub struct PlannedRun {
    /// `[lines]` what each line came to; `touched` is left at zero.
    pub lines: Vec<Delivery>,
    /// Units of the brand sold.
    pub units: f64,
    /// People who bought a rival's.
    pub rival_buyers: f64,
    /// Units times price, major units.
    pub revenue: f64,
    /// Its expectation before each week's purchases.
    pub expected_revenue: f64,
}

impl AmssWorld {
    /// Draws a world from its key. Without one nothing disturbs season or flighting; what happens to people in the history
    /// is then drawn from a key of its own.
    #[must_use]
    pub fn build(settings: &Arc<AmssSettings>, key: Option<Key>) -> Self {
        let weeks = settings.all_weeks();
        let parameters = key.map(|key| key.with(purpose::PARAMETERS));
        let disturbance =
            settings.market.disturbance.series(weeks, parameters.map(|key| key.with_name("season")));
        let season: Vec<f64> =
            (0..weeks).map(|week| (settings.market.wave(week) * disturbance[week]).clamp(0.0, 1.0)).collect();
        let flighting = settings.lines.iter().map(|line| {
            let key = parameters.map(|key| key.with_name("flighting").with_name(&line.name));
            line.flighting(&season, key)
        });
        let flighting: Vec<Vec<f64>> = flighting.collect();
        Self::of_series(settings, &season, &flighting, key.unwrap_or(Key::new(0)))
    }

    /// A world with a known season (`[all weeks]`) and known weights of the weeks in each line's own plan
    /// (`[lines][all weeks]`).
    #[must_use]
    pub fn of_series(settings: &Arc<AmssSettings>, season: &[f64], flighting: &[Vec<f64>], key: Key) -> Self {
        let rate = season.iter().map(|season| settings.market.trend * season).collect();
        let plans = settings.lines.iter().zip(flighting);
        let planned = plans.map(|(line, weights)| line.plan(settings, weights)).collect();
        let mut world = Self { settings: settings.clone(), rate, planned, opening: [0.0; SEGMENTS], key };
        world.opening = world.after_history(key.with_name("history"));
        world
    }

    /// What the file says.
    #[must_use]
    pub fn settings(&self) -> &Arc<AmssSettings> {
        &self.settings
    }

    /// `[all weeks]` share of the population in the market.
    #[must_use]
    pub fn rate(&self) -> &[f64] {
        &self.rate
    }

    /// `[all weeks]` what the own plan of `line` buys.
    #[must_use]
    pub fn planned(&self, line: usize) -> &[Buy] {
        &self.planned[line]
    }

    /// The people when an agent's first week begins.
    #[must_use]
    pub fn opening(&self) -> &BySegment {
        &self.opening
    }

    fn after_history(&self, key: Key) -> BySegment {
        let Some(first) = self.rate.first() else { return self.opening };
        let mut population = self.settings.nature.open(self.settings.people, *first, key.with_name("open"));
        let mut deliveries = vec![NOTHING; self.planned.len()];
        for week in 0..self.settings.history {
            self.week(&mut population, week, |line| self.planned[line][week], key, &mut deliveries);
        }
        population
    }

    /// One week, in AMSS's order: nature, the media one after the other, sales. Fills in `deliveries` (`[lines]`); returns
    /// the people before they bought, and what they bought.
    pub(crate) fn week(
        &self,
        population: &mut BySegment,
        week: usize,
        buy: impl Fn(usize) -> Buy,
        key: Key,
        deliveries: &mut [Delivery],
    ) -> (BySegment, Sold) {
        let key = key.with(week as u64);
        self.settings.nature.week(population, self.rate[week], key.with_name("nature"));
        for (index, (line, delivery)) in self.settings.lines.iter().zip(deliveries).enumerate() {
            let key = key.with(purpose::LINE).with_name(&line.name);
            *delivery = match (&line.media, buy(index)) {
                (Media::Traditional { module, .. }, Buy::Exposures(money)) => {
                    module.play(population, money, key)
                }
                (Media::Search { module, .. }, Buy::Clicks(campaign)) => {
                    module.play(population, campaign, key)
                }
                _ => NOTHING,
            };
        }
        let before = *population;
        (before, self.settings.sales.play(population, key.with(purpose::ORDER)))
    }

    /// Plays an agent's weeks by the lines' own plans, `without` one of them or with all: pairs of these are what a line
    /// brings for its money.
    #[must_use]
    pub fn play_planned(&self, noise: u64, without: Option<usize>) -> PlannedRun {
        let (mut population, key) = (self.opening, self.key.with(noise));
        let mut deliveries = vec![NOTHING; self.planned.len()];
        let (units, rival_buyers, revenue, expected_revenue) = (0.0, 0.0, 0.0, 0.0);
        let lines = deliveries.clone();
        let mut run = PlannedRun { lines, units, rival_buyers, revenue, expected_revenue };
        for week in self.settings.history..self.settings.all_weeks() {
            let buy = |line: usize| {
                let planned = self.planned[line][week];
                if without == Some(line) { planned.nothing() } else { planned }
            };
            let (_, sold) = self.week(&mut population, week, buy, key, &mut deliveries);
            for (total, delivery) in run.lines.iter_mut().zip(&deliveries) {
                total.spend += delivery.spend;
                total.impressions += delivery.impressions;
                total.clicks += delivery.clicks;
            }
            run.units += sold.units;
            run.rival_buyers += sold.rival_buyers;
            run.revenue += sold.units * self.settings.sales.price;
            run.expected_revenue += sold.expected_units * self.settings.sales.price;
        }
        run
    }
}

/// No delivery.
pub(crate) const NOTHING: Delivery =
    Delivery { spend: 0.0, impressions: 0.0, clicks: 0.0, touched: [0.0; SEGMENTS] };

impl Buy {
    /// The same with no money.
    fn nothing(self) -> Self {
        match self {
            Self::Exposures(_) => Self::Exposures(0.0),
            Self::Clicks(_) => Self::Clicks(Campaign { click_cap: 0.0, keyword_share: 0.0 }),
        }
    }
}

impl AmssLine {
    /// `[all weeks]` weights of the weeks in the line's own plan.
    fn flighting(&self, season: &[f64], key: Option<Key>) -> Vec<f64> {
        let weeks = season.len();
        let Media::Traditional { flighting: Some(flighting), .. } = &self.media else {
            return vec![1.0; weeks];
        };
        let disturbance = flighting.disturbance.series(weeks, key);
        let weight = |week: usize| (season[week] + disturbance[week]).max(0.0);
        (0..weeks).map(|week| weight((week + flighting.lead) % weeks)).collect()
    }

    /// `[all weeks]` what the line's own plan buys.
    fn plan(&self, settings: &AmssSettings, weights: &[f64]) -> Vec<Buy> {
        let weeks = weights.len();
        let week = |week: usize| {
            let budget = self.budgets.get(week / self.period).copied().unwrap_or(0.0);
            match &self.media {
                Media::Traditional { .. } => {
                    let first = week - week % self.period;
                    let all: f64 = weights[first..weeks.min(first + self.period)].iter().sum();
                    Buy::Exposures(if all > 0.0 { budget * weights[week] / all } else { 0.0 })
                }
                Media::Search { .. } => Buy::Clicks(Campaign {
                    click_cap: if self.is_on(week) { f64::INFINITY } else { 0.0 },
                    keyword_share: self.keyword_share(budget / settings.people),
                }),
            }
        };
        (0..weeks).map(week).collect()
    }

    /// What `money` of a single week buys: of search as many keywords as a period would have whose every week had so much,
    /// and no more clicks than it pays for.
    #[must_use]
    pub fn buy(&self, settings: &AmssSettings, money: f64) -> Buy {
        match &self.media {
            Media::Traditional { .. } => Buy::Exposures(money),
            Media::Search { module, .. } => {
                let weeks_on = (0..self.period).filter(|week| self.is_on(*week)).count();
                let keyword_share = self.keyword_share(money * weeks_on as f64 / settings.people);
                Buy::Clicks(Campaign { click_cap: module.click_cap(money), keyword_share })
            }
        }
    }

    /// Share of queries matched, for a period's budget per head.
    fn keyword_share(&self, budget_per_head: f64) -> f64 {
        match &self.media {
            Media::Search { keywords_per_budget, .. } => (keywords_per_budget * budget_per_head).min(1.0),
            Media::Traditional { .. } => 0.0,
        }
    }

    /// Whether the line's own plan runs in `week`. AMSS counts weeks from 1.
    fn is_on(&self, week: usize) -> bool {
        match self.media {
            Media::Search { off, cycle, .. } => (week + 1) % cycle.max(1) >= off,
            Media::Traditional { .. } => true,
        }
    }
}

impl Autoregression {
    /// `[weeks]` its values from the stationary distribution on; its mean without a key.
    fn series(&self, weeks: usize, key: Option<Key>) -> Vec<f64> {
        let Some(key) = key else { return vec![self.mean; weeks] };
        let innovation = libm::sqrt(1.0 - self.autocorrelation * self.autocorrelation);
        let mut departure = 0.0;
        let value = |week: usize| {
            let z = key.with(week as u64).normal();
            departure = if week == 0 { z } else { self.autocorrelation * departure + innovation * z };
            self.mean + self.sd * departure
        };
        (0..weeks).map(value).collect()
    }
}
