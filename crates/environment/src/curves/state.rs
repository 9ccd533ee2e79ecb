//! One step of a curves world, and what is reported of it.

use std::sync::Arc;

use super::Curves;
use super::settings::{CurveSettings, Delay};
use crate::draws::{Key, purpose};
use crate::episode::{Outcome, Sheet};
use crate::ledger::ShopRow;
use crate::money::Money;
use crate::observation::Brief;

/// Stocks of one episode, and what is on its way. A clone is a snapshot.
#[derive(Debug, Clone)]
pub(crate) struct CurvesState {
    curves: Arc<Curves>,
    settings: Arc<CurveSettings>,
    /// `[lines]` keys of the noise, by the lines' names.
    keys: Vec<Key>,
    /// `[lines]`
    stocks: Vec<f64>,
    /// `[lines]` caused and not yet arrived: with noise, and without.
    coming: Vec<[f64; 2]>,
    spend: Vec<f64>,
    responses: Vec<f64>,
}

impl CurvesState {
    pub(crate) fn new(brief: &Brief, settings: Arc<CurveSettings>, curves: Arc<Curves>, key: Key) -> Self {
        let lines = curves.lines.len();
        Self {
            stocks: curves.lines.iter().map(|line| line.stock).collect(),
            coming: vec![[0.0; 2]; lines],
            spend: vec![0.0; lines],
            responses: vec![0.0; lines],
            keys: brief.lines.iter().map(|line| key.with(purpose::RESPONSE).with_name(&line.name)).collect(),
            settings,
            curves,
        }
    }

    /// Plays one step: all money granted is spent, and the response arrives at once or later.
    pub(crate) fn play(&mut self, step: usize, granted: &[Money], sheet: &mut Sheet<'_>) -> Outcome {
        let steps_left = self.curves.steps() - step;
        self.spend.iter_mut().zip(granted).for_each(|(spend, money)| *spend = money.major());
        self.curves.step(step, &self.spend, &mut self.stocks, &mut self.responses);
        let mut shop = ShopRow::default();
        for (line, response) in self.responses.iter().enumerate() {
            let noisy = response * noise(&self.settings, self.keys[line].with(step as u64));
            // The curves' weights hold the share that counts; delay spreads it over the steps that are left.
            let arrived = self.settings.delay.map_or([noisy, *response], |delay| {
                arrive(&mut self.coming[line], [noisy, *response], delay, steps_left)
            });
            let row = &mut sheet.rows[line];
            row.spend = row.granted;
            row.credited_revenue = Money::from_major(noisy);
            let revenue = Money::from_major(arrived[0]);
            sheet.reports[line].revenue = revenue;
            shop.revenue += revenue;
            shop.expected_revenue += arrived[1];
        }
        Outcome { shop, reserved: Money::ZERO }
    }
}

/// Log-normal with mean 1.
fn noise(settings: &CurveSettings, key: Key) -> f64 {
    let sd = settings.noise;
    if sd == 0.0 { 1.0 } else { libm::exp(sd * key.normal() - 0.5 * sd * sd) }
}

/// Adds what a step caused (the part that counts) to what is `coming`, and takes out what arrives in it.
fn arrive(coming: &mut [f64; 2], caused: [f64; 2], delay: Delay, steps_left: usize) -> [f64; 2] {
    // Of what counts, all has arrived in the end; before, what is coming includes what will be lost, so that each step
    // brings the same share of it.
    let whole = if delay.counted_after_end { 1.0 } else { delay.in_time(steps_left) };
    let mut arrived = [0.0; 2];
    for ((coming, caused), arrived) in coming.iter_mut().zip(caused).zip(&mut arrived) {
        *coming += caused / whole;
        let share = if steps_left == 1 && delay.counted_after_end { 1.0 } else { 1.0 - delay.later };
        *arrived = share * *coming;
        *coming -= *arrived;
    }
    arrived
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_arrives_by_the_end() {
        for counted_after_end in [false, true] {
            let delay = Delay { later: 0.6, counted_after_end };
            let (mut coming, mut total, mut counts) = ([0.0; 2], 0.0, 0.0);
            for steps_left in (1..=10).rev() {
                let caused = f64::from(steps_left as u32) * delay.in_time(steps_left);
                counts += caused;
                total += arrive(&mut coming, [caused; 2], delay, steps_left)[1];
            }
            assert!((total - counts).abs() < 1e-9, "{total} {counts}");
        }
    }
}
