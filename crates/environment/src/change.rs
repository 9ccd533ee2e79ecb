//! A scenario that differs from its files: `KEY=VALUE` laid over them, a line left out, other limits, a dearer line,
//! another calendar. Worlds of the same seed stay the same but for what was changed, and the hash is another.

use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::document::{Place, Source, Table, Value};
use crate::limits::Limits;
use crate::observation::{Brief, CalendarStep};
use crate::problem::Notes;
use crate::reader::{quoted, suggestion};
use crate::scenario::{Kind, Scenario};

/// Catalogue files whose figures stand in `[set]` of a scenario.
const FILES: [&str; 3] = ["industry.", "merchant.", "calendar."];
/// Keys that decide which files are read, before anything can be laid over them.
const BEFORE: [&str; 2] = ["base", "drop_lines"];

/// One change of what a scenario's files say, as somebody typed it.
#[derive(Debug, Clone)]
pub struct Change {
    what: What,
    typed: Source,
}

#[derive(Debug, Clone, Copy)]
enum What {
    /// `KEY=VALUE`
    Set,
    /// The name of a line.
    LeaveOut,
}

impl Change {
    /// `KEY=VALUE` in TOML, laid over the scenario as a file with `base` would be. Parts of a key are split by dots; what
    /// has a name is found by it (`line.search.cap=4000`, `calendar.phase.peak.demand=2`); a text needs no quotes. Problems
    /// name `place`, e.g. the flag that was typed.
    #[must_use]
    pub fn set(place: &str, typed: &str) -> Self {
        let typed = typed.trim_start();
        let of_file = FILES.iter().any(|file| typed.starts_with(file));
        let text = if of_file { format!("set.{typed}") } else { typed.to_owned() };
        Self { what: What::Set, typed: Source::new(place, &text) }
    }

    /// The scenario without a line.
    #[must_use]
    pub fn without_line(place: &str, line: &str) -> Self {
        Self { what: What::LeaveOut, typed: Source::new(place, line) }
    }

    /// All that was typed.
    fn everything(&self) -> Place {
        Place { source: self.typed.clone(), span: 0..self.typed.text.len() }
    }

    /// What is to be laid over `below`, with the lines to be dropped from it first; problems are noted.
    pub(crate) fn read(&self, below: &Table, notes: &Notes) -> Option<(Table, Vec<(String, Place)>)> {
        match self.what {
            What::Set => self.table(below, notes).map(|table| (table, Vec::new())),
            What::LeaveOut => {
                let mut table = Table::empty();
                table.place = self.everything();
                Some((table, vec![(self.typed.text.to_string(), self.everything())]))
            }
        }
    }

    pub(crate) fn source(&self) -> &Source {
        &self.typed
    }

    fn table(&self, below: &Table, notes: &Notes) -> Option<Table> {
        let Some((key, value)) = self.typed.text.split_once('=') else {
            let help = Some("an example: `limits.return_floor=2.5`".to_owned());
            notes.add(&self.everything(), "this is not of the form KEY=VALUE", "no `=`", help);
            return None;
        };
        let unquoted = Source::new(&self.typed.file, &format!("{key}={:?}", value.trim()));
        let readable = |source: &Source| Table::parse(source, &Notes::default());
        // A text may stand without quotes; what is no TOML either way is shown as it was typed.
        let table = readable(&self.typed).or_else(|| readable(&unquoted));
        let table = table.or_else(|| Table::parse(&self.typed, notes))?;
        if let Some(key) = BEFORE.iter().find(|key| table.get(key).is_some()) {
            let help = Some("name the other scenario itself, or write a file with `base`".to_owned());
            notes.add(&self.everything(), format!("`{key}` cannot be changed here"), "here", help);
            return None;
        }
        let lines = table.get("line").and_then(Value::table);
        let known: Vec<&str> = below
            .get("line")
            .and_then(Value::list)
            .unwrap_or_default()
            .iter()
            .filter_map(Value::name)
            .collect();
        for (name, value) in lines.into_iter().flat_map(Table::values) {
            let is_new = value.table().is_some_and(|line| line.get("channel").is_some());
            if !known.contains(&name) && !is_new {
                let help = suggestion(name, &known).map_or_else(
                    || format!("its lines are {}", quoted(&known)),
                    |near| format!("did you mean `{near}`?"),
                );
                notes.add(&self.everything(), format!("there is no line `{name}`"), "not found", Some(help));
                return None;
            }
        }
        Some(table)
    }
}

impl Scenario {
    /// The same scenario under other limits.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Arc<Self> {
        let hash = self.rehashed(format!("limits {limits:?}"));
        let brief = Arc::new(Brief { limits, ..Brief::clone(&self.brief) });
        Arc::new(Self { brief, hash, ..self.clone() })
    }

    /// The same scenario with what a line buys `factor` times as dear; none where lines have no prices: only those of a
    /// market of shoppers do.
    #[must_use]
    pub fn with_price(&self, line: usize, factor: f64) -> Option<Arc<Self>> {
        let mut market = self.market()?.as_ref().clone();
        let mut brief = Brief::clone(&self.brief);
        market.lines.get_mut(line)?.price_scale *= factor;
        brief.lines.get_mut(line)?.list_price *= factor;
        let hash = self.rehashed(format!("price {line} {factor:?}"));
        Some(Arc::new(Self {
            kind: Kind::Market(Arc::new(market)),
            brief: Arc::new(brief),
            hash,
            ..self.clone()
        }))
    }

    /// The same scenario in a season that runs otherwise, `[steps]` as many steps as before; none where that is another
    /// number, or where the calendar is part of something else: only that of a market of shoppers stands alone.
    #[must_use]
    pub fn with_calendar(&self, calendar: Vec<CalendarStep>) -> Option<Arc<Self>> {
        self.market().filter(|_| calendar.len() == self.brief.steps)?;
        let hash = self.rehashed(format!("calendar {calendar:?}"));
        let brief = Arc::new(Brief { calendar, ..Brief::clone(&self.brief) });
        Some(Arc::new(Self { brief, hash, ..self.clone() }))
    }

    /// The hash of this scenario with a change, of which `change` says all.
    pub(crate) fn rehashed(&self, change: impl AsRef<[u8]>) -> String {
        let mut digest = Sha256::new();
        digest.update(&self.hash);
        digest.update(change);
        digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Money;

    fn changed(typed: &str) -> Arc<Scenario> {
        Scenario::load_changed("new-customer", &[Change::set("--set", typed)]).unwrap()
    }

    fn problem(change: Change) -> (String, String, Option<String>) {
        let problem = Scenario::load_changed("new-customer", &[change]).unwrap_err().0.remove(0);
        let span = problem.span.clone().unwrap();
        assert!(span.end <= problem.text.len(), "{problem:?}");
        (problem.file.to_string(), problem.message, problem.help)
    }

    #[test]
    fn any_key_of_any_file_can_be_changed() {
        let base = Scenario::load("new-customer").unwrap();
        assert_eq!(changed("limits.return_floor=2.5").brief.limits.return_floor, Some(2.5));
        assert_eq!(changed("goal=profit").goal.name(), "profit");
        assert_eq!(changed("title = \"quoted\"").title, "quoted");
        assert_eq!(
            changed("line.search.cap=4000").brief.limits.lines[0].cap,
            Some(Money::from_major(4_000.0))
        );
        assert_eq!(changed("merchant.margin=0.3").brief.margin, 0.3);
        let later = changed("calendar.phase.peak.demand=2");
        let peak = later.brief.calendar.iter().filter(|day| day.phase == "peak");
        assert!(peak.clone().count() == 3 && peak.clone().all(|day| day.demand == 2.0));
        assert_eq!(later.brief.calendar[0], base.brief.calendar[0]);
        let longer = changed("line.weibo.channel=weibo");
        assert_eq!(longer.brief.lines.len(), base.brief.lines.len() + 1);
        let shorter =
            Scenario::load_changed("new-customer", &[Change::without_line("--drop", "notes")]).unwrap();
        assert_eq!(shorter.brief.lines.len() + 1, base.brief.lines.len());
    }

    #[test]
    fn every_change_has_a_hash_of_its_own() {
        let base = Scenario::load("new-customer").unwrap();
        let mut limits = base.brief.limits.clone();
        limits.return_floor = None;
        let mut weaker = base.brief.calendar.clone();
        weaker[0].demand *= 0.5;
        let mut hashes = vec![
            base.hash.clone(),
            changed("budget=300000").hash.clone(),
            changed("budget=300001").hash.clone(),
            base.with_limits(limits).hash.clone(),
            base.with_price(0, 1.2).unwrap().hash.clone(),
            base.with_price(1, 1.2).unwrap().hash.clone(),
            base.with_calendar(weaker).unwrap().hash.clone(),
        ];
        for line in ["search", "notes"] {
            let change = Change::without_line("--drop", line);
            hashes.push(Scenario::load_changed("new-customer", &[change]).unwrap().hash.clone());
        }
        let all = hashes.len();
        hashes.sort();
        hashes.dedup();
        assert_eq!(hashes.len(), all);
        assert_eq!(Scenario::load_changed("new-customer", &[]).unwrap().hash, base.hash);
    }

    #[test]
    fn a_variant_keeps_what_was_drawn() {
        let drawn = Scenario::load("new-customer~3").unwrap();
        let changed =
            Scenario::load_changed("new-customer~3", &[Change::set("--set", "budget=1000")]).unwrap();
        assert_eq!(changed.brief.lines, drawn.brief.lines);
        assert_eq!(changed.brief.budget, Money::from_major(1_000.0));
    }

    #[test]
    fn problems_name_the_flag_and_a_way_out() {
        let set = |typed: &str| problem(Change::set("--set", typed));
        let (file, message, help) = set("limits.return_flor=2");
        assert_eq!((&*file, &*message), ("--set", "unknown key `return_flor` in `[limits]`"));
        assert_eq!(help.as_deref(), Some("did you mean `return_floor`?"));
        let (_, message, help) = set("line.serch.cap=2");
        assert_eq!(
            (&*message, help.as_deref()),
            ("there is no line `serch`", Some("did you mean `search`?"))
        );
        assert_eq!(set("budget=-5").1, "`budget` must lie between 0 and 1000000000000");
        assert_eq!(set("budget").1, "this is not of the form KEY=VALUE");
        assert_eq!(set("base=member").1, "`base` cannot be changed here");
        assert_eq!(set("goal=profits").1, "`goal` is not known");
        assert_eq!(set("merchant.margn=0.3").0, "--set");
        let (file, message, _) = problem(Change::without_line("--drop", "serch"));
        assert_eq!((&*file, &*message), ("--drop", "the base has no line `serch`"));
    }

    #[test]
    fn only_a_market_has_prices_and_a_calendar_of_its_own() {
        let problem = Scenario::load("problems/p1-power").unwrap();
        assert!(problem.with_price(0, 2.0).is_none());
        assert!(problem.with_calendar(problem.brief.calendar.clone()).is_none());
        let market = Scenario::load("new-customer").unwrap();
        assert!(market.with_price(99, 2.0).is_none() && market.with_calendar(Vec::new()).is_none());
    }
}
