use super::*;

fn key<'s>(shape: &'s Shape, path: &str, key: &str) -> &'s Declared {
    shape.keys.iter().find(|it| it.path == path && it.key == key).unwrap()
}

/// What follows for a key where a key of the same file has a word.
fn stands(shape: &Shape, asked: (&str, &str), answer: &Answer, of: (&str, &str)) -> Option<Stands> {
    let rules = shape.rules.iter().filter(|rule| {
        rule.conditions
            .last()
            .is_some_and(|it| (it.path.as_str(), it.key) == asked && it.answers.contains(answer))
    });
    let mut effects = rules.flat_map(|rule| &rule.effects);
    effects.find(|effect| (effect.path.as_str(), effect.key) == of).map(|effect| effect.stands)
}

#[test]
fn what_is_asked_always_must_be_there() {
    let shape = Shape::of(FileKind::Industry);
    assert!(key(&shape, "persona[]/", "share").required);
    assert!(!key(&shape, "persona[]/", "feed").required);
    let Field::Number(bounds) = key(&shape, "persona[]/", "share").field else { panic!("not a number") };
    assert_eq!((bounds.low, bounds.high), (0.0, 1.0));
}

#[test]
fn what_depends_on_an_answer_is_a_rule() {
    let shape = Shape::of(FileKind::Channel);
    let word = |word: &str| Answer::Word(word.to_owned());
    let asked = |pricing, of| stands(&shape, ("", "pricing"), &word(pricing), ("", of));
    assert_eq!(asked("commission", "commission_cap"), Some(Stands::Always));
    assert_eq!(asked("per-click", "commission_cap"), Some(Stands::Never));
    assert_eq!(asked("fixed", "placements"), Some(Stands::Always));
    assert_eq!(asked("fixed", "drift"), None);
    let calendar = Shape::of(FileKind::Calendar);
    let days = |answer| stands(&calendar, ("phase[]/", "hours"), &answer, ("phase[]/", "days"));
    assert_eq!((days(Answer::Absent), days(Answer::Present)), (Some(Stands::Always), Some(Stands::Never)));
}

#[test]
fn a_bound_that_depends_on_another_figure_is_left_open() {
    let shape = Shape::of(FileKind::Merchant);
    // Of `refund_days` more is asked where something is given back.
    let refund = key(&shape, "product[]/", "refund_days");
    assert!(!refund.required);
    let scenario = Shape::of(FileKind::Scenario);
    let Field::Number(bounds) = key(&scenario, "line[]/", "first_day").field else { panic!("not a number") };
    assert_eq!((bounds.low, bounds.high), (0.0, f64::INFINITY));
    assert!(matches!(key(&scenario, "", "season").field, Field::Numbers(_, None)));
}
