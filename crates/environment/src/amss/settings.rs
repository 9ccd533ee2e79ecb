//! What a file says of an AMSS world.

use super::media::{Search, Traditional};
use super::population::Nature;
use super::sales::Sales;

/// An AMSS world: people, media in the order in which they act within a week, sales.
#[derive(Debug, Clone, PartialEq)]
pub struct AmssSettings {
    /// People in the population.
    pub people: f64,
    /// Weeks that an agent plays.
    pub weeks: usize,
    /// Weeks before them, in which the lines follow their own plans.
    pub history: usize,
    /// How many people are in the market.
    pub market: MarketRate,
    /// What people do by themselves.
    pub nature: Nature,
    /// The lines money is given to.
    pub lines: Vec<AmssLine>,
    /// Who buys.
    pub sales: Sales,
}

/// Share of the population in the market, `trend * season_t`, the season `clip(wave_t * disturbance_t, 0, 1)` with
/// `wave_t = mean + amplitude * cos(2 pi (t - peak) / period)` and a disturbance of mean 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MarketRate {
    /// Share of the population that may be in the market at all.
    pub trend: f64,
    /// Mean of the wave.
    pub mean: f64,
    /// Amplitude of the wave.
    pub amplitude: f64,
    /// Weeks from peak to peak.
    pub period: f64,
    /// Week of a peak, from 0.
    pub peak: f64,
    /// What disturbs the wave, around a mean of 1.
    pub disturbance: Autoregression,
}

/// A first-order autoregression, given by its stationary distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Autoregression {
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// Correlation of neighbouring weeks.
    pub autocorrelation: f64,
}

/// One line.
#[derive(Debug, Clone, PartialEq)]
pub struct AmssLine {
    /// Its name, unique.
    pub name: String,
    /// What its money does.
    pub media: Media,
    /// `[periods]` money of each budget period of the line's own plan, major units.
    pub budgets: Vec<f64>,
    /// Weeks of a budget period.
    pub period: usize,
    /// Whether its platform claims the orders of the people it reached (traditional) or who clicked (search).
    pub credited: bool,
}

/// AMSS's two templates of a medium.
#[derive(Debug, Clone, PartialEq)]
pub enum Media {
    /// Exposures bought for people in an audience. Its own plan follows a flighting.
    Traditional {
        /// What an exposure does.
        module: Box<Traditional>,
        /// Weights of the plan's weeks within a period, where they are not all the same.
        flighting: Option<Flighting>,
    },
    /// Paid clicks on queries.
    Search {
        /// What a query does.
        module: Box<Search>,
        /// Share of queries that the keywords match, for each major unit of a period's budget per head of population.
        keywords_per_budget: f64,
        /// Weeks at the start of every `cycle` in which the plan has search switched off.
        off: usize,
        /// Weeks of a cycle.
        cycle: usize,
    },
}

/// `max(0, season_(t + lead) + disturbance_(t + lead))`, the end of the series going on at its beginning.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Flighting {
    /// What is added to the season.
    pub disturbance: Autoregression,
    /// Weeks by which the plan runs before the season.
    pub lead: usize,
}

impl AmssSettings {
    /// Weeks of history and those an agent plays.
    #[must_use]
    pub fn all_weeks(&self) -> usize {
        self.history + self.weeks
    }
}

impl MarketRate {
    /// The season of `week` without its disturbance.
    #[must_use]
    pub fn wave(&self, week: usize) -> f64 {
        let turn = std::f64::consts::TAU * (week as f64 - self.peak) / self.period;
        self.mean + self.amplitude * libm::cos(turn)
    }
}
