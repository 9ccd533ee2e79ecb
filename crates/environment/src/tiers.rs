//! Merchants' tiers (星级): a merchant's standing in the year, and what the platform gives at each.
//!
//! ```text
//! index = sum over k of weight_k * x_k / (x_k + half_k),   k = media spend, shopper assets, share of trade
//! tier  = the highest whose `above` is at most the index
//! ```
//!
//! The weights add up to 1, so the index lies in `[0, 1)`. It never falls when one of the inputs rises. The platform
//! publishes what counts (媒介投放规模、消费者资产、行业份额滲透) but no formula: form and figures are assumed.

use serde::{Deserialize, Serialize};

use crate::deeplink::STAGES;
use crate::market::benefit_parts::read_benefits;
use crate::market::benefits::Benefits;
use crate::reader::{Bounds, Section};

/// A merchant's tier, the lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tier {
    /// 冉冉新星.
    RisingStar,
    /// 潜力之星.
    AspiringStar,
    /// 希望之星.
    TalentStar,
    /// 超级M星.
    SuperStar,
}

impl Tier {
    /// All tiers with their names in files.
    pub const NAMED: [(&'static str, Self); 4] = [
        ("rising-star", Self::RisingStar),
        ("aspiring-star", Self::AspiringStar),
        ("talent-star", Self::TalentStar),
        ("super-star", Self::SuperStar),
    ];

    /// The name in files and tables.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::NAMED[self as usize].0
    }
}

/// What decides a tier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Cash spent on media in the year, major units.
    pub spend: f64,
    /// Shoppers in each stage at their values, major units.
    pub assets: f64,
    /// Share of the category's orders.
    pub share: f64,
}

/// How tiers are found, and what each brings: `environments/tiers/stars.toml`.
#[derive(Debug, Clone, PartialEq)]
pub struct Stars {
    /// `[8]` value of a shopper in each stage, unreached first, major units.
    pub values: [f64; STAGES],
    /// Weights of the three inputs; their sum is 1.
    pub weights: Standing,
    /// Inputs that each bring half of their weight.
    pub halves: Standing,
    /// `[4]` least index of each tier; the first is 0.
    pub above: [f64; 4],
    /// `[4]` what each tier brings.
    pub benefits: [Benefits; 4],
}

impl Stars {
    /// The tier of a standing. What is not a number counts as nothing.
    #[must_use]
    pub fn tier_of(&self, standing: &Standing) -> Tier {
        let index = self.index(standing);
        let reached = self.above.iter().take_while(|above| index >= **above).count();
        Tier::NAMED[reached.saturating_sub(1)].1
    }

    /// The number in `[0, 1]` that is cut in four.
    #[must_use]
    pub fn index(&self, standing: &Standing) -> f64 {
        // Written so that rounding cannot break the monotony: each operation alone is monotone.
        let part = |x: f64, half: f64, weight: f64| weight * (1.0 - half / (x.max(0.0) + half));
        let (weights, halves) = (&self.weights, &self.halves);
        part(standing.spend, halves.spend, weights.spend)
            + part(standing.assets, halves.assets, weights.assets)
            + part(standing.share, halves.share, weights.share)
    }

    /// The tier above that of a standing, and what the index lacks of it. `None` in the highest.
    #[must_use]
    pub fn to_next(&self, standing: &Standing) -> Option<(Tier, f64)> {
        let next = self.tier_of(standing) as usize + 1;
        let (above, (_, tier)) = self.above.get(next).zip(Tier::NAMED.get(next))?;
        Some((*tier, above - self.index(standing)))
    }

    /// What shoppers in these stages are worth.
    #[must_use]
    pub fn assets(&self, stages: &[u64; STAGES]) -> f64 {
        stages.iter().zip(&self.values).map(|(people, value)| *people as f64 * value).sum()
    }
}

pub(crate) fn read_stars(top: &mut Section<'_>) -> Stars {
    top.text("title", "one line for people");
    let mut values = [0.0; STAGES];
    values.copy_from_slice(&top.numbers("values", STAGES, Bounds::at_least_zero("major units a shopper")));
    let mut inputs = |key, bounds| {
        top.section(key).map_or_else(Standing::default, |mut section| {
            let standing = Standing {
                spend: section.number("spend", bounds),
                assets: section.number("assets", bounds),
                share: section.number("share", bounds),
            };
            section.finish();
            standing
        })
    };
    let weights = inputs("weight", Bounds::share("of the index"));
    let halves = inputs("half", Bounds::above_zero("the input that brings half of its weight"));
    let sum = weights.spend + weights.assets + weights.share;
    if (sum - 1.0).abs() > 1e-9 {
        top.object("weight", format!("weights must add up to 1, not to {sum}"), "these weights", "");
    }
    let mut above = [0.0; 4];
    let mut benefits: [Benefits; 4] = Default::default();
    let sections = top.sections("tier");
    if sections.len() != benefits.len() {
        top.object("tier", "there are four tiers", format!("{} here", sections.len()), "");
    }
    for (place, mut section) in sections.into_iter().enumerate().take(4) {
        if section.choice("name", &Tier::NAMED).is_some_and(|tier| tier as usize != place) {
            section.object("name", "tiers stand in order, the lowest first", "out of order", "");
        }
        above[place] = section.number("above", Bounds::share("of the index"));
        let rises = place.checked_sub(1).map_or(above[place] == 0.0, |before| above[place] > above[before]);
        if !rises {
            section.object("above", "must begin at 0 and rise from tier to tier", "here", "");
        }
        benefits[place] = read_benefits(&mut section);
        section.finish();
    }
    Stars { values, weights, halves, above, benefits }
}
