//! The 198 states of mind that AMSS divides people into, and their moves from one to another.

use std::sync::OnceLock;

use super::counts::multinomial;
use crate::draws::Key;

/// Number of segments: 6 of the category times 33 of the brand.
pub const SEGMENTS: usize = 198;

/// People, or a share, in each segment.
pub type BySegment = [f64; SEGMENTS];

/// What tells segments apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dimension {
    /// Out of the market or in it: moved by season and trend alone.
    Market,
    /// Satiated by a purchase, own or a rival's, or not.
    Satiation,
    /// Inactive, exploring, purchasing; the latter two only in the market and not satiated.
    Activity,
    /// Unaware, negative, neutral, somewhat favourable, favourable.
    Favorability,
    /// Switcher, loyal, loyal to a rival; loyal only if favourable.
    Loyalty,
    /// Low, average, high: how easily the brand comes to hand, or to mind.
    Availability,
}

impl Dimension {
    /// The four that marketing moves, by their names in files, in the order in which they move: loyalty before
    /// favorability, because a loyal person's favorability cannot move.
    pub const RESPONSIVE: [(&'static str, Self); 4] = [
        ("activity", Self::Activity),
        ("loyalty", Self::Loyalty),
        ("favorability", Self::Favorability),
        ("availability", Self::Availability),
    ];

    /// How many states it has.
    #[must_use]
    pub fn states(self) -> usize {
        match self {
            Self::Market | Self::Satiation => 2,
            Self::Activity | Self::Loyalty | Self::Availability => 3,
            Self::Favorability => 5,
        }
    }
}

/// One segment: the state in each dimension, in the order of [`Dimension`].
pub type Segment = [usize; 6];

/// Activity of a segment.
pub const PURCHASE: usize = 2;

/// Segments in AMSS's order, and for each dimension the groups of segments between which it moves people.
struct Lattice {
    segments: Vec<Segment>,
    slices: [Vec<Vec<usize>>; 6],
}

fn lattice() -> &'static Lattice {
    static LATTICE: OnceLock<Lattice> = OnceLock::new();
    LATTICE.get_or_init(|| {
        let states = [2, 2, 3, 5, 3, 3];
        let segments: Vec<Segment> = (0..states.iter().product())
            .map(|mut place: usize| {
                let mut segment = [0; 6];
                for (state, count) in segment.iter_mut().zip(states).rev() {
                    *state = place % count;
                    place /= count;
                }
                segment
            })
            .filter(|&[market, satiation, activity, favorability, loyalty, _]| {
                (activity == 0 || (market == 1 && satiation == 1)) && (loyalty != 1 || favorability == 4)
            })
            .collect();
        // Who leaves the market or is satiated becomes inactive as well, so activity changes with these two.
        let slices = [&[0, 2][..], &[1, 2], &[2], &[3], &[4], &[5]].map(|changing| {
            let rest = |segment: &Segment| {
                let mut rest = *segment;
                changing.iter().for_each(|dimension| rest[*dimension] = 0);
                rest
            };
            let mut slices: Vec<(Segment, Vec<usize>)> = Vec::new();
            for (place, segment) in segments.iter().enumerate() {
                match slices.iter_mut().find(|slice| slice.0 == rest(segment)) {
                    Some(slice) => slice.1.push(place),
                    None => slices.push((rest(segment), vec![place])),
                }
            }
            slices.into_iter().map(|slice| slice.1).collect()
        });
        Lattice { segments, slices }
    })
}

/// `[198]` the segments: by market, satiation, activity, favorability, loyalty, availability.
#[must_use]
pub fn segments() -> &'static [Segment] {
    &lattice().segments
}

/// `[198]` products of one factor for each state (`[states]`) of some dimensions, as audiences and chances are written.
#[must_use]
pub fn by_segment(factors: &[(Dimension, Vec<f64>)]) -> BySegment {
    let mut product = [1.0; SEGMENTS];
    for (product, segment) in product.iter_mut().zip(segments()) {
        for (dimension, factors) in factors {
            *product *= factors[segment[*dimension as usize]];
        }
    }
    product
}

/// Chances of moving between the states of one dimension. It carries over what marketing did: with identical rows
/// nothing lasts, with `(1 - a) * rows + a * identity` a share `a` stays as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    dimension: Dimension,
    /// The matrices row by row, the whole one first; a slice takes the one of its size.
    matrices: [Vec<f64>; 2],
}

impl Transition {
    /// Moves along `dimension` with `matrix`, `[states * states]`, row by row, each row adding up to 1.
    #[must_use]
    pub fn new(dimension: Dimension, matrix: Vec<f64>) -> Self {
        debug_assert_eq!(matrix.len(), dimension.states() * dimension.states());
        let restricted = match (dimension, matrix.as_slice()) {
            // Two states become four: out (or satiated), and in by activity, of which only the inactive state is entered.
            (Dimension::Market | Dimension::Satiation, &[stay, enter, leave, keep]) => vec![
                stay, enter, 0.0, 0.0, leave, keep, 0.0, 0.0, leave, 0.0, keep, 0.0, leave, 0.0, 0.0, keep,
            ],
            // Who is not favourable cannot be loyal: those who would become so become switchers.
            (Dimension::Loyalty, &[ss, sl, sc, _, _, _, cs, cl, cc]) => vec![ss + sl, sc, cs + cl, cc],
            _ => vec![1.0],
        };
        Self { dimension, matrices: [matrix, restricted] }
    }

    /// Moves along `dimension` to `shares` (`[states]`), wherever people are.
    #[must_use]
    pub fn to(dimension: Dimension, shares: &[f64]) -> Self {
        Self::new(dimension, shares.repeat(shares.len()))
    }

    /// The row of chances for the `place`-th segment of a slice of `size`.
    fn row(&self, size: usize, place: usize) -> &[f64] {
        let matrix = self.matrices.iter().find(|matrix| matrix.len() == size * size);
        matrix.and_then(|matrix| matrix.get(place * size..(place + 1) * size)).unwrap_or(&[])
    }

    /// Moves `moving` people of each segment; afterwards `moving` is where they are.
    pub fn apply(&self, people: &mut BySegment, moving: &mut BySegment, key: Key) {
        let key = key.with(self.dimension as u64);
        for slice in lattice().slices[self.dimension as usize].iter().filter(|slice| slice.len() > 1) {
            let mut arrived = [0.0; 5];
            for (place, segment) in slice.iter().enumerate().filter(|(_, segment)| moving[**segment] > 0.0) {
                people[*segment] -= moving[*segment];
                let row = self.row(slice.len(), place);
                let mut give = |cell: usize, count: f64| arrived[cell] += count;
                multinomial(key.with(*segment as u64), moving[*segment], row, &mut give);
            }
            for (segment, arrived) in slice.iter().zip(arrived) {
                people[*segment] += arrived;
                moving[*segment] = arrived;
            }
        }
    }
}

/// Moves `moving` people along one dimension after another.
pub fn migrate(people: &mut BySegment, moving: &mut BySegment, transitions: &[Transition], key: Key) {
    for (turn, transition) in transitions.iter().enumerate() {
        transition.apply(people, moving, key.with(turn as u64));
    }
}
