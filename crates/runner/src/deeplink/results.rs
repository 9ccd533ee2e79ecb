//! What a DEEPLINK report holds: these structures are the schema of `--report deeplink --json`.
//!
//! Values are means over the episodes, in people unless a field says otherwise. Money is in minor units; where it is
//! split into contributions it is not rounded, so that they add up.

use std::collections::BTreeMap;

use outlay_environment::{DOMAINS, STAGES};
use serde::Serialize;

use crate::results::{Returns, ScenarioId, Spend, Stages, TierReached};

/// `outlay evaluate --report deeplink --json`.
#[derive(Debug, Serialize)]
pub(crate) struct Document<'a> {
    /// `outlay.deeplink/1`
    pub(crate) schema: &'static str,
    /// Version of the program.
    pub(crate) version: &'static str,
    /// The scenario.
    pub(crate) scenario: &'a ScenarioId,
    /// Seeds, half-open, as typed.
    pub(crate) seeds: String,
    /// Noise seeds a world.
    pub(crate) noise: u64,
    /// Present and true where the run was interrupted: `episodes` then says how many are in.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) interrupted: bool,
    /// What was found.
    #[serde(flatten)]
    pub(crate) report: &'a Report,
    /// Wall-clock seconds of the command; only with `--timing`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) seconds_total: Option<f64>,
}

/// The report on one agent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Report {
    /// What was run.
    pub(crate) agent: String,
    /// Episodes that are in.
    pub(crate) episodes: usize,
    /// People in the market.
    pub(crate) people: u64,
    /// Days a step.
    pub(crate) step_days: f64,
    /// Money spent.
    pub(crate) spend: Spend,
    /// Value per unit of spend, over all episodes together.
    pub(crate) returns: Returns,
    /// Stocks at start and end, and the flow between them.
    pub(crate) stages: Stages,
    /// Stage by stage: the account of the stock, what it is worth, how fast people move up.
    pub(crate) assets: Vec<Asset>,
    /// Step by step.
    pub(crate) steps: Vec<Step>,
    /// Lines in the order of the scenario, then free traffic.
    pub(crate) sources: Vec<Source>,
    /// The merchant's tier; only where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tier: Option<TierReached>,
    /// People touched by any line, and by any source.
    pub(crate) reach: Reach,
    /// People met in more than one domain.
    pub(crate) link: Link,
    /// Each line outside the platform, and what the people it met did later.
    pub(crate) outside: Vec<Outside>,
    /// Who brought the orders, by `orders`, `new_customers` and `revenue`.
    pub(crate) contribution: BTreeMap<&'static str, Contribution>,
    /// How Shapley values were found; null where none were.
    pub(crate) shapley: Option<ShapleySample>,
}

/// One stage.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Asset {
    /// Its name.
    pub(crate) stage: &'static str,
    /// People at the start.
    pub(crate) opening: f64,
    /// Moves into it from a lower stage.
    pub(crate) raised_in: f64,
    /// Moves out of it to a higher stage.
    pub(crate) raised_out: f64,
    /// Moves into it from a higher stage.
    pub(crate) lapsed_in: f64,
    /// Moves out of it to a lower stage.
    pub(crate) lapsed_out: f64,
    /// People at the end: opening and all that came in, less all that went out.
    pub(crate) closing: f64,
    /// People at the end without any spending.
    pub(crate) closing_without_spend: f64,
    /// Margin of the orders that a person who starts in the stage places over an episode without any spending, minor
    /// units; null where nobody starts there.
    pub(crate) value: Option<f64>,
    /// Value times people at the start.
    pub(crate) opening_value: Option<f64>,
    /// Value times people at the end.
    pub(crate) closing_value: Option<f64>,
    /// Value times people at the end without any spending: what `closing_value` has above it the money caused.
    pub(crate) closing_value_without_spend: Option<f64>,
    /// Moves up from the stage for each person and day in it.
    pub(crate) advance_rate_per_day: Option<f64>,
    /// Median days in the stage before moving up, of stays that began in the episode.
    pub(crate) median_days_to_advance: Option<f64>,
    /// Such stays.
    pub(crate) stays: f64,
}

impl Asset {
    /// The balance in people: start, what came in and, negative, what went out, end, end without any spending.
    pub(crate) fn people(&self) -> [f64; 7] {
        let Self { opening, raised_in, raised_out, lapsed_in, lapsed_out, .. } = *self;
        let (closing, without) = (self.closing, self.closing_without_spend);
        // Adding 0 makes -0 what it is.
        [opening, raised_in, -raised_out, lapsed_in, -lapsed_out, closing, without].map(|people| people + 0.0)
    }
}

/// One step.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Step {
    /// From 0.
    pub(crate) step: usize,
    /// `[8]` people in each stage after it.
    pub(crate) stocks: [f64; STAGES],
    /// Moves to a higher stage.
    pub(crate) inflow: f64,
    /// Moves to a lower stage.
    pub(crate) lapse: f64,
}

/// A line, or free traffic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Source {
    /// Its name; `free` for free traffic.
    pub(crate) name: String,
    /// Its domain.
    pub(crate) domain: &'static str,
    /// Money spent, rounded.
    pub(crate) spend: i64,
    /// Distinct people touched.
    pub(crate) reach: f64,
    /// Contacts that reached a person.
    pub(crate) touches: f64,
    /// Touches for each person reached.
    pub(crate) frequency: Option<f64>,
    /// People who clicked there and then bought in the medium's own shop.
    pub(crate) leaked: f64,
    /// `[8]` moves up into each stage that it made: by a touch, or by an order whose last touch it was.
    pub(crate) up_moves: [f64; STAGES],
    /// `[8]` spend for each of them, minor units: all of the line's spend, which is not divided among stages.
    pub(crate) cost_per_advance: [Option<f64>; STAGES],
    /// Spend for each move up, minor units.
    pub(crate) cost_per_any_advance: Option<f64>,
    /// Value per unit of its spend: reported by credit, incremental and profit by removal; break-even as for all.
    pub(crate) returns: Returns,
}

/// Distinct people touched.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Reach {
    /// By any line.
    pub(crate) bought: f64,
    /// Touches by lines for each of them.
    pub(crate) bought_frequency: Option<f64>,
    /// By any line or free traffic.
    pub(crate) all: f64,
    /// Touches for each of them.
    pub(crate) all_frequency: Option<f64>,
}

/// People met in more than one domain.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Link {
    /// `[5]` names of the domains.
    pub(crate) domains: [&'static str; DOMAINS],
    /// People touched at all.
    pub(crate) touched: f64,
    /// People touched in two or more domains within the window of Discover.
    pub(crate) linked: f64,
    /// Linked / touched.
    pub(crate) linked_share: Option<f64>,
    /// Linked people whom the platform recognised in two or more domains within the window.
    pub(crate) recognised: f64,
    /// Recognised / linked.
    pub(crate) recognised_share: Option<f64>,
    /// `[6, 6]` people by domain of their first touch (row; last: none before they bought) and by domain of the last touch
    /// of their first order in the episode (column; last: no order).
    pub(crate) first_to_order: [[f64; DOMAINS + 1]; DOMAINS + 1],
}

/// A line outside the platform.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Outside {
    /// Its name.
    pub(crate) line: String,
    /// People it touched.
    pub(crate) met: f64,
    /// `[sources]` people among them who clicked there later.
    pub(crate) clicked: Vec<f64>,
    /// `[sources]` people among them who bought later, by the last touch of their first order.
    pub(crate) bought: Vec<f64>,
    /// The sum of `bought`.
    pub(crate) buyers: f64,
}

/// Who brought something: orders, new customers, or the value of orders.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Contribution {
    /// Lines in the order of the scenario.
    pub(crate) lines: Vec<LineContribution>,
    /// Last touch: what no line clicked for.
    pub(crate) free_by_last_touch: f64,
    /// Everything, less the same without any spending.
    pub(crate) effect: f64,
    /// `effect` less all removal effects: what lines owe to each other.
    pub(crate) interaction: f64,
    /// The same worlds and noises without any spending.
    pub(crate) without_spend: f64,
    /// Everything: last touches and `free_by_last_touch`, or `without_spend` and `effect`.
    pub(crate) total: f64,
    /// `effect` on the seeds of the Shapley values, which is their sum.
    pub(crate) shapley_effect: Option<f64>,
}

/// What one line brought.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct LineContribution {
    /// Its name.
    pub(crate) name: String,
    /// Where its click was the last.
    pub(crate) last_touch: f64,
    /// The run, less the same run with this line at zero and its money not moved.
    pub(crate) removal: f64,
    /// Mean effect of joining, over the orders in which lines can join.
    pub(crate) shapley: Option<f64>,
}

/// How Shapley values were found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct ShapleySample {
    /// Seeds, half-open: the first of the run.
    pub(crate) seeds: String,
    /// Episodes on them that are in.
    pub(crate) episodes: usize,
    /// Whether every coalition of the lines was played; else orders were drawn.
    pub(crate) exact: bool,
}
