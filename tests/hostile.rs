//! Files that mean harm: too large, too deep, too many, with paths that lead elsewhere and names that are markup. Each is
//! refused or rendered harmless, in bounded time and memory.
#![cfg(unix)]

mod support;

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use support::{program, small, stderr, stdout};

/// Bytes of address space that any refusal must do with: the program's threads and its allocator reserve most of it.
const MEMORY: u64 = 4 << 30;
/// Seconds of processor time that any refusal must do with.
const TIME: u64 = 20;

/// Runs with bounds on memory and time that end it from outside.
fn bounded(arguments: &[&str]) -> Output {
    let inner = program(arguments);
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("ulimit -v {}; ulimit -t {TIME}; exec \"$@\"", MEMORY >> 10), "sh"]);
    shell.arg(inner.get_program()).args(inner.get_args()).args(["--threads", "2"]).stdin(Stdio::null());
    shell.env("OUTLAY_RESULTS", "");
    let start = Instant::now();
    let output = shell.output().expect("the shell starts");
    assert!(start.elapsed() < Duration::from_secs(300), "{arguments:?}");
    output
}

#[track_caller]
fn refused(arguments: &[&str], words: &[&str]) {
    let output = bounded(arguments);
    let said: String = stderr(&output).chars().take(3_000).collect();
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {said}");
    for word in words {
        assert!(said.contains(word), "{arguments:?} does not say `{word}`:\n{said}");
    }
}

fn file(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("a file");
    path.display().to_string()
}

/// A file of so many bytes that takes no room on the disk.
fn sparse(folder: &Path, name: &str, first: &str, bytes: u64) -> String {
    let path = folder.join(name);
    let mut file = File::create(&path).expect("a file");
    file.write_all(first.as_bytes()).expect("its first line");
    file.set_len(bytes).expect("its length");
    path.display().to_string()
}

#[test]
fn a_file_of_ten_gigabytes_is_refused_for_its_size() {
    let folder = tempfile::tempdir().expect("a folder");
    let ten = 10 << 30;
    let table = sparse(folder.path(), "history.csv", "date,revenue,spend\n", ten);
    refused(&["calibrate", &table], &["larger than 32 MiB", "sum it"]);
    refused(&["recommend", "even", "--scenario", small(), "--history", &table], &["larger than"]);
    let scenario = sparse(folder.path(), "scenario.toml", "title = \"x\"\n", ten);
    refused(&["check", &scenario], &["more than 4194304"]);
    let suite = sparse(folder.path(), "suite-of-ten.toml", "title = \"x\"\n", ten);
    refused(&["suite", &suite], &["more than 4194304"]);
    // What never ends has no size to be refused for.
    refused(&["calibrate", "/dev/zero"], &["larger than 32 MiB"]);
    refused(&["check", "/dev/zero"], &["more than 4194304 bytes"]);
    refused(&["recommend", "even", "--scenario", small(), "--history", "/dev/zero"], &["larger than 64 MiB"]);
}

#[test]
fn what_a_scenario_may_ask_for_is_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    let based =
        |name: &str, more: &str| file(folder.path(), name, &format!("base = \"new-customer\"\n{more}"));
    let many = based("many.toml", "shoppers = 1000000000000000000\npeople = 1000000000000000000");
    refused(&["check", &many], &["shoppers", "must lie between 1 and 10000000"]);
    let large = based("large.toml", "people = 1000000000\nshoppers = 1000000000\ntraining_shoppers = 1");
    refused(&["check", &large], &["must lie between 1 and 10000000"]);
    let dear = based("dear.toml", "people = 5000000000\n[set.merchant]\norder_value = 1e9");
    refused(&["check", &dear], &["more money than can be counted"]);
    // A file of four megabytes is all that is read, whatever stands in it.
    let lines: String =
        (0..80_000).map(|line| format!("[[line]]\nname = \"line {line}\"\nchannel = \"search\"\n")).collect();
    refused(&["check", &based("lines.toml", &lines)], &["80000 lines are more than 1000"]);
    let million: String = (0..1_000_000).map(|line| format!("[[line]]\nname = \"{line}\"\n")).collect();
    refused(&["check", &based("million.toml", &million)], &["more than 4194304"]);
    let drops = format!("drop_lines = [{}]", "\"a\", ".repeat(500_000));
    refused(&["check", &based("drops.toml", &drops)], &["500000 lines are more than 1000"]);
    let unknown: String = (0..250_000).map(|key| format!("key{key} = 1\n")).collect();
    refused(&["check", &based("keys.toml", &unknown)], &["unknown key"]);
    let phases = |count: usize| -> String {
        let phase = |number| {
            format!(
                "[[set.calendar.phase]]\nname = \"{number}\"\ndays = 400\ntraffic = 1\ndemand = 1\nprice = 1\n"
            )
        };
        (0..count).map(phase).collect()
    };
    refused(&["check", &based("long.toml", &phases(9_000))], &["more than 19200 steps"]);
    refused(&["check", &based("phases.toml", &phases(40_000))], &["more than 10000"]);
}

#[test]
fn nesting_is_bounded() {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in [
        ("arrays", format!("x = {}{}", "[".repeat(1_000_000), "]".repeat(1_000_000))),
        ("tables", format!("x = {}1{}", "{ a = ".repeat(400_000), " }".repeat(400_000))),
        ("keys", format!("{}b = 1", "a.".repeat(1_000_000))),
        ("heads", format!("[{}b]\nx = 1", "a.".repeat(1_000_000))),
    ] {
        let path = file(folder.path(), &format!("{name}.toml"), &text);
        refused(&["check", &path], &["error"]);
    }
}

/// A header that promises more numbers than there are bytes, and a file that is too large, are refused before anything is
/// reserved for them.
#[test]
fn a_checkpoint_reserves_no_more_than_it_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../checkpoints/new-customer");
    let card = fs::read_to_string(shipped.join("card.toml")).expect("a card");
    let numbers = folder.path().join("policy.safetensors");
    let evaluate = ["evaluate", folder.path().to_str().expect("a path"), small(), "--seeds", "0..1"];
    let checksum = |bytes: &[u8]| {
        let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, &byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!("fnv1a64:{hash:016x}")
    };
    let of = |header: &str| [&(header.len() as u64).to_le_bytes()[..], header.as_bytes()].concat();
    let format = r#""__metadata__":{"format":"outlay.policy/1"}"#;
    for bytes in [
        of(&format!(
            r#"{{{format},"a":{{"dtype":"F32","shape":[1000000000000,8],"data_offsets":[0,32000000000000]}}}}"#
        )),
        of(&format!(
            r#"{{{format},"a":{{"dtype":"F32","shape":[18446744073709551615,2],"data_offsets":[0,8]}}}}"#
        )),
        u64::MAX.to_le_bytes().to_vec(),
        (1_u64 << 40).to_le_bytes().to_vec(),
    ] {
        // With the right checksum, so that it is the numbers that are looked at.
        let old = card.lines().find(|line| line.starts_with("policy = ")).expect("a checksum");
        let new = format!("policy = \"{}\"", checksum(&bytes));
        fs::write(folder.path().join("card.toml"), card.replace(old, &new)).expect("a card");
        fs::write(&numbers, &bytes).expect("a file");
        refused(&evaluate, &["damaged"]);
    }
    sparse(folder.path(), "policy.safetensors", "", 10 << 30);
    refused(&evaluate, &["more than 268435456 bytes"]);
    fs::copy(shipped.join("policy.safetensors"), &numbers).expect("a copy");
    fs::write(folder.path().join("card.toml"), card.replace("width = ", "width = 1000000")).expect("a card");
    refused(&evaluate, &["damaged", "no network of this program"]);
}

/// A file names what lies beside it or below, and nothing else: not by dots, not from the root, not through a link.
#[test]
fn paths_in_files_stay_in_their_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let inner = folder.path().join("mine");
    fs::create_dir_all(inner.join("below")).expect("a folder");
    fs::create_dir_all(inner.join("channels")).expect("a folder");
    let secret = file(folder.path(), "secret.toml", "password = \"hunter2\"\n");
    std::os::unix::fs::symlink(&secret, inner.join("link.toml")).expect("a link");
    std::os::unix::fs::symlink(&secret, inner.join("channels/mine.toml")).expect("a link");
    for base in ["../secret.toml", "../secret", "below/../../secret.toml", "link.toml"] {
        let path = file(&inner, "scenario.toml", &format!("base = \"{base}\"\n"));
        let output = bounded(&["check", &path]);
        assert_eq!(output.status.code(), Some(2), "{base}");
        assert!(stderr(&output).contains("lies outside of the folder"), "{base}: {}", stderr(&output));
        assert!(!stderr(&output).contains("hunter2"), "{base}");
    }
    for base in [secret.as_str(), "/etc/passwd", "../../../../../../etc/passwd"] {
        let path = file(&inner, "scenario.toml", &format!("base = \"{base}\"\n"));
        refused(&["check", &path], &["no scenario"]);
    }
    for channel in ["../../secret", "/etc/passwd", "mine"] {
        let text = format!("base = \"new-customer\"\n[[line]]\nname = \"new\"\nchannel = \"{channel}\"\n");
        refused(&["check", &file(&inner, "scenario.toml", &text)], &["no file"]);
    }
    file(&inner.join("below"), "base.toml", "base = \"new-customer\"\nbudget = 1000\n");
    let path = file(&inner, "scenario.toml", "base = \"below/base\"\n");
    assert!(bounded(&["check", &path]).status.success(), "what lies below may be named");
    // A file in the folder at hand, whose folder has no name.
    let output = program(&["check", "scenario.toml"]).current_dir(&inner).output().expect("it starts");
    assert!(output.status.success(), "{}", stderr(&output));
}

/// Amounts whose sum would leave the numbers that money is counted in.
#[test]
fn amounts_beyond_all_budgets_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = file(folder.path(), "log.csv", "step,line,spend\n0,a,1e300\n0,b,1e300\n");
    let arguments = ["recommend", "even", "--scenario", "problems/p3-carry-over", "--history", &log];
    refused(&arguments, &["row 2, column `spend`: `1e300`", "up to 1e12"]);
}

/// Names from files are text in a report, wherever they stand.
#[test]
fn names_are_never_markup() {
    let folder = tempfile::tempdir().expect("a folder");
    let evil = "<script>alert(1)</script><img src=x onerror=alert(2)>\\\"'&amp;";
    let text = format!(
        "base = \"new-customer\"\ntitle = \"{evil}\"\nquestion = \"{evil}\"\nshoppers = 1000\ntraining_shoppers = 500\n\
         [[line]]\nname = \"{evil}\"\nchannel = \"search\"\n"
    );
    let path = file(folder.path(), "<script>alert(3)<!--.toml", &text);
    let page = folder.path().join("page.html");
    let out = page.display().to_string();
    let written =
        program(&["report", &path, "--agents", "even,last-period", "--seeds", "0..2", "--out", &out])
            .output()
            .expect("it starts");
    assert!(written.status.success(), "{}", stderr(&written));
    let page = fs::read_to_string(page).expect("the page").to_lowercase();
    assert!(page.contains("&lt;script&gt;alert(1)"), "the name is shown as text");
    for markup in ["<script>alert", "<img", "onerror=alert(2)>\"", "<!--."] {
        assert!(!page.contains(markup), "{markup}");
    }
    // On a terminal no name can move the cursor or change colours.
    let escape = "\\u001b[2J\\u001b]0;x\\u0007";
    let line = format!("base = \"new-customer\"\n[[line]]\nname = \"{escape}\"\nchannel = \"search\"\n");
    let scenario = file(folder.path(), "escape.toml", &line);
    let key = file(folder.path(), "key.toml", &format!("base = \"new-customer\"\n\"{escape}\" = 1\n"));
    let table = file(folder.path(), "escape.csv", "date,revenue,\u{1b}[2J\n2025-01-01,1,1\n");
    let log = file(folder.path(), "log.csv", "step,line,spend\n0,\u{1b}[2J\u{7},1\n");
    for arguments in [
        &["check", &scenario][..],
        &["check", &key],
        &["calibrate", &table],
        &["recommend", "even", "--scenario", small(), "--history", &log],
        &["evaluate", "\u{1b}[2J\u{7}"],
    ] {
        let output = program(arguments).output().expect("it starts");
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", stderr(&output));
        let all = [stdout(&output), stderr(&output)].concat();
        assert!(!all.contains("\u{1b}[2J") && !all.contains('\u{7}'), "{arguments:?}: {all:?}");
    }
}
