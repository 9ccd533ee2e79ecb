//! DEEPLINK: the stages of shoppers (deep-link operations, Alimama 2021), and AIPL as their sums.

use serde::{Deserialize, Serialize};

/// Number of stages, `Unreached` included.
pub const STAGES: usize = 8;

/// A shopper's stage: the highest that applies. `Link` is a measure, not a stage.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum Stage {
    /// No contact within any window.
    #[default]
    Unreached,
    /// 發現: met the brand within the window.
    Discover,
    /// 種草: active viewing within the window.
    Engage,
    /// 互動: interacted within the window, or a member.
    Enthuse,
    /// 行動: favourite or cart within the window.
    Perform,
    /// 首購: one order in 365 days.
    Initial,
    /// 復購: two or more orders in 365 days.
    Numerous,
    /// 至愛: a member with three or more orders in 365 days.
    Keen,
}

impl Stage {
    /// All stages in order.
    pub const ALL: [Self; STAGES] = [
        Self::Unreached,
        Self::Discover,
        Self::Engage,
        Self::Enthuse,
        Self::Perform,
        Self::Initial,
        Self::Numerous,
        Self::Keen,
    ];

    /// The name in tables and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreached => "unreached",
            Self::Discover => "discover",
            Self::Engage => "engage",
            Self::Enthuse => "enthuse",
            Self::Perform => "perform",
            Self::Initial => "initial",
            Self::Numerous => "numerous",
            Self::Keen => "keen",
        }
    }
}

/// Number of domains.
pub const DOMAINS: usize = 5;

/// Where people are met; [`crate::market::journal::Link`] counts those met in more than one (全域).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[repr(u8)]
pub enum ChannelDomain {
    /// Answers to a query on the platform.
    Search,
    /// Shown by the way.
    Display,
    /// Tasks, games, live rooms: paid for what people do.
    Interactive,
    /// Media outside the selling platform.
    Outside,
    /// Free traffic of the platform and the shop's own groups.
    Own,
}

impl ChannelDomain {
    /// All domains in order.
    pub const ALL: [Self; DOMAINS] =
        [Self::Search, Self::Display, Self::Interactive, Self::Outside, Self::Own];

    /// The name in tables and files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Display => "display",
            Self::Interactive => "interactive",
            Self::Outside => "outside",
            Self::Own => "own",
        }
    }
}

/// The older report: aware, interested, purchased, loyal. A = Discover, I = Engage + Enthuse + Perform,
/// P = Initial, L = Numerous + Keen.
#[must_use]
pub const fn aipl(stocks: &[u64; STAGES]) -> [u64; 4] {
    [stocks[1], stocks[2] + stocks[3] + stocks[4], stocks[5], stocks[6] + stocks[7]]
}
