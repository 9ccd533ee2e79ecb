//! Levers: what an agent may decide besides the division of the budget, and what a closed one ties together.
//!
//! Audiences and creatives are lines of their own, so that money chooses between them. Where such a lever is closed,
//! the money of the lines that differ in it alone is pooled and divided as if nobody chose: by the size of the audience,
//! evenly over creatives. Opening one lever after the other shows what each is worth.

use serde::{Deserialize, Serialize};

use crate::observation::{Brief, LineBrief};
use crate::reader::Section;

/// What an agent may decide besides the division of the budget, which is always its own. In files and messages a list:
/// `["budget", "bid", "audience", "creative"]`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(from = "Vec<Lever>", into = "Vec<Lever>")]
pub struct Levers {
    /// The most that is paid for one billed event.
    pub bid: bool,
    /// Who of a channel's people are met.
    pub audience: bool,
    /// What they are shown.
    pub creative: bool,
}

#[derive(Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Lever {
    Budget,
    Bid,
    Audience,
    Creative,
}

impl From<Vec<Lever>> for Levers {
    fn from(open: Vec<Lever>) -> Self {
        Self {
            bid: open.contains(&Lever::Bid),
            audience: open.contains(&Lever::Audience),
            creative: open.contains(&Lever::Creative),
        }
    }
}

impl From<Levers> for Vec<Lever> {
    fn from(levers: Levers) -> Self {
        [
            (Lever::Budget, true),
            (Lever::Bid, levers.bid),
            (Lever::Audience, levers.audience),
            (Lever::Creative, levers.creative),
        ]
        .into_iter()
        .filter_map(|(lever, open)| open.then_some(lever))
        .collect()
    }
}

/// Lines that a closed lever ties together: their money is pooled and divided in fixed shares.
#[derive(Debug, Clone, PartialEq)]
pub struct Tie {
    /// Indices of the lines, two or more, in their order.
    pub lines: Vec<usize>,
    /// Share of each in the pooled money; they sum to 1.
    pub shares: Vec<f64>,
}

impl Tie {
    /// Pools the money of its lines and divides it. `money` is `[lines]` in any unit.
    pub fn share_out(&self, money: &mut [f64]) {
        let known = |line: &usize| *line < money.len();
        let pooled: f64 = self.lines.iter().filter(|line| known(line)).map(|line| asked(money[*line])).sum();
        for (line, share) in self.lines.iter().zip(&self.shares) {
            if let Some(money) = money.get_mut(*line) {
                *money = pooled * share;
            }
        }
    }
}

/// What a wish asks for: what is not a number, or below zero, is nothing.
fn asked(money: f64) -> f64 {
    money.max(0.0)
}

impl Levers {
    /// All of them.
    pub const ALL: Self = Self { bid: true, audience: true, creative: true };

    /// Whether nothing but the budget is open.
    #[must_use]
    pub fn are_closed(&self) -> bool {
        *self == Self::default()
    }

    /// From nothing but the budget to all of these, one lever more each time: bid, then audience, then creative. Each
    /// entry allows whatever the one before it allows.
    #[must_use]
    pub fn ladder(self) -> Vec<Self> {
        let closed = Self::default();
        let bid = Self { bid: self.bid, ..closed };
        let audience = Self { audience: self.audience, ..bid };
        let mut ladder = vec![closed, bid, audience, self];
        ladder.dedup();
        ladder
    }

    /// What stays tied where these levers are open and the others closed. Lines of one channel that differ only in a
    /// closed lever are tied; a line that is tied to no other is left out.
    #[must_use]
    pub fn ties(&self, brief: &Brief) -> Vec<Tie> {
        let mut left: Vec<usize> =
            (0..brief.lines.len()).filter(|line| brief.lines[*line].channel.is_some()).collect();
        let mut ties = Vec::new();
        while let Some(&first) = left.first() {
            let (lines, others) =
                left.iter().partition(|line| self.same(&brief.lines[first], &brief.lines[**line]));
            left = others;
            if lines.len() > 1 {
                ties.push(Tie { shares: shares(brief, &lines), lines });
            }
        }
        ties
    }

    /// Whether no open lever chooses between two lines.
    fn same(&self, one: &LineBrief, other: &LineBrief) -> bool {
        one.channel == other.channel
            && one.product == other.product
            && (!self.audience || one.audience == other.audience)
            && (!self.creative || one.creative == other.creative)
    }

    pub(crate) fn read(top: &mut Section<'_>) -> Self {
        let names = ["budget", "bid", "audience", "creative"];
        let open = top.places_if_any("levers", &names);
        Self { bid: open.contains(&1), audience: open.contains(&2), creative: open.contains(&3) }
    }
}

/// Evenly over creatives, and by expected size over the audiences of each.
fn shares(brief: &Brief, lines: &[usize]) -> Vec<f64> {
    let size = |line: &usize| brief.lines[*line].audience_size.unwrap_or(1.0);
    let of_creative = |line: &usize| -> f64 {
        let creative = &brief.lines[*line].creative;
        lines.iter().filter(|other| brief.lines[**other].creative == *creative).map(size).sum()
    };
    // The creatives, counted once each.
    let creatives: f64 = lines.iter().map(|line| size(line) / of_creative(line)).sum();
    lines.iter().map(|line| size(line) / of_creative(line) / creatives).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn brief() -> Brief {
        let scenario = crate::Scenario::load("new-customer").unwrap();
        let line = |audience: Option<(&str, f64)>, creative: Option<&str>| LineBrief {
            channel: Some("display".into()),
            audience: audience.map(|(name, _)| name.into()),
            audience_size: audience.map(|(_, size)| size),
            creative: creative.map(Into::into),
            ..LineBrief::new("line".into(), crate::Pricing::PerThousand)
        };
        let mut brief = Brief::clone(&scenario.brief);
        brief.lines.truncate(1);
        brief.lines.push(line(Some(("young", 0.125)), Some("a")));
        brief.lines.push(line(Some(("old", 0.375)), Some("a")));
        brief.lines.push(line(Some(("young", 0.125)), Some("b")));
        brief.lines.push(line(Some(("old", 0.375)), Some("b")));
        brief
    }

    #[test]
    fn a_closed_lever_ties_lines_that_differ_in_it_alone() {
        let brief = brief();
        let tied = |levers: Levers| -> Vec<(Vec<usize>, Vec<f64>)> {
            levers.ties(&brief).into_iter().map(|tie| (tie.lines, tie.shares)).collect()
        };
        assert!(tied(Levers::ALL).is_empty());
        assert!(tied(Levers { bid: false, ..Levers::ALL }).is_empty());
        assert_eq!(
            tied(Levers { audience: false, ..Levers::ALL }),
            [(vec![1, 2], vec![0.25, 0.75]), (vec![3, 4], vec![0.25, 0.75])]
        );
        assert_eq!(
            tied(Levers { creative: false, ..Levers::ALL }),
            [(vec![1, 3], vec![0.5, 0.5]), (vec![2, 4], vec![0.5, 0.5])]
        );
        assert_eq!(tied(Levers::default()), [(vec![1, 2, 3, 4], vec![0.125, 0.375, 0.125, 0.375])]);
        // Which product is shown is always the agent's choice.
        let mut brief = brief.clone();
        brief.lines[4].product = Some("other".into());
        let ties = Levers::default().ties(&brief);
        assert_eq!(ties.iter().map(|tie| &tie.lines).collect::<Vec<_>>(), [&[1, 2, 3]]);
    }

    #[test]
    fn money_is_divided_and_never_made() {
        let brief = brief();
        let mut money = [7.0, 40.0, f64::NAN, 0.0, -3.0];
        Levers::default().ties(&brief).iter().for_each(|tie| tie.share_out(&mut money));
        assert_eq!(money, [7.0, 5.0, 15.0, 5.0, 15.0]);
        let mut few = [7.0, 40.0];
        Levers::default().ties(&brief).iter().for_each(|tie| tie.share_out(&mut few));
        assert_eq!(few, [7.0, 5.0]);
    }

    #[test]
    fn a_ladder_opens_one_lever_after_the_other() {
        let sets = |levers: Levers| -> Vec<String> {
            levers.ladder().iter().map(|set| serde_json::to_string(set).unwrap()).collect()
        };
        let all = [
            r#"["budget"]"#,
            r#"["budget","bid"]"#,
            r#"["budget","bid","audience"]"#,
            r#"["budget","bid","audience","creative"]"#,
        ];
        assert_eq!(sets(Levers::ALL), all);
        assert_eq!(
            sets(Levers { audience: true, ..Levers::default() }),
            [all[0], r#"["budget","audience"]"#]
        );
        assert_eq!(sets(Levers::default()), all[..1]);
    }

    #[test]
    fn levers_are_a_list_in_messages() {
        let open = Levers { bid: true, ..Levers::default() };
        let text = serde_json::to_string(&open).unwrap();
        assert_eq!(text, r#"["budget","bid"]"#);
        assert_eq!(serde_json::from_str::<Levers>(&text).unwrap(), open);
    }
}
