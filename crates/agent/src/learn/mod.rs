//! Learning on episodes of fresh worlds: proximal policy optimisation, or soft actor-critic.

mod adam;
mod advantage;
mod critics;
mod event;
mod gradient;
mod loss;
mod network;
mod pace;
mod ppo;
mod promise;
mod replay;
mod risk;
mod rollout;
mod sac;
mod settings;
mod start;
mod state;
mod task;
mod train;
mod without;

pub use adam::Adam;
pub use advantage::{Transition, generalised_advantage, leave_one_out, standardise};
pub use event::{Event, Flow, Iteration, Started, Validated};
pub(crate) use network::copy_gradient;
pub(crate) use ppo::shuffle;
pub use ppo::{Lesson, UpdateReport, update};
pub use promise::{Multiplier, margin, penalty};
pub use replay::{Place, Played, Replay};
pub use risk::{tail_mean, tail_weights};
pub use rollout::{Batch, FeatureMoments, Rollout};
pub use sac::Sac;
pub use settings::{Learner, SacSettings, TrainSettings};
pub use start::{Start, TrainError};
pub use state::{Best, TaskState, TrainState};
pub use train::{Trained, train};
pub use without::Part;
