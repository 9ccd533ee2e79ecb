//! A scenario: what the files say, composed and checked. Immutable.
//!
//! A market of shoppers names an industry (who the shoppers are), a merchant, a calendar and the channels of its lines;
//! each is a catalogue file. A curves world stands in one file. [`Scenario::load`] composes them;
//! `environments/README.md` lists every key.

use std::sync::Arc;

use serde::Serialize;

use crate::amss::AmssSettings;
use crate::curves::CurveSettings;
use crate::date::Date;
use crate::goal::Goal;
use crate::ledger::Ledger;
use crate::levers::Levers;
use crate::market::settings::Market;
use crate::observation::Brief;

/// What kind of world a scenario describes.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Simulated shoppers.
    Market(Arc<Market>),
    /// Response curves.
    Curves(Arc<CurveSettings>),
    /// People by state of mind, after AMSS.
    Amss(Arc<AmssSettings>),
    /// One line whose worth is seen before each step: when to spend.
    Pacing,
    /// Lines that succeed with chances nobody knows: where to spend.
    Exploration,
}

impl Kind {
    /// The name in files.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Market(_) => "market",
            Self::Curves(_) => "curves",
            Self::Amss(_) => "amss",
            Self::Pacing => "pacing",
            Self::Exploration => "exploration",
        }
    }
}

/// What is known of the best that can be done: from a closed form or an exact computation, never from an agent.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// Score of the best plan, or mean score of the best policy where chance decides.
    pub value: f64,
    /// Share of it that a trained policy must reach.
    pub gate: f64,
    /// `[lines][steps]` the best plan in major units, where there is one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub plan: Vec<Vec<f64>>,
    /// What one more unit of money would bring, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<f64>,
    /// Scores that simpler ways reach, by name.
    pub others: Vec<(String, f64)>,
    /// Where the answer comes from.
    pub source: String,
}

/// A scenario, composed and checked.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// The name it ships under, or the file's name without its ending.
    pub name: String,
    /// One line for people.
    pub title: String,
    /// What a good allocator should discover here.
    pub question: String,
    /// What is to be maximised.
    pub goal: Goal,
    /// Code of the currency.
    pub currency: String,
    /// Title of the calendar.
    pub calendar_title: String,
    /// The day on which the season begins, where the file says so. For people only.
    pub start_date: Option<Date>,
    /// What happens to money.
    pub kind: Kind,
    /// What agents are told.
    pub brief: Arc<Brief>,
    /// What is known of the best that can be done.
    pub answer: Option<Answer>,
    /// SHA-256 over the composed files, 64 hex digits.
    pub hash: String,
}

impl Scenario {
    /// The market of shoppers, where there is one.
    #[must_use]
    pub fn market(&self) -> Option<&Arc<Market>> {
        match &self.kind {
            Kind::Market(market) => Some(market),
            _ => None,
        }
    }

    /// What the file says of its curves, where there are any.
    #[must_use]
    pub fn curves(&self) -> Option<&Arc<CurveSettings>> {
        match &self.kind {
            Kind::Curves(curves) => Some(curves),
            _ => None,
        }
    }

    /// The day on which a step begins, where the file says when the season does.
    #[must_use]
    pub fn date(&self, step: usize) -> Option<Date> {
        Some(self.start_date?.of_step(step, self.brief.step_days))
    }

    /// The same scenario with another number of simulated shoppers, each standing for more or fewer people. The number
    /// is lowered to the nearest that divides the people evenly. Nothing changes where there are no shoppers.
    #[must_use]
    pub fn with_shoppers(&self, shoppers: usize) -> Arc<Self> {
        let kind = match &self.kind {
            Kind::Market(market) => Kind::Market(Arc::new(market.with_shoppers(shoppers))),
            other => other.clone(),
        };
        Arc::new(Self { kind, ..self.clone() })
    }

    /// The scenario as policies train on it: with fewer simulated shoppers, where there are any.
    #[must_use]
    pub fn at_training_size(&self) -> Arc<Self> {
        self.market()
            .map_or_else(|| Arc::new(self.clone()), |market| self.with_shoppers(market.training_shoppers))
    }

    /// The same scenario with these levers open and the others closed. Its worlds are the same; its hash is another.
    #[must_use]
    pub fn with_levers(&self, levers: Levers) -> Arc<Self> {
        if levers == self.brief.levers {
            return Arc::new(self.clone());
        }
        let hash =
            self.rehashed([u8::from(levers.bid), u8::from(levers.audience), u8::from(levers.creative)]);
        let brief = Arc::new(Brief { levers, ..Brief::clone(&self.brief) });
        Arc::new(Self { brief, hash, ..self.clone() })
    }

    /// Share of an order's value that is left after the cost of goods. Break-even is its reciprocal: what comes off an
    /// order besides, such as refunds, belongs here. Of several products it is the mean by interest and price.
    #[must_use]
    pub fn net_margin(&self) -> f64 {
        self.market().and_then(|market| market.merchant.goods.net_margin()).unwrap_or(self.brief.margin)
    }

    /// The score of an episode; higher is better.
    #[must_use]
    pub fn score(&self, ledger: &Ledger) -> f64 {
        if self.goal == Goal::Response {
            return self.expected(ledger);
        }
        (0..ledger.steps()).map(|step| self.brief.aim.worth(self.goal, ledger, step)).sum()
    }

    /// The score of an episode before the last draws of each step: the same mean with less noise, where the goal allows it.
    ///
    /// Where the goal is response, a return below the floor scales it by `(return / floor)^2`, as AuctionNet scores a
    /// missed cost target (Su et al. 2024), so that the best plan keeps the floor.
    #[must_use]
    pub fn expected(&self, ledger: &Ledger) -> f64 {
        let total = (0..ledger.steps()).map(|step| self.expected_step(ledger, step)).sum();
        self.floored(total, ledger)
    }

    /// What `step` adds to [`Self::expected`] before a return floor is judged, in units of the goal.
    #[must_use]
    pub fn expected_step(&self, ledger: &Ledger, step: usize) -> f64 {
        self.brief.aim.expected(self.goal, ledger, step)
    }

    /// What a model of responses should explain of `step`; see [`crate::Aim::caused`].
    #[must_use]
    pub fn caused_step(&self, ledger: &Ledger, step: usize) -> f64 {
        self.brief.aim.caused(self.goal, ledger, step)
    }

    /// What the last step added to [`Self::expected`]: the reward of a learner.
    #[must_use]
    pub fn reward(&self, ledger: &Ledger) -> f64 {
        let Some(last) = ledger.steps().checked_sub(1) else { return 0.0 };
        let gained = self.expected_step(ledger, last);
        if self.goal != Goal::Response || self.brief.limits.return_floor.is_none() {
            return gained;
        }
        // The floor is judged over the whole episode, so its price is paid in the last step.
        if ledger.steps() < self.brief.steps {
            return gained;
        }
        let total: f64 = (0..=last).map(|step| self.expected_step(ledger, step)).sum();
        self.floored(total, ledger) - (total - gained)
    }

    fn floored(&self, total: f64, ledger: &Ledger) -> f64 {
        let floor = self.brief.limits.return_floor.filter(|_| self.goal == Goal::Response);
        let wanted = floor.map_or(0.0, |floor| floor * ledger.spend().major());
        if wanted <= 0.0 {
            return total;
        }
        let kept = (total / wanted).clamp(0.0, 1.0);
        total * kept * kept
    }
}
