//! The Euclidean projection onto a box with a limit on the sum, in real numbers: the heart of the guard, and of use to
//! planners.
//!
//! The nearest point `x` to a wish `w` with `lo <= x <= hi` and `sum x <= total` is `x_i = min(max(w_i - mu, lo_i), hi_i)`
//! with one multiplier `mu >= 0` for all (Kiwiel 2008, "Breakpoint searching algorithms for the continuous quadratic
//! knapsack problem").

/// Projects `wish` onto the box `lower <= x <= upper` with `sum x <= total` (see the [module](self)); returns `mu >= 0`.
///
/// All slices are `[lines]`, in any unit of money: the result scales with it. The wish is finite and, for full precision,
/// not many orders of magnitude above the total; an upper end may be infinite. Where the lower ends alone exceed the total, they are the result.
/// `breakpoints` is working memory. For `n` lines O(n log n).
pub fn project_at_most(
    wish: &[f64],
    lower: &[f64],
    upper: &[f64],
    total: f64,
    projection: &mut [f64],
    breakpoints: &mut Vec<f64>,
) -> f64 {
    let free = sum_at(0.0, wish, lower, upper) <= total;
    let multiplier = if free { 0.0 } else { multiplier(wish, lower, upper, total, breakpoints).max(0.0) };
    fill(multiplier, wish, lower, upper, projection);
    multiplier
}

/// Projects `wish` onto the box with `sum x = total`, as [`project_at_most`] does; returns `mu`, negative where the
/// wish is below the total. Where the upper ends together are below the total, they are the result.
pub fn project_exactly(
    wish: &[f64],
    lower: &[f64],
    upper: &[f64],
    total: f64,
    projection: &mut [f64],
    breakpoints: &mut Vec<f64>,
) -> f64 {
    let multiplier = multiplier(wish, lower, upper, total, breakpoints);
    fill(multiplier, wish, lower, upper, projection);
    multiplier
}

/// `(w, lo, hi)` of each line.
fn lines<'a>(
    wish: &'a [f64],
    lower: &'a [f64],
    upper: &'a [f64],
) -> impl Iterator<Item = (f64, f64, f64)> + 'a {
    wish.iter().zip(lower).zip(upper).map(|((wish, lower), upper)| (*wish, *lower, *upper))
}

/// `min(max(w_i - mu, lo_i), hi_i)`, without `clamp`'s panic.
fn moved(multiplier: f64, wish: f64, lower: f64, upper: f64) -> f64 {
    (wish - multiplier).max(lower).min(upper)
}

fn fill(multiplier: f64, wish: &[f64], lower: &[f64], upper: &[f64], projection: &mut [f64]) {
    for (money, (wish, lower, upper)) in projection.iter_mut().zip(lines(wish, lower, upper)) {
        *money = moved(multiplier, wish, lower, upper);
    }
}

/// Sum of the projection at a multiplier; never rises with it, not even by rounding, as the order is fixed.
fn sum_at(multiplier: f64, wish: &[f64], lower: &[f64], upper: &[f64]) -> f64 {
    lines(wish, lower, upper).map(|(wish, lower, upper)| moved(multiplier, wish, lower, upper)).sum()
}

/// The multiplier at which the sum is `total`, or the end nearest to it: bisection over the sorted breakpoints, then
/// the linear piece between two of them.
fn multiplier(wish: &[f64], lower: &[f64], upper: &[f64], total: f64, breakpoints: &mut Vec<f64>) -> f64 {
    breakpoints.clear();
    breakpoints
        .extend(lines(wish, lower, upper).flat_map(|(wish, lower, upper)| [wish - upper, wish - lower]));
    breakpoints.sort_unstable_by(f64::total_cmp);
    let above = breakpoints.partition_point(|&mu| sum_at(mu, wish, lower, upper) >= total);
    let (left, right) = match (above.checked_sub(1).map(|left| breakpoints[left]), breakpoints.get(above)) {
        (Some(left), Some(&right)) => (left, right),
        (Some(end), None) => return end,
        (None, end) => return end.copied().unwrap_or(0.0),
    };
    // On that piece: solved from the amounts themselves, as an end may be much larger than any of them, or infinite.
    let (mut excess, mut moving) = (-total, 0.0_f64);
    for (wish, lower, upper) in lines(wish, lower, upper) {
        if wish - upper >= right {
            excess += upper;
        } else if wish - lower <= left {
            excess += lower;
        } else {
            excess += wish;
            moving += 1.0;
        }
    }
    (excess / moving.max(1.0)).max(left).min(right)
}
