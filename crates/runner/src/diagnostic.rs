//! Problems of a scenario file in the manner of a compiler: place, line, caret, help.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use outlay_environment::{Problem, Problems};

use crate::results::ProblemRow;

/// All problems, one below the other, with colours.
pub(crate) fn render(problems: &Problems) -> String {
    let renderer = Renderer::styled();
    problems.0.iter().map(|problem| renderer.render(&[group(problem)]) + "\n\n").collect()
}

fn group(problem: &Problem) -> Group<'_> {
    let title = Level::ERROR.primary_title(&*problem.message);
    let group = match span(problem) {
        Some(span) => {
            let annotation = AnnotationKind::Primary.span(span);
            let annotation =
                if problem.label.is_empty() { annotation } else { annotation.label(&*problem.label) };
            title.element(Snippet::source(&*problem.text).path(&*problem.file).annotation(annotation))
        }
        None => title.element(Level::NOTE.message(format!("in {}", problem.file))),
    };
    match &problem.help {
        Some(help) => group.element(Level::HELP.message(&**help)),
        None => group,
    }
}

/// The span, made to fit its text.
fn span(problem: &Problem) -> Option<Range<usize>> {
    let span = problem.span.as_ref().filter(|_| !problem.text.is_empty())?;
    let start = floor(&problem.text, span.start);
    Some(start..floor(&problem.text, span.end).max(start))
}

/// The start of the character at or before a byte.
fn floor(text: &str, byte: usize) -> usize {
    (0..=byte.min(text.len())).rev().find(|&byte| text.is_char_boundary(byte)).unwrap_or_default()
}

/// A problem for `--json`.
pub(crate) fn row(problem: &Problem) -> ProblemRow {
    let before = span(problem).map(|span| &problem.text[..span.start]);
    ProblemRow {
        file: problem.file.to_string(),
        line: before.map(|before| before.matches('\n').count() + 1),
        column: before.map(|before| before.rsplit('\n').next().unwrap_or_default().chars().count() + 1),
        message: problem.message.clone(),
        label: problem.label.clone(),
        help: problem.help.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str, span: Option<Range<usize>>) -> Problem {
        Problem {
            file: "shop.toml".into(),
            text: text.into(),
            span,
            message: "`budget` must be positive".into(),
            label: "no money".into(),
            help: Some("for example `300000`".into()),
        }
    }

    #[test]
    fn a_problem_has_line_caret_and_help() {
        let problem = problem("name = \"店\"\nbudget = -5\n", Some(22..24));
        let row = row(&problem);
        assert_eq!((row.line, row.column), (Some(2), Some(10)));
        let text = anstream::adapter::strip_str(&render(&Problems(vec![problem]))).to_string();
        insta::assert_snapshot!(text, @r"
        error: `budget` must be positive
         --> shop.toml:2:10
          |
        2 | budget = -5
          |          ^^ no money
          |
          = help: for example `300000`
        ");
    }

    #[test]
    fn a_span_that_does_not_fit_is_no_panic() {
        for (text, span) in
            [("店", 1..2), ("", 0..4), ("ab", 7..9), ("ab", Range { start: 2, end: 1 }), ("", 0..0)]
        {
            let problem = problem(text, Some(span));
            let _ = row(&problem);
            assert!(!render(&Problems(vec![problem])).is_empty());
        }
        assert!(render(&Problems(vec![problem("", None)])).contains("shop.toml"));
    }
}
