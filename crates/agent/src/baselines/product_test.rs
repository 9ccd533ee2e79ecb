//! Choosing between products: how much to pay for knowing better, whom to test with it, and which one to take.
//!
//! What is believed of the products' appeal ([`super::appeals`]) says how likely each is the best, and what one more sum
//! spent on clicks would teach. A test is worth the rise in the expected worth of the product that will be chosen (the
//! value of information of Raiffa and Schlaifer 1961); money is spent on it only while that is more than it costs. It is
//! divided as Chen et al. (2000, optimal computing budget allocation) divide simulations: most to the best and to those
//! that are hard to tell from it. Before a season is committed, the plans for all products are averaged, each by how often
//! it will be the best at the commitment (probability matching, the mean of Thompson sampling), and each counts what will
//! by then be known in its favour. So plans move as belief does and not from one extreme to the other. Draws are the same
//! in every step, and in every episode.

use std::sync::Arc;

use outlay_environment::{Brief, Goal, Key, Kind, LineReport, Observation, Scenario};

use super::appeals::{Appeals, Habits, ProductBook, products_of};
use super::linear::factor;

/// Draws from a belief.
const DRAWS: usize = 256;
/// Halvings of the money left among which the money of a test is sought.
const HALVINGS: i32 = 8;
/// Part of the budget that a step of a test spends to say whom it favours.
const TOKEN: f64 = 1e-4;

/// Whether something is decided between products that lines of a scenario carry.
#[must_use]
pub fn decides(brief: &Brief) -> bool {
    let carried = products_of(brief);
    let several =
        carried.iter().flatten().any(|product| carried.iter().flatten().any(|other| other != product));
    several && (brief.commit_step.is_some() || brief.goal == Goal::BestProduct.name())
}

/// The scenario without its commitment: every line delivers in every step.
#[must_use]
pub fn uncommitted(scenario: &Scenario) -> Scenario {
    let mut open = scenario.clone();
    if let Kind::Market(market) = &mut open.kind {
        Arc::make_mut(market).commit_step = None;
    }
    Arc::make_mut(&mut open.brief).commit_step = None;
    open
}

/// What one episode shows of its products, and what was chosen.
#[derive(Debug, Clone)]
pub struct Choice {
    habits: Arc<Habits>,
    brief: Arc<Brief>,
    /// People that a simulated shopper stands for.
    people: f64,
    /// `[lines]`.
    product_of: Vec<Option<usize>>,
    /// `[DRAWS][products + 1]` standard normals.
    normals: Arc<Vec<Vec<f64>>>,
    book: ProductBook,
    belief: Appeals,
    chosen: Option<usize>,
}

impl Choice {
    /// Nothing seen yet of an episode of `scenario`, of which `habits` were learned.
    #[must_use]
    pub fn new(scenario: &Scenario, habits: Arc<Habits>) -> Self {
        let numbers = habits.prior.len() as u64 + 1;
        let key = Key::new(1).with_name("product draws");
        let normals = (0..DRAWS as u64)
            .map(|draw| (0..numbers).map(|number| key.with(draw).with(number).normal()).collect())
            .collect();
        Self {
            people: scenario.market().map_or(1.0, |market| market.weight() as f64),
            brief: scenario.brief.clone(),
            product_of: products_of(&scenario.brief),
            normals: Arc::new(normals),
            book: ProductBook::default(),
            belief: habits.belief(),
            chosen: None,
            habits,
        }
    }

    /// Forgets the episode before.
    pub fn start(&mut self) {
        self.book = ProductBook::default();
        self.belief = self.habits.belief();
        self.chosen = None;
    }

    /// Takes in what `observation` shows of the step before it.
    pub fn record(&mut self, observation: &Observation) {
        let Some(step) = observation.step.checked_sub(1) else { return };
        let place = (step, self.product_of.as_slice());
        self.book.record(&self.habits, place, &observation.shop.products, &observation.lines);
        self.belief = self.habits.after(&self.book, self.people);
        if self.chosen.is_none() && self.brief.commit_step.is_some_and(|commit| step >= commit) {
            self.chosen = self.favoured(&observation.lines);
        }
    }

    /// The product whose lines together were granted most money, the first of several.
    fn favoured(&self, reports: &[LineReport]) -> Option<usize> {
        let granted = |product: usize| -> i64 {
            let lines = reports.iter().zip(&self.product_of).filter(|(_, of)| **of == Some(product));
            lines.map(|(report, _)| report.granted.0).sum()
        };
        let mut most = 0;
        (0..self.products()).fold(None, |favoured, product| {
            let money = granted(product);
            if money > most {
                most = money;
                return Some(product);
            }
            favoured
        })
    }

    /// Number of products.
    #[must_use]
    pub fn products(&self) -> usize {
        self.habits.prior.len()
    }

    /// Whether what is decided is which product is the best one.
    #[must_use]
    pub fn is_test(&self) -> bool {
        self.brief.goal == Goal::BestProduct.name()
    }

    /// The product that the season is committed to, once it is.
    #[must_use]
    pub fn chosen(&self) -> Option<usize> {
        self.chosen
    }

    /// The step of commitment.
    #[must_use]
    pub fn commit_step(&self) -> usize {
        self.brief.commit_step.unwrap_or(usize::MAX)
    }

    /// Whether a line delivers in `step` if the season is, or will be, committed to `product`.
    #[must_use]
    pub fn delivers(&self, step: usize, line: usize, product: usize) -> bool {
        step < self.commit_step() || self.product_of[line] == Some(product)
    }

    /// `[lines]` factors on the effects of lines, where `clicks` (`[lines]`) is what they bring of clicks for their money
    /// relative to what was expected.
    #[must_use]
    pub fn factors(&self, clicks: &[f64]) -> Vec<f64> {
        let each = self.product_of.iter().zip(clicks);
        let factor = |product: &Option<usize>| {
            product.map_or(1.0, |product| self.belief.of_a_click(product, self.habits.beta))
        };
        each.map(|(product, clicks)| clicks * factor(product)).collect()
    }

    /// `[products]` how likely each will be the best by what is known at the commitment, when orders until then tell what is
    /// foreseen without spend; and by what factor more than now is then expected of it. `values` are expected now and
    /// follow appeal with the exponent of a click's.
    #[must_use]
    pub fn outlook(&self, step: usize, values: &[f64]) -> Vec<(f64, f64)> {
        let views = self.book.views(self.products());
        let none = vec![0.0; self.products()];
        let ahead = step..self.commit_step().min(self.brief.steps);
        let after = self.habits.foresee(&self.belief, ahead, (&views, &none), self.people);
        let mut cases = vec![(0.0, 0.0); self.products()];
        each_draw(&self.belief.moved(&after), &self.normals, values, self.habits.beta, |drawn| {
            let best = largest(drawn);
            let factor = if values[best] > 0.0 { drawn[best] / values[best] } else { 1.0 };
            cases[best] = (cases[best].0 + 1.0, cases[best].1 + factor);
        });
        let draws = self.normals.len() as f64;
        let case = |(count, sum): (f64, f64)| (count / draws, if count > 0.0 { sum / count } else { 1.0 });
        cases.into_iter().map(case).collect()
    }

    /// `[products]` expected worth of each in a test: appeal times margin times price.
    fn worths(&self) -> Vec<f64> {
        let n = self.products() + 1;
        let worth = |product: usize| {
            let brief = &self.brief.products[product];
            let spread = self.belief.covariance[product * (n + 1)];
            brief.price * brief.margin * libm::exp(self.belief.mean[product] + 0.5 * spread)
        };
        (0..self.products()).map(worth).collect()
    }

    /// `[lines]` money of one step of a test, in major units, of `left` in all; `clicks` as in [`Self::factors`].
    #[must_use]
    pub fn test(&self, step: usize, left: f64, clicks: &[f64]) -> Vec<f64> {
        let worths = self.worths();
        let budget = self.brief.budget.major();
        let token = (TOKEN * budget).min(left);
        let chances = chances(&self.belief, &self.normals, &worths, 1.0);
        // Orders of the last step come too late to be heeded.
        let steps = (self.brief.steps - 1).saturating_sub(step);
        if steps == 0 {
            let mut backed = vec![0.0; worths.len()];
            backed[self.best(&worths)] = token;
            return self.over_lines(&backed);
        }
        let clicks = self.clicks_for_money(clicks);
        let split = self.split(&worths, &clicks);
        let seen = step..step + steps;
        let gain = |money: f64| {
            let more = |(share, clicks): (&f64, &f64)| share * clicks * money / steps as f64;
            let more: Vec<f64> = split.iter().zip(&clicks).map(more).collect();
            let views = self.book.views(self.products());
            let after = self.habits.foresee(&self.belief, seen.clone(), (&views, &more), self.people);
            expected_best(&self.belief, &after, &self.normals, &worths)
        };
        let unit =
            expected_best(&self.belief, &vec![0.0; self.belief.covariance.len()], &self.normals, &worths);
        let net =
            |money: f64| gain(money) / unit.max(f64::MIN_POSITIVE) - self.brief.aim.price * money / budget;
        let mut best = (net(0.0), 0.0);
        for halving in 0..=HALVINGS {
            let money = (left - token) * libm::exp2(f64::from(-halving));
            let worth = net(money);
            if worth > best.0 {
                best = (worth, money);
            }
        }
        // Knowing more is never worth less (Blackwell 1953), so what costs nothing is spent.
        let free = self.brief.aim.price <= 0.0;
        let money = if free { left - token } else { best.1 } / steps as f64;
        let each = split.iter().zip(&chances).map(|(share, chance)| money * share + token * chance);
        self.over_lines(&each.collect::<Vec<_>>())
    }

    /// The product of most expected worth relative to the best one.
    fn best(&self, worths: &[f64]) -> usize {
        let mut relative = vec![0.0; worths.len()];
        each_draw(&self.belief, &self.normals, worths, 1.0, |drawn| {
            let most = drawn.iter().fold(f64::MIN_POSITIVE, |most, worth| most.max(*worth));
            relative.iter_mut().zip(drawn).for_each(|(sum, worth)| *sum += worth / most);
        });
        largest(&relative)
    }

    /// `[products]` clicks for a unit of money on the lines of each.
    fn clicks_for_money(&self, clicks: &[f64]) -> Vec<f64> {
        let mut sums = vec![(0.0, 0.0); self.products()];
        for ((product, clicks), usual) in self.product_of.iter().zip(clicks).zip(&self.habits.clicks) {
            if let Some(product) = product {
                sums[*product] = (sums[*product].0 + clicks * usual, sums[*product].1 + 1.0);
            }
        }
        sums.into_iter().map(|(clicks, lines)| if lines > 0.0 { clicks / lines } else { 0.0 }).collect()
    }

    /// `[products]` shares of a test's money. The variance of what a unit of money tells of a worth is the square of the
    /// worth over the orders that it brings.
    fn split(&self, worths: &[f64], clicks: &[f64]) -> Vec<f64> {
        let noise = |(product, (worth, clicks)): (usize, (&f64, &f64))| {
            let orders = clicks * self.belief.of_a_click(product, self.habits.beta);
            if orders > 0.0 { worth / libm::sqrt(orders) } else { 0.0 }
        };
        optimal_allocation(worths, &worths.iter().zip(clicks).enumerate().map(noise).collect::<Vec<_>>())
    }

    /// `[lines]` money of products (`[products]`), evenly over the lines of each.
    fn over_lines(&self, money: &[f64]) -> Vec<f64> {
        let lines = |product: usize| self.product_of.iter().filter(|of| **of == Some(product)).count().max(1);
        let share =
            |product: &Option<usize>| product.map_or(0.0, |product| money[product] / lines(product) as f64);
        self.product_of.iter().map(share).collect()
    }
}

/// Index of the largest number, the first of several.
#[must_use]
pub fn largest(numbers: &[f64]) -> usize {
    let better = |best: usize, place: usize| if numbers[place] > numbers[best] { place } else { best };
    (0..numbers.len()).fold(0, better)
}

/// Calls `with` with `[products]` values drawn from a belief, which are `values` on the mean and follow appeal with
/// `exponent`.
fn each_draw(
    belief: &Appeals,
    normals: &[Vec<f64>],
    values: &[f64],
    exponent: f64,
    mut with: impl FnMut(&[f64]),
) {
    let n = belief.mean.len();
    let mut root = belief.covariance.clone();
    factor(&mut root, n);
    let mut drawn = vec![0.0; values.len()];
    for normals in normals {
        for (product, drawn) in drawn.iter_mut().enumerate() {
            let row = &root[product * n..=product * n + product];
            let from_mean: f64 = row.iter().zip(normals).map(|(root, normal)| root * normal).sum();
            let variance = belief.covariance[product * (n + 1)];
            *drawn = values[product] * libm::exp(exponent * (from_mean - 0.5 * exponent * variance));
        }
        with(&drawn);
    }
}

/// `[products]` share of draws in which each product has the most value.
fn chances(belief: &Appeals, normals: &[Vec<f64>], values: &[f64], exponent: f64) -> Vec<f64> {
    let mut chances = vec![0.0; values.len()];
    each_draw(belief, normals, values, exponent, |drawn| {
        chances[largest(drawn)] += 1.0 / normals.len() as f64
    });
    chances
}

/// Expected worth of the product that will be chosen, when the covariance of the belief will be `after`.
fn expected_best(belief: &Appeals, after: &[f64], normals: &[Vec<f64>], worths: &[f64]) -> f64 {
    // Against the product that is best now, whose mean is known: so draws alone make no test look worse than none.
    let now = largest(worths);
    let mut gain = 0.0;
    each_draw(&belief.moved(after), normals, worths, 1.0, |drawn| gain += drawn[largest(drawn)] - drawn[now]);
    worths[now] + gain / normals.len() as f64
}

/// Shares of a test's effort by which the best of several means is most likely found: `share_i` is in proportion to
/// `(noise_i / (mean_b - mean_i))^2` for all but the best, `b`, which gets `noise_b * sqrt(sum_i (share_i / noise_i)^2)`
/// (Chen, Lin, Yücesan and Chick 2000, theorem 1). Means that can hardly be told apart count as a hundredth of the best apart;
/// what has no noise gets nothing.
#[must_use]
pub fn optimal_allocation(means: &[f64], noises: &[f64]) -> Vec<f64> {
    let best = largest(means);
    let apart = 0.01 * means[best].abs();
    let mut shares: Vec<f64> = means
        .iter()
        .zip(noises)
        .map(|(mean, noise)| {
            let ratio = noise / (means[best] - mean).max(apart).max(f64::MIN_POSITIVE);
            ratio * ratio
        })
        .collect();
    let others =
        shares.iter().zip(noises).enumerate().filter(|(place, (_, noise))| *place != best && **noise > 0.0);
    let squares: f64 = others.map(|(_, (share, noise))| (share / noise) * (share / noise)).sum();
    shares[best] = noises[best] * libm::sqrt(squares);
    let total: f64 = shares.iter().sum();
    shares.iter().map(|share| if total > 0.0 { share / total } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Recipe;
    use crate::baselines::mpc::{Fitted, Horizon};
    use crate::baselines::paced::Paced;
    use crate::baselines::rules::Fixed;
    use crate::baselines::testing::play;

    /// Independent beliefs with these means and standard deviations, and draws from them.
    fn belief(means: &[f64], spreads: &[f64]) -> (Appeals, Vec<Vec<f64>>) {
        let n = means.len() + 1;
        let mut covariance = vec![0.0; n * n];
        spreads.iter().enumerate().for_each(|(place, spread)| covariance[place * (n + 1)] = spread * spread);
        let normal = |draw: u64, number: usize| Key::new(draw).with(number as u64).normal();
        let normals = (0..4_000).map(|draw| (0..n).map(|number| normal(draw, number)).collect()).collect();
        (Appeals { mean: means.iter().copied().chain([0.0]).collect(), covariance }, normals)
    }

    #[test]
    fn the_allocation_by_hand() {
        // The others are 1 and 2 behind with noise 1 and 2: alike. The best gets sqrt(1 + 1 / 4) of that.
        let shares = optimal_allocation(&[3.0, 2.0, 1.0], &[1.0, 1.0, 2.0]);
        let best = libm::sqrt(1.25);
        let wanted = [best, 1.0, 1.0].map(|share| share / (2.0 + best));
        assert!(shares.iter().zip(wanted).all(|(a, b)| (a - b).abs() < 1e-12), "{shares:?}");
        // Of two, noise alone decides (Chen et al. 2000, remark 1).
        let shares = optimal_allocation(&[3.0, 2.0], &[3.0, 1.0]);
        assert!((shares[0] - 0.75).abs() < 1e-12, "{shares:?}");
        assert_eq!(optimal_allocation(&[2.0, 1.0], &[0.0, 0.0]), [0.0, 0.0]);
    }

    #[test]
    fn chances_follow_belief() {
        let (certain, normals) = belief(&[0.0, 0.0, 0.0], &[0.0; 3]);
        let sure = chances(&certain, &normals, &[1.0, 3.0, 2.0], 1.0);
        assert!(sure[0] + sure[2] == 0.0 && (sure[1] - 1.0).abs() < 1e-9, "{sure:?}");
        let (even, normals) = belief(&[0.0, 0.0], &[0.5, 0.5]);
        let half = chances(&even, &normals, &[2.0, 2.0], 1.0);
        assert!((half[0] - 0.5).abs() < 0.03 && (half[0] + half[1] - 1.0).abs() < 1e-9, "{half:?}");
        // z_0 - z_1 > ln 1.5 with variance 1 / 2: 1 - Phi(0.5734) = 0.2832. Expected values are means, alike raised.
        let behind = chances(&even, &normals, &[2.0, 3.0], 1.0);
        assert!((behind[0] - 0.283).abs() < 0.03, "{behind:?}");
    }

    #[test]
    fn knowing_better_is_worth_what_can_be_chosen_better() {
        let (belief, normals) = belief(&[0.0, 0.0], &[0.5, 0.5]);
        let value = |left: f64| {
            let after: Vec<f64> = belief.covariance.iter().map(|entry| left * entry).collect();
            expected_best(&belief, &after, &normals, &[2.0, 2.0])
        };
        assert!((value(1.0) - 2.0).abs() < 1e-12);
        // The mean of the larger of two log-normals of mean 2 whose logarithms differ by N(0, 1 / 2): 4 Phi(0.35355).
        assert!((value(0.0) - 4.0 * 0.638_16).abs() < 0.06, "{}", value(0.0));
        let values = [1.0, 0.7, 0.4, 0.1, 0.0].map(value);
        assert!(values.windows(2).all(|pair| pair[1] > pair[0]), "{values:?}");
    }

    #[test]
    fn only_scenarios_that_decide_between_products_are_concerned() {
        let concerned = |name: &str| decides(&Scenario::load(name).unwrap().brief);
        assert!(concerned("test-then-launch") && concerned("product-test"));
        assert!(["new-customer", "launch", "clearance", "stock-bound"].iter().all(|name| !concerned(name)));
        let open = uncommitted(&Scenario::load("test-then-launch").unwrap());
        assert_eq!((open.brief.commit_step, open.market().unwrap().commit_step), (None, None));
    }

    #[test]
    fn a_test_spends_what_it_is_worth_and_backs_one() {
        let scenario = Scenario::load("product-test").unwrap().with_shoppers(1_000);
        let habits = Arc::new(Habits::study(&scenario).unwrap());
        let ask = |price: f64, step: usize| {
            let mut scenario = Scenario::clone(&scenario);
            Arc::make_mut(&mut scenario.brief).aim.price = price;
            Choice::new(&scenario, habits.clone()).test(step, 16_000.0, &[1.0; 8])
        };
        let sum = |money: Vec<f64>| money.iter().sum::<f64>();
        let [free, cheap, dear] = [0.0, 0.02, 1.0].map(|price| sum(ask(price, 0)));
        // Much of it within six steps, where it costs nothing, and never more where it costs more.
        assert!(free > 500.0 && dear < 100.0, "{free} {dear}");
        assert!(free >= cheap && cheap >= dear, "{free} {cheap} {dear}");
        let backed = ask(0.0, 6);
        assert_eq!(backed.iter().filter(|money| **money > 0.0).count(), 1, "{backed:?}");
    }

    #[test]
    fn a_season_is_committed_to_one_product_and_stays_with_it() {
        let scenario = Scenario::load("test-then-launch").unwrap().with_shoppers(1_000);
        let recipe = Fitted::new(&scenario, Horizon::Rest);
        let (mut planned, mut even) = (0.0, 0.0);
        let mut used = recipe.make(0);
        for number in 0..6 {
            let ledger = play(used.as_mut(), &scenario, number);
            assert_eq!(ledger.violations(&scenario.brief.limits), 0);
            let granted = |step: usize| -> Vec<usize> {
                let rows = ledger.step(step).iter().enumerate();
                rows.filter(|(_, row)| row.granted.major() > 1.0).map(|(line, _)| line).collect()
            };
            let chosen = granted(7);
            assert_eq!(chosen.len(), 1, "{chosen:?}");
            assert!((8..28).all(|step| granted(step).is_empty() || granted(step) == chosen));
            planned += scenario.expected(&ledger);
            even += scenario.expected(&play(&mut Paced::new(Fixed::even()), &scenario, number));
        }
        assert!(planned > 1.1 * even, "{planned} {even}");
        // An agent forgets the episode before.
        let again = play(used.as_mut(), &scenario, 4);
        assert_eq!(again, play(recipe.make(1).as_mut(), &scenario, 4));
    }
}
