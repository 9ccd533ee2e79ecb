//! What a person sees of scenarios that start from others: problems with their places, and the schema for editors.

mod support;

use support::{json, outlay, program, stderr, stdout};

/// What `outlay check` says of `mine.toml` beside other files.
fn check(files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file");
    }
    let output =
        program(&["check", "mine.toml"]).current_dir(folder.path()).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(stdout(&output), "");
    // A file in a folder is named with that system's separator.
    stderr(&output).replace('\\', "/")
}

#[test]
fn contradictions_are_all_shown_at_once() {
    let base = "\
base = \"new-customer\"
title = \"A base with a slip of its own\"

[limits]
return_floor = -2

[[line]]
name = \"display\"
price_scale = 1.2
";
    let mine = "\
base = \"base\"
drop_lines = [\"search\", \"exchang\", \"notes\", \"notes\"]

[set.merchant]
margn = 0.5

[set.industry]
purchase_rate = 20
in_market = \"few\"

[set.calender]
title = \"A season\"

[[line]]
name = \"search\"
cap = 4000

[[line]]
name = \"display\"
[line.set]
price = 20
commission_days = 15

[[line]]
name = \"interactive\"
click_scale = 2
effect_scale = 2
[line.set]
click_rate = 0.1
impact = 1
pricing = \"commission\"

[[line]]
name = \"affiliate\"
[line.audience]
name = \"the faithful\"
stages = [\"numerous\", \"keen\"]
exclude_buyers_days = 365
precision = 0.8

[[line]]
name = \"weibo\"
channel = \"weibo\"

[[line]]
name = \"weibo\"
channel = \"weibo\"
";
    insta::assert_snapshot!("contradictions", check(&[("mine.toml", mine), ("base.toml", base)]));
}

#[test]
fn a_circle_is_shown_whole() {
    let text = check(&[
        ("mine.toml", "title = \"Mine\"\nbase = \"b\"\n"),
        ("b.toml", "base = \"c.toml\"\n"),
        ("c.toml", "# Back to the start.\nbase = \"mine\"\n"),
    ]);
    insta::assert_snapshot!("circle", text);
}

#[test]
fn each_kind_of_file_has_a_schema() {
    for kind in ["scenario", "channel", "industry", "merchant", "calendar", "tiers"] {
        let schema = json(&["schema", kind]);
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
        assert_eq!(schema["additionalProperties"], false, "{kind}");
        assert_eq!(schema["properties"]["title"]["type"], "string", "{kind}");
    }
    assert_eq!(stdout(&outlay(&["schema"])), stdout(&outlay(&["schema", "scenario", "--json"])));
    support::refused(&["schema", "chanel"], 2, &["'chanel'", "channel"]);
}
