//! What an agent is: anything that turns observations into allocations. No tensors here.

use std::sync::Arc;

use outlay_environment::{Allocation, Brief, Episode, Observation, World};

/// Anything that turns observations into allocations.
pub trait Agent: Send {
    /// Called once before the first step of each episode; forgets everything from the episode before.
    fn start(&mut self, brief: &Brief);

    /// Money for the coming step. Whatever it returns, the guard makes it legal.
    fn decide(&mut self, observation: &Observation) -> Allocation;

    /// What one major unit more on each line would bring, if the lines got `money` (`[lines]`, major units) in the step that
    /// was decided last and the rest of the season went as planned. None where the agent has no model of that.
    fn marginal(&self, money: &[f64]) -> Option<Marginal> {
        let _ = money;
        None
    }
}

/// What a little more money would do in a step.
#[derive(Debug, Clone, PartialEq)]
pub struct Marginal {
    /// `[lines]` what one major unit more would bring, now and later, in units of the goal.
    pub returns: Vec<f64>,
    /// `[lines]` how much more the line can spend, major units; infinite where no end is known.
    pub room: Vec<f64>,
}

/// Lets an agent play a whole episode of `world`.
#[must_use]
pub fn play(agent: &mut dyn Agent, world: &Arc<World>, noise: u64) -> Episode {
    let mut episode = Episode::new(world.clone(), noise);
    agent.start(&world.scenario.brief);
    while !episode.is_over() {
        let allocation = agent.decide(episode.observation());
        episode.step(&allocation);
    }
    episode
}

/// Makes agents of one kind, one for each episode, so that episodes can run side by side.
pub trait Recipe: Send + Sync {
    /// An agent whose own randomness, if it has any, comes from `seed` alone.
    fn make(&self, seed: u64) -> Box<dyn Agent>;
}

/// A planner that sees the world's drawn parameters (not the noise it will be judged on). Only the runner calls it.
pub trait Oracle: Send + Sync {
    /// `[steps]` what to ask for in each step. `seed` feeds its search.
    fn plan(&self, world: &Arc<World>, seed: u64) -> Vec<Allocation>;
}

/// Something that can take part in a comparison.
pub enum Entrant {
    /// Decides step by step from what it may observe.
    Agent(Box<dyn Recipe>),
    /// Plans a whole episode from the drawn parameters.
    Oracle(Box<dyn Oracle>),
}
