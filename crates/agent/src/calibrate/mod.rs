//! From a history of spending to response curves with what is not known of them.
//!
//! ```text
//! outcome_t = base_t + sum over channels of value_c * hill(stock_tc; half_c, slope_c) + e_t
//! stock_tc  = spend_tc + retention_c * stock_(t-1)c,     e_t = phi * e_(t-1) + sigma * normal
//! base_t    = level + trend * t + season_t + sum over controls of effect_j * control_tj
//! ```
//!
//! The curves are those of [`outlay_environment::curves`] (Jin et al. 2017: geometric carry-over, then Hill saturation), so
//! what is found can be played. [`fit`] draws from the posterior of all numbers at once by Markov chains; [`check`] refits on
//! the beginning of a history and forecasts the rest beside two [`benchmarks`]; [`doubts`] says what the data cannot tell;
//! [`outlook`] says what a plan would bring. Plain arrays; no files, no clocks.

pub mod benchmarks;
pub mod design;
mod diagnostics;
mod doubts;
mod forecast;
mod history;
mod posterior;
mod random;
mod sampler;
mod shape;
pub mod simulate;

pub use diagnostics::{effective_draws, split_r_hat};
pub use doubts::{Doubt, doubts};
pub use forecast::{Accuracy, Check, Forecast, check, forecast, outlook};
pub use history::{Channel, Control, History, TooShort};
pub use posterior::{ChannelDraw, Draw, Fit, Summary, quantile};
pub use sampler::{Settings, fit};
pub use shape::Priors;
