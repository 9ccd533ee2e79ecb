//! What moves the outcome besides paid media, as columns of a regression, and the noise that is left.

use super::history::{DAYS_OF_A_YEAR, History, mean};
use crate::baselines::linear::{factor, forward};

/// Waves of a year: Fourier terms (Prophet's form of a season) up to four a year, the order of a quarter's ups and downs.
const YEARLY_WAVES: usize = 4;
/// Years of history from which a season is looked for.
const LEAST_YEARS: f64 = 1.0;

/// What a column of the base belongs to: its effects are normal beforehand with one standard deviation, in units of that of
/// the noise's innovations, which is learned with everything else; of the k-th wave it is a k-th of that. The level is flat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The level.
    Level,
    /// The trend.
    Trend,
    /// The season of the year.
    Season,
    /// The weekdays.
    Weekdays,
    /// The controls.
    Controls,
}

/// The parts of which the standard deviation is learned.
pub(super) const LEARNED: [Part; 4] = [Part::Trend, Part::Season, Part::Weekdays, Part::Controls];

/// `[learned parts]` standard deviations of effects, in units of the noise's innovations.
pub(super) type Deviations = [f64; LEARNED.len()];
/// Those of what hardly shrinks anything.
pub(super) const WIDE: Deviations = [10.0; LEARNED.len()];
/// Penalty of the level, so small that it is flat beforehand.
const LEAST_PENALTY: f64 = 1e-9;

/// Columns of the base, for all steps of a history; scaled by what the first steps know.
#[derive(Debug, Clone)]
pub struct Design {
    /// `[columns][steps]` level, trend, season, controls.
    pub columns: Vec<Vec<f64>>,
    /// `[columns]` what each belongs to.
    pub parts: Vec<Part>,
    /// `[columns]` what the squares of their effects are penalised by where the standard deviation of their part is 1.
    weights: Vec<f64>,
    /// Whether a season of the year is among the columns.
    pub has_season: bool,
    /// `[columns]` the control that a column is, if it is one.
    pub controls: Vec<Option<usize>>,
}

impl Design {
    /// The columns of a history of which the first `rows` steps are to be explained.
    #[must_use]
    pub fn new(history: &History, rows: usize) -> Self {
        let steps = history.steps();
        let day = |step: usize| history.first_day as f64 + (step * history.step_days as usize) as f64;
        let year = |step: usize| day(step) / DAYS_OF_A_YEAR;
        let has_season = rows as f64 * f64::from(history.step_days) >= LEAST_YEARS * DAYS_OF_A_YEAR;
        let mut design = Self {
            columns: Vec::new(),
            parts: Vec::new(),
            weights: Vec::new(),
            has_season,
            controls: Vec::new(),
        };
        design.add(Part::Level, (0..steps).map(|_| 1.0).collect(), 1.0);
        let middle = year(rows / 2);
        design.add(Part::Trend, (0..steps).map(|step| year(step) - middle).collect(), 1.0);
        for wave in (1..=YEARLY_WAVES).filter(|_| has_season) {
            let weight = (wave * wave) as f64;
            let angle = |step: usize| std::f64::consts::TAU * wave as f64 * year(step);
            design.add(Part::Season, (0..steps).map(|step| libm::sin(angle(step))).collect(), weight);
            design.add(Part::Season, (0..steps).map(|step| libm::cos(angle(step))).collect(), weight);
        }
        if history.step_days == 1 {
            // Each weekday against Sunday; 1970-01-01 was a Thursday.
            for weekday in 0..6 {
                let is =
                    |step: usize, which: i64| (history.first_day + 3 + step as i64).rem_euclid(7) == which;
                let column = |step| f64::from(u8::from(is(step, weekday))) - f64::from(u8::from(is(step, 6)));
                design.add(Part::Weekdays, (0..steps).map(column).collect(), 1.0);
            }
        }
        for (place, control) in history.controls.iter().enumerate() {
            let centre = mean(&control.values[..rows]);
            let squares: Vec<f64> =
                control.values[..rows].iter().map(|x| (x - centre) * (x - centre)).collect();
            let deviation = libm::sqrt(mean(&squares));
            // What never changed explains nothing, and nobody knows what it will do when it does.
            if deviation > 1e-12 * centre.abs().max(1e-300) {
                let column = control.values.iter().map(|x| (x - centre) / deviation).collect();
                design.add(Part::Controls, column, 1.0);
                if let Some(control) = design.controls.last_mut() {
                    *control = Some(place);
                }
            }
        }
        design
    }

    fn add(&mut self, part: Part, column: Vec<f64>, weight: f64) {
        self.columns.push(column);
        self.parts.push(part);
        self.weights.push(weight);
        self.controls.push(None);
    }

    /// `[columns]` what the squares of effects are penalised by with this standard deviation of each part.
    pub(super) fn penalties(&self, deviations: &Deviations) -> Vec<f64> {
        let penalty = |(part, weight): (&Part, &f64)| match LEARNED.iter().position(|it| it == part) {
            Some(place) => weight / (deviations[place] * deviations[place]),
            None => LEAST_PENALTY,
        };
        self.parts.iter().zip(&self.weights).map(penalty).collect()
    }

    /// The base in `step` with these effects (`[columns]`).
    #[must_use]
    pub fn base(&self, step: usize, effects: &[f64]) -> f64 {
        self.columns.iter().zip(effects).map(|(column, effect)| column[step] * effect).sum()
    }
}

/// A series as noise of one autocorrelation sees it: whitened, and its part that the base explains.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    /// `[rows]`
    whitened: Vec<f64>,
    /// `[columns]` coordinates of what the base explains.
    explained: Vec<f64>,
}

impl Seen {
    /// Product of what the base does not explain of two series.
    pub(super) fn product(&self, other: &Self) -> f64 {
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        dot(&self.whitened, &other.whitened) - dot(&self.explained, &other.explained)
    }

    /// Adds `by` times another series.
    pub(super) fn add(&mut self, by: f64, other: &Self) {
        self.whitened.iter_mut().zip(&other.whitened).for_each(|(sum, x)| *sum += by * x);
        self.explained.iter_mut().zip(&other.explained).for_each(|(sum, x)| *sum += by * x);
    }

    /// `[columns]` coordinates of what the base explains.
    pub(super) fn explained(&self) -> &[f64] {
        &self.explained
    }
}

/// Noise `e_t = phi * e_(t-1) + sigma * normal` with the base's effects integrated out: their distribution beforehand is
/// normal in units of `sigma`, so with `L` the whitening and `G = W' L' L W + penalties` a series `v` is left with
/// `v' L' L v - v' L' L W G^-1 W' L' L v`.
#[derive(Debug, Clone)]
pub(super) struct Noise<'w> {
    whitened: &'w Whitened,
    /// `[columns, columns]` lower Cholesky factor of `G`.
    pub(super) root: Vec<f64>,
    /// Logarithm of what the noise and the base contribute to the density apart from the sum of squares.
    pub(super) log_constant: f64,
}

/// The base's columns as noise of one autocorrelation sees them.
#[derive(Debug, Clone)]
pub(super) struct Whitened {
    pub(super) phi: f64,
    /// `[rows * columns]`, row by row.
    columns: Vec<f64>,
    /// `[columns, columns]` products of the columns, the lower half.
    products: Vec<f64>,
}

impl Whitened {
    pub(super) fn new(phi: f64, design: &Design, rows: usize) -> Self {
        let mut columns = Vec::with_capacity(design.columns.len());
        for column in &design.columns {
            let mut whitened = vec![0.0; rows];
            whiten(phi, &column[..rows], &mut whitened);
            columns.push(whitened);
        }
        let count = columns.len();
        let mut products = vec![0.0; count * count];
        for i in 0..count {
            for j in 0..=i {
                products[i * count + j] = columns[i].iter().zip(&columns[j]).map(|(a, b)| a * b).sum();
            }
        }
        let by_row = (0..rows).flat_map(|row| columns.iter().map(move |column| column[row]));
        Self { phi, columns: by_row.collect(), products }
    }
}

impl<'w> Noise<'w> {
    /// With these penalties on the squares of the base's effects (`[columns]`).
    pub(super) fn new(whitened: &'w Whitened, penalties: &[f64]) -> Self {
        let (phi, count) = (whitened.phi, penalties.len());
        let mut root = whitened.products.clone();
        (0..count).for_each(|i| root[i * count + i] += penalties[i]);
        factor(&mut root, count);
        let log_root: f64 = (0..count).map(|i| libm::log(root[i * count + i].max(1e-300))).sum();
        let log_penalties: f64 = penalties.iter().map(|penalty| libm::log(*penalty)).sum();
        let log_constant = 0.5 * (libm::log1p(-phi * phi) + log_penalties) - log_root;
        Self { whitened, root, log_constant }
    }

    /// Autocorrelation.
    pub(super) fn phi(&self) -> f64 {
        self.whitened.phi
    }

    /// A series (`[rows]`) as this noise sees it.
    pub(super) fn see(&self, series: &[f64], seen: &mut Seen) {
        seen.whitened.resize(series.len(), 0.0);
        whiten(self.whitened.phi, series, &mut seen.whitened);
        let columns = &self.whitened.columns;
        let count = columns.len() / series.len().max(1);
        seen.explained.clear();
        seen.explained.resize(count, 0.0);
        for (row, whitened) in columns.chunks_exact(count.max(1)).zip(&seen.whitened) {
            seen.explained.iter_mut().zip(row).for_each(|(sum, x)| *sum += x * whitened);
        }
        forward(&self.root, &mut seen.explained);
    }
}

/// Takes the autocorrelation out; what came before the first step is in its stationary distribution.
fn whiten(phi: f64, series: &[f64], whitened: &mut [f64]) {
    let Some(first) = series.first() else { return };
    whitened[0] = libm::sqrt(1.0 - phi * phi) * first;
    for (step, pair) in series.windows(2).enumerate() {
        whitened[step + 1] = pair[1] - phi * pair[0];
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calibrate::history::Control;

    fn history(step_days: u32, steps: usize) -> History {
        History {
            step_days,
            first_day: 18_000,
            outcome: vec![1.0; steps],
            channels: vec![],
            controls: vec![],
        }
    }

    #[test]
    fn a_season_needs_a_year_and_days_have_weekdays() {
        assert_eq!(Design::new(&history(7, 51), 51).columns.len(), 2);
        assert_eq!(Design::new(&history(7, 60), 60).columns.len(), 2 + 2 * YEARLY_WAVES);
        let days = Design::new(&history(1, 100), 100);
        assert_eq!(days.columns.len(), 8);
        // 18,000 days after a Thursday is a Sunday, which counts against every weekday; then comes a Monday.
        assert!(days.columns[2..].iter().all(|column| column[0] == -1.0));
        assert_eq!(days.columns[2..].iter().map(|it| it[1]).collect::<Vec<_>>(), [1., 0., 0., 0., 0., 0.]);
    }

    #[test]
    fn a_control_that_never_changed_is_left_out() {
        let mut history = history(7, 30);
        history.controls = vec![
            Control { name: "same".into(), values: vec![3.0; 30] },
            Control { name: "other".into(), values: (0..30).map(f64::from).collect() },
        ];
        let design = Design::new(&history, 30);
        assert_eq!(design.controls, [None, None, Some(1)]);
    }

    /// What is left of a series after the base. Of a line with slope `b` a year, on a column with sum of squares `s` and penalty
    /// `p`, it is `p s b^2 / (s + p)`; of what has nothing to do with the base, all.
    #[test]
    fn what_the_base_explains_is_taken_out() {
        let history = history(7, 40);
        let design = Design::new(&history, 40);
        let whitened = Whitened::new(0.0, &design, 40);
        let noise = Noise::new(&whitened, &design.penalties(&WIDE));
        let (mut line, mut bent) = (Seen::default(), Seen::default());
        noise.see(&(0..40).map(|t| 3.0 + 2.0 * f64::from(t)).collect::<Vec<_>>(), &mut line);
        noise.see(&(0..40).map(|t| f64::from(t % 2)).collect::<Vec<_>>(), &mut bent);
        let (slope, squares) = (2.0 * DAYS_OF_A_YEAR / 7.0, 5_330.0 / (DAYS_OF_A_YEAR / 7.0).powi(2));
        let wanted = 0.01 * squares * slope * slope / (squares + 0.01);
        assert!((line.product(&line) / wanted - 1.0).abs() < 1e-4, "{} {wanted}", line.product(&line));
        assert!((bent.product(&bent) - 10.0).abs() < 0.1, "{}", bent.product(&bent));
    }

    /// The density of a series with the base's effects integrated out, by the covariance that they and the noise give it.
    #[test]
    fn the_density_is_that_of_the_covariance() {
        let history = history(7, 60);
        let design = Design::new(&history, 60);
        let deviations = [0.3, 1.0, 3.0, 10.0];
        let penalties = design.penalties(&deviations);
        let series: Vec<f64> = (0..60).map(|t| f64::from(t * t % 17) + 0.2 * f64::from(t)).collect();
        let phi: f64 = 0.4;
        let mut covariance = vec![0.0; 60 * 60];
        for i in 0..60 {
            for j in 0..60 {
                let base: f64 = (design.columns.iter().zip(&penalties))
                    .map(|(column, penalty)| column[i] * column[j] / penalty)
                    .sum();
                covariance[i * 60 + j] = base + phi.powi(i.abs_diff(j) as i32) / (1.0 - phi * phi);
            }
        }
        factor(&mut covariance, 60);
        let log_root: f64 = (0..60).map(|i| covariance[i * 60 + i].ln()).sum();
        let mut scaled = series.clone();
        forward(&covariance, &mut scaled);
        let squares: f64 = scaled.iter().map(|x| x * x).sum();

        let whitened = Whitened::new(phi, &design, 60);
        let noise = Noise::new(&whitened, &penalties);
        let mut seen = Seen::default();
        noise.see(&series, &mut seen);
        assert!((noise.log_constant + log_root).abs() < 1e-4, "{} {log_root}", noise.log_constant);
        assert!((seen.product(&seen) / squares - 1.0).abs() < 1e-4, "{squares}");
    }
}
