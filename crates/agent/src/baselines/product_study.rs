//! What a planner finds out of products before an episode: how orders follow from appeal in worlds that it draws for
//! itself, with appeals that it draws as the file says and therefore knows. Each world is played twice on the same noise,
//! without spend and with some, so that the difference is what clicks caused.

use std::sync::Arc;

use outlay_environment::market::settings::{Market, Product};
use outlay_environment::{Allocation, Episode, Key, Kind, Scenario, Uncertain, World};

use super::appeals::{Habits, by_product, products_of};

/// Worlds drawn.
const WORLDS: u64 = 100;
/// Rounds of Newton, and the most by which a number changes in one.
const ROUNDS: usize = 8;
const LARGEST: f64 = 1.0;
/// Shares of a view's effect left after a step, and exponents `beta`, that are tried.
const RETENTIONS: [f64; 7] = [0.0, 0.5, 0.7, 0.8, 0.85, 0.9, 0.95];
const EXPONENTS: [f64; 8] = [0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1];

impl Habits {
    /// Draws worlds of `scenario`, whose lines must stay open, with appeals of its own that it therefore knows, and finds
    /// out what the shop's book and the lines' clicks show of them. `None` where products have no names.
    #[must_use]
    pub fn study(scenario: &Scenario) -> Option<Self> {
        let market = scenario.market()?;
        let products = &market.merchant.goods.products;
        if products.is_empty() || scenario.brief.products.len() != products.len() {
            return None;
        }
        let studied: Vec<Studied> = (0..WORLDS).map(|number| Self::visit(scenario, market, number)).collect();
        Some(Self::of(scenario, products, market.weight() as f64, &studied))
    }

    fn visit(scenario: &Scenario, market: &Market, number: u64) -> Studied {
        let key = Key::new(number).with_name("product worlds");
        let draw = |product: &Product| product.appeal.draw(Some(key.with_name(&product.name)));
        let appeals: Vec<f64> = market.merchant.goods.products.iter().map(draw).collect();
        let world = World::draw(&with_appeals(scenario, market, &appeals), key.bits());
        let lines = scenario.brief.lines.len();
        let share = |line: usize| -libm::log(key.with_name("share").with(line as u64).uniform());
        let noise = key.with_name("noise").bits();
        Studied {
            logs: appeals.into_iter().map(libm::log).collect(),
            idle: Season::play(&world, noise, &vec![0.0; lines]),
            spent: Season::play(&world, noise, &(0..lines).map(share).collect::<Vec<_>>()),
        }
    }

    fn of(scenario: &Scenario, products: &[Product], people: f64, studied: &[Studied]) -> Self {
        let brief = &scenario.brief;
        let mut habits = Self {
            prior: products.iter().map(|product| log_moments(product.appeal)).collect(),
            free: vec![0.0; brief.steps],
            interest: products.iter().map(|product| product.interest).collect(),
            launch: brief.products.iter().map(|product| product.launch_step).collect(),
            alpha: 1.0,
            beta: 1.0,
            caused: 0.0,
            retention: 0.0,
            spread: 0.0,
            clicks: vec![0.0; brief.lines.len()],
        };
        habits.fit_free(people, studied);
        habits.fit_caused(studied);
        for (line, clicks) in habits.clicks.iter_mut().enumerate() {
            let sums = studied.iter().map(|world| world.spent.lines[line]);
            let (seen, spend) = sums.fold((0.0, 0.0), |sum, line| (sum.0 + line.0, sum.1 + line.1));
            *clicks = if spend > 0.0 { seen / spend } else { 0.0 };
        }
        habits
    }

    /// Fits what needs no spend. `alpha` by conditional likelihood, in which what all orders of a world share cancels
    /// (Hausman, Hall and Griliches 1984): given their number, a season's orders are multinomial over products.
    fn fit_free(&mut self, people: f64, studied: &[Studied]) {
        let (steps, products) = (self.free.len(), self.prior.len());
        let season = |world: &Studied, product: usize| -> f64 {
            world.idle.orders.iter().skip(product).step_by(products).sum()
        };
        for _ in 0..ROUNDS {
            let (mut slope, mut information) = (0.0, 0.0);
            for world in studied {
                let weight = |product: usize| {
                    let open = steps.saturating_sub(self.launch[product]) as f64;
                    open * self.interest[product] * libm::exp(self.alpha * world.logs[product])
                };
                let total: f64 = (0..products).map(weight).sum::<f64>().max(f64::MIN_POSITIVE);
                let mean = |of: &dyn Fn(f64) -> f64| -> f64 {
                    (0..products).map(|product| weight(product) / total * of(world.logs[product])).sum()
                };
                let expected = mean(&|log| log);
                let variance = mean(&|log| (log - expected) * (log - expected));
                for product in 0..products {
                    let orders = season(world, product);
                    slope += orders * (world.logs[product] - expected);
                    information += orders * variance;
                }
            }
            if information > 0.0 {
                self.alpha = (self.alpha + (slope / information).clamp(-LARGEST, LARGEST)).clamp(0.1, 4.0);
            }
        }
        let units = |world: &Studied, step: usize| -> f64 {
            let unit = |product: usize| self.interest[product] * libm::exp(self.alpha * world.logs[product]);
            (0..products).filter(|product| self.sold(step, *product)).map(unit).sum()
        };
        let mut free = vec![0.0; steps];
        for (step, free) in free.iter_mut().enumerate() {
            let orders = |world: &Studied| -> f64 {
                world.idle.orders[step * products..(step + 1) * products].iter().sum()
            };
            let total: f64 = studied.iter().map(|world| units(world, step)).sum();
            let seen: f64 = studied.iter().map(orders).sum();
            *free = if total > 0.0 { seen / total } else { 0.0 };
        }
        // What worlds' totals differ by beyond chance.
        let (mut square, mut noise) = (0.0, 0.0);
        for world in studied {
            let expected: f64 = (0..steps).map(|step| free[step] * units(world, step)).sum();
            if expected > 0.0 {
                let ratio = world.idle.orders.iter().sum::<f64>() / expected;
                square += (ratio - 1.0) * (ratio - 1.0) / studied.len() as f64;
                noise += people / expected / studied.len() as f64;
            }
        }
        self.spread = libm::sqrt(libm::log1p((square - noise).max(0.01)));
        self.free = free;
    }

    /// Fits what clicks cause, by least squares on what a season has more than the same season without spend.
    fn fit_caused(&mut self, studied: &[Studied]) {
        let products = self.prior.len();
        let mut best = f64::INFINITY;
        for retention in RETENTIONS {
            for beta in EXPONENTS {
                let (mut cross, mut square, mut total) = (0.0, f64::MIN_POSITIVE, 0.0);
                for world in studied {
                    let mut views = vec![0.0; products];
                    for cell in 0..world.spent.orders.len() {
                        let product = cell % products;
                        views[product] = world.spent.clicks[cell] + retention * views[product];
                        let more = world.spent.orders[cell] - world.idle.orders[cell];
                        let unit = views[product] * libm::exp(beta * world.logs[product]);
                        cross += unit * more;
                        square += unit * unit;
                        total += more * more;
                    }
                }
                let error = total - cross * cross / square;
                if error < best && cross > 0.0 {
                    best = error;
                    (self.retention, self.beta, self.caused) = (retention, beta, cross / square);
                }
            }
        }
    }
}

/// One studied episode.
struct Season {
    /// `[steps * products]`.
    orders: Vec<f64>,
    /// `[steps * products]`.
    clicks: Vec<f64>,
    /// `[lines]` clicks, and major units spent.
    lines: Vec<(f64, f64)>,
}

impl Season {
    /// Plays `weights` (`[lines]`) at an even pace, or nothing at all where they are zero.
    fn play(world: &Arc<World>, noise: u64, weights: &[f64]) -> Self {
        let brief = &world.scenario.brief;
        let product_of = products_of(brief);
        let products = brief.products.len();
        let mut season =
            Self { orders: Vec::new(), clicks: Vec::new(), lines: vec![(0.0, 0.0); weights.len()] };
        let total: f64 = weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let mut episode = Episode::new(world.clone(), noise);
        while !episode.is_over() {
            let before = episode.observation();
            let money = before.budget_left.major() / (brief.steps - before.step) as f64;
            episode.step(&Allocation::of(weights.iter().map(|weight| money * weight / total).collect()));
            let seen = episode.observation();
            season.orders.extend(seen.shop.products.iter().map(|orders| *orders as f64));
            season.clicks.extend(by_product(&seen.lines, &product_of, products));
            for (sum, report) in season.lines.iter_mut().zip(&seen.lines) {
                *sum = (sum.0 + report.clicks as f64, sum.1 + report.spend.major());
            }
        }
        season
    }
}

/// A drawn world of the study: the logarithms of its appeals (`[products]`), a season without spend and one with some,
/// on the same noise.
struct Studied {
    logs: Vec<f64>,
    idle: Season,
    spent: Season,
}

/// Mean and standard deviation of the logarithm of an uncertain number.
fn log_moments(number: Uncertain) -> (f64, f64) {
    match number {
        Uncertain::Fixed(value) => (libm::log(value), 0.0),
        Uncertain::LogNormal { median, log_sd } => (libm::log(median), log_sd),
        // The spread of a uniform number relative to its mean.
        Uncertain::Uniform { low, high } => {
            let mean = 0.5 * (low + high);
            (libm::log(mean), (high - low) / (mean * libm::sqrt(12.0)))
        }
    }
}

/// The scenario with these appeals (`[products]`), of any world.
fn with_appeals(scenario: &Scenario, market: &Market, appeals: &[f64]) -> Arc<Scenario> {
    let mut market = market.clone();
    for (product, appeal) in market.merchant.goods.products.iter_mut().zip(appeals) {
        product.appeal = Uncertain::Fixed(*appeal);
    }
    Arc::new(Scenario { kind: Kind::Market(Arc::new(market)), ..scenario.clone() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::baselines::appeals::ProductBook;

    #[test]
    fn a_study_finds_what_orders_tell() {
        let scenario = Scenario::load("product-test").unwrap().with_shoppers(2_000);
        let habits = Habits::study(&scenario).unwrap();
        assert_eq!(habits.prior, [(0.0, 0.5); 8]);
        assert!(habits.alpha > 1.0 && habits.alpha < 2.5, "{}", habits.alpha);
        assert!(habits.caused > 0.0 && habits.retention > 0.0, "{habits:?}");
        // Two yuan a click.
        assert!(habits.clicks.iter().all(|clicks| (0.2..2.0).contains(clicks)), "{:?}", habits.clicks);
        // A week without spend, in worlds that the study has not seen: the belief is nearer to the truth than the file,
        // and as far from it as it says.
        let market = scenario.market().unwrap();
        let (mut file, mut error, mut said) = (0.0, 0.0, 0.0);
        for number in 1_000..1_040 {
            let world = Habits::visit(&scenario, market, number);
            let mut book = ProductBook::default();
            for (step, orders) in world.idle.orders.chunks(8).enumerate() {
                let orders: Vec<u64> = orders.iter().map(|orders| *orders as u64).collect();
                book.record(&habits, (step, &[]), &orders, &[]);
            }
            let belief = habits.after(&book, market.weight() as f64);
            for (product, log) in world.logs.iter().enumerate() {
                file += log * log;
                error += (belief.mean[product] - log) * (belief.mean[product] - log);
                said += belief.covariance[product * 10];
            }
        }
        assert!(error < 0.8 * file && (0.7..1.4).contains(&(error / said)), "{file} {error} {said}");
        assert_eq!(Habits::study(&Scenario::load("new-customer").unwrap()), None);
    }
}
