//! One week of an AMSS world for an agent, and what is reported of it.

use std::sync::Arc;

use super::media::Delivery;
use super::segments::BySegment;
use super::world::{AmssWorld, NOTHING};
use crate::draws::Key;
use crate::episode::{Outcome, Sheet};
use crate::ledger::ShopRow;
use crate::money::Money;

/// The people of one episode. A clone is a snapshot.
#[derive(Debug, Clone)]
pub(crate) struct AmssState {
    world: Arc<AmssWorld>,
    population: BySegment,
    key: Key,
    /// `[lines]` what was delivered in the last week.
    deliveries: Vec<Delivery>,
}

impl AmssState {
    pub(crate) fn new(world: Arc<AmssWorld>, key: Key) -> Self {
        let deliveries = vec![NOTHING; world.settings().lines.len()];
        Self { population: *world.opening(), world, key, deliveries }
    }

    /// `[198]` people in each segment.
    pub(crate) fn population(&self) -> &BySegment {
        &self.population
    }

    /// Plays one week. Everything is reported at once.
    pub(crate) fn play(&mut self, step: usize, granted: &[Money], sheet: &mut Sheet<'_>) -> Outcome {
        let settings = self.world.settings();
        let buy = |line: usize| settings.lines[line].buy(settings, granted[line].major());
        let week = settings.history + step;
        let (before, sold) = self.world.week(&mut self.population, week, buy, self.key, &mut self.deliveries);
        let sales = &settings.sales;
        for (index, (line, delivery)) in settings.lines.iter().zip(&self.deliveries).enumerate() {
            let row = &mut sheet.rows[index];
            row.spend = Money::from_major(delivery.spend).min(row.granted);
            row.impressions = delivery.impressions as u64;
            row.clicks = delivery.clicks as u64;
            if line.credited {
                // Its platform claims the buyers among those it touched, as they are among the people of their segment.
                let claims = sold.by_segment.iter().zip(&delivery.touched).zip(&before);
                let buyers: f64 = claims
                    .filter(|(_, people)| **people > 0.0)
                    .map(|((buyers, touched), people)| buyers * (touched / people).min(1.0))
                    .sum();
                row.credited_orders = buyers.round() as u64;
                row.credited_revenue = Money::from_major(buyers.round() * sales.units * sales.price);
            }
            sheet.reports[index].orders = row.credited_orders;
            sheet.reports[index].revenue = row.credited_revenue;
        }
        let shop = ShopRow {
            orders: sold.buyers as u64,
            revenue: Money::from_major(sold.units * sales.price),
            expected_revenue: sold.expected_units * sales.price,
            ..ShopRow::default()
        };
        Outcome { shop, reserved: Money::ZERO }
    }
}
