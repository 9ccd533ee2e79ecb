//! The learned policy: what it sees, what it computes, what it answers. No burn here: a saved policy decides in plain
//! Rust.

mod action;
mod conditions;
mod declared;
mod effect;
mod features;
mod inference;
mod learned;
mod memory;
mod normaliser;
mod prefer;
mod recurrent;
mod sight;
mod trust;
mod weights;

use std::sync::Arc;

use outlay_environment::Brief;

use crate::heads::{HEADS, Predictor};

pub(crate) use action::LIMIT;
pub use action::{GUIDED, TAUGHT, decide, logits};
pub use features::{FEATURES_VERSION, Features, GLOBAL_FEATURES, LINE_FEATURES};
pub(crate) use features::{REMEMBERED_GLOBAL, REMEMBERED_LINE};
pub use inference::{Forward, Scratch};
pub(crate) use learned::planner;
pub use learned::{LearnedPolicy, Player};
pub use normaliser::{Moments, Normaliser};
pub use prefer::Prefer;
pub(crate) use recurrent::{Recurrent, step};
pub(crate) use sight::Sight;
pub(crate) use weights::{Gates, Layer, Place};
pub use weights::{Layout, Sizes};

/// Everything a decision needs. What a checkpoint keeps.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Sizes of the network.
    pub sizes: Sizes,
    /// Which part of the weights is what.
    pub layout: Arc<Layout>,
    /// `[parameters]`
    pub weights: Vec<f32>,
    /// `[sizes.line_features]`
    pub line_normaliser: Normaliser,
    /// `[GLOBAL_FEATURES]`
    pub global_normaliser: Normaliser,
    /// What predicts the shopper's path, and is shown to the network behind a line's features; none: nothing is.
    pub heads: Option<Arc<Predictor>>,
    /// Whether the network's logits are added to those of a planner's allocation, which it is shown.
    pub guided: bool,
    /// Whether it may leave money unspent where its goal gives no reason to.
    pub prefer: Prefer,
}

/// What a policy is before it has learned anything.
#[derive(Debug, Clone, Default)]
pub struct Untrained {
    /// Width of every hidden layer.
    pub width: usize,
    /// Decides the first weights.
    pub seed: u64,
    /// Log standard deviation of the logits at the start.
    pub log_std: f32,
    /// See [`Policy::guided`].
    pub guided: bool,
    /// See [`Sizes::bids`].
    pub bids: bool,
    /// See [`Sizes::memory`].
    pub memory: usize,
    /// See [`Policy::heads`].
    pub heads: Option<Arc<Predictor>>,
}

/// Features of one line that a network is shown.
pub(crate) fn line_features(heads: bool) -> usize {
    LINE_FEATURES + if heads { HEADS } else { 0 }
}

impl Policy {
    /// An untrained policy: it spends evenly, or as its planner does where it has one.
    #[must_use]
    pub fn untrained(untrained: &Untrained) -> Self {
        let Untrained { width, seed, log_std, guided, bids, memory, ref heads } = *untrained;
        let sizes = Sizes {
            line_features: line_features(heads.is_some()),
            global_features: GLOBAL_FEATURES,
            width,
            bids,
            memory,
        };
        let heads = heads.clone();
        let layout = Arc::new(Layout::new(sizes));
        Self {
            sizes,
            weights: layout.initial(seed, log_std),
            layout,
            line_normaliser: Normaliser::identity(sizes.line_features),
            global_normaliser: Normaliser::identity(GLOBAL_FEATURES),
            heads,
            guided,
            prefer: Prefer::default(),
        }
    }

    /// The same policy with bids to decide besides: those of an untrained one, far above list prices.
    #[must_use]
    pub(crate) fn with_bids(self, seed: u64, log_std: f32) -> Self {
        if self.sizes.bids {
            return self;
        }
        let sizes = Sizes { bids: true, ..self.sizes };
        let layout = Arc::new(Layout::new(sizes));
        let mut weights = layout.initial(seed, log_std);
        // What is new stands behind the layers and the deviations that were there, and before a recurrent unit.
        let (layers, rest) = self.weights.split_at(self.layout.log_std().start);
        let (log_std, unit) = rest.split_at(self.layout.log_std().len());
        weights[..layers.len()].copy_from_slice(layers);
        weights[layout.log_std()].iter_mut().zip(log_std).for_each(|(to, from)| *to = *from);
        weights[layout.log_std().end..].copy_from_slice(unit);
        Self { sizes, layout, weights, ..self }
    }

    /// The network, ready for decisions.
    #[must_use]
    pub fn forward(&self) -> Forward<'_> {
        Forward { layout: &self.layout, weights: &self.weights }
    }

    /// Logits of a decision: one for each line and one for the reserve; where the policy decides bids and the scenario opens
    /// them, one more for each line.
    #[must_use]
    pub fn logits(&self, brief: &Brief) -> usize {
        let lines = brief.lines.len();
        lines + 1 + if self.sizes.bids && brief.levers.bid { lines } else { 0 }
    }

    /// Log standard deviations of the logits: of the lines, of the reserve, of bids (0 where none are decided). Used in
    /// training only.
    #[must_use]
    pub fn log_std(&self) -> [f32; 3] {
        let mut all = [0.0; 3];
        all.iter_mut().zip(&self.weights[self.layout.log_std()]).for_each(|(to, from)| *to = *from);
        all
    }
}
