//! Which money moved between two steps: who got less than the day before, and who more.

use outlay_environment::Money;

/// Money that went from one line to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Move {
    /// The step in which it is elsewhere than in the one before.
    pub(super) step: usize,
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) money: Money,
}

/// Which move is asked for; what is left open is chosen by size.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Wanted {
    pub(super) step: Option<usize>,
    pub(super) from: Option<usize>,
    pub(super) to: Option<usize>,
}

/// The largest move of `granted` (`[steps][lines]`) that is wanted, the first of several: as much as one line lost against
/// the step before and another gained.
pub(super) fn largest(granted: &[Vec<Money>], wanted: Wanted) -> Option<Move> {
    let mut found: Option<Move> = None;
    for (step, days) in (1..).zip(granted.windows(2)) {
        if wanted.step.is_some_and(|wanted| wanted != step) {
            continue;
        }
        let change = |line: usize| days[1][line] - days[0][line];
        for from in (0..days[0].len()).filter(|line| wanted.from.is_none_or(|wanted| wanted == *line)) {
            for to in (0..days[0].len()).filter(|line| wanted.to.is_none_or(|wanted| wanted == *line)) {
                let money = (Money::ZERO - change(from)).min(change(to));
                if money > found.map_or(Money::ZERO, |found| found.money) {
                    found = Some(Move { step, from, to, money });
                }
            }
        }
    }
    found
}

impl Move {
    /// `[lines]` the step's money as if this had not moved.
    pub(super) fn undone(&self, granted: &[Money]) -> Vec<Money> {
        let mut before = granted.to_vec();
        before[self.from] += self.money;
        before[self.to] -= self.money;
        before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn season() -> Vec<Vec<Money>> {
        [[10, 10, 0], [4, 12, 5], [4, 2, 9], [14, 2, 9]].iter().map(|row| row.map(Money).to_vec()).collect()
    }

    #[test]
    fn what_one_line_lost_and_another_gained_has_moved() {
        let any = largest(&season(), Wanted::default());
        assert_eq!(any, Some(Move { step: 1, from: 0, to: 2, money: Money(5) }));
        let to = largest(&season(), Wanted { to: Some(1), ..Wanted::default() });
        assert_eq!(to, Some(Move { step: 1, from: 0, to: 1, money: Money(2) }));
        let second = largest(&season(), Wanted { step: Some(2), ..Wanted::default() });
        assert_eq!(second, Some(Move { step: 2, from: 1, to: 2, money: Money(4) }));
        // More for one line and less for none is no move.
        assert_eq!(largest(&season(), Wanted { step: Some(3), ..Wanted::default() }), None);
        assert_eq!(largest(&season(), Wanted { from: Some(2), ..Wanted::default() }), None);
        assert_eq!(largest(&season()[..1], Wanted::default()), None);
    }

    #[test]
    fn undone_the_money_is_where_it_was_and_no_more() {
        let moved = Move { step: 1, from: 0, to: 2, money: Money(5) };
        assert_eq!(moved.undone(&season()[1]), [Money(9), Money(12), Money(0)]);
    }
}
