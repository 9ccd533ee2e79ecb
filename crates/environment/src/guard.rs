//! The guard: projects any allocation onto the scenario's limits, exactly and by construction.
use crate::limits::Limits;
use crate::money::Money;
use crate::observation::Allocation;

/// What the guard decided for one step.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Ruling {
    /// `[lines]` money granted.
    pub granted: Vec<Money>,
    /// Multiplier of the projection.
    pub multiplier: f64,
    /// Relaxations in this step.
    pub relaxations: u64,
}

/// Projects `wish` onto the limits; temporary version.
pub fn project(_limits: &Limits, _step: usize, available: Money, _previous: &[Money], wish: &Allocation, lines: usize, ruling: &mut Ruling) {
    ruling.granted.clear();
    let clean: Vec<f64> = (0..lines).map(|i| wish.money.get(i).copied().unwrap_or(0.0)).map(|x| if x > 0.0 { x.min(1e12) } else { 0.0 }).collect();
    let total: f64 = clean.iter().sum();
    let scale = if total > available.major() { available.major() / total } else { 1.0 };
    ruling.granted.extend(clean.iter().map(|x| Money((x * scale * 100.0).floor() as i64)));
}
