//! The planning baselines of worlds without shoppers: what is believed of the curves, and plans on that belief.

pub mod belief;
pub mod oracles;
pub mod planners;
pub mod puzzles;
