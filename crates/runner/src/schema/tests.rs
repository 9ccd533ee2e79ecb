use std::path::{Path, PathBuf};

use outlay_environment::Scenario;
use proptest::prelude::*;
use serde_json::Map;

use super::*;

const ENVIRONMENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../environments");

/// Why a value does not fit a schema: the first reason found. Knows the keywords that are used and no other.
fn misfit(root: &Value, schema: &Value, value: &Value, at: &str) -> Result<(), String> {
    let Some(schema) = schema.as_object() else {
        let allowed = schema.as_bool().expect("a schema is an object, true or false");
        return if allowed { Ok(()) } else { Err(format!("{at} is not allowed")) };
    };
    let fits = |schema: &Value| misfit(root, schema, value, at).is_ok();
    for (keyword, wanted) in schema {
        let holds = match keyword.as_str() {
            "$schema" | "$defs" | "title" | "description" | "then" => true,
            "$ref" => {
                let pointer =
                    wanted.as_str().and_then(|text| text.strip_prefix('#')).expect("a local reference");
                misfit(root, root.pointer(pointer).expect("a definition"), value, at)?;
                true
            }
            "type" => match wanted.as_str().expect("a name") {
                "object" => value.is_object(),
                "array" => value.is_array(),
                "string" => value.is_string(),
                "boolean" => value.is_boolean(),
                "number" => value.is_number(),
                "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
                other => panic!("type {other}"),
            },
            "enum" => wanted.as_array().expect("a list").contains(value),
            "minimum" => value.as_f64().is_none_or(|number| number >= wanted.as_f64().expect("a number")),
            "exclusiveMinimum" => {
                value.as_f64().is_none_or(|number| number > wanted.as_f64().expect("a number"))
            }
            "maximum" => value.as_f64().is_none_or(|number| number <= wanted.as_f64().expect("a number")),
            "minItems" => {
                value.as_array().is_none_or(|items| items.len() as u64 >= wanted.as_u64().expect("a count"))
            }
            "maxItems" => {
                value.as_array().is_none_or(|items| items.len() as u64 <= wanted.as_u64().expect("a count"))
            }
            "items" => {
                for (place, item) in value.as_array().into_iter().flatten().enumerate() {
                    misfit(root, wanted, item, &format!("{at}[{place}]"))?;
                }
                true
            }
            "required" => {
                let mut keys = wanted.as_array().expect("a list").iter().filter_map(Value::as_str);
                let missing = value.as_object().and_then(|table| keys.find(|key| !table.contains_key(*key)));
                if let Some(key) = missing {
                    return Err(format!("{at} lacks `{key}`"));
                }
                true
            }
            "properties" => {
                for (key, schema) in wanted.as_object().expect("schemas") {
                    if let Some(inner) = value.get(key) {
                        misfit(root, schema, inner, &format!("{at}/{key}"))?;
                    }
                }
                true
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (key, inner) in value.as_object().into_iter().flatten() {
                    if known.is_none_or(|known| !known.contains_key(key)) {
                        misfit(root, wanted, inner, &format!("{at}/{key}"))?;
                    }
                }
                true
            }
            "anyOf" => wanted.as_array().expect("schemas").iter().any(fits),
            "allOf" => {
                for schema in wanted.as_array().expect("schemas") {
                    misfit(root, schema, value, at)?;
                }
                true
            }
            "not" => !fits(wanted),
            "if" => {
                if fits(wanted) {
                    misfit(root, &schema["then"], value, at)?;
                }
                true
            }
            other => panic!("the keyword `{other}` is not checked"),
        };
        if !holds {
            return Err(format!("{at}: {keyword} {wanted}"));
        }
    }
    Ok(())
}

fn check(schema: &Value, value: &Value) -> Result<(), String> {
    misfit(schema, schema, value, "")
}

fn read(path: &Path) -> Value {
    toml::from_str(&std::fs::read_to_string(path).expect("a file")).expect("TOML")
}

/// Files in a folder of the shipped ones.
fn files(folder: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(Path::new(ENVIRONMENTS).join(folder)).expect("a folder");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "toml"));
    files.sort();
    assert!(!files.is_empty(), "{folder}");
    files
}

/// A shipped file of each kind.
fn example(kind: FileKind) -> Value {
    let file = match kind {
        FileKind::Scenario => "new-customer",
        FileKind::Channel => "channels/search",
        FileKind::Industry => "industries/snacks",
        FileKind::Merchant => "merchants/lens-brand",
        FileKind::Calendar => "calendars/618",
        FileKind::Tiers => "tiers/stars",
    };
    read(&Path::new(ENVIRONMENTS).join(format!("{file}.toml")))
}

#[test]
fn every_shipped_file_fits_the_schema_of_its_kind() {
    let kinds = [
        (FileKind::Scenario, &["", "problems", "families", "references", "marks", "heldout"][..]),
        (FileKind::Channel, &["channels"]),
        (FileKind::Industry, &["industries"]),
        (FileKind::Merchant, &["merchants"]),
        (FileKind::Calendar, &["calendars"]),
        (FileKind::Tiers, &["tiers"]),
    ];
    let schemas = kinds.map(|(kind, _)| document(kind));
    for (place, (kind, folders)) in kinds.iter().enumerate() {
        for path in folders.iter().flat_map(|folder| files(folder)) {
            let file = read(&path);
            for (other, schema) in schemas.iter().enumerate() {
                let verdict = check(schema, &file);
                // And it fits no other.
                assert_eq!(verdict.is_ok(), other == place, "{kind:?} {}: {verdict:?}", path.display());
            }
        }
    }
}

#[test]
fn what_is_wrong_does_not_fit() {
    let cases: [(FileKind, &str, Value, &str); 26] = [
        (FileKind::Scenario, "/budget", json!(-5), "/budget: minimum 0"),
        (FileKind::Scenario, "/budget", json!("300"), "/budget: type \"number\""),
        (FileKind::Scenario, "/goal", json!("new-customer"), "/goal: enum"),
        (FileKind::Scenario, "/goal", Value::Null, " lacks `goal`"),
        (FileKind::Scenario, "/limits/return_flor", json!(2), "/limits/return_flor is not allowed"),
        (FileKind::Scenario, "/days", json!(7), "/days is not allowed"),
        (FileKind::Scenario, "/kind", json!("curves"), "lacks `days`"),
        (FileKind::Scenario, "/industry", Value::Null, " lacks `industry`"),
        (FileKind::Scenario, "/line", json!([]), "/line: minItems 1"),
        (FileKind::Scenario, "/line/0/channel", Value::Null, "/line[0] lacks `channel`"),
        (FileKind::Scenario, "/line/0/bid_mode", json!("hold-cost"), "/line[0] lacks `bid_target`"),
        (FileKind::Scenario, "/line/0/set", json!({ "click_rte": 0.1 }), "/line[0]/set/click_rte is not"),
        (FileKind::Scenario, "/line/0/set", json!({ "click_rate": 3 }), "/line[0]/set/click_rate: anyOf"),
        (FileKind::Scenario, "/set", json!({ "merchant": { "margin": 0 } }), "/set/merchant/margin: minimum"),
        (FileKind::Scenario, "/levers", json!(["bids"]), "/levers[0]: enum"),
        (FileKind::Scenario, "/people", json!(0.5), "/people: "),
        (FileKind::Channel, "/commission_days", json!(15), "/commission_days is not allowed"),
        (FileKind::Channel, "/pricing", json!("fixed"), "lacks `exposures`"),
        (FileKind::Channel, "/price", json!({ "median": 2 }), "/price: anyOf"),
        (FileKind::Channel, "/price", json!(0), "/price: anyOf"),
        (FileKind::Channel, "/outside", json!("no"), "/outside: type \"boolean\""),
        (FileKind::Industry, "/persona/1/share", json!(20), "/persona[1]/share: maximum 1"),
        (FileKind::Industry, "/attraction", json!([1, 2]), "/attraction: minItems 8"),
        (FileKind::Merchant, "/product/0/margin", Value::Null, "/product[0] lacks `margin`"),
        (FileKind::Calendar, "/phase/0/days", Value::Null, "/phase[0] lacks `days`"),
        (FileKind::Tiers, "/tier/0/name", json!("star"), "/tier[0]/name: enum"),
    ];
    let schemas = FileKind::ALL.map(|kind| (kind, document(kind)));
    for (kind, pointer, bad, reason) in cases {
        let schema =
            schemas.iter().find(|(other, _)| *other == kind).map(|(_, schema)| schema).expect("a schema");
        let mut file = example(kind);
        assert_eq!(check(schema, &file), Ok(()));
        let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
        let table = file.pointer_mut(parent).and_then(Value::as_object_mut).expect("a table");
        match bad {
            Value::Null => table.remove(key),
            bad => table.insert(key.to_owned(), bad),
        };
        let verdict = check(schema, &file).expect_err(pointer);
        assert!(verdict.contains(reason), "{pointer}: {verdict}");
    }
}

/// Numbers of curves may be lists of draws, and steps weeks in place of days.
#[test]
fn a_world_of_curves_may_be_a_posterior() {
    let schema = document(FileKind::Scenario);
    let text = |length: &str, value: &str| {
        format!(
            "kind = \"curves\"\ntitle = \"t\"\nquestion = \"q\"\ngoal = \"response\"\ncurrency = \"units\"\nbudget = 9\n\
             {length}\n[[line]]\nname = \"a\"\ncurve = \"hill\"\nvalue = {value}\ndaily_half = [1, 2]\n\
             retention = {{ low = 0, high = 0.5 }}\nhistory = [3, 4]\n"
        )
    };
    for (length, value, fits) in [
        ("days = 5", "[7, 8]", true),
        ("weeks = 5", "{ median = 7, log_sd = 1 }", true),
        ("weeks = 5", "7", true),
        ("weeks = 5", "[]", false),
        ("weeks = 5", "[-1, 2]", false),
        ("weeks = 5\ndays = 5", "7", false),
        ("", "7", false),
    ] {
        let file: Value = toml::from_str(&text(length, value)).expect("TOML");
        assert_eq!(check(&schema, &file).is_ok(), fits, "{length}, {value}: {:?}", check(&schema, &file));
    }
}

#[test]
fn a_file_with_a_base_may_lack_what_the_base_has() {
    let schema = document(FileKind::Scenario);
    for (text, fits) in [
        ("base = \"new-customer\"", true),
        ("title = \"no base\"", false),
        ("base = \"new-customer\"\ndrop_lines = [\"search\"]\n[[line]]\nname = \"notes\"\ncap = 3\n", true),
        ("base = \"new-customer\"\n[[line]]\ncap = 3\n", false),
        ("base = \"new-customer\"\n[[line]]\nname = \"notes\"\ncap = -3\n", false),
        ("base = \"a\"\n[[line]]\nname = \"a\"\n[line.set]\nprice.median = 3\nrivals.most = 1\n", true),
        ("base = \"a\"\n[[set.industry.persona]]\nname = \"parents\"\nshare = 0.3\n", true),
        ("base = \"a\"\n[set.calendars]\ntitle = \"b\"\n", false),
    ] {
        let file: Value = toml::from_str(text).expect("TOML");
        let verdict = check(&schema, &file);
        assert_eq!(verdict.is_ok(), fits, "{text}: {verdict:?}");
    }
}

/// Every place of a value in a document.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(table) => table.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(place, item)| (place.to_string(), item)).collect()
        }
        _ => Vec::new(),
    };
    for (key, value) in inner {
        let place = format!("{at}/{key}");
        places(value, &place, found);
        found.push(place);
    }
}

fn remove(file: &mut Value, pointer: &str) {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    match file.pointer_mut(parent) {
        Some(Value::Object(table)) => drop(table.remove(key)),
        Some(Value::Array(items)) => drop(items.remove(key.parse().expect("a place"))),
        _ => unreachable!("a place is in a table or a list"),
    }
}

/// Whether the reader takes a file of this kind, in a scenario that uses it.
fn is_read(kind: FileKind, file: &Value, folder: &Path) -> bool {
    let text = toml::to_string(file).expect("TOML");
    let (place, scenario) = match kind {
        FileKind::Scenario => return Scenario::from_text("mutant", &text).is_ok(),
        FileKind::Channel => ("channels/search", "base = \"new-customer\""),
        FileKind::Industry => ("industries/snacks", "base = \"new-customer\""),
        FileKind::Merchant => ("merchants/lens-brand", "base = \"new-customer\"\nmerchant = \"lens-brand\""),
        FileKind::Calendar => ("calendars/618", "base = \"new-customer\""),
        FileKind::Tiers => ("tiers/stars", "base = \"new-customer\"\nmerchant = \"rising-star\""),
    };
    let (path, main) = (folder.join(format!("{place}.toml")), folder.join("main.toml"));
    std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    std::fs::write(&path, text).expect("a file");
    std::fs::write(&main, scenario).expect("a file");
    Scenario::load(main.to_str().expect("a path")).is_ok()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// A schema that refused what the program reads would underline sound files.
    #[test]
    fn what_the_reader_takes_fits(
        file in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..8), 1..3),
    ) {
        thread_local! {
            static SCHEMAS: Vec<(FileKind, Value, Value)> = {
                let scenarios = ["new-customer", "lead", "all-domain", "product-test", "new-customer-benefit",
                    "problems/p2-hill-30", "problems/p3-carry-over", "problems/p7-pacing-10-1",
                    "families/misspecified", "references/amss-vignette"];
                let schema = document(FileKind::Scenario);
                let scenarios = scenarios.map(|name| {
                    let file = read(&Path::new(ENVIRONMENTS).join(format!("{name}.toml")));
                    (FileKind::Scenario, schema.clone(), file)
                });
                let others = FileKind::ALL.into_iter().skip(1).map(|kind| (kind, document(kind), example(kind)));
                scenarios.into_iter().chain(others).collect()
            };
        }
        SCHEMAS.with(|all| {
            let (kind, schema, file) = &all[file.index(all.len())];
            let mut file = file.clone();
            for (place, change) in changes {
                let mut found = Vec::new();
                places(&file, "", &mut found);
                let pointer = &found[place.index(found.len())];
                let new = match change {
                    0..=1 => { remove(&mut file, pointer); continue }
                    2 => json!(0),
                    3 => json!(-1),
                    4 => json!(1.5),
                    5 => json!(1_000_000),
                    6 => json!("day"),
                    _ => Value::Object(Map::new()),
                };
                if let Some(value) = file.pointer_mut(pointer) {
                    *value = new;
                }
            }
            if let Err(reason) = check(schema, &file) {
                let folder = tempfile::tempdir().expect("a folder");
                prop_assert!(!is_read(*kind, &file, folder.path()), "{kind:?} {reason}:\n{}",
                    toml::to_string(&file).unwrap_or_default());
            }
            Ok(())
        })?;
    }
}
