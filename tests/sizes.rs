//! Markets of another size from outside: how many shoppers, and how many steps.

mod support;

use serde_json::Value;

use support::{json, outlay, program, refused, stderr, stdout};

/// More than are played in one piece on request.
const MANY: &str = "1.2M";

fn first_day(more: &[&str]) -> Vec<u8> {
    let arguments = [&["evaluate", "even", "--steps", "1", "--seeds", "3..4", "--json"], more].concat();
    let output = outlay(&arguments);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    output.stdout
}

fn document(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).expect("JSON")
}

/// A market in shards is the market in one piece that a file would ask for, at any number of threads.
#[test]
fn many_shoppers_in_shards_come_to_what_they_do_in_one_piece() {
    let shards = first_day(&["--shoppers", MANY]);
    assert_eq!(shards, first_day(&["--shoppers", "1200000", "--threads", "1"]));
    let whole = first_day(&["--set", "people=1200000", "--set", "shoppers=1200000"]);
    let (shards, whole) = (document(&shards), document(&whole));
    // The hash is that of what was typed.
    assert_ne!(shards["scenario"]["hash"], whole["scenario"]["hash"]);
    let same = |document: &Value| {
        let mut document = document.clone();
        document["scenario"]["hash"].take();
        document
    };
    assert!(shards["spend"].is_object(), "{shards}");
    assert_eq!(same(&shards), same(&whole));
}

#[test]
fn the_number_of_the_file_is_the_file_s_scenario_and_another_is_not() {
    let arguments = ["evaluate", "even", "--seeds", "3..4", "--json"];
    let with = |more: &[&str]| json(&[&arguments[..], more].concat());
    assert_eq!(with(&["--shoppers", "20k", "--steps", "32"]), with(&[]));
    let fewer = with(&["--shoppers", "5000"]);
    assert_ne!(fewer["scenario"]["hash"], with(&[])["scenario"]["hash"]);
}

/// What is kept is found by the number of shoppers and steps.
#[test]
fn kept_episodes_are_of_one_size() {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path().display().to_string();
    let run = |more: &[&str]| {
        let arguments = ["evaluate", "even", "--seeds", "0..2", "--results", &folder];
        let output = program(&[&arguments[..], more].concat()).output().expect("the program starts");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        (stdout(&output).to_owned(), stderr(&output).contains("reused 2 of 2"))
    };
    let sizes: [&[&str]; 3] =
        [&["--shoppers", "1k"], &["--shoppers", "2k"], &["--shoppers", "1k", "--steps", "2"]];
    let first = sizes.map(run);
    assert!(first.iter().all(|(_, reused)| !reused));
    assert!(first[0].0 != first[1].0 && first[0].0 != first[2].0);
    for (size, (page, _)) in sizes.into_iter().zip(first) {
        assert_eq!(run(size), (page, true));
    }
}

#[test]
fn sizes_that_cannot_be_are_refused_with_a_way_out() {
    let evaluate = |more: &[&'static str]| [&["evaluate", "even"][..], more].concat();
    for (arguments, words) in [
        (&["--shoppers", "300000"][..], &["300000 shoppers", "400000 people", "200000"][..]),
        (&["--shoppers", "1.5"], &["not a number of shoppers", "810e6"]),
        (&["--shoppers", "5e9"], &["not a number of shoppers"]),
        (&["problems/p1-power", "--shoppers", "1000"], &["no shoppers", "curves", "help:"]),
        (&["--steps", "33"], &["no first 33 steps", "it has 32"]),
        (&["--steps", "0"], &["--steps"]),
        (
            &["lead", "--shoppers", "11M"],
            &["cannot be played in shards", "in the order of forms", "10000000"],
        ),
        (&["--shoppers", "1k", "--merchants", "rising-star,super-star"], &["cannot be used with"]),
        (&["--shoppers", "1k", "--report", "deeplink"], &["cannot be used with"]),
    ] {
        refused(&evaluate(arguments), 2, words);
    }
}
