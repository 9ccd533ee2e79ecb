//! The number of threads changes nothing: every shipped scenario, of every kind, gives the same bytes on one and on two.

mod support;

use std::path::{Path, PathBuf};

use support::{outlay, stderr, stdout};

/// Simulated shoppers of a market here.
const SHOPPERS: u64 = 500;

/// Scenario files of `environments/` and of its folders of scenarios, which are those whose files ask a question.
fn shipped() -> Vec<PathBuf> {
    let environments = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../environments");
    let list = |folder: &Path| -> Vec<PathBuf> {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
        paths.sort();
        paths
    };
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) =
        list(&environments).into_iter().partition(|path| path.is_dir());
    let asks = |path: &PathBuf| {
        path.extension().is_some_and(|end| end == "toml")
            && std::fs::read_to_string(path)
                .expect("text")
                .lines()
                .any(|line| line.starts_with("question = "))
    };
    files.into_iter().chain(folders.iter().flat_map(|folder| list(folder))).filter(asks).collect()
}

/// The scenario with few shoppers.
fn with_few_shoppers(text: &str) -> String {
    let value = |line: &str, key: &str| line.strip_prefix(key).and_then(|value| value.parse::<u64>().ok());
    let few = |line: &str| {
        for key in ["shoppers = ", "training_shoppers = "] {
            if value(line, key).is_some() {
                return format!("{key}{SHOPPERS}\n");
            }
        }
        format!("{line}\n")
    };
    for people in text.lines().filter_map(|line| value(line, "people = ")) {
        assert!(people.is_multiple_of(SHOPPERS), "{people} people are no multiple of {SHOPPERS}");
    }
    text.lines().map(few).collect()
}

#[test]
fn every_scenario_gives_the_same_bytes_on_one_thread_and_on_two() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut kinds = std::collections::BTreeSet::new();
    let files = shipped();
    assert!(files.len() > 50, "{} scenarios", files.len());
    for file in files {
        let text = std::fs::read_to_string(&file).expect("text");
        kinds.insert(text.lines().find(|line| line.starts_with("kind = ")).unwrap_or("market").to_owned());
        let path = folder.path().join(file.file_name().expect("a name"));
        std::fs::write(&path, with_few_shoppers(&text)).expect("a file");
        let name = path.display().to_string();
        let run = |threads| {
            let agents = "even,random,last-period";
            let flags = ["--agents", agents, "--seeds", "0..2", "--json", "--threads", threads];
            outlay(&[&["compare", name.as_str()][..], &flags].concat())
        };
        let (one, two) = (run("1"), run("2"));
        assert_eq!(one.status.code(), Some(0), "{name}: {}", stderr(&one));
        assert!(stdout(&one).contains("\"schema\": \"outlay.compare/1\""), "{name}");
        assert!(one.stdout == two.stdout, "{name}: two threads give other bytes than one");
    }
    assert_eq!(kinds.len(), 5, "{kinds:?}");
}
