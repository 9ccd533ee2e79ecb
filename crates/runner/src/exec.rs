//! An agent in another process: JSON lines on its standard input and output.
//!
//! It reads one line with the brief, then for each step one line with an observation, and answers each observation
//! with one line `{"money": [..]}`, to which it may add `"bids": [..]`. Each episode has a process of its own, so
//! nothing is carried from one to the next. It is not trusted: each answer has a time limit and a size limit, and
//! whatever goes wrong is that agent's error.

use std::collections::BTreeSet;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use outlay_environment::{Allocation, Brief, Observation};
use serde::Serialize;

/// Longest answer in bytes.
const LONGEST_ANSWER: u64 = 1 << 20;
/// Most that is kept of what it writes on standard error, bytes.
const LONGEST_COMPLAINT: usize = 4096;
/// How long a process that closed its output may take to say why.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// How to start such an agent.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    words: Vec<String>,
    limit: Duration,
}

/// Agents that run now, by process group, so that even a program stopped at once leaves none behind.
static RUNNING: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Ends every agent that runs.
pub(crate) fn end_all() {
    let running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
    running.iter().for_each(|&group| end_group(group));
}

/// Ends a process and whatever it started that is still of its group.
fn end_group(group: u32) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(group).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = group;
}

impl Program {
    /// From the text after `exec:`: words split at spaces, quotes as in a shell, nothing expanded.
    pub(crate) fn parse(command: &str, limit_seconds: f64) -> Result<Self, &'static str> {
        let words = split(command)?;
        if words.is_empty() {
            return Err("no command after `exec:`");
        }
        Ok(Self { words, limit: Duration::from_secs_f64(limit_seconds) })
    }

    /// Starts a process for one episode and tells it the brief.
    pub(crate) fn start(&self, brief: &Brief, seed: u64) -> Result<Process, String> {
        let Some((program, arguments)) = self.words.split_first() else {
            return Err("no command".into());
        };
        let mut command = Command::new(program);
        command.args(arguments).env("OUTLAY_SEED", seed.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // A group of its own: Ctrl-C reaches this program, which ends its agents between episodes.
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|error| format!("could not start `{program}`: {error}"))?;
        let (Some(mut input), Some(output), Some(complaints)) =
            (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(format!("could not reach `{program}`"));
        };
        RUNNING.lock().unwrap_or_else(PoisonError::into_inner).insert(child.id());
        let (questions, to_write) = channel::<Vec<u8>>();
        thread::spawn(move || to_write.iter().try_for_each(|line| input.write_all(&line)));
        // One answer waits at most: who writes more waits, too, and does not fill the memory.
        let (answered, answers) = sync_channel(1);
        thread::spawn(move || read_answers(BufReader::new(output), &answered));
        let (complained, complaint) = channel();
        thread::spawn(move || complained.send(tail(complaints)));
        let ceiling = brief.budget.major();
        let process =
            Process { child, questions, answers, complaint, limit: self.limit, ceiling, reaped: false };
        process.send(brief)?;
        Ok(process)
    }
}

/// A running agent; dropped, it is ended.
pub(crate) struct Process {
    child: Child,
    questions: Sender<Vec<u8>>,
    answers: Receiver<io::Result<Vec<u8>>>,
    complaint: Receiver<String>,
    limit: Duration,
    /// More money than this is an error on one line: all there is.
    ceiling: f64,
    /// Whether it was waited for, so that its number may be somebody else's by now.
    reaped: bool,
}

impl Process {
    /// Asks for one decision.
    pub(crate) fn decide(&mut self, observation: &Observation) -> Result<Allocation, String> {
        self.send(observation)?;
        let line = match self.answers.recv_timeout(self.limit) {
            Ok(Ok(line)) => line,
            Ok(Err(error)) => return Err(format!("its answer could not be read: {error}")),
            Err(RecvTimeoutError::Timeout) => {
                return Err(format!(
                    "no answer within {} s; `--time-limit` sets it",
                    self.limit.as_secs_f64()
                ));
            }
            Err(RecvTimeoutError::Disconnected) => return Err(self.last_words()),
        };
        let answer: Allocation = serde_json::from_slice(&line).map_err(|error| {
            format!("its answer is not an allocation: {error}: `{}`", printable(&line, 80))
        })?;
        if answer.money.len() != observation.lines.len() {
            return Err(format!(
                "it answered {} amounts for {} lines",
                answer.money.len(),
                observation.lines.len()
            ));
        }
        if answer.bids.len() > observation.lines.len() {
            return Err(format!(
                "it answered {} bids for {} lines",
                answer.bids.len(),
                observation.lines.len()
            ));
        }
        let lawful = |money: &f64| (0.0..=self.ceiling).contains(money);
        if let Some(place) = answer.money.iter().position(|money| !lawful(money)) {
            return Err(format!(
                "it gave {} to line {place}, which is not between 0 and the budget, {} major units",
                answer.money[place], self.ceiling
            ));
        }
        Ok(answer)
    }

    fn send(&self, message: &impl Serialize) -> Result<(), String> {
        let mut line = serde_json::to_vec(message).map_err(|error| error.to_string())?;
        line.push(b'\n');
        // Where the writer is gone the process is too: the answer says so.
        let _ = self.questions.send(line);
        Ok(())
    }

    /// Why it closed its output.
    fn last_words(&mut self) -> String {
        let status = match self.status() {
            Some(status) if status.success() => "it ended before the episode did".into(),
            Some(status) => format!("it failed with {status}"),
            None => "it closed its output".into(),
        };
        let complaint = self.complaint.recv_timeout(LAST_WORDS).unwrap_or_default();
        match complaint.lines().rev().map(str::trim).find(|line| !line.is_empty()) {
            Some(line) => format!("{status}: {line}"),
            None => status,
        }
    }

    fn status(&mut self) -> Option<ExitStatus> {
        let start = Instant::now();
        while start.elapsed() < LAST_WORDS {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.end();
                return Some(status);
            }
            thread::sleep(Duration::from_millis(2));
        }
        None
    }
}

impl Process {
    /// Ends it, with whatever it started, and waits for it.
    fn end(&mut self) {
        if !std::mem::replace(&mut self.reaped, true) {
            end_group(self.child.id());
            let _ = self.child.kill();
            let _ = self.child.wait();
            RUNNING.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.child.id());
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.end();
    }
}

fn read_answers(mut output: impl BufRead, answered: &SyncSender<io::Result<Vec<u8>>>) {
    loop {
        let mut line = Vec::new();
        let read = (&mut output).take(LONGEST_ANSWER).read_until(b'\n', &mut line);
        let answer = match read {
            Ok(0) => return,
            Ok(_) if !line.ends_with(b"\n") && line.len() as u64 == LONGEST_ANSWER => {
                Err(io::Error::other("longer than a million bytes"))
            }
            Ok(_) => Ok(line),
            Err(error) => Err(error),
        };
        let failed = answer.is_err();
        if answered.send(answer).is_err() || failed {
            return;
        }
    }
}

/// Reads to the end and keeps the last part.
fn tail(mut complaints: impl Read) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0_u8; 1024];
    while let Ok(read @ 1..) = complaints.read(&mut buffer) {
        kept.extend_from_slice(&buffer[..read]);
        let surplus = kept.len().saturating_sub(LONGEST_COMPLAINT);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(&kept)
        .chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}

/// The start of some bytes, fit for a terminal.
fn printable(bytes: &[u8], longest: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end();
    let mut short: String =
        text.chars().take(longest).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.chars().nth(longest).is_some() {
        short.push_str("..");
    }
    short
}

/// Splits a command into words as a shell does, without expanding anything.
fn split(command: &str) -> Result<Vec<String>, &'static str> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut letters = command.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\'' | '"' => {
                let word = word.get_or_insert_default();
                loop {
                    match letters.next() {
                        Some(other) if other == letter => break,
                        Some('\\') if letter == '"' => word.extend(letters.next()),
                        Some(other) => word.push(other),
                        None => return Err("a quote in the command is not closed"),
                    }
                }
            }
            '\\' => word.get_or_insert_default().extend(letters.next()),
            letter if letter.is_whitespace() => words.extend(word.take()),
            letter => word.get_or_insert_default().push(letter),
        }
    }
    words.extend(word);
    Ok(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_is_split_like_a_shell_does() {
        assert_eq!(split("python my.py a,b").unwrap(), ["python", "my.py", "a,b"]);
        assert_eq!(split(r#" a 'b c'  "d \" e" f\ g ''"#).unwrap(), ["a", "b c", "d \" e", "f g", ""]);
        assert!(split("a 'b").is_err());
        assert!(split("  ").unwrap().is_empty());
    }

    #[test]
    fn an_answer_without_end_is_refused() {
        let (send, receive) = sync_channel(1);
        read_answers(io::repeat(b'x').take(3 * LONGEST_ANSWER).chain(io::empty()).buffered(), &send);
        assert!(receive.recv().unwrap().is_err());
    }

    trait Buffered: Read + Sized {
        fn buffered(self) -> BufReader<Self> {
            BufReader::new(self)
        }
    }
    impl<R: Read> Buffered for R {}

    #[test]
    fn what_is_shown_is_short_and_harmless() {
        assert_eq!(printable(b"\x1b[31mred\n", 80), " [31mred");
        assert_eq!(printable(&[b'a'; 100], 3), "aaa..");
        let long = "x".repeat(10_000) + "\nlast";
        let kept = tail(long.as_bytes());
        assert!(kept.len() == LONGEST_COMPLAINT && kept.ends_with("\nlast"));
    }
}
