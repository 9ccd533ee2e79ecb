//! Charts as SVG text that stands inside a page.
//!
//! A colour is drawn as its light shade, and [`style_sheet`] finds shapes by it: a reader who prefers dark gets the other.

use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use crate::format::short;

/// Width of every chart, in its own units; the page scales it.
const WIDTH: u32 = 520;
/// Height of charts whose height does not follow from their rows.
const HEIGHT: u32 = 300;
/// Plotters divides it by 1.24 where it writes it down.
const FONT_SIZE: f64 = 17.5;
/// Room left of a chart for its numbers.
const LEFT: u32 = 56;
/// Room below it for numbers and what they count.
const BELOW: u32 = 48;
/// Room beside it, for the half of a number that stands at its end.
const EDGE: u32 = 22;
/// Room above it for what its height counts.
const ABOVE: u32 = 30;

/// Light and dark shade of each colour for data, the last being that of what is there for comparison only.
const SHADES: [[u32; 2]; 9] = [
    [0x1F6FB4, 0x6CB4EE],
    [0xC85A00, 0xFF9E4A],
    [0x2A8A3E, 0x6FCF7C],
    [0x7A4FB5, 0xB79AF0],
    [0xC1272D, 0xFF7B7B],
    [0x0E8A8A, 0x4FD0D0],
    [0xB83280, 0xF48AC4],
    [0x7D7A00, 0xD4CF4A],
    [0x777777, 0xA8A8A8],
];
/// Text and axes, lines of the mesh, every other phase.
const INK: [u32; 2] = [0x333333, 0xD6D6D6];
const MESH: [u32; 2] = [0xDDDDDD, 0x3B3B3B];
const BAND: [u32; 2] = [0xEDF1F6, 0x202A36];

/// Colours for data; the one after them is [`PLAIN`].
pub(super) const COLORS: usize = SHADES.len() - 1;
/// Colour of what is there for comparison only.
pub(super) const PLAIN: usize = COLORS;

/// One side of a chart.
pub(super) struct Axis {
    /// What it counts.
    pub(super) title: String,
    /// From where to where.
    pub(super) range: [f64; 2],
    /// How its numbers are written.
    pub(super) format: fn(f64) -> String,
}

/// A chart.
pub(super) struct Drawn {
    /// Width of its view box.
    pub(super) width: u32,
    /// Height of its view box.
    pub(super) height: u32,
    /// What stands in the `svg` element.
    pub(super) inside: String,
}

/// A part of the calendar.
pub(super) struct Phase {
    /// What the calendar calls it.
    pub(super) name: String,
    /// First step.
    pub(super) start: usize,
    /// The step after its last.
    pub(super) end: usize,
}

/// A curve.
pub(super) struct Curve {
    /// Its colour.
    pub(super) color: usize,
    /// Its points, from left to right.
    pub(super) points: Vec<(f64, f64)>,
    /// `(x, low, high)` of a band around it; empty where there is none.
    pub(super) band: Vec<(f64, f64, f64)>,
}

/// What is shown of one name.
pub(super) struct Row {
    /// The name.
    pub(super) name: String,
    /// One below the other.
    pub(super) marks: Vec<Mark>,
}

/// A value of a row.
pub(super) struct Mark {
    /// Its colour.
    pub(super) color: usize,
    /// The value; nothing is drawn where there is none.
    pub(super) value: Option<f64>,
    /// Ends of its interval.
    pub(super) interval: Option<[f64; 2]>,
}

/// Curves over a common axis.
pub(super) fn curves(x: &Axis, y: &Axis, curves: &[Curve], phases: &[Phase]) -> Result<Drawn, String> {
    draw(HEIGHT, |root| {
        let mut chart = frame(root, x, y, phases)?;
        for curve in curves.iter().filter(|curve| !curve.band.is_empty()) {
            let upper = curve.band.iter().map(|(x, _, high)| (*x, *high));
            let lower = curve.band.iter().rev().map(|(x, low, _)| (*x, *low));
            let around: Vec<_> = upper.chain(lower).collect();
            chart.draw_series([Polygon::new(around, shade(curve.color).mix(0.2).filled())])?;
        }
        // What is there for comparison lies under the rest.
        let mut order: Vec<&Curve> = curves.iter().collect();
        order.sort_by_key(|curve| curve.color != PLAIN);
        for curve in order {
            chart
                .draw_series([PathElement::new(curve.points.clone(), shade(curve.color).stroke_width(2))])?;
        }
        Ok(())
    })
}

/// Layers on top of each other, each a colour and its height in every step.
pub(super) fn stack(
    x: &Axis,
    y: &Axis,
    layers: &[(usize, Vec<f64>)],
    phases: &[Phase],
) -> Result<Drawn, String> {
    draw(HEIGHT, |root| {
        let mut chart = frame(root, x, y, phases)?;
        let steps = layers.first().map_or(0, |(_, heights)| heights.len());
        let mut below = vec![0.0; steps];
        for (color, heights) in layers {
            let above: Vec<f64> = below.iter().zip(heights).map(|(below, height)| below + height).collect();
            let edge = |heights: &[f64]| -> Vec<(f64, f64)> {
                let ends =
                    |(step, height): (usize, &f64)| [(step as f64, *height), ((step + 1) as f64, *height)];
                heights.iter().enumerate().flat_map(ends).collect()
            };
            let around: Vec<_> = edge(&above).into_iter().chain(edge(&below).into_iter().rev()).collect();
            chart.draw_series([Polygon::new(around, shade(*color).filled())])?;
            below = above;
        }
        Ok(())
    })
}

/// A row for each name: dots with their intervals, or bars from zero; `lines` are values that all are held against.
pub(super) fn rows(x: &Axis, rows: &[Row], bars: bool, lines: &[(usize, f64)]) -> Result<Drawn, String> {
    /// Height of a name, of a mark, and of what lies between two rows.
    const NAME: f64 = 23.0;
    const MARK: f64 = 13.0;
    const GAP: f64 = 7.0;
    let heights = rows.iter().map(|row| NAME + MARK * row.marks.len() as f64 + GAP);
    let height = heights.sum::<f64>().max(NAME);
    draw(height as u32 + BELOW + 8, |root| {
        let mut chart = ChartBuilder::on(root)
            .margin_top(8)
            .margin_left(EDGE)
            .margin_right(EDGE)
            .x_label_area_size(BELOW)
            .build_cartesian_2d(x.range[0]..x.range[1], 0.0..height)?;
        let written = |value: &f64| (x.format)(*value);
        chart
            .configure_mesh()
            .disable_y_axis()
            .disable_y_mesh()
            .x_labels(6)
            .x_max_light_lines(0)
            .bold_line_style(ink(MESH))
            .axis_style(ink(MESH))
            .label_style(text())
            .axis_desc_style(text())
            .x_label_formatter(&written)
            .x_desc(&x.title)
            .draw()?;
        for (color, at) in lines {
            let ends = vec![(*at, 0.0), (*at, height)];
            chart.draw_series([PathElement::new(ends, shade(*color).stroke_width(2))])?;
        }
        let mut top = height;
        for row in rows {
            chart.draw_series([Text::new(row.name.clone(), (x.range[0], top - 3.0), text())])?;
            top -= NAME;
            for mark in &row.marks {
                let middle = top - 0.5 * MARK;
                top -= MARK;
                let Some(value) = mark.value else { continue };
                let color = shade(mark.color);
                if let Some([low, high]) = mark.interval.filter(|ends| ends.iter().all(|end| end.is_finite()))
                {
                    let whisker = vec![(low, middle), (high, middle)];
                    chart.draw_series([PathElement::new(whisker, color.stroke_width(2))])?;
                    let cap = |at: f64| {
                        let ends = vec![(at, middle - 4.0), (at, middle + 4.0)];
                        PathElement::new(ends, color.stroke_width(2))
                    };
                    chart.draw_series([cap(low), cap(high)])?;
                }
                if bars {
                    let corners = [(0.0, middle - 4.0), (value, middle + 4.0)];
                    chart.draw_series([Rectangle::new(corners, color.filled())])?;
                } else {
                    chart.draw_series([Circle::new((value, middle), 4, color.filled())])?;
                }
            }
            top -= GAP;
        }
        Ok(())
    })
}

/// The range of an axis that holds all finite values, with some room; `from_zero` where zero must be on it.
pub(super) fn range(values: impl Iterator<Item = f64>, from_zero: bool) -> [f64; 2] {
    let start = if from_zero { [0.0, 0.0] } else { [f64::INFINITY, f64::NEG_INFINITY] };
    let [low, high] = values
        .filter(|value| value.is_finite())
        .fold(start, |[low, high], value| [low.min(value), high.max(value)]);
    if !(low.is_finite() && high.is_finite()) {
        return [0.0, 1.0];
    }
    let room = if high > low { 0.06 * (high - low) } else { 0.5 * high.abs().max(1.0) };
    let keeps_zero = |end: f64, moved: f64| if from_zero && end == 0.0 { 0.0 } else { moved };
    [keeps_zero(low, low - room), if high == 0.0 && low < 0.0 { 0.0 } else { high + room }]
}

/// A number beside an axis: `20k`, `5000`, `0.25`.
pub(super) fn tick(value: f64) -> String {
    if value.abs() >= 9_999.5 {
        return short(value).replace(".0k", "k").replace(".00M", "M");
    }
    let text = format!("{value:.3}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// The colours of charts and legends (`.k0` and on), light and dark.
pub(super) fn style_sheet() -> String {
    let all: Vec<(String, [u32; 2])> = (SHADES.iter().enumerate())
        .map(|(place, shades)| (format!("c{place}"), *shades))
        .chain([("ink", INK), ("mesh", MESH), ("band", BAND)].map(|(name, it)| (name.to_owned(), it)))
        .collect();
    let of = |dark: usize| -> String {
        let variables = all.iter().map(|(name, shades)| format!("--{name}:#{:06X};", shades[dark]));
        format!(":root{{{}}}", variables.collect::<String>())
    };
    let rules = all.iter().map(|(name, [light, _])| {
        format!(
            "svg [fill=\"#{light:06X}\"]{{fill:var(--{name})}}\nsvg [stroke=\"#{light:06X}\"]{{stroke:var(--{name})}}\n"
        )
    });
    let keys = (0..SHADES.len()).map(|place| format!(".k{place}{{background:var(--c{place})}}\n"));
    let rules: String = rules.chain(keys).collect();
    format!("{}\n@media(prefers-color-scheme:dark){{{}}}\n{rules}", of(0), of(1))
}

type Root<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;
type Drawing = Result<(), Box<dyn std::error::Error>>;

/// Only the inside of the `svg` element: what stands around it is the page's.
fn draw(height: u32, paint: impl FnOnce(&Root<'_>) -> Drawing) -> Result<Drawn, String> {
    let mut text = String::new();
    {
        let root = SVGBackend::with_string(&mut text, (WIDTH, height)).into_drawing_area();
        paint(&root).and_then(|()| Ok(root.present()?)).map_err(|error| error.to_string())?;
    }
    let inside = text.split_once('>').map_or("", |(_, rest)| rest);
    let inside = inside.trim().strip_suffix("</svg>").unwrap_or(inside).trim();
    Ok(Drawn { width: WIDTH, height, inside: inside.to_owned() })
}

/// Axes, mesh and phases.
fn frame<'a, 'b>(
    root: &Root<'b>,
    x: &Axis,
    y: &Axis,
    phases: &[Phase],
) -> Result<Chart<'a, 'b>, Box<dyn std::error::Error>> {
    root.draw(&Text::new(y.title.clone(), (6, 4), text()))?;
    let mut chart = ChartBuilder::on(root)
        .margin_top(ABOVE)
        .margin_right(EDGE)
        .x_label_area_size(BELOW)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(x.range[0]..x.range[1], y.range[0]..y.range[1])?;
    for phase in phases.iter().skip(1).step_by(2) {
        let corners = [(phase.start as f64, y.range[0]), (phase.end as f64, y.range[1])];
        chart.draw_series([Rectangle::new(corners, ink(BAND).filled())])?;
    }
    let (of_x, of_y) = (|value: &f64| (x.format)(*value), |value: &f64| (y.format)(*value));
    chart
        .configure_mesh()
        .disable_x_mesh()
        .x_labels(8)
        .y_labels(6)
        .y_max_light_lines(0)
        .bold_line_style(ink(MESH))
        .axis_style(ink(MESH))
        .label_style(text())
        .axis_desc_style(text())
        .x_label_formatter(&of_x)
        .y_label_formatter(&of_y)
        .x_desc(&x.title)
        .draw()?;
    Ok(chart)
}

fn text() -> TextStyle<'static> {
    const COLOR: RGBColor = ink(INK);
    TextStyle::from(("sans-serif", FONT_SIZE).into_font()).color(&COLOR)
}

fn shade(color: usize) -> RGBColor {
    ink(SHADES[color.min(PLAIN)])
}

/// The light one of two shades.
const fn ink([light, _]: [u32; 2]) -> RGBColor {
    let [_, red, green, blue] = light.to_be_bytes();
    RGBColor(red, green, blue)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(range: [f64; 2]) -> Axis {
        Axis { title: "a < b".to_owned(), range, format: |value| format!("{value:.0}") }
    }

    /// Names cannot leave their place.
    #[test]
    fn what_is_written_is_escaped() {
        let mark = Mark { color: 0, value: Some(2.0), interval: Some([1.0, 3.0]) };
        let row = Row { name: "<script>&\"".to_owned(), marks: vec![mark] };
        let drawn = rows(&axis([0.0, 4.0]), &[row], false, &[(PLAIN, 1.0)]).expect("a chart").inside;
        assert!(drawn.contains("&lt;script&gt;&amp;") && drawn.contains("a &lt; b"), "{drawn}");
        assert!(!drawn.contains("<script") && !drawn.contains("<svg") && !drawn.contains("</svg"));
    }

    /// Whatever is drawn has a shade for the dark.
    #[test]
    fn every_colour_has_a_dark_shade() {
        let layers: Vec<(usize, Vec<f64>)> = (0..=PLAIN).map(|color| (color, vec![1.0, 2.0])).collect();
        let phase = |name: &str, start| Phase { name: name.to_owned(), start, end: start + 1 };
        let phases = [phase("a", 0), phase("b", 1)];
        let drawn = stack(&axis([0.0, 2.0]), &axis([0.0, 20.0]), &layers, &phases).expect("a chart").inside;
        let style = style_sheet();
        let used = drawn.match_indices("=\"#").map(|(place, _)| &drawn[place + 2..place + 9]);
        let used: std::collections::BTreeSet<&str> = used.collect();
        assert!(used.len() > PLAIN, "{used:?}");
        for color in used {
            assert!(style.contains(&format!("fill=\"{color}\"")), "{color} has no rule");
        }
    }

    /// What lies on another layer begins where that one ends.
    #[test]
    fn layers_lie_on_each_other() {
        let layers = [(0, vec![1.0, 1.0]), (1, vec![3.0, 0.0])];
        let drawn = stack(&axis([0.0, 2.0]), &axis([0.0, 4.0]), &layers, &[]).expect("a chart").inside;
        let polygons: Vec<&str> = drawn.lines().filter(|line| line.contains("<polygon")).collect();
        let points = |line: &str| -> Vec<(i32, i32)> {
            let list = line.split("points=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("");
            let point = |pair: &str| {
                let (x, y) = pair.split_once(',').expect("a point");
                (x.parse().expect("x"), y.parse().expect("y"))
            };
            list.split_whitespace().map(point).collect()
        };
        let (lower, upper) = (points(polygons[0]), points(polygons[1]));
        assert_eq!((lower.len(), upper.len()), (8, 8), "{polygons:?}");
        // The lower layer is a quarter of the height; the upper one ends on it in its second step.
        assert_eq!(lower[..4].iter().rev().copied().collect::<Vec<_>>(), upper[4..].to_vec());
        assert_eq!(upper[2].1, lower[2].1);
        assert!(upper[0].1 < lower[0].1);
    }

    #[test]
    fn ticks_are_short() {
        let ticks = [0.0, -0.0, 0.25, 5_000.0, 20_000.0, 12_500.0, 3e6, -1.5].map(tick);
        assert_eq!(ticks, ["0", "0", "0.25", "5000", "20k", "12.5k", "3M", "-1.5"]);
    }

    #[test]
    fn a_range_holds_its_values() {
        assert_eq!(range([0.0, 10.0].into_iter(), true), [0.0, 10.6]);
        assert_eq!(range([-10.0].into_iter(), true), [-10.6, 0.0]);
        assert_eq!(range([5.0, f64::NAN].into_iter(), false), [2.5, 7.5]);
        assert_eq!(range(std::iter::empty(), false), [0.0, 1.0]);
    }
}
