//! What is compiled into the program: under which licences, from where, and what must never be. `deny.toml` says the same
//! to `cargo deny`, which also knows advisories; this needs nothing that has to be installed.

use std::collections::BTreeSet;
use std::process::Command;

/// Licences under which a part may be taken over. All permissive, but for the Mozilla licence, which asks for nothing but
/// the sources of its own files, and those are taken unchanged.
const LICENCES: [&str; 13] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MIT",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];
/// The program needs no network and executes nothing from a file: no part of it can.
const NEVER: [&str; 12] = [
    "curl",
    "git2",
    "hyper",
    "isahc",
    "mlua",
    "native-tls",
    "openssl",
    "reqwest",
    "rhai",
    "rustls",
    "ureq",
    "wasmtime",
];

/// Name and version, origin where it is not the registry, and licence of each part with these features; why not, where
/// the sources of one are not on this machine.
fn parts(features: &str) -> Result<Vec<(String, String, String)>, String> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--locked",
            "--offline",
            "-p",
            "outlay-runner",
            "-e",
            "normal,build",
            "--prefix",
            "none",
        ])
        .args(["--features", features])
        .args(["-f", "{p}|{l}"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .expect("cargo starts");
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let lines: BTreeSet<String> =
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    let part = |line: &String| {
        let (package, licence) = line.split_once('|').expect("two parts");
        let package = package.replace(" (proc-macro)", "");
        let (name, origin) = package.split_once(" (").unwrap_or((&package, ""));
        // What was shown before is marked.
        let licence = licence.trim_end_matches(" (*)");
        (name.to_owned(), origin.trim_end_matches(')').to_owned(), licence.to_owned())
    };
    Ok(lines.iter().map(part).collect())
}

/// `A OR B` asks for one of them, `A AND B` for both; `/` is an old `OR`.
fn may_be_taken(licence: &str) -> bool {
    let plain = licence.replace('/', " OR ").replace(['(', ')'], "");
    let one = |part: &str| part.split(" OR ").any(|it| LICENCES.contains(&it.trim()));
    !licence.is_empty() && plain.split(" AND ").all(one)
}

#[test]
fn every_part_may_be_taken_and_comes_from_the_registry() {
    assert!(may_be_taken("(MIT OR GPL-3.0) AND Unicode-3.0") && !may_be_taken("MIT AND GPL-3.0"));
    assert!(may_be_taken("MIT/Apache-2.0") && !may_be_taken("GPL-3.0") && !may_be_taken(""));
    let ordinary = parts("").expect("what was built is there");
    assert!(ordinary.len() > 100, "{}", ordinary.len());
    held(ordinary);
    // What is off by default is not downloaded everywhere; where it was built it is.
    for features in ["mpi", "gpu"] {
        match parts(features) {
            Ok(parts) => held(parts),
            Err(error) => eprintln!("skipped: the parts of `{features}` are not on this machine: {error}"),
        }
    }
}

/// Holds parts to what may be taken.
fn held(parts: Vec<(String, String, String)>) {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let root = std::fs::canonicalize(root).expect("the repository").display().to_string();
    for (package, origin, licence) in parts {
        let name = package.split(' ').next().unwrap_or_default();
        assert!(may_be_taken(&licence), "{package} is under `{licence}`");
        assert!(origin.is_empty() || origin.starts_with(&root), "{package} comes from {origin}");
        assert!(!NEVER.contains(&name), "{package} must not be part of the program");
    }
}

/// `forbid(unsafe_code)` is the workspace's lint; a crate without `[lints] workspace = true` would escape it. One whose
/// macros write unsafe code, as those for other languages do, denies it by itself and says where it is allowed.
#[test]
fn no_crate_of_ours_escapes_the_lint_on_unsafe_code() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let workspace = std::fs::read_to_string(root.join("Cargo.toml")).expect("a manifest");
    assert!(workspace.contains("unsafe_code = \"forbid\""));
    for entry in std::fs::read_dir(root.join("crates")).expect("a folder").flatten() {
        let manifest = std::fs::read_to_string(entry.path().join("Cargo.toml")).expect("a manifest");
        let levels = ["[lints]\nworkspace = true", "unsafe_code = \"forbid\"", "unsafe_code = \"deny\""];
        let held = levels.iter().any(|level| manifest.contains(level));
        assert!(held, "{} allows unsafe code", entry.path().display());
    }
}
