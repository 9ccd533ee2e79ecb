//! From files to a [`Scenario`]: finds them (shipped in the binary, or on disk), reads, composes and checks.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use include_dir::{Dir, include_dir};
use sha2::{Digest, Sha256};

use crate::base::{Composed, File, compose, is_inside};
use crate::change::Change;
use crate::document::{Source, Table, read_bounded};
use crate::problem::{Notes, Problem, Problems};
use crate::reader::{Section, suggestion};
use crate::scenario::Scenario;
use crate::scenario_parts::read_scenario;

/// Folders of shipped scenarios beside the thirty.
const FOLDERS: [&str; 5] = ["problems", "families", "references", "marks", "heldout"];

static SHIPPED: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../environments");

impl Scenario {
    /// Names of the shipped scenarios, in alphabetical order.
    #[must_use]
    pub fn shipped() -> Vec<String> {
        let mut names: Vec<String> = SHIPPED
            .files()
            .filter_map(|file| file.path().to_str()?.strip_suffix(".toml").map(str::to_owned))
            .collect();
        names.sort();
        names
    }

    /// Names of the shipped scenarios in a folder: `problems` have a known answer, `families` are curves worlds on which
    /// baselines are calibrated, `references` are worlds that others designed, `marks` are scenarios with one figure fitted
    /// to a published result, `heldout` are scenarios that no policy is trained or tuned on.
    #[must_use]
    pub fn shipped_in(folder: &str) -> Vec<String> {
        let files = SHIPPED.get_dir(folder).into_iter().flat_map(Dir::files);
        let mut names: Vec<String> =
            files.filter_map(|file| file.path().to_str()?.strip_suffix(".toml").map(str::to_owned)).collect();
        names.sort();
        names
    }

    /// Every name that [`Scenario::load`] knows, those in folders with their folder.
    #[must_use]
    pub fn every_shipped() -> Vec<String> {
        let folders = FOLDERS.into_iter().flat_map(Self::shipped_in);
        Self::shipped().into_iter().chain(folders).collect()
    }

    /// Reads a shipped scenario by name, or a file by path; `NAME@MERCHANT` reads it with another merchant's file, `NAME~3`
    /// draws a variant of it.
    ///
    /// # Errors
    ///
    /// Every problem of every file that the scenario is composed of, with its place.
    pub fn load(name_or_path: &str) -> Result<Arc<Self>, Problems> {
        Self::load_changed(name_or_path, &[])
    }

    /// [`Scenario::load`], with changes laid over what the files say.
    ///
    /// # Errors
    ///
    /// As [`Scenario::load`]; those of a change have the place that it was given.
    pub fn load_changed(name_or_path: &str, changes: &[Change]) -> Result<Arc<Self>, Problems> {
        if let (place, Some(number)) = Self::split_variant(name_or_path) {
            return Self::changed_variant(place, number, changes);
        }
        let (place, merchant) = Self::split_merchant(name_or_path);
        if let Some(file) = File::shipped(place, &format!("{place}.toml")) {
            return Self::compose(place, file, merchant, changes);
        }
        let path = Path::new(place);
        let name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        match File::on_disk(path) {
            Ok(file) => Self::compose(&name, file, merchant, changes),
            Err(cause) => {
                let shipped = Self::every_shipped();
                let names: Vec<&str> = shipped.iter().map(String::as_str).collect();
                let help = suggestion(place, &names).map_or_else(
                    || "`outlay scenarios` lists those that ship; a path to a file works as well".to_owned(),
                    |near| format!("did you mean `{near}`? `outlay scenarios` lists all"),
                );
                Err(Problems(vec![Problem {
                    file: place.into(),
                    text: "".into(),
                    span: None,
                    message: format!("no scenario `{place}`: {cause}"),
                    label: String::new(),
                    help: Some(help),
                }]))
            }
        }
    }

    /// The two parts of `NAME@MERCHANT`; a path to a file that is there is taken as it is.
    #[must_use]
    pub fn split_merchant(typed: &str) -> (&str, Option<&str>) {
        match typed.rsplit_once('@') {
            Some((place, merchant)) if is_plain(merchant) && !Path::new(typed).exists() => {
                (place, Some(merchant))
            }
            _ => (typed, None),
        }
    }

    /// Composes a scenario from its text alone; names of bases and catalogue files refer to shipped ones.
    ///
    /// # Errors
    ///
    /// As [`Scenario::load`].
    pub fn from_text(name: &str, text: &str) -> Result<Arc<Self>, Problems> {
        let source = Source::new(&format!("{name}.toml"), text);
        Self::compose(name, File { source, folder: None, identity: None }, None, &[])
    }

    pub(crate) fn compose(
        name: &str,
        file: File,
        merchant: Option<&str>,
        changes: &[Change],
    ) -> Result<Arc<Self>, Problems> {
        let notes = Notes::default();
        let name = merchant.map_or_else(|| name.to_owned(), |merchant| format!("{name}@{merchant}"));
        let mut composed = compose(file, changes, &notes);
        let scenario = composed.as_mut().and_then(|Composed { table, sources, folders }| {
            let mut top = Section::top(table, &notes);
            let catalogue = Catalogue { folders, merchant, notes: &notes };
            let scenario = read_scenario(&name, &mut top, &catalogue, sources);
            top.finish();
            scenario
        });
        notes.verdict()?;
        let mut scenario = scenario.ok_or_else(|| Problems(Vec::new()))?;
        let mut digest = Sha256::new();
        for source in composed.iter().flat_map(|composed| &composed.sources) {
            digest.update((source.text.len() as u64).to_le_bytes());
            digest.update(source.text.as_bytes());
        }
        scenario.hash = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Arc::new(scenario))
    }
}

/// The text of a shipped scenario.
pub(crate) fn shipped_text(name: &str) -> Option<&'static str> {
    let known = Scenario::every_shipped().iter().any(|other| other == name);
    SHIPPED.get_file(format!("{name}.toml")).filter(|_| known)?.contents_utf8()
}

/// Names of the shipped catalogue files in a folder.
pub(crate) fn shipped_names(folder: &str) -> Vec<&'static str> {
    let files = SHIPPED.get_dir(folder).into_iter().flat_map(Dir::files);
    files.filter_map(|file| file.path().file_stem()?.to_str()).collect()
}

/// Where catalogue files are looked for: beside the scenario's files first, then among the shipped ones.
pub(crate) struct Catalogue<'a> {
    pub(crate) folders: &'a [PathBuf],
    /// The merchant's file in place of the one that the scenario names.
    pub(crate) merchant: Option<&'a str>,
    pub(crate) notes: &'a Notes,
}

/// A name is a single word: it cannot leave the catalogue's folder.
fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

impl Catalogue<'_> {
    /// Reads `kind/name.toml` with the figures in `over` laid over its own, keeping its source for the hash and for
    /// messages.
    pub(crate) fn read<T>(
        &self,
        section: &Section<'_>,
        key: &str,
        (kind, name): (&str, &str),
        over: Option<&Table>,
        sources: &mut Vec<Source>,
        read: impl FnOnce(&mut Section<'_>) -> T,
    ) -> Option<T> {
        if name.is_empty() {
            return None;
        }
        let relative = format!("{kind}/{name}.toml");
        let plain = is_plain(name);
        let mut on_disk = self.folders.iter().filter_map(|folder| {
            let path = folder.join(&relative);
            (plain && path.is_file() && is_inside(&path, folder)).then_some(path)
        });
        let found = match (on_disk.next(), SHIPPED.get_file(&relative)) {
            (Some(path), _) => {
                read_bounded(&path).ok().map(|text| Source::new(&path.to_string_lossy(), &text))
            }
            (None, Some(file)) if plain => Some(Source::new(
                &format!("environments/{relative}"),
                file.contents_utf8().unwrap_or_default(),
            )),
            _ => None,
        };
        let Some(found) = found else {
            let shipped = shipped_names(kind);
            let help = suggestion(name, &shipped).map_or_else(
                || format!("shipped: {}", shipped.join(", ")),
                |near| format!("did you mean `{near}`?"),
            );
            section.object(key, format!("no file `{relative}`"), "not found", &help);
            return None;
        };
        let table = Table::parse(&found, self.notes);
        sources.push(found);
        let mut table = table?;
        let title = over.map_or_else(|| "the file".to_owned(), |_| format!("`{relative}`"));
        if let Some(over) = over {
            table.lay(over.clone());
        }
        let mut top = Section::titled(&table, self.notes, title);
        let value = read(&mut top);
        top.finish();
        Some(value)
    }
}

#[cfg(test)]
mod tests;
