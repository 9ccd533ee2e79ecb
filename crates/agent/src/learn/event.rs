//! What a training run tells whoever watches it. Displays consume events; the learner prints nothing.

use serde::Serialize;

use super::state::TrainState;

/// Something happened.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The run begins, or goes on.
    Started(&'a Started),
    /// An iteration is done.
    Iteration(&'a Iteration),
    /// The policy was tried on the validation worlds. `state` is complete: whoever saves it can resume from here.
    Validated(&'a Validated, &'a TrainState),
}

/// Whether to go on after an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    Continue,
    /// Stop after this iteration; the state can be resumed.
    Stop,
}

/// The run begins, or goes on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Started {
    /// Environment steps done before (not 0 when resumed).
    pub steps: u64,
    /// Environment steps of the whole run.
    pub total: u64,
    /// Iterations of the whole run.
    pub iterations: u64,
    /// Parameters of the network.
    pub parameters: usize,
    /// Mean score of the even plan on the validation worlds.
    pub even: f64,
}

/// An iteration is done.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Iteration {
    /// Its number, from 1.
    pub iteration: u64,
    /// Environment steps done.
    pub steps: u64,
    /// Environment steps of the whole run.
    pub total: u64,
    /// Mean expected score of the training episodes, action noise included.
    pub score: f64,
    /// Kullback-Leibler divergence of the last minibatch, nats; 0 where the learner does not bound it.
    pub kl: f64,
    /// Standard deviation of the lines' logits.
    pub deviation: f64,
    /// Entropy of the policy per logit, nats.
    pub entropy: f64,
    /// Share of clipped probability ratios; 0 where the learner has none.
    pub clip_fraction: f64,
    /// Share of the variance of returns that the critic explains.
    pub explained: f64,
    /// Mean squared error of the critic, in the learner's units.
    pub value_loss: f64,
    /// Mean norm of the gradient before clipping.
    pub gradient_norm: f64,
    /// Learning rate.
    pub learning_rate: f64,
    /// Gradient steps taken.
    pub minibatches: u64,
    /// Share of the training worlds that missed a soft limit; only with a promise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed: Option<f64>,
    /// Price of a miss, in the learner's units, mean over the scenarios; only with a promise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
}

/// The policy was tried on the validation worlds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Validated {
    /// Environment steps done.
    pub steps: u64,
    /// Mean score of the policy, without action noise.
    pub score: f64,
    /// Best mean score so far, this one included.
    pub best: f64,
    /// Environment steps after which the best was reached.
    pub best_steps: u64,
    /// Mean score of the even plan on the same worlds.
    pub even: f64,
    /// Share of the worlds in which the policy kept every soft limit, of several scenarios the least; only with a promise.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kept: Option<f64>,
}
