//! Lanes stepped side by side, into arrays of the caller.

use numpy::{PyReadonlyArray2, PyReadwriteArray1, PyReadwriteArray2};
use outlay_environment::Episode;
use pyo3::exceptions::{PyIndexError, PyRuntimeError};
use pyo3::prelude::*;
use rayon::prelude::*;

use crate::action::Actions;
use crate::errors::ActionError;
use crate::lane::{Lane, Order, Rules, Stepped, domain};
use crate::scenario::{Scenario, features, json};

/// Environments of one scenario. What it writes stands in arrays of the caller, row by row; nothing is copied.
#[pyclass(module = "outlay")]
pub(crate) struct Batch {
    rules: Rules,
    lanes: Vec<Lane>,
    stepped: Vec<Stepped>,
}

/// One lane's part of a step.
type Row<'a> = ((((&'a mut Lane, &'a mut Stepped), &'a [f64]), &'a mut [f32]), &'a mut [f32]);

#[pymethods]
impl Batch {
    /// `lanes` environments that have not begun.
    #[new]
    fn new(scenario: &Scenario, lanes: usize, action: &str, reward: &str) -> PyResult<Self> {
        let rules =
            Rules { scenario: scenario.composed.clone(), actions: action.parse()?, reward: reward.parse()? };
        Ok(Self {
            rules,
            lanes: (0..lanes).map(|_| Lane::new()).collect(),
            stepped: vec![Stepped::default(); lanes],
        })
    }

    /// Numbers of an action, and least and most of each.
    #[getter]
    fn action_space(&self) -> (usize, f64, f64) {
        let brief = &self.rules.scenario.brief;
        let (least, most) = self.rules.actions.bounds(brief);
        (self.rules.actions.size(brief), least, most)
    }

    /// Begins a season in every lane: the world of its seed, or, without seeds, the next of the lane's own.
    #[pyo3(signature = (seeds, domain, noise, observations))]
    fn begin(
        &mut self,
        py: Python<'_>,
        seeds: Option<Vec<u64>>,
        domain: &str,
        noise: u64,
        mut observations: PyReadwriteArray2<'_, f32>,
    ) -> PyResult<()> {
        let domain = self::domain(domain)?;
        if let Some(seeds) = seeds {
            for (lane, first) in self.lanes.iter_mut().zip(seeds) {
                lane.follow(Order { domain, first, noise });
            }
        }
        let width = features(&self.rules.scenario);
        let observations = rows(observations.as_slice_mut()?, self.lanes.len(), width)?;
        let Self { rules, lanes, .. } = self;
        py.detach(|| match &mut lanes[..] {
            // Alone there is nothing to share out, and a process that forked may not use the threads of its parent.
            [lane] => lane.begin(rules, observations),
            lanes => {
                let rows = lanes.par_iter_mut().zip(observations.par_chunks_mut(width));
                rows.for_each(|(lane, row)| lane.begin(rules, row));
            }
        });
        Ok(())
    }

    /// Plays a step in every lane. Where `again` is set, a lane whose season is over begins the next at once: what was seen
    /// last stands in its row of `finals`. Gives whether any season is over.
    #[expect(clippy::too_many_arguments, reason = "each is an array of its own")]
    #[pyo3(signature = (actions, observations, rewards, over, spend, scores, again, finals))]
    fn step(
        &mut self,
        py: Python<'_>,
        actions: PyReadonlyArray2<'_, f64>,
        mut observations: PyReadwriteArray2<'_, f32>,
        mut rewards: PyReadwriteArray1<'_, f64>,
        mut over: PyReadwriteArray1<'_, bool>,
        mut spend: PyReadwriteArray1<'_, f64>,
        mut scores: PyReadwriteArray1<'_, f64>,
        again: bool,
        mut finals: PyReadwriteArray2<'_, f32>,
    ) -> PyResult<bool> {
        let count = self.lanes.len();
        if !self.lanes.iter().all(Lane::can_step) {
            return Err(PyRuntimeError::new_err("the season is over or has not begun: call `reset`"));
        }
        let brief = &self.rules.scenario.brief;
        let (size, width) = (self.rules.actions.size(brief), features(&self.rules.scenario));
        let actions = actions.as_array();
        if actions.nrows() != count {
            let got = actions.nrows();
            return Err(ActionError::new_err(format!("{got} actions for {count} environments")));
        }
        let actions = actions.as_standard_layout();
        for action in actions.rows() {
            self.rules.actions.check(brief, action.as_slice().unwrap_or_default())?;
        }
        let actions = actions.as_slice().unwrap_or_default();
        let observations = rows(observations.as_slice_mut()?, count, width)?;
        let finals = rows(finals.as_slice_mut()?, count, width)?;
        let Self { rules, lanes, stepped, .. } = self;
        let play = |((((lane, stepped), action), row), last): Row<'_>| {
            *stepped = lane.step(rules, action, row);
            if stepped.over && again {
                last.copy_from_slice(row);
                lane.begin(rules, row);
            }
        };
        py.detach(|| match (&mut lanes[..], &mut stepped[..]) {
            ([lane], [stepped]) => play(((((lane, stepped), actions), observations), finals)),
            (lanes, stepped) => lanes
                .par_iter_mut()
                .zip(stepped)
                .zip(actions.par_chunks(size))
                .zip(observations.par_chunks_mut(width))
                .zip(finals.par_chunks_mut(width))
                .for_each(play),
        });
        let results = rewards.as_slice_mut()?.iter_mut().zip(over.as_slice_mut()?);
        let sums = spend.as_slice_mut()?.iter_mut().zip(scores.as_slice_mut()?);
        for ((stepped, (reward, over)), (spend, score)) in self.stepped.iter().zip(results).zip(sums) {
            (*reward, *over) = (stepped.reward, stepped.over);
            (*spend, *score) = (stepped.spend, stepped.score);
        }
        Ok(self.stepped.iter().any(|stepped| stepped.over))
    }

    /// Seeds of the seasons at hand, one for each lane.
    fn seeds(&self) -> Vec<u64> {
        self.lanes.iter().map(Lane::seed).collect()
    }

    /// What an agent in another process would read of the step at hand, as JSON.
    #[pyo3(signature = (lane = 0))]
    fn observation_json(&self, lane: usize) -> PyResult<String> {
        json(self.episode(lane)?.observation())
    }

    /// `[lines]` major units that an action asks for in the step at hand.
    #[pyo3(signature = (action, lane = 0))]
    fn money(&self, action: Vec<f64>, lane: usize) -> PyResult<Vec<f64>> {
        let Rules { scenario, actions, .. } = &self.rules;
        actions.check(&scenario.brief, &action)?;
        let mut allocation = outlay_environment::Allocation::default();
        actions.money(&scenario.brief, self.episode(lane)?.observation(), &action, &mut allocation);
        Ok(allocation.money)
    }

    /// The action that asks for `money` (`[lines]` major units) in the step at hand, but for rounding.
    #[pyo3(signature = (money, lane = 0))]
    fn action(&self, money: Vec<f64>, lane: usize) -> PyResult<Vec<f64>> {
        let Rules { scenario, actions, .. } = &self.rules;
        Actions::Money.check(&scenario.brief, &money)?;
        Ok(actions.of(&scenario.brief, self.episode(lane)?.observation(), &money))
    }
}

impl Batch {
    /// The season at hand in a lane.
    pub(crate) fn episode(&self, lane: usize) -> PyResult<&Episode> {
        let place =
            self.lanes.get(lane).ok_or_else(|| PyIndexError::new_err(format!("no environment {lane}")))?;
        place.episode().ok_or_else(|| PyRuntimeError::new_err("no season has begun: call `reset`"))
    }
}

/// An array of so many rows, or an error.
fn rows(array: &mut [f32], count: usize, width: usize) -> PyResult<&mut [f32]> {
    if array.len() == count * width {
        return Ok(array);
    }
    Err(ActionError::new_err(format!("an array has {} numbers instead of {count} x {width}", array.len())))
}
