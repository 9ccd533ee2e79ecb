//! Shapley values: each player's contribution, averaged over the orders in which players can join (Shapley, 1953).
//!
//! Values are integers and so are the sums here, so that the shares add up to the whole exactly.

use std::collections::BTreeSet;

use outlay_environment::Key;

/// Players up to which every coalition counts: 256 of them.
pub(crate) const EXACT: usize = 8;
/// Pairs of orders that are drawn where there are more players; the second of a pair is the first reversed, which makes
/// the result exact where players meet in twos only.
const PAIRS: u64 = 32;

/// Who is in, by player.
pub(crate) type Coalition = Vec<bool>;

/// How the contributions of a game are found.
#[derive(Debug, Clone)]
pub(crate) enum Shapley {
    /// From every coalition of this many players.
    Exact(usize),
    /// From orders in which the players join.
    Sampled(Vec<Vec<usize>>),
}

/// Contributions: `parts[player] / whole`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shares {
    parts: Vec<i128>,
    whole: i128,
}

impl Shares {
    /// `[players]`
    pub(crate) fn values(&self) -> Vec<f64> {
        self.parts.iter().map(|part| *part as f64 / self.whole as f64).collect()
    }
}

impl Shapley {
    /// For a number of players; `key` draws the orders, where they are drawn.
    pub(crate) fn new(players: usize, key: Key) -> Self {
        if players <= EXACT {
            return Self::Exact(players);
        }
        let orders = (0..PAIRS).flat_map(|pair| {
            let mut order: Vec<usize> = (0..players).collect();
            order.sort_by_key(|player| key.with(pair).with(*player as u64).bits());
            let reversed = order.iter().rev().copied().collect();
            [order, reversed]
        });
        Self::Sampled(orders.collect())
    }

    /// Coalitions whose value is needed, each once.
    pub(crate) fn coalitions(&self) -> BTreeSet<Coalition> {
        match self {
            Self::Exact(players) => (0..1_usize << players)
                .map(|members| (0..*players).map(|player| members >> player & 1 == 1).collect())
                .collect(),
            Self::Sampled(orders) => orders.iter().flat_map(|order| joining(order)).collect(),
        }
    }

    /// The contributions, from the value of each coalition.
    pub(crate) fn shares(&self, value: impl Fn(&Coalition) -> i64) -> Shares {
        let gain =
            |without: &Coalition, with: &Coalition| i128::from(value(with)) - i128::from(value(without));
        match self {
            Self::Exact(players) => {
                let factorial = |n: usize| (1..=n as i128).product::<i128>();
                let mut parts = vec![0; *players];
                for with in self.coalitions() {
                    let others = with.iter().filter(|member| **member).count().saturating_sub(1);
                    let weight = factorial(others) * factorial(players.saturating_sub(others + 1));
                    for player in (0..*players).filter(|player| with[*player]) {
                        let mut without = with.clone();
                        without[player] = false;
                        parts[player] += weight * gain(&without, &with);
                    }
                }
                Shares { parts, whole: factorial(*players) }
            }
            Self::Sampled(orders) => {
                let mut parts = vec![0; orders.first().map_or(0, Vec::len)];
                for order in orders {
                    let steps = joining(order);
                    for (player, pair) in order.iter().zip(steps.windows(2)) {
                        parts[*player] += gain(&pair[0], &pair[1]);
                    }
                }
                Shares { parts, whole: orders.len() as i128 }
            }
        }
    }
}

/// The coalitions that form as players join in this order, from nobody to everybody.
fn joining(order: &[usize]) -> Vec<Coalition> {
    let mut coalition = vec![false; order.len()];
    let mut all = vec![coalition.clone()];
    for player in order {
        coalition[*player] = true;
        all.push(coalition.clone());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn members(coalition: &Coalition) -> impl Iterator<Item = usize> + '_ {
        (0..coalition.len()).filter(|player| coalition[*player])
    }

    /// Shapley's own example: a left glove and two right ones make one pair.
    #[test]
    fn the_game_of_gloves() {
        let pairs = |coalition: &Coalition| i64::from(coalition[0] && (coalition[1] || coalition[2]));
        let shares = Shapley::new(3, Key::new(0)).shares(pairs);
        assert_eq!(shares, Shares { parts: vec![4, 1, 1], whole: 6 });
    }

    #[test]
    fn nobody_contributes_nothing() {
        assert_eq!(Shapley::new(0, Key::new(0)).shares(|_| 5).values(), Vec::<f64>::new());
    }

    /// Any values: players who meet in twos share what they make of it, and pairs of orders find that exactly.
    #[test]
    fn drawn_orders_are_exact_where_players_meet_in_twos() {
        let alone = |player: usize| 100 * player as i64;
        let together = |a: usize, b: usize| (a * b % 7) as i64 * 10;
        let value = |coalition: &Coalition| {
            let pairs = members(coalition).flat_map(|a| members(coalition).map(move |b| (a, b)));
            members(coalition).map(alone).sum::<i64>()
                + pairs.filter(|(a, b)| a < b).map(|(a, b)| together(a, b)).sum::<i64>()
        };
        for players in [EXACT, EXACT + 4] {
            let shares = Shapley::new(players, Key::new(3)).shares(value).values();
            for (player, share) in shares.iter().enumerate() {
                let pairs: i64 =
                    (0..players).filter(|other| *other != player).map(|other| together(player, other)).sum();
                assert_eq!(*share, alone(player) as f64 + pairs as f64 / 2.0);
            }
        }
    }

    proptest! {
        /// Shares add up to what all reach together, less what nobody reaches, exactly.
        #[test]
        fn shares_add_up_exactly(players in 1_usize..12, seed in 0_u64..1000) {
            let value = |coalition: &Coalition| {
                let key = members(coalition).fold(Key::new(seed), |key, player| key.with(player as u64));
                (key.bits() >> 20) as i64
            };
            let shares = Shapley::new(players, Key::new(seed)).shares(value);
            let effect = value(&vec![true; players]) - value(&vec![false; players]);
            prop_assert_eq!(shares.parts.iter().sum::<i128>(), shares.whole * i128::from(effect));
        }

        /// Who adds nothing gets nothing; who adds the same gets the same.
        #[test]
        fn equals_are_treated_equally(players in 3_usize..=EXACT, seed in 0_u64..1000) {
            let value = |coalition: &Coalition| {
                let twins = u64::from(coalition[1]) + u64::from(coalition[2]);
                let rest = members(coalition).filter(|player| *player > 2);
                let key = rest.fold(Key::new(seed).with(twins), |key, player| key.with(player as u64));
                (key.bits() >> 20) as i64
            };
            let shares = Shapley::new(players, Key::new(0)).shares(value);
            prop_assert_eq!(shares.parts[0], 0);
            prop_assert_eq!(shares.parts[1], shares.parts[2]);
        }
    }
}
