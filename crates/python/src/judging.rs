//! Comparisons in which code of the caller takes part.

use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use numpy::{PyArray1, PyReadonlyArray1};
use outlay::library::{self, Contender};
use outlay_agent::policy::{Features, LINE_FEATURES};
use outlay_agent::{Agent, Recipe};
use outlay_environment::{Allocation, Brief, Observation};
use pyo3::prelude::*;

use crate::action::Actions;
use crate::errors::{AgentError, agent_error};
use crate::scenario::{Scenario, json};

/// How often signals are looked for while episodes are played.
const LOOK_UP: Duration = Duration::from_millis(100);

/// Agents to be compared on the same worlds.
#[pyclass(frozen, module = "outlay")]
pub(crate) struct Comparison {
    inner: library::Comparison,
    trouble: Trouble,
}

/// The first exception of the caller's code.
#[derive(Clone, Default)]
struct Trouble {
    happened: Arc<AtomicBool>,
    first: Arc<Mutex<Option<PyErr>>>,
}

/// Who takes part: text as on the command line, or a name and code.
#[derive(FromPyObject)]
enum Somebody {
    Typed(String),
    Own(String, Py<PyAny>),
}

#[pymethods]
impl Comparison {
    /// `action` and `raw` say what the caller's code answers and sees.
    #[new]
    #[expect(clippy::too_many_arguments, reason = "the package names each")]
    fn new(
        py: Python<'_>,
        scenario: &Scenario,
        agents: Vec<Somebody>,
        against: Option<&str>,
        seeds: (u64, u64),
        noises: u64,
        action: &str,
        raw: bool,
    ) -> PyResult<Self> {
        let actions: Actions = action.parse()?;
        let trouble = Trouble::default();
        let contender = |somebody| match somebody {
            Somebody::Typed(text) => Contender::Typed(text),
            Somebody::Own(name, code) => {
                let recipe = Box::new(OwnCode { code, actions, raw, trouble: trouble.clone() });
                Contender::Own { name, recipe }
            }
        };
        let contenders = agents.into_iter().map(contender).collect();
        let seeds: Range<u64> = seeds.0..seeds.1;
        let (asked, composed) = (scenario.asked.as_str(), scenario.composed.clone());
        let inner = py
            .detach(|| library::Comparison::new(asked, composed, contenders, against, seeds, noises))
            .map_err(agent_error)?;
        Ok(Self { inner, trouble })
    }

    /// What should be known before the results are believed.
    fn warnings(&self) -> Vec<String> {
        self.inner.warnings()
    }

    /// Plays every episode and gives them as text.
    fn play(&self, py: Python<'_>) -> PyResult<String> {
        let stopped = AtomicBool::new(false);
        let stop = || stopped.load(Ordering::Relaxed) || self.trouble.happened.load(Ordering::Relaxed);
        // The thread that holds Python's signals waits for them while another plays.
        let (episodes, interrupt) = py.detach(|| {
            std::thread::scope(|scope| {
                let (finished, wait) = channel::<()>();
                let playing = scope.spawn(|| {
                    let _finished = finished;
                    self.inner.play(&stop)
                });
                let mut interrupt = None;
                while let Err(RecvTimeoutError::Timeout) = wait.recv_timeout(LOOK_UP) {
                    if interrupt.is_none()
                        && let Err(signal) = Python::attach(|py| py.check_signals())
                    {
                        interrupt = Some(signal);
                        stopped.store(true, Ordering::Relaxed);
                    }
                }
                (playing.join(), interrupt)
            })
        });
        if let Some(error) = interrupt.or_else(|| self.trouble.take()) {
            return Err(error);
        }
        let episodes = episodes.map_err(|_| AgentError::new_err("playing ended in a panic"))?;
        episodes.text().map_err(agent_error)
    }

    /// The tables and the document of parts that [`Self::play`] gave, in the order of their seeds.
    #[pyo3(signature = (parts, markdown = false))]
    fn judge(&self, py: Python<'_>, parts: Vec<String>, markdown: bool) -> PyResult<(String, String)> {
        py.detach(|| {
            let judged = self.inner.judge(self.inner.gather(&parts).map_err(agent_error)?);
            Ok((judged.tables(markdown), judged.document().map_err(agent_error)?))
        })
    }
}

impl Trouble {
    fn note(&self, error: PyErr) {
        self.first.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.happened.store(true, Ordering::Relaxed);
    }

    fn take(&self) -> Option<PyErr> {
        self.happened.store(false, Ordering::Relaxed);
        self.first.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Makes agents that ask code of the caller.
struct OwnCode {
    code: Py<PyAny>,
    actions: Actions,
    raw: bool,
    trouble: Trouble,
}

impl Recipe for OwnCode {
    fn make(&self, _seed: u64) -> Box<dyn Agent> {
        let code = Python::attach(|py| self.code.clone_ref(py));
        Box::new(OwnAgent {
            whole: code,
            code: None,
            actions: self.actions,
            raw: self.raw,
            trouble: self.trouble.clone(),
            brief: None,
            features: Features::default(),
            seen: Vec::new(),
        })
    }
}

/// One episode's agent that asks code of the caller.
struct OwnAgent {
    /// What the caller gave: code, or what makes code for one episode.
    whole: Py<PyAny>,
    /// What is asked in this episode.
    code: Option<Py<PyAny>>,
    actions: Actions,
    raw: bool,
    trouble: Trouble,
    brief: Option<Brief>,
    features: Features,
    /// `[features]` as an environment writes them.
    seen: Vec<f32>,
}

impl Agent for OwnAgent {
    fn start(&mut self, brief: &Brief) {
        self.features.start(brief);
        self.seen.resize(brief.lines.len() * LINE_FEATURES + outlay_agent::policy::GLOBAL_FEATURES, 0.0);
        let begun = Python::attach(|py| {
            let whole = self.whole.bind(py);
            if whole.hasattr("start")? {
                whole.call_method1("start", (loads(py, &json(brief)?)?,)).map(Bound::unbind)
            } else {
                Ok(self.whole.clone_ref(py))
            }
        });
        self.code = begun.map_err(|error| self.trouble.note(error)).ok();
        self.brief = Some(brief.clone());
    }

    fn decide(&mut self, observation: &Observation) -> Allocation {
        let (lines, global) = self.seen.split_at_mut(observation.lines.len() * LINE_FEATURES);
        self.features.read(observation, &[], lines, global);
        self.ask(observation).unwrap_or_else(|error| {
            self.trouble.note(error);
            Allocation::of(vec![0.0; observation.lines.len()])
        })
    }
}

impl OwnAgent {
    fn ask(&self, observation: &Observation) -> PyResult<Allocation> {
        let (Some(code), Some(brief)) = (&self.code, &self.brief) else {
            return Ok(Allocation::of(vec![0.0; observation.lines.len()]));
        };
        let action = Python::attach(|py| {
            let seen = match self.raw {
                true => loads(py, &json(observation)?)?,
                false => PyArray1::from_slice(py, &self.seen).into_any(),
            };
            let answer = code.bind(py).call1((seen,))?;
            let numbers = py.import("numpy")?.getattr("asarray")?;
            let array: PyReadonlyArray1<'_, f64> = numbers.call1((answer, "float64"))?.extract()?;
            Ok::<_, PyErr>(array.as_array().to_vec())
        })?;
        self.actions.check(brief, &action)?;
        let mut allocation = Allocation::default();
        self.actions.money(brief, observation, &action, &mut allocation);
        Ok(allocation)
    }
}

/// JSON as Python's own values.
fn loads<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    py.import("json")?.call_method1("loads", (text,))
}
