//! Processes that `mpirun` starts share a training run. Built with the feature `mpi` alone, and run by `.ci/mpi`: these tests
//! need an installed MPI.
#![cfg(feature = "mpi")]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use support::{bytes, outlay, program, small, stderr, stdout};

/// A run of a second that saves a few times, and one among shoppers.
const QUICK: [&str; 8] =
    ["problems/p3-carry-over", "--worlds", "8", "--teacher", "0", "--steps", "10k", "--quiet"];
const SHOPPERS: [&str; 5] = ["--worlds", "16", "--steps", "2k", "--quiet"];
/// What the folder of every run here is called: commands and cards name it.
const RUN: &str = "run";

/// `mpirun` with so many processes of the program, each of which leaves its id in a file `pid.RANK`, in `place`.
fn processes(count: u32, place: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("mpirun");
    command.args(["--oversubscribe", "--allow-run-as-root", "--bind-to", "none", "-n", &count.to_string()]);
    command.args(["sh", "-c", "echo $$ > pid.$OMPI_COMM_WORLD_RANK; exec \"$@\"", "sh"]);
    let program = program(arguments);
    command.arg(program.get_program()).args(program.get_args());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.current_dir(place).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn train<'a>(scenario: &[&'a str]) -> Vec<&'a str> {
    [&["train"][..], scenario, &["--out", RUN]].concat()
}

/// What one process comes to without `mpirun`: its output and its folder.
fn alone(arguments: &[&str]) -> (Output, BTreeMap<PathBuf, Vec<u8>>) {
    let place = tempfile::tempdir().expect("a folder");
    let output = program(arguments).current_dir(place.path()).output().expect("it starts");
    assert!(output.status.success(), "{}", stderr(&output));
    (output, bytes(&place.path().join(RUN)))
}

/// What the quick run comes to.
fn quick() -> &'static (Output, BTreeMap<PathBuf, Vec<u8>>) {
    static WHOLE: OnceLock<(Output, BTreeMap<PathBuf, Vec<u8>>)> = OnceLock::new();
    WHOLE.get_or_init(|| alone(&train(&QUICK)))
}

#[test]
fn any_number_of_processes_saves_and_says_what_one_does() {
    let shoppers = train(&[&[small()][..], &SHOPPERS].concat());
    let among_shoppers = alone(&shoppers);
    for (arguments, (said, whole)) in [(train(&QUICK), quick()), (shoppers, &among_shoppers)] {
        for count in [1, 2, 4] {
            let place = tempfile::tempdir().expect("a folder");
            let output = processes(count, place.path(), &arguments).output().expect("mpirun is installed");
            assert!(output.status.success(), "{count}: {}", stderr(&output));
            assert_eq!(stdout(&output), stdout(said), "{count}");
            assert!(bytes(&place.path().join(RUN)) == *whole, "{count} processes left other bytes");
        }
    }
}

/// A run of two processes that has saved something.
fn started(place: &Path) -> Child {
    let mut child = processes(2, place, &train(&QUICK)).spawn().expect("mpirun is installed");
    while !place.join(RUN).join("card.toml").exists() {
        assert!(child.try_wait().expect("a status").is_none(), "it ended too soon");
        std::thread::sleep(Duration::from_millis(5));
    }
    child
}

fn send(signal: &str, id: &str) {
    let sent = Command::new("kill").args([&format!("-{signal}"), id.trim()]).status();
    assert!(sent.expect("kill runs").success());
}

/// Whichever dies, the other says so, nobody waits for ever, and any number of processes goes on from what was saved.
#[test]
fn a_killed_process_ends_the_run_and_leaves_what_was_saved() {
    let (_, whole) = quick();
    for (victim, go_on) in [("1", 3), ("0", 1)] {
        let place = tempfile::tempdir().expect("a folder");
        let child = started(place.path());
        send("KILL", &fs::read_to_string(place.path().join(format!("pid.{victim}"))).expect("a process"));
        let ended = child.wait_with_output().expect("it ends");
        assert!(!ended.status.success());
        let waits = format!(
            "process {} of 2: asked to end, waiting for the others",
            1 - victim.parse::<u8>().unwrap_or(0)
        );
        assert!(stderr(&ended).contains(&waits), "{}", stderr(&ended));
        let run = place.path().join(RUN);
        let used = outlay(&["evaluate", &run.display().to_string(), QUICK[0], "--seeds", "0..1", "--json"]);
        assert!(used.status.success(), "{}", stderr(&used));
        let rest = processes(go_on, place.path(), &["train", "--resume", RUN])
            .output()
            .expect("mpirun is installed");
        assert!(rest.status.success(), "{}", stderr(&rest));
        assert!(bytes(&run) == *whole, "after the death of {victim} the run came to other bytes");
    }
}

/// `mpirun` asks every process to end where it is interrupted; the run is saved once.
#[test]
fn an_interrupted_run_is_saved_by_the_first_process() {
    let (_, whole) = quick();
    let place = tempfile::tempdir().expect("a folder");
    let child = started(place.path());
    send("INT", &child.id().to_string());
    let ended = child.wait_with_output().expect("it ends");
    assert!(!ended.status.success());
    assert_eq!(stderr(&ended).matches("resume with").count(), 1, "{}", stderr(&ended));
    let rest = processes(2, place.path(), &["train", "--resume", RUN]).output().expect("mpirun is installed");
    assert!(rest.status.success(), "{}", stderr(&rest));
    assert!(bytes(&place.path().join(RUN)) == *whole);
}

#[test]
fn what_cannot_be_done_is_said_once() {
    let place = tempfile::tempdir().expect("a folder");
    let refusals = [
        (&["train", "new-custmer", "--out", RUN][..], "there is no scenario `new-custmer`"),
        (&["train", "--resume", "nowhere"][..], "there is no folder nowhere"),
        (&["train", "--learner", "sac", "--out", RUN, "--steps", "3k"][..], "learns in one process"),
    ];
    for (arguments, says) in refusals {
        let refused = processes(2, place.path(), arguments).output().expect("mpirun is installed");
        assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
        assert_eq!(stderr(&refused).matches(says).count(), 1, "{arguments:?}: {}", stderr(&refused));
    }
}

/// A file that one process alone cannot read ends all, and the first says which and why.
#[test]
fn what_one_process_lacks_is_said_by_the_first() {
    let place = tempfile::tempdir().expect("a folder");
    let mut command = Command::new("mpirun");
    command.args(["--oversubscribe", "--allow-run-as-root", "--bind-to", "none"]).current_dir(place.path());
    for (number, scenario) in [small(), "missing.toml"].into_iter().enumerate() {
        if number > 0 {
            command.arg(":");
        }
        command.args(["-n", "1", env!("CARGO_BIN_EXE_outlay"), "train", scenario, "--out", RUN]);
    }
    let refused = command.stdin(Stdio::null()).output().expect("mpirun is installed");
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("process 1 of 2: "), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("missing.toml"), "{}", stderr(&refused));
}
