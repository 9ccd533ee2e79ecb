//! `outlay schema`: what may stand in a file, as JSON Schema (draft 2020-12) for editors.

use outlay_environment::declared::{Declared, Field};
use outlay_environment::reader::{Bounds, Uncertain};
use outlay_environment::schema::{Answer, Condition, Effect, FileKind, Rule, Shape, Stands};
use serde_json::{Value, json};

use crate::cli;
use crate::failure::Failure;
use crate::terminal::Terminal;

/// Numbers from here on stand for no bound.
const UNBOUNDED: f64 = 1e15;

/// `outlay schema`
pub(crate) fn run(arguments: &cli::Schema, terminal: Terminal) -> Result<u8, Failure> {
    let kind = FileKind::ALL.into_iter().find(|kind| kind.name() == arguments.kind);
    terminal.document(&document(kind.unwrap_or(FileKind::Scenario)))?;
    Ok(0)
}

/// The schema of a kind of file.
pub(crate) fn document(kind: FileKind) -> Value {
    let shape = Shape::of(kind);
    let laid_over = shape.keys.iter().any(|key| key.path.is_empty() && key.key == "base");
    let mut schema = object(&shape, "", !laid_over);
    schema["$schema"] = json!("https://json-schema.org/draft/2020-12/schema");
    schema["title"] = json!(format!("Outlay: {}", kind.name()));
    let rules: Vec<Value> = shape.rules.iter().map(rule).collect();
    if laid_over {
        // What a file with a base lacks may stand in the base.
        schema["if"] = json!({ "not": { "required": ["base"] } });
        schema["then"] = requirements(&shape, "");
        schema["then"]["allOf"] = json!(rules);
    } else if !rules.is_empty() {
        schema["allOf"] = json!(rules);
    }
    for field in shape.keys.iter().map(|key| &key.field) {
        if let Field::Overrides(kind) = field {
            schema["$defs"][kind.name()] = object(&Shape::of(*kind), "", false);
        }
    }
    schema
}

/// The table at a path. Of one that is laid over another (not `whole`), nothing must be there but the names by which
/// tables of a list are found; a list without names is replaced and stands by itself.
fn object(shape: &Shape, path: &str, whole: bool) -> Value {
    let mut schema = json!({ "type": "object", "additionalProperties": false, "properties": {} });
    let named = path.ends_with("[]/") && keys(shape, path).any(|key| key.key == "name");
    let whole = whole || (path.ends_with("[]/") && !named);
    for key in keys(shape, path) {
        let mut property = match &key.field {
            Field::Table => object(shape, &format!("{path}{}/", key.key), whole),
            Field::Tables => {
                let items = object(shape, &format!("{path}{}[]/", key.key), whole);
                let mut list = json!({ "type": "array", "items": items });
                if key.required {
                    list["minItems"] = json!(1);
                }
                list
            }
            field => field_schema(field, whole),
        };
        if let Some(about) = about(key) {
            property["description"] = json!(about);
        }
        schema["properties"][key.key] = property;
    }
    let required: Vec<&str> = keys(shape, path)
        .filter(|key| key.required && (whole || (named && key.key == "name")))
        .map(|key| key.key)
        .collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

/// What must be there in the table at a path and below, and nothing else.
fn requirements(shape: &Shape, path: &str) -> Value {
    let mut schema = json!({});
    for key in keys(shape, path) {
        let inner = match &key.field {
            Field::Table => requirements(shape, &format!("{path}{}/", key.key)),
            Field::Tables => json!({ "items": requirements(shape, &format!("{path}{}[]/", key.key)) }),
            _ => continue,
        };
        if inner != json!({}) && inner != json!({ "items": {} }) {
            schema["properties"][key.key] = inner;
        }
    }
    let required: Vec<&str> = keys(shape, path).filter(|key| key.required).map(|key| key.key).collect();
    if !required.is_empty() {
        schema["required"] = json!(required);
    }
    schema
}

fn keys<'s>(shape: &'s Shape, path: &str) -> impl Iterator<Item = &'s Declared> {
    shape.keys.iter().filter(move |key| key.path == path)
}

/// What a key is: the unit of a number, else what the reader says.
fn about(key: &Declared) -> Option<&str> {
    match &key.field {
        Field::Number(bounds)
        | Field::Whole(bounds)
        | Field::Uncertain(bounds)
        | Field::Drawn(bounds)
        | Field::Numbers(bounds, _)
        | Field::Rows(bounds)
        | Field::NamedNumbers(bounds) => Some(bounds.unit).filter(|unit| !unit.is_empty()),
        Field::Choice(_) | Field::Tables | Field::Table => None,
        _ => key.about.as_deref(),
    }
}

/// A field that is no table of ours.
fn field_schema(field: &Field, whole: bool) -> Value {
    match field {
        Field::Number(bounds) => number("number", bounds),
        Field::Whole(bounds) => number("integer", bounds),
        Field::Uncertain(bounds) => uncertain(bounds, whole),
        Field::Drawn(bounds) => {
            let mut drawn = uncertain(bounds, whole);
            let draws = json!({ "type": "array", "minItems": 1, "items": number("number", bounds) });
            drawn["anyOf"].as_array_mut().into_iter().for_each(|forms| forms.push(draws.clone()));
            drawn
        }
        Field::Numbers(bounds, length) => {
            let mut list = json!({ "type": "array", "items": number("number", bounds) });
            if let Some(length) = length {
                (list["minItems"], list["maxItems"]) = (json!(length), json!(length));
            }
            list
        }
        Field::Rows(bounds) => {
            json!({ "type": "array", "items": { "type": "array", "items": number("number", bounds) } })
        }
        Field::NamedNumbers(bounds) => {
            json!({ "type": "object", "additionalProperties": number("number", bounds) })
        }
        Field::Flag => json!({ "type": "boolean" }),
        Field::Text | Field::File(_) => json!({ "type": "string" }),
        Field::Texts => json!({ "type": "array", "minItems": 1, "items": { "type": "string" } }),
        Field::Choice(words) => json!({ "enum": words }),
        Field::Words(words) => json!({ "type": "array", "minItems": 1, "items": { "enum": words } }),
        Field::Overrides(kind) => json!({ "$ref": format!("#/$defs/{}", kind.name()) }),
        Field::Either(fields) => {
            json!({ "anyOf": [field_schema(&fields[0], whole), field_schema(&fields[1], whole)] })
        }
        Field::Table => json!({ "type": "object" }),
        Field::Tables => json!({ "type": "array", "items": { "type": "object" } }),
    }
}

fn number(name: &str, bounds: &Bounds) -> Value {
    let mut schema = json!({ "type": name });
    if bounds.low.abs() < UNBOUNDED {
        schema[if bounds.open { "exclusiveMinimum" } else { "minimum" }] = figure(bounds.low);
    }
    if bounds.high.abs() < UNBOUNDED {
        schema["maximum"] = figure(bounds.high);
    }
    schema
}

/// A whole number without a decimal point.
fn figure(value: f64) -> Value {
    if value.fract() == 0.0 { json!(value as i64) } else { json!(value) }
}

/// A number that worlds may draw. What is laid over such a table may be a part of it.
fn uncertain(bounds: &Bounds, whole: bool) -> Value {
    let plain = number("number", bounds);
    let log_sd = number("number", &Uncertain::LOG_SD);
    let mut normal = json!({ "type": "object", "additionalProperties": false });
    normal["properties"] = json!({ "median": plain, "log_sd": log_sd });
    let mut uniform = json!({ "type": "object", "additionalProperties": false });
    uniform["properties"] = json!({ "low": plain, "high": plain });
    if whole {
        normal["required"] = json!(["median", "log_sd"]);
        uniform["required"] = json!(["low", "high"]);
    }
    json!({ "anyOf": [plain, normal, uniform] })
}

/// A rule as nested conditions, each at its table.
fn rule(rule: &Rule) -> Value {
    let root = rule.conditions.last().map_or("", |condition| condition.path.as_str());
    let mut schema = json!({});
    for effect in &rule.effects {
        let path = effect.path.strip_prefix(root).unwrap_or(&effect.path);
        follow(effect, table_at(&mut schema, path));
    }
    let mut place = root;
    for condition in rule.conditions.iter().rev() {
        let path = place.strip_prefix(condition.path.as_str()).unwrap_or(place);
        let inner = std::mem::take(&mut schema);
        *table_at(&mut schema, path) = inner;
        schema = json!({ "if": holds(condition), "then": schema });
        place = &condition.path;
    }
    let inner = std::mem::take(&mut schema);
    *table_at(&mut schema, place) = inner;
    schema
}

/// The schema of the table at a path below one.
fn table_at<'s>(schema: &'s mut Value, path: &str) -> &'s mut Value {
    path.split_terminator('/').fold(schema, |schema, step| match step.strip_suffix("[]") {
        Some(key) => &mut schema["properties"][key]["items"],
        None => &mut schema["properties"][step],
    })
}

fn follow(effect: &Effect, schema: &mut Value) {
    if let Some(field) = &effect.field {
        schema["properties"][effect.key] = field_schema(field, true);
    }
    match effect.stands {
        Stands::Never => schema["properties"][effect.key] = json!(false),
        Stands::Freely => {}
        Stands::Always => match schema["required"].as_array_mut() {
            Some(required) => required.push(json!(effect.key)),
            None => schema["required"] = json!([effect.key]),
        },
    }
}

fn holds(condition: &Condition) -> Value {
    let key = condition.key;
    let absent = condition.answers.contains(&Answer::Absent);
    let values: Vec<Value> = (condition.answers.iter())
        .filter_map(|answer| match answer {
            Answer::Word(word) => Some(json!(word)),
            Answer::Flag(flag) => Some(json!(flag)),
            Answer::Absent | Answer::Present => None,
        })
        .collect();
    match (values.is_empty(), absent) {
        (true, true) => json!({ "not": { "required": [key] } }),
        (true, false) => json!({ "required": [key] }),
        (false, true) => json!({ "properties": { key: { "enum": values } } }),
        (false, false) => json!({ "properties": { key: { "enum": values } }, "required": [key] }),
    }
}

#[cfg(test)]
mod tests;
