//! A market of simulated shoppers in which a marketing budget is spent, step by step.
//!
//! A [`Scenario`] is what files say. A [`World`] is a scenario with its hidden parameters drawn from a seed. An
//! [`Episode`] is one run of a world: at each step an agent sees an [`Observation`] and answers with an [`Allocation`];
//! the guard makes it legal, money buys contacts with individual shoppers, shoppers move through their stages and buy,
//! and the [`Ledger`] records what happened. Reports are late and credited by last click; the ledger is the truth.
//!
//! ```
//! use outlay_environment::{Allocation, Domain, Episode, Scenario, Seeds, World};
//!
//! let scenario = Scenario::load("new-customer").unwrap().with_shoppers(500);
//! let seeds = Seeds::numbered(Domain::Validate, 0, 0);
//! let mut episode = Episode::new(World::draw(&scenario, seeds.world), seeds.noise);
//! while !episode.is_over() {
//!     let observation = episode.observation();
//!     let steps_left = (scenario.brief.steps - observation.step) as f64;
//!     let lines = scenario.brief.lines.len();
//!     let money = vec![observation.budget_left.major() / steps_left / lines as f64; lines];
//!     episode.step(&Allocation::of(money));
//! }
//! assert!(episode.ledger().spend() <= scenario.brief.budget);
//! ```
//!
//! Everything random is keyed by what it is for (see [`draws`]), so that the same seed means the same bytes at any
//! number of threads, and two agents on one seed meet the same shoppers in the same moods.

pub mod amss;
mod base;
mod bounds;
mod catalogue;
pub mod change;
pub mod curve;
pub mod curves;
mod date;
pub mod declared;
pub mod deeplink;
mod document;
pub mod draws;
pub mod episode;
pub mod goal;
pub mod guard;
pub mod ledger;
pub mod levers;
mod limit_parts;
pub mod limits;
pub mod market;
pub mod money;
pub mod observation;
pub mod problem;
pub mod projection;
mod puzzles;
pub mod reader;
pub mod scenario;
mod scenario_parts;
pub mod schema;
mod size;
pub mod soft;
pub mod tiers;
mod uncertain;
mod variants;
pub mod world;

pub use change::Change;
pub use curve::Curve;
pub use curves::{CurveLine, Curves};
pub use date::Date;
pub use deeplink::{ChannelDomain, DOMAINS, STAGES, Stage, aipl};
pub use draws::{Domain, Key, Seeds};
pub use episode::Episode;
pub use goal::{Aim, Goal};
pub use guard::{Guard, Purse, Relaxation, Ruling};
pub use ledger::{Ledger, LineRow, ProductRow, ShopRow};
pub use levers::{Levers, Tie};
pub use limits::{Contradiction, Group, Hold, LimitKind, Limits, LineLimits};
pub use market::journal::Journal;
pub use money::Money;
pub use observation::{
    Allocation, Brief, CalendarStep, CurvePrior, LineBrief, LineReport, Observation, Pricing, ProductBrief,
    ShopReport,
};
pub use problem::{Problem, Problems};
pub use projection::{project_at_most, project_exactly};
pub use reader::suggestion;
pub use reader::{Drawn, Uncertain};
pub use scenario::{Answer, Kind, Scenario};
pub use size::SizeError;
pub use soft::SoftLimit;
pub use tiers::{Standing, Stars, Tier};
pub use world::World;
