//! Time as shoppers remember it: stamps of steps and days, and the windows after which something has lapsed.

use super::settings::Market;

/// Windows in steps, and where time starts: stamps count from `origin` so that what came before the episode has one
/// too, and 0 means never.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    pub(crate) origin: u16,
    pub(crate) origin_day: u16,
    pub(crate) step_days: f64,
    pub(crate) windows: [u16; 4],
    pub(crate) customer_days: u16,
    pub(crate) keen_orders: u8,
}

impl Clock {
    pub(crate) fn new(market: &Market, step_days: f64) -> Self {
        let windows = &market.industry.windows;
        let steps = |days: f64| libm::ceil(days / step_days).min(20_000.0) as u16;
        let credit = market.lines.iter().map(|line| line.channel.credit_days).fold(0.0, f64::max);
        let windows_steps =
            [steps(windows.discover), steps(windows.engage), steps(windows.enthuse), steps(windows.perform)];
        Self {
            origin: windows_steps.into_iter().max().unwrap_or(0).max(steps(credit)) + 1,
            // Two windows back where some have ordered before the one that counts.
            origin_day: (windows.customer + 1) * if market.merchant.lapsed > 0.0 { 2 } else { 1 },
            step_days,
            windows: windows_steps,
            customer_days: windows.customer,
            keen_orders: windows.keen_orders,
        }
    }

    /// Chance that a need ends in a step.
    pub(crate) fn leave(&self, market: &Market) -> f64 {
        1.0 - libm::exp(-self.step_days / market.industry.need_days)
    }

    /// Stamp of a step.
    pub(crate) fn stamp(&self, step: usize) -> u16 {
        self.origin.saturating_add(step as u16)
    }

    /// Days of the episode before a step.
    pub(crate) fn days(&self, step: usize) -> f64 {
        step as f64 * self.step_days + 1e-9
    }

    /// Stamp of the day of a step.
    pub(crate) fn day(&self, step: usize) -> u16 {
        self.origin_day.saturating_add(self.days(step) as u16)
    }
}
