//! The two templates of a medium: exposures that reach an audience, and paid clicks on queries.

use super::counts::{binomial, hypergeometric, multinomial, negative_binomial, poisson, urns_with_balls};
use super::segments::{BySegment, SEGMENTS, Transition, migrate};
use crate::curve::hill;
use crate::draws::Key;

/// What a week of a medium came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Delivery {
    /// Money spent, major units.
    pub spend: f64,
    /// Exposures, or paid impressions.
    pub impressions: f64,
    /// Paid clicks.
    pub clicks: f64,
    /// People who were reached (traditional) or who clicked (search), by the segment they are in afterwards.
    pub touched: BySegment,
}

/// A traditional medium: television, display, video.
#[derive(Debug, Clone, PartialEq)]
pub struct Traditional {
    /// Chance that a person is in the week's audience.
    pub membership: BySegment,
    /// Expected price of an exposure, major units.
    pub unit_cost: f64,
    /// Frequency of half effect.
    pub half: f64,
    /// Steepness of the effect.
    pub slope: f64,
    /// What the largest effect does to people.
    pub migration: Vec<Transition>,
}

impl Traditional {
    /// Spends `money` in a week: exposures fall on the audience as balls into urns, and of the people reached in a
    /// segment a share moves that is a Hill function of their mean frequency.
    pub fn play(&self, population: &mut BySegment, money: f64, key: Key) -> Delivery {
        let audience = audience(population, &self.membership, key.with(0));
        let size: f64 = audience.iter().sum();
        let rate = if size > 0.0 { money / self.unit_cost / size } else { 0.0 };
        let (mut reach, mut moving) = ([0.0; SEGMENTS], [0.0; SEGMENTS]);
        let mut volume = 0.0;
        for (segment, audience) in audience.iter().enumerate().filter(|(_, audience)| **audience > 0.0) {
            let key = key.with(1).with(segment as u64);
            let exposures = poisson(key.with(0), rate * audience);
            reach[segment] = urns_with_balls(key.with(1), exposures, *audience);
            moving[segment] = binomial(key.with(2), reach[segment], self.effect(exposures, reach[segment]));
            volume += exposures;
        }
        let touched = shift(population, reach, moving, &self.migration, key.with(2));
        Delivery { spend: if volume > 0.0 { money } else { 0.0 }, impressions: volume, clicks: 0.0, touched }
    }

    /// Share of the people reached who move, after `exposures` on `reach` of them.
    #[must_use]
    pub fn effect(&self, exposures: f64, reach: f64) -> f64 {
        if reach > 0.0 { hill(exposures / reach, self.half, self.slope) } else { 0.0 }
    }
}

/// Paid search beside organic results.
#[derive(Debug, Clone, PartialEq)]
pub struct Search {
    /// Chance that a person makes queries this week.
    pub membership: BySegment,
    /// Queries a week of each who does.
    pub query_rate: f64,
    /// Chance of a click on a paid impression.
    pub click_rate: BySegment,
    /// Least and most that a click may cost, major units.
    pub click_cost: [f64; 2],
    /// What is bid for a click, major units.
    pub bid: f64,
    /// Effect, relative to the largest, on people who saw organic results only, who saw a paid one, who clicked on it.
    pub effectiveness: [f64; 3],
    /// What the largest effect does to people.
    pub migration: Vec<Transition>,
}

/// An advertiser's settings for a week of search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Campaign {
    /// Most clicks that may be paid; infinite where spending is not capped.
    pub click_cap: f64,
    /// Share of queries that the keywords match.
    pub keyword_share: f64,
}

impl Search {
    /// What a click costs: the bid, within what the auction has.
    #[must_use]
    pub fn cost_per_click(&self) -> f64 {
        self.bid.max(self.click_cost[0]).min(self.click_cost[1])
    }

    /// Share of matching queries for which the bid wins a paid impression.
    #[must_use]
    pub fn share_of_voice(&self) -> f64 {
        let [least, most] = self.click_cost;
        if least == most { 1.0 } else { ((self.bid - least) / (most - least)).clamp(0.0, 1.0) }
    }

    /// Clicks that `money` pays for.
    #[must_use]
    pub fn click_cap(&self, money: f64) -> f64 {
        libm::floor(money / self.cost_per_click())
    }

    /// A week of search: queries, those that match, paid impressions within the share of voice and the click cap, clicks;
    /// then who they were and whom they moved.
    pub fn play(&self, population: &mut BySegment, campaign: Campaign, key: Key) -> Delivery {
        let audience = audience(population, &self.membership, key.with(0));
        let size: f64 = audience.iter().sum();
        let of_audience = |weight: &dyn Fn(usize) -> f64| -> BySegment {
            std::array::from_fn(|segment| audience[segment] * weight(segment))
        };
        let by_clicks = of_audience(&|segment| self.click_rate[segment]);
        let by_others = of_audience(&|segment| 1.0 - self.click_rate[segment]);
        let click_rate = if size > 0.0 { by_clicks.iter().sum::<f64>() / size } else { 0.0 };

        let queries = poisson(key.with(1), self.query_rate * size);
        let matching = binomial(key.with(2), queries, campaign.keyword_share);
        let available = binomial(key.with(3), matching, self.share_of_voice());
        let (impressions, clicks) = paid(campaign.click_cap, available, click_rate, key.with(4));

        // Given the sums, each event is anybody's of the audience, in proportion to what they are likely to do.
        let spread = |count: f64, weights: &BySegment, to: &mut BySegment, key: Key| {
            multinomial(key, count, weights, |segment, count| to[segment] += count);
        };
        let mut clicked = [0.0; SEGMENTS];
        spread(clicks, &by_clicks, &mut clicked, key.with(5));
        let mut shown = clicked;
        spread(impressions - clicks, &by_others, &mut shown, key.with(6));
        let mut asked = shown;
        spread(queries - impressions, &audience, &mut asked, key.with(7));

        let (mut by_result, mut by_click, mut clickers) = ([0.0; SEGMENTS], [0.0; SEGMENTS], [0.0; SEGMENTS]);
        for segment in (0..SEGMENTS).filter(|segment| asked[*segment] > 0.0) {
            let key = key.with(8).with(segment as u64);
            let asking = urns_with_balls(key.with(0), asked[segment], audience[segment]);
            let seeing = urns_with_balls(key.with(1), shown[segment], asking);
            clickers[segment] = urns_with_balls(key.with(2), clicked[segment], seeing);
            let [organic, paid, click] = self.effectiveness;
            by_result[segment] = binomial(key.with(3), asking - seeing, organic)
                + binomial(key.with(4), seeing - clickers[segment], paid);
            by_click[segment] = binomial(key.with(5), clickers[segment], click);
        }
        migrate(population, &mut by_result, &self.migration, key.with(9));
        let touched = shift(population, clickers, by_click, &self.migration, key.with(10));
        Delivery { spend: self.cost_per_click() * clicks, impressions, clicks, touched }
    }
}

/// Paid impressions and clicks, with so many impressions `available` and clicks up to a cap.
#[must_use]
pub fn paid(click_cap: f64, available: f64, click_rate: f64, key: Key) -> (f64, f64) {
    if click_cap.is_infinite() {
        return (available, binomial(key.with(0), available, click_rate));
    }
    if click_cap <= 0.0 {
        return (0.0, 0.0);
    }
    // Impressions until the last click that is paid: the others among them are failures before it.
    let needed = click_cap + negative_binomial(key.with(1), click_cap, click_rate);
    if available < needed {
        let clicks = if needed.is_finite() {
            hypergeometric(key.with(2), click_cap, needed - click_cap, available)
        } else {
            0.0
        };
        (available, clicks)
    } else {
        (needed, click_cap)
    }
}

/// Who is in a week's audience.
fn audience(population: &BySegment, membership: &BySegment, key: Key) -> BySegment {
    std::array::from_fn(|segment| {
        binomial(key.with(segment as u64), population[segment], membership[segment])
    })
}

/// Moves those of `touched` who are `moving`; returns where all who were touched are then.
fn shift(
    population: &mut BySegment,
    mut touched: BySegment,
    mut moving: BySegment,
    migration: &[Transition],
    key: Key,
) -> BySegment {
    touched.iter_mut().zip(&moving).for_each(|(touched, moving)| *touched -= moving);
    migrate(population, &mut moving, migration, key);
    touched.iter_mut().zip(&moving).for_each(|(touched, moving)| *touched += moving);
    touched
}
