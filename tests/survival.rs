//! What happens to the program's work when its machine, its disk or its user stops it. With `OUTLAY_MOMENTS=200` each
//! command is killed at as many moments; without, at a few.
#![cfg(unix)]

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use support::{bytes, outlay, program, refused, small, stderr, stdout};

/// A scenario that is played in no time.
const QUICK: [&str; 1] = ["problems/p3-carry-over"];
/// Training runs of seconds that validate, and so save, a few times; the one on several scenarios ends without a comparison.
const TRAINING: [&str; 6] = ["--worlds", "8", "--teacher", "0", "--seed", "3"];
const STEPS: [&str; 2] = ["8k", "30k"];
const COMPARISON: [&str; 5] = ["--agents", "even,random,last-period", "--seeds", "0..40", "--json"];

fn moments() -> u64 {
    std::env::var("OUTLAY_MOMENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(3)
}

/// A moment of something that takes `whole`, drawn by its number: the same in each run of the tests.
fn moment(number: u64, whole: Duration) -> Duration {
    whole.mul_f64(outlay_environment::Key::new(number).with_name("kill").uniform())
}

/// Starts a command and kills it, so that nothing of it can react. Whether it had ended before.
fn killed(mut command: Command, after: Duration) -> bool {
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
    std::thread::sleep(after);
    let ended = child.try_wait().expect("a status").is_some();
    child.kill().expect("it can be killed");
    child.wait().expect("it is gone");
    ended
}

fn timed(work: impl FnOnce() -> Output) -> (Output, Duration) {
    let start = Instant::now();
    let output = work();
    assert!(output.status.success(), "{}", stderr(&output));
    (output, start.elapsed())
}

fn text(path: &Path) -> String {
    path.display().to_string()
}

fn train(scenarios: &[&str], flag: &str, folder: &Path) -> Command {
    let mut command = program(&["train"]);
    command.args(scenarios).args([flag, &text(folder)]);
    if flag == "--out" {
        command.args(TRAINING).args(["--steps", STEPS[scenarios.len() - 1]]);
    }
    command
}

/// Goes on with a run, or begins it where nothing was saved yet; nothing where it was finished.
fn go_on(scenarios: &[&str], folder: &Path) -> Option<Command> {
    if !folder.join("card.toml").exists() {
        return Some(train(scenarios, "--out", folder));
    }
    // What a killed run left can be used as it is.
    let used = outlay(&["evaluate", &text(folder), scenarios[0], "--seeds", "0..1", "--json"]);
    assert!(used.status.success(), "{}", stderr(&used));
    folder.join("resume").exists().then(|| train(scenarios, "--resume", folder))
}

/// Whether anything was left to do.
fn finish(scenarios: &[&str], folder: &Path) -> bool {
    let Some(mut command) = go_on(scenarios, folder) else { return false };
    let output = command.output().expect("it starts");
    assert!(output.status.success(), "{}", stderr(&output));
    true
}

#[test]
fn training_goes_on_from_a_kill_at_any_moment_to_the_same_bytes() {
    for scenarios in [&QUICK[..], &[QUICK[0], small()]] {
        let place = tempfile::tempdir().expect("a folder");
        let (whole, run) = (place.path().join("whole"), place.path().join("run"));
        let (_, time) = timed(|| train(scenarios, "--out", &whole).output().expect("it starts"));
        let whole = bytes(&whole);
        for number in 0..moments() {
            // Twice, so that a resumed run is killed as well.
            killed(train(scenarios, "--out", &run), moment(2 * number, time));
            if let Some(command) = go_on(scenarios, &run) {
                killed(command, moment(2 * number + 1, time));
            }
            let tidied = finish(scenarios, &run);
            assert!(bytes(&run) == whole, "{scenarios:?}: the kill at moment {number} left its mark");
            fs::remove_dir_all(&run).expect("it can be removed");
            if !tidied {
                // It was killed between its last save and its end; the next run in its place tidies up.
                assert!(finish(scenarios, &run) && bytes(&run) == whole, "{scenarios:?}: moment {number}");
                fs::remove_dir_all(&run).expect("it can be removed");
            }
            let left: Vec<_> =
                fs::read_dir(place.path()).expect("a folder").flatten().map(|it| it.file_name()).collect();
            assert_eq!(left, ["whole"], "nothing else is left");
        }
    }
}

#[test]
fn a_killed_comparison_keeps_what_was_played() {
    let arguments = [&["compare", small()][..], &COMPARISON].concat();
    let (whole, time) = timed(|| outlay(&arguments));
    for number in 0..moments() {
        let folder = tempfile::tempdir().expect("a folder");
        let keeping = || {
            let mut command = program(&arguments);
            command.env("OUTLAY_RESULTS", folder.path());
            command
        };
        let ended = killed(keeping(), moment(number, time));
        let kept = bytes(folder.path()).into_values().next().unwrap_or_default();
        let lines = kept.iter().filter(|byte| **byte == b'\n').count();
        assert!(!ended || lines == 120, "{lines}");
        let again = keeping().output().expect("it starts");
        assert_eq!(stdout(&again), stdout(&whole), "moment {number}");
        // Each whole line is an episode that is not played again.
        let reused = format!("reused {lines} of 120 episodes");
        assert!(lines == 0 || stderr(&again).contains(&reused), "{reused}: {}", stderr(&again));
    }
}

#[test]
fn a_killed_calibration_or_report_leaves_its_file_whole_or_not_at_all() {
    let table = format!("{}/../../tests/data/robyn_weekly.csv", env!("CARGO_MANIFEST_DIR"));
    let calibrate = ["calibrate", &table, "--draws", "50", "--margin", "0.5", "--force"];
    let report = ["report", small(), "--agents", "even,last-period", "--seeds", "0..3"];
    for (name, arguments) in [("curves.toml", &calibrate[..]), ("page.html", &report[..])] {
        let place = tempfile::tempdir().expect("a folder");
        let file = place.path().join(name);
        let path = text(&file);
        let arguments = [arguments, &["--out", &path]].concat();
        let (_, time) = timed(|| outlay(&arguments));
        let whole = fs::read(&file).expect("a file");
        for number in 0..moments() {
            // First where there is no file, then over the one that is there.
            if number % 2 == 0 {
                fs::remove_file(&file).expect("it can be removed");
            }
            let ended = killed(program(&arguments), moment(number, time));
            let left = fs::read(&file).ok();
            assert!(left.as_ref().is_none_or(|left| *left == whole), "{name}: torn at moment {number}");
            assert!(left.is_some() || !ended, "{name}: the file is missing although the command had ended");
            assert!(outlay(&arguments).status.success());
            assert!(fs::read(&file).expect("a file") == whole, "{name}: other bytes after moment {number}");
        }
    }
}

/// The signals of a service that is stopped and of a terminal that is closed save as Ctrl-C does.
#[test]
fn being_asked_to_end_saves_the_run() {
    let place = tempfile::tempdir().expect("a folder");
    let whole = place.path().join("whole");
    timed(|| train(&QUICK, "--out", &whole).output().expect("it starts"));
    let whole = bytes(&whole);
    for signal in ["INT", "TERM", "HUP"] {
        let run = place.path().join(signal);
        let mut child = started(&run, &[]);
        if signal == "HUP" {
            // Nobody reads what a closed terminal would show.
            (child.stdout, child.stderr) = (None, None);
        }
        send(signal, &child);
        let ended = child.wait_with_output().expect("it ends");
        assert_eq!(ended.status.code(), Some(130), "{signal}: {}", stderr(&ended));
        assert!(signal == "HUP" || stderr(&ended).contains("resume with"), "{}", stderr(&ended));
        finish(&QUICK, &run);
        assert!(bytes(&run) == whole, "{signal}");
    }
}

/// A run that has done its first iterations.
fn started(folder: &Path, more: &[&str]) -> Child {
    let mut child = train(&QUICK, "--out", folder)
        .args(["--json"])
        .args(more)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    while !line.contains("\"iteration\"") {
        line.clear();
        assert!(lines.read_line(&mut line).expect("a line") > 0, "it ended too soon");
    }
    child.stdout = Some(lines.into_inner());
    child
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status();
    assert!(sent.expect("kill runs").success());
}

#[test]
fn two_runs_do_not_write_the_same_folder_and_a_dead_one_does_not_block() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    let mut first = started(&run, &["--threads", "1"]);
    for flag in ["--out", "--resume"] {
        refused(&["train", QUICK[0], flag, &text(&run)], 2, &["another run is writing", "wait until"]);
    }
    first.kill().expect("it can be killed");
    first.wait().expect("it is gone");
    assert!(place.path().join(".run.lock").exists(), "what a killed run leaves");
    finish(&QUICK, &run);
    assert!(!place.path().join(".run.lock").exists());
}

/// Writing beyond so many blocks of 512 bytes fails, as on a full disk.
fn on_a_full_disk(blocks: u32, command: &Command) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$@\""), "sh"]);
    shell.arg(command.get_program()).args(command.get_args()).stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell.output().expect("the shell starts")
}

#[test]
fn a_full_disk_is_said_and_what_was_saved_stays() {
    let place = tempfile::tempdir().expect("a folder");
    let run = place.path().join("run");
    // A first save, then none.
    killed_after_a_save(&run);
    let before = bytes(&run);
    let failed = on_a_full_disk(8, &train(&QUICK, "--resume", &run));
    assert_eq!(failed.status.code(), Some(1), "{}", stderr(&failed));
    assert!(stderr(&failed).contains("could not be saved"), "{}", stderr(&failed));
    assert!(bytes(&run) == before, "the last state is as it was");
    assert_eq!(fs::read_dir(place.path()).expect("a folder").count(), 1, "nothing half written is left");

    let results = place.path().join("results");
    let arguments = [&["compare", small()][..], &COMPARISON].concat();
    let mut keeping = program(&arguments);
    keeping.env("OUTLAY_RESULTS", &results);
    let compared = on_a_full_disk(8, &keeping);
    assert!(compared.status.success(), "{}", stderr(&compared));
    assert_eq!(stdout(&compared), stdout(&outlay(&arguments)));
    assert!(stderr(&compared).contains("warning"), "{}", stderr(&compared));
    // With room again, the torn line is played again and the others are not.
    let again = keeping.output().expect("it starts");
    assert_eq!(stdout(&again), stdout(&compared));

    let page = place.path().join("page.html");
    let report = ["report", small(), "--agents", "even", "--seeds", "0..2", "--out", &text(&page)];
    let failed = on_a_full_disk(8, &program(&report));
    assert_eq!(failed.status.code(), Some(1), "{}", stderr(&failed));
    assert!(stderr(&failed).contains("could not be written") && !page.exists(), "{}", stderr(&failed));
    let full = program(&["evaluate", "even", small(), "--seeds", "0..2"])
        .stdout(fs::File::options().write(true).open("/dev/full").expect("a full device"))
        .output()
        .expect("it starts");
    assert_eq!(full.status.code(), Some(1));
    assert!(stderr(&full).contains("could not be written"), "{}", stderr(&full));
}

/// A file system of so many bytes in memory, where mounting is permitted; gone with this.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mounted(size: u64) -> Option<Self> {
        let disk = Self(tempfile::tempdir().expect("a folder"));
        let mounted = disk.mount(&format!("size={size}"));
        // What was never mounted must not be unmounted: it is an ordinary folder then.
        mounted.then_some(disk)
    }

    fn mount(&self, options: &str) -> bool {
        let mounted =
            Command::new("mount").args(["-t", "tmpfs", "-o", options, "tmpfs"]).arg(self.0.path()).output();
        mounted.is_ok_and(|output| output.status.success())
    }

    fn grow(&self, size: u64) {
        assert!(self.mount(&format!("remount,size={size}")), "it can be made larger");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0.path()).output();
    }
}

#[test]
fn a_run_goes_on_once_a_small_disk_has_room_again() {
    let place = tempfile::tempdir().expect("a folder");
    let whole = place.path().join("whole");
    timed(|| train(&QUICK, "--out", &whole).output().expect("it starts"));
    let whole = bytes(&whole);
    let saved = place.path().join("saved");
    killed_after_a_save(&saved);
    // Room for one state, not for the next one beside it.
    let state: u64 = bytes(&saved).values().map(|bytes| bytes.len().next_multiple_of(4096) as u64).sum();
    let Some(disk) = SmallDisk::mounted(state + state / 2) else {
        eprintln!(
            "mounting is not permitted here: a_full_disk_is_said_and_what_was_saved_stays stands alone"
        );
        return;
    };
    let run = disk.0.path().join("run");
    let failed = train(&QUICK, "--out", &run).output().expect("it starts");
    assert_eq!(failed.status.code(), Some(1), "{}", stderr(&failed));
    assert!(stderr(&failed).contains("could not be saved"), "{}", stderr(&failed));
    let used = outlay(&["evaluate", &text(&run), QUICK[0], "--seeds", "0..1", "--json"]);
    assert!(used.status.success(), "the state before can be used: {}", stderr(&used));
    disk.grow(16 * state);
    finish(&QUICK, &run);
    assert!(bytes(&run) == whole);
}

/// Trains until something is saved.
fn killed_after_a_save(run: &Path) {
    let mut child = train(&QUICK, "--out", run).stderr(Stdio::null()).spawn().expect("it starts");
    while !run.join("card.toml").exists() {
        assert!(child.try_wait().expect("a status").is_none(), "it ended too soon");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().expect("it can be killed");
    child.wait().expect("it is gone");
    assert!(run.join("resume").exists(), "killed before its end");
}

#[test]
fn a_folder_that_cannot_be_written_is_said_before_any_work() {
    let place = tempfile::tempdir().expect("a folder");
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "ro", "tmpfs"]).arg(place.path()).output();
    let read_only = if mounted.is_ok_and(|output| output.status.success()) {
        place.path().to_owned()
    } else {
        // Nobody can write there, the administrator included.
        eprintln!("mounting is not permitted here, so /proc stands for a folder that is read-only");
        PathBuf::from("/proc")
    };
    let below = text(&read_only.join("run"));
    let file = text(&read_only.join("page.html"));
    let refusals = [
        outlay(&["train", small(), "--out", &below]),
        outlay(&["report", small(), "--agents", "even", "--out", &file]),
        outlay(&["evaluate", "even", small(), "--results", &below]),
    ];
    let _ = Command::new("umount").arg(place.path()).output();
    for refusal in refusals {
        assert_eq!(refusal.status.code(), Some(2), "{}", stderr(&refusal));
        assert!(stderr(&refusal).contains("cannot be"), "{}", stderr(&refusal));
    }
}

/// A clock that jumps back and forth by years between two looks at it.
const CLOCK: &str = r#"
#define _GNU_SOURCE
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
    static unsigned looks;
    int result = (int)syscall(SYS_clock_gettime, clock, time);
    if (clock == CLOCK_REALTIME) time->tv_sec += looks++ % 2 ? 400000000 : -400000000;
    return result;
}
"#;

#[cfg(target_os = "linux")]
#[test]
fn nothing_depends_on_the_clock() {
    let place = tempfile::tempdir().expect("a folder");
    let (source, shim) = (place.path().join("clock.c"), place.path().join("clock.so"));
    fs::write(&source, CLOCK).expect("a file");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).args([&shim, &source]).status();
    if !built.is_ok_and(|status| status.success()) {
        return eprintln!("skipped: there is no C compiler to make a false clock with");
    }
    let runs = ["true", "false"].map(|name| place.path().join(name));
    let arguments = [&["compare", small()][..], &COMPARISON].concat();
    let compared = [None, Some(&shim)].map(|clock| {
        let run = &runs[usize::from(clock.is_some())];
        let mut commands = [train(&QUICK, "--out", run), program(&arguments)];
        if let Some(clock) = clock {
            for command in &mut commands {
                command.env("LD_PRELOAD", clock);
            }
        }
        let [trained, compared] = commands.map(|mut command| command.output().expect("it starts"));
        assert!(trained.status.success() && compared.status.success(), "{}", stderr(&trained));
        compared.stdout
    });
    assert!(compared[0] == compared[1]);
    assert!(bytes(&runs[0]) == bytes(&runs[1]));
}
