//! A world: a scenario with its hidden parameters drawn from a world seed.
use std::sync::Arc;
use crate::scenario::Scenario;
use crate::draws::Key;

/// A world.
#[derive(Debug)]
pub struct World {
    /// What the file says.
    pub scenario: Arc<Scenario>,
    /// The seed.
    pub seed: u64,
    pub(crate) value: Vec<f64>,
}
impl World {
    /// Draws the hidden parameters.
    #[must_use] pub fn draw(scenario: &Arc<Scenario>, seed: u64) -> Arc<Self> {
        let value = (0..scenario.brief.lines.len()).map(|i| [30., 40., 6., 15., 8., 20., 25.][i] * libm::exp(0.3 * Key::new(seed).with(i as u64).normal())).collect();
        Arc::new(Self { scenario: scenario.clone(), seed, value })
    }
    /// The world with every hidden parameter at its median and no drift: what the file alone tells.
    #[must_use] pub fn average(scenario: &Arc<Scenario>) -> Arc<Self> {
        Arc::new(Self { scenario: scenario.clone(), seed: 0, value: vec![30., 40., 6., 15., 8., 20., 25.] })
    }
}
