//! Checkpoints: a folder with the policy (`policy.safetensors`), what is to be said about it (`card.toml`) and, while
//! training, the state to go on from (`resume/`). Nothing in it is ever executed.

mod card;
mod claim;
mod error;
mod folder;
mod heads;
mod resume;
mod tensors;

use std::io;
use std::path::Path;
use std::sync::Arc;

use outlay_environment::Scenario;

pub use card::{Card, CardFiles, CardNetwork, CardResult, CardScenario, CardTraining};
pub use claim::Claim;
pub use error::CheckpointError;
pub use heads::{HeadsCard, HeadsScenario, read_heads, write_heads};

use crate::learn::TrainState;
use crate::policy::{
    FEATURES_VERSION, GLOBAL_FEATURES, Layout, LearnedPolicy, Normaliser, Policy, Prefer, Sizes,
    line_features,
};
use tensors::Tensors;

/// Name of the card in the folder.
const CARD: &str = "card.toml";
/// Name of the policy in the folder.
const POLICY: &str = "policy.safetensors";
/// What the names of the numbers of a policy's heads begin with.
const HEADS_PREFIX: &str = "heads.";
/// What the policy's file says of itself.
const POLICY_KIND: &str = "outlay.policy/1";
/// More bytes than any card has.
const MOST_CARD: u64 = 1 << 20;
/// More bytes than the file of any policy or state has.
const MOST_TENSORS: u64 = 256 << 20;
/// More units than any hidden layer has.
const MOST_WIDTH: usize = 4096;

/// A checkpoint that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// The policy.
    pub policy: Policy,
    /// What is said about it.
    pub card: Card,
}

impl Checkpoint {
    /// The policy as an agent for episodes of `scenario`.
    #[must_use]
    pub fn recipe(&self, scenario: &Arc<Scenario>) -> LearnedPolicy {
        LearnedPolicy::new(self.policy.clone(), scenario)
    }

    /// What should be said before the policy decides in this scenario.
    #[must_use]
    pub fn warning(&self, scenario: &Scenario) -> Option<Warning> {
        let trained = &self.card.scenarios;
        let same = |it: &&CardScenario| it.name == scenario.name;
        let others = || card::names(trained.iter().map(|it| it.name.as_str()));
        (!trained.iter().any(|it| it.hash == scenario.hash)).then(|| Warning::OtherScenario {
            trained: trained
                .iter()
                .find(same)
                .map_or_else(others, |it| card::names(std::iter::once(it.name.as_str()))),
            used: scenario.name.clone(),
        })
    }
}

/// Something that is no error but should be said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Warning {
    /// The scenario is not, or no longer, the one the policy was trained for.
    OtherScenario {
        /// Names of the scenarios it was trained for, or their number; of the one that has changed, where its name is the same.
        trained: String,
        /// Name of the scenario at hand.
        used: String,
    },
}

impl std::fmt::Display for Warning {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OtherScenario { trained, used } if *trained == format!("`{used}`") => {
                write!(formatter, "`{used}` has changed since this policy was trained on it")
            }
            Self::OtherScenario { trained, used } => {
                write!(formatter, "this policy was trained for {trained}, not for `{used}`")
            }
        }
    }
}

/// Writes a checkpoint: the policy and its card, and the state to resume unless the run is finished. Replaces a
/// checkpoint that is there; a folder that is something else is left alone.
pub fn write(
    path: &Path,
    policy: &Policy,
    card: &Card,
    resume: Option<&TrainState>,
) -> Result<(), CheckpointError> {
    let invalid = |reason: String| CheckpointError::Io {
        path: path.to_owned(),
        source: io::Error::new(io::ErrorKind::InvalidData, reason),
    };
    let bytes = policy_bytes(policy).map_err(invalid)?;
    let card = Card { files: CardFiles { policy: folder::checksum(&bytes) }, ..card.clone() };
    let text = toml::to_string_pretty(&card).map_err(|error| invalid(error.to_string()))?;
    let mut files = vec![(CARD, text.into_bytes()), (POLICY, bytes)];
    if let Some(state) = resume {
        files.extend(resume::files(state).map_err(invalid)?);
    }
    folder::replace(path, &files)
}

/// Reads a checkpoint.
pub fn read(path: &Path) -> Result<Checkpoint, CheckpointError> {
    let card = read_card(path)?;
    let file = path.join(POLICY);
    let damaged = |reason: String| CheckpointError::Damaged { path: file.clone(), reason };
    let bytes = folder::read_bounded(&file, MOST_TENSORS)?;
    if folder::checksum(&bytes) != card.files.policy {
        return Err(damaged("its checksum is not the card's".to_owned()));
    }
    let sizes = Sizes {
        line_features: card.network.line_features,
        global_features: card.network.global_features,
        width: card.network.width,
        bids: card.network.bids,
        memory: card.network.memory,
    };
    let CardNetwork { guided, prefer, .. } = card.network;
    let policy = Policy { guided, prefer, ..policy_from(&bytes, sizes).map_err(damaged)? };
    Ok(Checkpoint { policy, card })
}

/// Reads the state from which a run goes on.
pub fn read_resume(path: &Path) -> Result<TrainState, CheckpointError> {
    let checkpoint = read(path)?;
    resume::read(path, &checkpoint)
}

fn read_card(path: &Path) -> Result<Card, CheckpointError> {
    if !path.exists() {
        return Err(CheckpointError::Missing { path: path.to_owned() });
    }
    let not =
        |reason: &str| CheckpointError::NotACheckpoint { path: path.to_owned(), reason: reason.to_owned() };
    let table = card_table(path, not)?;
    let format = table.get("format").and_then(toml::Value::as_str).and_then(|f| f.strip_prefix(card::FORMAT));
    let Some(format) = format.and_then(|number| number.parse::<u64>().ok()) else {
        return Err(not("its card.toml names no checkpoint format"));
    };
    if format > card::FORMAT_VERSION {
        let version = table.get("version").and_then(toml::Value::as_str).unwrap_or("unknown").to_owned();
        let (path, known) = (path.to_owned(), card::FORMAT_VERSION);
        return Err(CheckpointError::Newer { path, found: format, known, version });
    }
    let features = table.get("network").and_then(|network| network.get("features")?.as_integer());
    if let Some(found) =
        features.and_then(|found| u32::try_from(found).ok()).filter(|it| *it != FEATURES_VERSION)
    {
        return Err(CheckpointError::OtherFeatures { path: path.to_owned(), found, known: FEATURES_VERSION });
    }
    table.try_into().map_err(|error: toml::de::Error| damaged_card(path, error.message()))
}

/// The card of a folder before its fields are known. `not` makes the error of a folder that is something else.
fn card_table(path: &Path, not: impl Fn(&str) -> CheckpointError) -> Result<toml::Table, CheckpointError> {
    if !path.is_dir() {
        return Err(not("it is not a folder"));
    }
    let file = path.join(CARD);
    if !file.exists() {
        return Err(not("it has no card.toml"));
    }
    let text = String::from_utf8(folder::read_bounded(&file, MOST_CARD)?)
        .map_err(|_| damaged_card(path, "it is not text"))?;
    text.parse().map_err(|error: toml::de::Error| damaged_card(path, error.message()))
}

fn damaged_card(path: &Path, reason: &str) -> CheckpointError {
    CheckpointError::Damaged { path: path.join(CARD), reason: reason.to_owned() }
}

/// Puts a policy's numbers under names that start with `prefix`.
fn put_policy(tensors: &mut Tensors, prefix: &str, policy: &Policy) {
    for (name, shape, range) in policy.layout.tensors() {
        tensors.put_f32(format!("{prefix}{name}"), &shape, &policy.weights[range]);
    }
    for (name, normaliser) in [("line", &policy.line_normaliser), ("global", &policy.global_normaliser)] {
        let length = [normaliser.mean.len()];
        tensors.put_f32(format!("{prefix}normaliser.{name}.mean"), &length, &normaliser.mean);
        tensors.put_f32(format!("{prefix}normaliser.{name}.scale"), &length, &normaliser.scale);
    }
}

/// Takes a policy's numbers from under names that start with `prefix`.
fn take_policy(tensors: &mut Tensors, prefix: &str, sizes: Sizes) -> Result<Policy, String> {
    if ![false, true].map(line_features).contains(&sizes.line_features)
        || sizes.global_features != GLOBAL_FEATURES
        || !(1..=MOST_WIDTH).contains(&sizes.width)
        || sizes.memory > MOST_WIDTH
    {
        return Err(format!("no network of this program has the sizes {sizes:?}"));
    }
    let layout = Layout::new(sizes);
    let mut weights = vec![0.0; layout.parameters()];
    for (name, shape, range) in layout.tensors() {
        weights[range].copy_from_slice(&tensors.take_f32(&format!("{prefix}{name}"), &shape)?);
    }
    let mut normaliser = |name: &str, length: usize| -> Result<Normaliser, String> {
        Ok(Normaliser {
            mean: tensors.take_f32(&format!("{prefix}normaliser.{name}.mean"), &[length])?,
            scale: tensors.take_f32(&format!("{prefix}normaliser.{name}.scale"), &[length])?,
        })
    };
    Ok(Policy {
        sizes,
        weights,
        line_normaliser: normaliser("line", sizes.line_features)?,
        global_normaliser: normaliser("global", GLOBAL_FEATURES)?,
        layout: Arc::new(layout),
        heads: None,
        guided: false,
        prefer: Prefer::default(),
    })
}

fn policy_bytes(policy: &Policy) -> Result<Vec<u8>, String> {
    let mut tensors = Tensors::default();
    put_policy(&mut tensors, "", policy);
    if let Some(predictor) = &policy.heads {
        heads::put(&mut tensors, HEADS_PREFIX, predictor);
        tensors.put_f64(format!("{HEADS_PREFIX}width"), &[predictor.sizes.width as f64]);
    }
    tensors.to_bytes(POLICY_KIND)
}

fn policy_from(bytes: &[u8], sizes: Sizes) -> Result<Policy, String> {
    let mut tensors = Tensors::from_bytes(bytes, POLICY_KIND)?;
    let policy = take_policy(&mut tensors, "", sizes)?;
    if sizes.line_features == line_features(false) {
        return Ok(policy);
    }
    // A policy is worth nothing without the heads it was trained with.
    let width = tensors.take_f64(&format!("{HEADS_PREFIX}width"), 1)?[0];
    let heads = heads::take(&mut tensors, HEADS_PREFIX, width as usize)?;
    Ok(Policy { heads: Some(Arc::new(heads)), ..policy })
}
