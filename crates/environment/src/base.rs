//! A scenario that starts from another: `base = "NAME"`. Its own keys win; `drop_lines` removes lines of the base.

use std::path::{Path, PathBuf};

use crate::bounds::Bounds;
use crate::catalogue::shipped_text;
use crate::change::Change;
use crate::document::{Content, Place, Source, Table, Value, read_bounded};
use crate::problem::Notes;
use crate::reader::{Section, quoted, suggestion};
use crate::scenario::Scenario;

/// Format of scenario files that this program reads. A key that may be left out makes no new format; one that changes what
/// an old file means does.
const FORMAT: u64 = 1;
/// What a file may say of it.
const FORMATS: Bounds = Bounds::between(1.0, 1e6, "format of the file, 1 where it is left out");

/// Most lines of a scenario, and most that it drops. Assumed: far more channels than anybody buys from.
const MOST_LINES: usize = 1_000;

/// A scenario file, and what tells it from others.
pub(crate) struct File {
    /// Its text.
    pub(crate) source: Source,
    /// Where it lies; nothing where it ships.
    pub(crate) folder: Option<PathBuf>,
    /// The same for the same file, however it is named; nothing for a text that is no file.
    pub(crate) identity: Option<String>,
}

impl File {
    /// A scenario that ships.
    pub(crate) fn shipped(name: &str, called: &str) -> Option<Self> {
        let text = shipped_text(name)?;
        Some(Self {
            source: Source::new(called, text),
            folder: None,
            identity: Some(format!("shipped:{name}")),
        })
    }

    /// A file on disk.
    ///
    /// # Errors
    ///
    /// Why it could not be read.
    pub(crate) fn on_disk(path: &Path) -> Result<Self, String> {
        let text = read_bounded(path)?;
        let identity = path.canonicalize().map_err(|error| error.to_string())?;
        Ok(Self {
            source: Source::new(&path.to_string_lossy(), &text),
            folder: path.parent().map(Path::to_owned),
            identity: Some(identity.to_string_lossy().into_owned()),
        })
    }
}

/// A scenario file laid over all that it is based on.
pub(crate) struct Composed {
    /// What they say together.
    pub(crate) table: Table,
    /// The files, the scenario's own first.
    pub(crate) sources: Vec<Source>,
    /// Where catalogue files are looked for, the scenario's own folder first.
    pub(crate) folders: Vec<PathBuf>,
}

/// Reads a file's bases and lays it over them, and then the changes over all; problems are noted.
pub(crate) fn compose(file: File, changes: &[Change], notes: &Notes) -> Option<Composed> {
    let mut layers = vec![Layer::read(file, notes)?];
    while let Some((name, place)) = layers.last().and_then(|layer| layer.base.clone()) {
        let folder = layers.last().and_then(|layer| layer.file.folder.as_deref());
        let found = find(&name, folder, &place, notes)?;
        if let Some(start) = layers.iter().position(|layer| layer.file.identity == found.identity) {
            note_circle(&layers[start..], &place, notes);
            return None;
        }
        layers.push(Layer::read(found, notes)?);
    }
    let mut sources: Vec<Source> = layers.iter().map(|layer| layer.file.source.clone()).collect();
    let folders = layers.iter().filter_map(|layer| layer.file.folder.clone()).collect();
    let mut table = layers.pop()?.table;
    for layer in layers.into_iter().rev() {
        drop_lines(&layer.drops, layer.lines(), &mut table, notes);
        table.lay(layer.table);
    }
    for change in changes {
        let (over, drops) = change.read(&table, notes)?;
        drop_lines(&drops, &[], &mut table, notes);
        sources.push(change.source().clone());
        table.lay(over);
    }
    Some(Composed { table, sources, folders })
}

/// Reads the keys of a scenario that say what it starts from.
pub(crate) fn read_base(top: &mut Section<'_>) -> (Option<String>, Vec<String>) {
    // What a later format says would be misread, so it is not read at all.
    if let Some(format) = top.whole_if_any("format", FORMATS)
        && format > FORMAT
    {
        let message = format!("the file has format {format}, this program reads up to {FORMAT}");
        top.object("format", message, "newer", "read it with the version of Outlay that it was written for");
    }
    (top.text_if_any("base"), top.texts_if_any("drop_lines"))
}

/// One file of several that are laid over one another.
struct Layer {
    file: File,
    /// What it says, without `base` and `drop_lines`.
    table: Table,
    base: Option<(String, Place)>,
    drops: Vec<(String, Place)>,
}

impl Layer {
    fn read(file: File, notes: &Notes) -> Option<Self> {
        let mut table = Table::parse(&file.source, notes)?;
        let mut top = Section::top(&table, notes);
        let (base, drops) = read_base(&mut top);
        if base.is_none() && !drops.is_empty() {
            top.object(
                "drop_lines",
                "`drop_lines` needs a `base`",
                "nothing to drop from",
                "add `base = ...`",
            );
        }
        let base = base.zip(table.remove("base")).map(|(name, value)| (name, value.place));
        // Each file says for itself.
        table.remove("format");
        let dropped = table.remove("drop_lines");
        let drops = (dropped.iter().filter_map(Value::list).flatten())
            .filter_map(|item| Some((item.text()?.to_owned(), item.place.clone())))
            .collect();
        let layer = Self { file, table, base, drops };
        let most = layer.lines().len().max(layer.drops.len());
        if most > MOST_LINES {
            let message = format!("{most} lines are more than {MOST_LINES}");
            notes.add_in(
                &layer.file.source,
                None,
                message,
                "",
                Some("put lines that are alike together".to_owned()),
            );
            return None;
        }
        if layer.base.is_some() {
            layer.note_doubles(notes);
        }
        Some(layer)
    }

    fn lines(&self) -> &[Value] {
        self.table.get("line").and_then(Value::list).unwrap_or_default()
    }

    /// Two lines of one name would be laid over one another without a word.
    fn note_doubles(&self, notes: &Notes) {
        for (place, line) in self.lines().iter().enumerate() {
            let Some(name) = line.name() else { continue };
            if self.lines()[..place].iter().any(|other| other.name() == Some(name)) {
                let named = line.table().and_then(|table| table.get("name")).unwrap_or(line);
                let help = Some("give each its own name".to_owned());
                notes.add(&named.place, format!("two lines are called `{name}`"), "second", help);
            }
        }
    }
}

/// The scenario file of a name: beside the file that names it, else among those that ship.
fn find(name: &str, folder: Option<&Path>, place: &Place, notes: &Notes) -> Option<File> {
    let relative = if name.ends_with(".toml") { PathBuf::from(name) } else { format!("{name}.toml").into() };
    if let Some(folder) = folder.filter(|_| relative.is_relative())
        && let path = folder.join(&relative)
        && path.is_file()
    {
        if !is_inside(&path, folder) {
            let message = format!("`{name}` lies outside of the folder of the file that names it");
            let help = "a file may name what lies beside it or below; copy the other one there".to_owned();
            notes.add(place, message, "not read", Some(help));
            return None;
        }
        let cannot = |cause| notes.add(place, format!("`{name}` cannot be read: {cause}"), "here", None);
        return File::on_disk(&path).map_err(cannot).ok();
    }
    let found = File::shipped(name, &format!("environments/{name}.toml"));
    if found.is_none() {
        let shipped = Scenario::every_shipped();
        let names: Vec<&str> = shipped.iter().map(String::as_str).collect();
        let help = suggestion(name, &names).map_or_else(
            || "a shipped scenario, or a path relative to this file".to_owned(),
            |near| format!("did you mean `{near}`?"),
        );
        notes.add(place, format!("no scenario `{name}`"), "not found", Some(help));
    }
    found
}

/// Whether a file lies in a folder or below it, wherever links lead: what somebody passes on names no file of its reader's.
pub(crate) fn is_inside(path: &Path, folder: &Path) -> bool {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    match (path.canonicalize(), folder.canonicalize()) {
        (Ok(path), Ok(folder)) => path.starts_with(folder),
        _ => false,
    }
}

fn note_circle(layers: &[Layer], place: &Place, notes: &Notes) {
    let files = || layers.iter().map(|layer| &*layer.file.source.file);
    let circle: Vec<&str> = files().chain(files().take(1)).collect();
    let message = format!("scenarios are based on one another in a circle: {}", circle.join(" -> "));
    let help =
        "take `base` out of one of them; a file beside it wins over a shipped scenario of the same name";
    notes.add(place, message, "closes the circle", Some(help.to_owned()));
}

/// Takes lines out of the base of a layer, which may not change the same.
fn drop_lines(drops: &[(String, Place)], changed: &[Value], base: &mut Table, notes: &Notes) {
    let mut none = Vec::new();
    let lines = match base.get_mut("line") {
        Some(Value { content: Content::List(lines), .. }) => lines,
        _ => &mut none,
    };
    let known: Vec<String> = lines.iter().filter_map(Value::name).map(str::to_owned).collect();
    for (index, (name, place)) in drops.iter().enumerate() {
        if drops[..index].iter().any(|(other, _)| other == name) {
            notes.add(place, format!("`{name}` stands twice"), "again", None);
        } else if changed.iter().any(|line| line.name() == Some(name)) {
            let help = "leave it out of `drop_lines`, or leave out its `[[line]]`".to_owned();
            let message = format!("the line `{name}` is dropped, and changed in the same file");
            notes.add(place, message, "dropped here", Some(help));
        } else if !known.contains(name) {
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let help = suggestion(name, &known).map_or_else(
                || format!("its lines are {}", quoted(&known)),
                |near| format!("did you mean `{near}`?"),
            );
            notes.add(place, format!("the base has no line `{name}`"), "not found", Some(help));
        } else {
            lines.retain(|line| line.name() != Some(name));
        }
    }
}
