//! What the tests of the whole program share.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The program, away from the surroundings of whoever runs the tests.
pub(crate) fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_outlay"));
    command.args(arguments).stdin(Stdio::null());
    for name in ["CI", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TERM", "COLUMNS"] {
        command.env_remove(name);
    }
    // Every test plays for itself; those about kept results name a folder.
    command.env("OUTLAY_RESULTS", "");
    command
}

pub(crate) fn outlay(arguments: &[&str]) -> Output {
    program(arguments).output().expect("the program starts")
}

pub(crate) fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).expect("UTF-8")
}

pub(crate) fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).expect("UTF-8")
}

pub(crate) fn json(arguments: &[&str]) -> Value {
    let output = outlay(arguments);
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", stderr(&output)))
}

/// Expects an exit code, and words on standard error; nothing may have been said on standard output.
pub(crate) fn refused(arguments: &[&str], code: i32, words: &[&str]) {
    let output = outlay(arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", stderr(&output));
    assert_eq!(stdout(&output), "", "{arguments:?}");
    for word in words {
        assert!(stderr(&output).contains(word), "{arguments:?} does not say `{word}`:\n{}", stderr(&output));
    }
}

/// The default scenario with fewer simulated shoppers: the same program, sooner.
pub(crate) fn small() -> &'static str {
    static SMALL: OnceLock<(tempfile::TempDir, String)> = OnceLock::new();
    let (_, path) = SMALL.get_or_init(|| {
        let text = include_str!("../../environments/new-customer.toml").replace(
            "\nshoppers = 20000\ntraining_shoppers = 5000\n",
            "\nshoppers = 1000\ntraining_shoppers = 500\n",
        );
        assert!(text.contains("training_shoppers = 500\n"), "the scenario names its shoppers otherwise");
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("new-customer.toml");
        std::fs::write(&path, text).expect("a file");
        (folder, path.display().to_string())
    });
    path
}

pub(crate) fn keys(value: &Value) -> Vec<&str> {
    value.as_object().expect("an object").keys().map(String::as_str).collect()
}

#[track_caller]
pub(crate) fn has_keys(value: &Value, expected: &[&str]) {
    for key in expected {
        assert!(value.get(key).is_some(), "no `{key}` among {:?}", keys(value));
    }
}

/// Every file below a folder, by its path there.
pub(crate) fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let (path, name) = (entry.path(), PathBuf::from(entry.file_name()));
        if path.is_dir() {
            found.extend(bytes(&path).into_iter().map(|(below, bytes)| (name.join(below), bytes)));
        } else {
            found.insert(name, std::fs::read(&path).expect("a file"));
        }
    }
    found
}
