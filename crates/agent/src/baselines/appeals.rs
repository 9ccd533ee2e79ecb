//! What a shop's orders by product tell of how much shoppers like each product.
//!
//! ```text
//! orders_tp ~ e^s * (free_t * interest_p * e^(alpha * z_p) + caused * views_tp * e^(beta * z_p))
//! views_tp  = clicks_tp + retention * views_(t-1)p,      z_p ~ N(file's),   s ~ N(0, spread^2)
//! ```
//!
//! `z` is the logarithm of a product's appeal and `s` what all orders of a world share. Orders come for all the people
//! that a simulated shopper stands for, so their variance is that number times their mean. `alpha` is above 1, because
//! what is liked is also looked for more often: orders that no line paid for tell products apart, and cost nothing.
//! What the formula leaves open is learned from worlds that the planner draws for itself ([`super::product_study`]); the
//! belief of an episode is Laplace's, its mode found by Fisher scoring.

use outlay_environment::{Brief, LineReport};

use super::linear::{Normal, inverse};

/// Rounds of Fisher scoring, and the most by which a number changes in one.
const ROUNDS: usize = 8;
const LARGEST: f64 = 1.0;

/// How orders follow from appeal in a scenario, as far as its file lets a planner find out.
#[derive(Debug, Clone, PartialEq)]
pub struct Habits {
    /// `[products]` mean and standard deviation of the logarithm of the appeal, by the file.
    pub prior: Vec<(f64, f64)>,
    /// `[steps]` orders without spend for each unit of `interest * e^(alpha * z)`.
    pub free: Vec<f64>,
    /// `[products]` how often each is looked for, relative to the others.
    pub interest: Vec<f64>,
    /// `[products]` first step in which each can be bought.
    pub launch: Vec<usize>,
    /// How orders without spend rise with appeal.
    pub alpha: f64,
    /// How orders after a click rise with appeal.
    pub beta: f64,
    /// Orders in a step for each view.
    pub caused: f64,
    /// Share of views that is left after a step.
    pub retention: f64,
    /// Standard deviation of what all orders of a world share, in logarithms.
    pub spread: f64,
    /// `[lines]` clicks for a major unit of money, at an even split's pace.
    pub clicks: Vec<f64>,
}

/// `[lines]` the product of each line.
#[must_use]
pub fn products_of(brief: &Brief) -> Vec<Option<usize>> {
    let place = |name: &String| brief.products.iter().position(|product| product.name == *name);
    brief.lines.iter().map(|line| line.product.as_ref().and_then(place)).collect()
}

/// `[products]` clicks on the lines of each.
pub(super) fn by_product(reports: &[LineReport], product_of: &[Option<usize>], products: usize) -> Vec<f64> {
    let mut clicks = vec![0.0; products];
    for (report, product) in reports.iter().zip(product_of) {
        if let Some(product) = product {
            clicks[*product] += report.clicks as f64;
        }
    }
    clicks
}

impl Habits {
    /// Whether a product can be bought in a step.
    pub(super) fn sold(&self, step: usize, product: usize) -> bool {
        step >= self.launch[product]
    }

    /// Orders that a product had without spend, and those that its views caused, in a step.
    fn expect(&self, step: usize, product: usize, views: f64, (log, shared): (f64, f64)) -> (f64, f64) {
        if !self.sold(step, product) {
            return (0.0, 0.0);
        }
        let free = self.free[step] * self.interest[product] * libm::exp(shared + self.alpha * log);
        (free, self.caused * views * libm::exp(shared + self.beta * log))
    }

    /// Row of the information that orders of `product` carry, `[products + 1]`, and its weight, where `free` and `caused`
    /// of them are expected of either kind.
    fn row(&self, product: usize, (free, caused): (f64, f64), people: f64) -> (Vec<f64>, f64) {
        let mut row = vec![0.0; self.prior.len() + 1];
        row[product] = self.alpha * free + self.beta * caused;
        row[self.prior.len()] = free + caused;
        (row, 1.0 / (people * (free + caused)).max(f64::MIN_POSITIVE))
    }

    /// The belief before anything was seen.
    #[must_use]
    pub fn belief(&self) -> Appeals {
        /// Least standard deviation: what the file fixes is known, not infinitely well.
        const LEAST: f64 = 1e-3;
        let spreads = self.prior.iter().map(|prior| prior.1).chain([self.spread]);
        let n = self.prior.len() + 1;
        let mut covariance = vec![0.0; n * n];
        for (place, spread) in spreads.enumerate() {
            covariance[place * (n + 1)] = spread.max(LEAST) * spread.max(LEAST);
        }
        Appeals { mean: self.prior.iter().map(|prior| prior.0).chain([0.0]).collect(), covariance }
    }

    /// The belief after `book`, when a simulated shopper stands for `people`.
    #[must_use]
    pub fn after(&self, book: &ProductBook, people: f64) -> Appeals {
        let prior = self.belief();
        let (n, products) = (prior.mean.len(), self.prior.len());
        let precision = inverse(&mut prior.covariance.clone(), n);
        let mut belief = prior.clone();
        for _ in 0..ROUNDS {
            let pull = |place: usize| precision[place * (n + 1)] * (prior.mean[place] - belief.mean[place]);
            let mut normal = Normal::with_prior(precision.clone(), (0..n).map(pull).collect());
            for (step, views, orders) in &book.rows {
                for product in 0..products {
                    let at = (belief.mean[product], belief.mean[products]);
                    let (free, caused) = self.expect(*step, product, views[product], at);
                    let (row, weight) = self.row(product, (free, caused), people);
                    normal.add(&row, orders[product] - free - caused, weight);
                }
            }
            let (change, covariance) = normal.posterior();
            belief.covariance = covariance;
            let changes = belief.mean.iter_mut().zip(change);
            changes.for_each(|(number, change)| *number += change.clamp(-LARGEST, LARGEST));
        }
        belief
    }

    /// `[n * n]` covariance that is expected after the orders of `steps`, when products' lines get `clicks` (`[products]`)
    /// more in each of them, and `views` (`[products]`) are left of earlier ones.
    #[must_use]
    pub fn foresee(
        &self,
        belief: &Appeals,
        steps: std::ops::Range<usize>,
        (views, clicks): (&[f64], &[f64]),
        people: f64,
    ) -> Vec<f64> {
        let (n, products) = (belief.mean.len(), self.prior.len());
        let precision = inverse(&mut belief.covariance.clone(), n);
        let mut normal = Normal::with_prior(precision, vec![0.0; n]);
        let mut views = views.to_vec();
        for step in steps {
            for product in 0..products {
                views[product] = clicks[product] + self.retention * views[product];
                let at = (belief.mean[product], belief.mean[products]);
                let orders = self.expect(step, product, views[product], at);
                let (row, weight) = self.row(product, orders, people);
                normal.add(&row, 0.0, weight);
            }
        }
        normal.posterior().1
    }
}

/// A Gaussian belief on the logarithms of `[products]` appeals, and last on what all orders share.
#[derive(Debug, Clone, PartialEq)]
pub struct Appeals {
    /// `[products + 1]`.
    pub mean: Vec<f64>,
    /// `[products + 1, products + 1]`.
    pub covariance: Vec<f64>,
}

impl Appeals {
    /// Where the mean may be once the covariance is `after`: it moves by as much as the belief narrows.
    #[must_use]
    pub fn moved(&self, after: &[f64]) -> Self {
        let covariance = self.covariance.iter().zip(after).map(|(now, after)| now - after);
        Self { mean: self.mean.clone(), covariance: covariance.collect() }
    }

    /// Mean of what a click on the line of `product` brings, relative to a product of median appeal in a median world.
    #[must_use]
    pub fn of_a_click(&self, product: usize, beta: f64) -> f64 {
        let (n, last) = (self.mean.len(), self.mean.len() - 1);
        let entry = |row: usize, column: usize| self.covariance[row * n + column];
        let variance =
            beta * beta * entry(product, product) + 2.0 * beta * entry(product, last) + entry(last, last);
        libm::exp(beta * self.mean[product] + self.mean[last] + 0.5 * variance)
    }
}

/// Orders by product beside the views that products had.
#[derive(Debug, Clone, Default)]
pub struct ProductBook {
    /// Step, views and orders (`[products]` each).
    rows: Vec<(usize, Vec<f64>, Vec<f64>)>,
}

impl ProductBook {
    /// Notes the orders (`[products]`) of a step, and the reports of its lines.
    pub fn record(
        &mut self,
        habits: &Habits,
        (step, product_of): (usize, &[Option<usize>]),
        orders: &[u64],
        reports: &[LineReport],
    ) {
        let products = habits.prior.len();
        let before = self.views(products);
        let clicks = by_product(reports, product_of, products);
        let views = clicks.iter().zip(before).map(|(clicks, before)| clicks + habits.retention * before);
        let orders = (0..products).map(|product| orders.get(product).copied().unwrap_or(0) as f64);
        self.rows.push((step, views.collect(), orders.collect()));
    }

    /// `[products]` views after the last step.
    #[must_use]
    pub fn views(&self, products: usize) -> Vec<f64> {
        self.rows.last().map_or_else(|| vec![0.0; products], |row| row.1.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use outlay_environment::Key;

    /// `products` like each other, of which `orders` are had without spend in each of eight steps, one product's at a time.
    fn habits(products: usize, orders: f64) -> Habits {
        Habits {
            prior: vec![(0.0, 0.5); products],
            free: vec![orders; 8],
            interest: vec![1.0; products],
            launch: vec![0; products],
            alpha: 1.0,
            beta: 0.8,
            caused: 0.01,
            retention: 0.5,
            spread: 0.0,
            clicks: vec![0.5; products],
        }
    }

    fn clicks(clicks: u64) -> LineReport {
        LineReport { clicks, ..LineReport::default() }
    }

    #[test]
    fn one_product_by_hand() {
        // Ten orders where 5 e^z are expected and z ~ N(0, 1 / 4): the mode solves 10 - 5 e^z = 4 z, so z = 0.47997, and
        // its precision is 4 + 5 e^z = 12.08.
        let habits = habits(1, 5.0);
        let mut book = ProductBook::default();
        book.record(&habits, (0, &[Some(0)]), &[10], &[clicks(0)]);
        let belief = habits.after(&book, 1.0);
        assert!((belief.mean[0] - 0.479_97).abs() < 1e-4, "{:?}", belief.mean);
        assert!((belief.covariance[0] - 1.0 / 12.080_13).abs() < 1e-4, "{:?}", belief.covariance);
        // The same orders of twenty people at a time tell a twentieth: 10 - 5 e^z = 80 z.
        let doubtful = habits.after(&book, 20.0);
        assert!((10.0 - 5.0 * libm::exp(doubtful.mean[0]) - 80.0 * doubtful.mean[0]).abs() < 0.01);
    }

    #[test]
    fn views_last_and_orders_before_a_launch_tell_nothing() {
        let mut habits = habits(2, 5.0);
        let lines = [Some(1), None, Some(1)];
        let mut book = ProductBook::default();
        for step in 0..3 {
            book.record(&habits, (step, &lines), &[0, 0], &[clicks(10), clicks(50), clicks(6)]);
        }
        // 16, then 16 + 8, then 16 + 12.
        assert_eq!(book.views(2), [0.0, 28.0]);
        habits.launch = vec![8, 8];
        assert_eq!(habits.after(&book, 1.0).mean, habits.belief().mean);
    }

    #[test]
    fn what_all_orders_share_is_no_product_s_merit() {
        let mut habits = habits(4, 50.0);
        habits.spread = 1.0;
        let mut book = ProductBook::default();
        for step in 0..4 {
            book.record(&habits, (step, &[None; 4]), &[100, 100, 100, 200], &[clicks(0); 4]);
        }
        let belief = habits.after(&book, 1.0);
        // All had twice what was expected or more; the last had twice the others'.
        assert!(belief.mean[4] > 0.5, "{:?}", belief.mean);
        assert!((belief.mean[3] - belief.mean[0] - libm::log(2.0)).abs() < 0.05, "{:?}", belief.mean);
        let alone = belief.of_a_click(3, habits.beta) / belief.of_a_click(0, habits.beta);
        assert!((alone - libm::pow(2.0, 0.8)).abs() < 0.1, "{alone}");
    }

    #[test]
    fn what_is_foreseen_shrinks_with_clicks_and_is_what_comes() {
        let habits = Habits { spread: 0.3, ..habits(3, 2.0) };
        let belief = habits.belief();
        let foresee = |steps: std::ops::Range<usize>, clicks: [f64; 3]| {
            habits.foresee(&belief, steps, (&[0.0; 3], &clicks), 1.0)
        };
        assert!(foresee(2..2, [9.0; 3]).iter().zip(&belief.covariance).all(|(a, b)| (a - b).abs() < 1e-12));
        for number in 0..20 {
            let key = Key::new(number);
            let few: [f64; 3] = std::array::from_fn(|product| 2_000.0 * key.with(product as u64).uniform());
            let (none, few, many) =
                (foresee(0..5, [0.0; 3]), foresee(0..5, few), foresee(0..5, few.map(|clicks| 2.0 * clicks)));
            for product in 0..3 {
                let at = 5 * product;
                assert!(belief.covariance[at] > none[at] && none[at] > few[at] && few[at] > many[at]);
            }
        }
        // Where orders are as expected, the belief afterwards is as narrow as foreseen.
        let mut book = ProductBook::default();
        for step in 0..5 {
            book.record(&habits, (step, &[Some(0), Some(1), Some(2)]), &[2; 3], &[clicks(0); 3]);
        }
        let after = habits.after(&book, 1.0).covariance;
        assert!(after.iter().zip(foresee(0..5, [0.0; 3])).all(|(a, b)| (a - b).abs() < 1e-9));
    }
}
