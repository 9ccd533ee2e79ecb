//! `outlay scenarios`, `outlay agents`, `outlay check`, and `outlay` alone.

use outlay_environment::{Limits, Problems, Scenario};
use serde::Serialize;

use crate::cli;
use crate::diagnostic;
use crate::evaluation::scenario_id;
use crate::failure::{EXIT_USAGE, Failure};
use crate::format::{major, percent, ratio};
use crate::phrases::Language;
use crate::phrases::judging::Phrases;
use crate::plan;
use crate::results::{
    AgentRow, AgentsDocument, Calendar, CheckDocument, Phase, ScenarioLimits, ScenarioRow, ScenariosDocument,
    VERSION,
};
use crate::tables::{duration, facts, table};
use crate::terminal::Terminal;

/// Three commands to try.
const START: [&str; 3] = [
    "outlay train",
    "outlay evaluate mpc",
    "outlay compare --agents even,buyer-rule,mpc --against buyer-rule",
];

/// `outlay` alone.
pub(crate) fn start(terminal: Terminal) -> Result<u8, Failure> {
    #[derive(Serialize)]
    struct Document {
        schema: &'static str,
        version: &'static str,
        /// Commands to try.
        commands: [&'static str; 3],
    }
    if terminal.json {
        terminal.document(&Document { schema: "outlay.start/1", version: VERSION, commands: START })?;
        return Ok(0);
    }
    let about = [
        "train a policy in a simulated market",
        "see what an agent does with the budget",
        "compare agents on the same shoppers",
    ];
    let mut text = String::from("outlay: an open autopilot for marketing budgets. Try\n\n");
    for (about, command) in about.iter().zip(START) {
        text += &format!("  {command}\n      {about}\n");
    }
    text += "\n`outlay scenarios` and `outlay agents` list what there is; `outlay --help` shows everything\n";
    terminal.result(&text)?;
    Ok(0)
}

/// `outlay scenarios`
pub(crate) fn scenarios(terminal: Terminal) -> Result<u8, Failure> {
    let scenarios = rows(&Scenario::shipped())?;
    let problems = rows(&Scenario::shipped_in("problems"))?;
    let families = rows(&Scenario::shipped_in("families"))?;
    let references = rows(&Scenario::shipped_in("references"))?;
    let marks = rows(&Scenario::shipped_in("marks"))?;
    let heldout = rows(&Scenario::shipped_in("heldout"))?;
    if terminal.json {
        terminal.document(&ScenariosDocument {
            schema: "outlay.scenarios/1",
            version: VERSION,
            scenarios,
            problems,
            families,
            references,
            marks,
            heldout,
        })?;
        return Ok(0);
    }
    let mut text = overview(&scenarios);
    text += "\nProblems with a known answer:\n\n";
    text += &titles(&problems);
    text += "\nFamilies of curves worlds, on which baselines are calibrated:\n\n";
    text += &titles(&families);
    text += "\nReferences, worlds that others designed:\n\n";
    text += &titles(&references);
    text += "\nMarks, with one figure fitted so that buyer-rule reaches a published return:\n\n";
    text += &titles(&marks);
    text += "\nHeld out, on which no policy is trained or tuned:\n\n";
    text += &titles(&heldout);
    terminal.result(&text)?;
    Ok(0)
}

fn rows(names: &[String]) -> Result<Vec<ScenarioRow>, Problems> {
    names.iter().map(|name| Scenario::load(name).map(|scenario| scenario_row(name, &scenario))).collect()
}

fn titles(scenarios: &[ScenarioRow]) -> String {
    facts(&scenarios.iter().map(|it| [it.name.clone(), it.title.clone()]).collect::<Vec<_>>())
}

/// Scenarios with what is asked in each, then their titles.
fn overview(scenarios: &[ScenarioRow]) -> String {
    let header = ["scenario", "goal", "budget", "calendar", "lines", "limits"].map(ToOwned::to_owned);
    let mut text = table(
        &header,
        scenarios.iter().map(|it| {
            vec![
                it.name.clone(),
                it.goal.clone(),
                format!("{} {}", major(it.limits.budget), it.currency),
                format!(
                    "{}, {}",
                    it.calendar.name(),
                    duration(it.calendar.steps, it.calendar.step_days, Phrases::of(Language::En))
                ),
                it.lines.len().to_string(),
                limits(&it.limits.limits),
            ]
        }),
    );
    text.push('\n');
    text + &titles(scenarios)
}

/// `outlay agents`
pub(crate) fn agents(terminal: Terminal) -> Result<u8, Failure> {
    let mut agents: Vec<AgentRow> = outlay_agent::names()
        .into_iter()
        .map(|agent| AgentRow { name: agent.name.to_owned(), summary: agent.summary.to_owned() })
        .collect();
    let outside = [
        ("FOLDER", "a trained policy: the checkpoint folder that `outlay train` wrote"),
        ("exec:COMMAND", "a program of yours: JSON lines on standard input and output"),
    ];
    agents.extend(outside.map(|(name, summary)| AgentRow { name: name.into(), summary: summary.into() }));
    if terminal.json {
        terminal.document(&AgentsDocument { schema: "outlay.agents/1", version: VERSION, agents })?;
        return Ok(0);
    }
    let rows: Vec<[String; 2]> = agents.into_iter().map(|agent| [agent.name, agent.summary]).collect();
    terminal.result(&facts(&rows))?;
    Ok(0)
}

/// `outlay check FILE`
pub(crate) fn check(arguments: &cli::Check, terminal: Terminal) -> Result<u8, Failure> {
    let loaded = match plan::scenario(&arguments.file) {
        Ok(scenario) => Ok(scenario),
        Err(Failure::Scenario(problems)) => Err(problems),
        Err(other) => return Err(other),
    };
    let document = |scenario, problems| CheckDocument {
        schema: "outlay.check/1",
        version: VERSION,
        scenario,
        file: arguments.file.clone(),
        problems,
    };
    match loaded {
        Err(problems) => {
            if terminal.json {
                terminal.document(&document(None, problems.0.iter().map(diagnostic::row).collect()))?;
            } else {
                terminal.failure(&Failure::Scenario(problems));
            }
            Ok(EXIT_USAGE)
        }
        Ok(scenario) => {
            if terminal.json {
                terminal.document(&document(Some(scenario_id(&scenario)), Vec::new()))?;
            } else {
                terminal.result(&summary(&arguments.file, &scenario))?;
            }
            Ok(0)
        }
    }
}

/// A sound scenario in a few lines.
fn summary(file: &str, scenario: &Scenario) -> String {
    let brief = &scenario.brief;
    let phases = phases(scenario);
    let phases = phases.iter().map(|phase| format!("{} {}", phase.end_step - phase.first_step, phase.name));
    let rows = [
        ["scenario".to_owned(), format!("{}: {}", scenario.name, scenario.title)],
        ["goal".to_owned(), format!("most {}", scenario.goal.unit())],
        ["budget".to_owned(), format!("{} {}", brief.budget, scenario.currency)],
        ["calendar".to_owned(), duration(brief.steps, brief.step_days, Phrases::of(Language::En))],
        ["phases".to_owned(), phases.collect::<Vec<_>>().join(", ")],
        ["limits".to_owned(), limits(&brief.limits)],
        ["margin".to_owned(), percent(brief.margin)],
        ["world".to_owned(), world(scenario)],
        [
            "lines".to_owned(),
            brief.lines.iter().map(|line| line.name.as_str()).collect::<Vec<_>>().join(", "),
        ],
        ["hash".to_owned(), scenario.hash.clone()],
    ];
    let answer = scenario.answer.iter().map(|answer| {
        let value = format!("{:.6} {}; {}", answer.value, scenario.goal.unit(), answer.source);
        ["known answer".to_owned(), value]
    });
    let rows: Vec<[String; 2]> = rows.into_iter().chain(answer).collect();
    format!("{file} is sound\n{}", facts(&rows))
}

/// What kind of world a scenario describes.
fn world(scenario: &Scenario) -> String {
    match scenario.market() {
        Some(market) => {
            format!("{} simulated shoppers, {} in training", market.shoppers, market.training_shoppers)
        }
        None => format!("{}, no shoppers", scenario.kind.name()),
    }
}

/// Limits in a few words.
fn limits(limits: &Limits) -> String {
    let lines =
        limits.lines.iter().filter(|it| it.cap.is_some() || it.floor.is_some() || it.pin.is_some()).count();
    let mut words: Vec<String> = Vec::new();
    words.extend(limits.return_floor.map(|floor| format!("ROI >= {}", ratio(floor))));
    words.extend(limits.cost_cap.map(|cap| format!("cost <= {}", ratio(cap))));
    words.extend(limits.step_cap.map(|cap| format!("{} a step", major(cap.0))));
    words.extend(limits.largest_change.map(|change| format!("change <= {}", percent(change))));
    words.extend(limits.groups.iter().map(|group| format!("{} <= {}", group.name, major(group.most.0))));
    let held: outlay_environment::Money = limits.holds.iter().map(|hold| hold.money).sum();
    if held > outlay_environment::Money::ZERO {
        words.push(format!("{} held for later", major(held.0)));
    }
    if lines > 0 {
        words.push(crate::warning::plural(lines as u64, "line") + " limited");
    }
    if words.is_empty() { "budget only".to_owned() } else { words.join(", ") }
}

fn scenario_row(name: &str, scenario: &Scenario) -> ScenarioRow {
    let brief = &scenario.brief;
    ScenarioRow {
        name: name.to_owned(),
        title: scenario.title.clone(),
        goal: scenario.goal.name().to_owned(),
        limits: ScenarioLimits { budget: brief.budget.0, limits: brief.limits.clone() },
        calendar: Calendar {
            title: scenario.calendar_title.clone(),
            steps: brief.steps,
            step_days: brief.step_days,
            phases: phases(scenario),
        },
        question: scenario.question.clone(),
        currency: scenario.currency.clone(),
        lines: brief.lines.iter().map(|line| line.name.clone()).collect(),
        hash: scenario.hash.clone(),
        answer: scenario.answer.clone(),
    }
}

/// Runs of steps of one phase.
fn phases(scenario: &Scenario) -> Vec<Phase> {
    let mut phases: Vec<Phase> = Vec::new();
    for (step, day) in scenario.brief.calendar.iter().enumerate() {
        match phases.last_mut() {
            Some(phase) if phase.name == day.phase => phase.end_step = step + 1,
            _ => phases.push(Phase { name: day.phase.clone(), first_step: step, end_step: step + 1 }),
        }
    }
    phases
}
