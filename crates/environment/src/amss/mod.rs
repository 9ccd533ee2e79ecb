//! A world that somebody else designed: AMSS, the Aggregate Marketing System Simulator of Zhang and Vaver (2017,
//! `google/amss`, Apache-2.0), as a world in which an agent divides money over its media week by week.
//!
//! People are counted in 198 segments of mind. A week has three parts: nature moves people (season, satiation, drift to
//! what is natural, which is the carry-over), each medium in turn moves those it reached, and sales satiate those who
//! bought. All formulas are AMSS's; every draw is a keyed one. What an agent's money means for search, and what platforms
//! claim, AMSS does not say: see `environments/README.md`.

pub mod counts;
pub mod media;
pub mod population;
pub(crate) mod read;
pub mod sales;
pub mod segments;
pub mod settings;
pub(crate) mod state;
pub mod world;

pub use settings::AmssSettings;
pub use world::AmssWorld;
