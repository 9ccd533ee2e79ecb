//! stub
pub mod deeplink; pub mod draws; pub mod episode; pub mod guard; pub mod ledger; pub mod limits; pub mod money; pub mod observation; pub mod problem; pub mod scenario; pub mod world;

pub use deeplink::{STAGES, Stage, aipl};
pub use draws::{Domain, Key, Seeds};
pub use episode::Episode;
pub use ledger::{Ledger, LineRow, ShopRow};
pub use limits::{Limits, LineLimits};
pub use money::Money;
pub use observation::{Allocation, Brief, CalendarStep, LineBrief, LineReport, Observation, Pricing, ShopReport};
pub use problem::{Problem, Problems};
pub use scenario::{Goal, Scenario};
pub use world::World;
