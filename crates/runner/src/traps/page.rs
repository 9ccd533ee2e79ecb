//! `outlay traps` as a page.

use anstyle::Style;

use super::{Found, Verdict};
use crate::format::{UNDEFINED, number, ratio};
use crate::look::Look;
use crate::results::VERSION;

const BOLD: Style = Style::new().bold();

/// Who fell for what, then why each is a trap.
pub(super) fn page(found: &[Found], seeds: &str, look: Look) -> String {
    let mut text = look.heading(3, format!("{BOLD}Who falls for what{BOLD:#}, seeds {seeds}\n"));
    text += "\n";
    text += &verdicts(found, look);
    text += "\n";
    text += &look.heading(
        3,
        format!("{BOLD}What the report shows and what is caused{BOLD:#}, per 1,000 spent, even split\n"),
    );
    text += "\n";
    text += &evidence(found, look);
    text += "\n";
    let mut notes = String::from(
        "a number with * is above the limit, which is a fall; rows in brackets are no trap: the lines do not look better \
         than the others, or do not cause less\n\
         even shares: spend on the lines / what an even split gives them, over the episode or its last third, whichever is \
         more\n\
         of spend: share of all spend that went to the lines in steps that began with nothing left of their product\n\
         edits a line: changes of a line's money that began its learning phase anew\n\
         caused: the run, less the same run with a line at zero and its money not moved\n",
    );
    for trap in found {
        notes += &format!("{}: {}\n", trap.name, trap.why);
    }
    notes += &format!("outlay {VERSION}\n");
    look.page(text + &look.notes(&notes))
}

fn verdicts(found: &[Found], look: Look) -> String {
    let mut header = ["trap", "where", "limit"].map(ToOwned::to_owned).to_vec();
    header.extend(found.first().iter().flat_map(|trap| &trap.agents).map(|verdict| verdict.agent.clone()));
    let rows = found.iter().map(|trap| {
        let name = if trap.holds { trap.name.clone() } else { format!("({})", trap.name) };
        let place = format!("{}: {}", trap.scenario.name, trap.lines.join(", "));
        let mut row = vec![name, place, format!("{} {}", value(trap, trap.most), trap.unit)];
        row.extend(trap.agents.iter().map(|verdict| cell(trap, verdict)));
        row
    });
    look.table(&header, rows)
}

fn cell(trap: &Found, verdict: &Verdict) -> String {
    let star = if verdict.fallen { "*" } else { "" };
    verdict.value.map_or_else(|| "failed".to_owned(), |it| value(trap, it) + star)
}

fn value(trap: &Found, it: f64) -> String {
    match trap.measure {
        "sold-out" => format!("{:.1} %", 100.0 * it),
        _ => ratio(it),
    }
}

fn evidence(found: &[Found], look: Look) -> String {
    let header = ["trap", "reported", "there", "elsewhere", "caused", "there", "elsewhere", "a trap"];
    let rows = found.iter().filter_map(|trap| {
        let it = trap.evidence.as_ref()?;
        Some(vec![
            trap.name.clone(),
            it.looks.to_owned(),
            number(it.looks_there),
            number(it.looks_elsewhere),
            it.causes.to_owned(),
            number(it.causes_there),
            number(it.causes_elsewhere),
            if trap.holds { "yes" } else { UNDEFINED }.to_owned(),
        ])
    });
    look.table(&header.map(ToOwned::to_owned), rows)
}
