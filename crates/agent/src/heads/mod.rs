//! What becomes of an exposure: one network that predicts, for each line and step, the chances along the shopper's path.
//!
//! Each chance is conditional on the step before it, and those of deep events are products (Ma et al. 2018, Entire Space
//! Multi-Task Model, arXiv 1804.07931): `P(order | impression) = P(click | impression) P(order | click)`. All heads learn
//! on all impressions, so that what clicked is no sample of its own. A network of its own, beside the policy's; no burn
//! where a saved one predicts.

mod dataset;
mod metrics;
mod network;
mod predictor;
mod train;
mod weights;

use serde::{Deserialize, Serialize};

pub use dataset::{Examples, Play, gather};
pub use metrics::{Metrics, Report, Scored, judge, metrics};
pub use predictor::{Counts, INPUTS, Inputs, Predictor, Seen};
pub use train::{Epoch, HeadsError, HeadsSettings, TrainedHeads, learn, train};
pub use weights::Sizes;

/// Number of heads.
pub const HEADS: usize = 6;

/// A step of the shopper's path that a report shows line by line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Head {
    /// A click.
    Click,
    /// A follow, a share, a task.
    Engagement,
    /// A favourite or a cart.
    Cart,
    /// Joining as a member.
    Join,
    /// A credited order of somebody without one in the last 365 days.
    FirstOrder,
    /// Any other credited order.
    RepeatOrder,
}

impl Head {
    /// All heads, in the order of every array `[HEADS]`.
    pub const ALL: [Self; HEADS] =
        [Self::Click, Self::Engagement, Self::Cart, Self::Join, Self::FirstOrder, Self::RepeatOrder];

    /// Whether it follows a click; else it follows the impression.
    #[must_use]
    pub const fn follows_click(self) -> bool {
        !matches!(self, Self::Click | Self::Engagement)
    }

    /// Its name in files and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Click => "click",
            Self::Engagement => "engagement",
            Self::Cart => "cart",
            Self::Join => "join",
            Self::FirstOrder => "first-order",
            Self::RepeatOrder => "repeat-order",
        }
    }
}

/// Chances given an impression, `[HEADS]`, from those given the step before, `[HEADS]`.
#[must_use]
pub fn along_the_path(conditional: [f64; HEADS]) -> [f64; HEADS] {
    let click = conditional[Head::Click as usize];
    Head::ALL.map(|head| conditional[head as usize] * if head.follows_click() { click } else { 1.0 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deep_chance_is_the_product_of_its_steps() {
        assert_eq!(along_the_path([0.1, 0.05, 0.5, 0.25, 0.125, 1.0]), [0.1, 0.05, 0.05, 0.025, 0.0125, 0.1]);
        for (place, head) in Head::ALL.into_iter().enumerate() {
            assert_eq!(head as usize, place);
        }
    }
}
