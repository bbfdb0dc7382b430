//! The OpenAPI document is whole, and the one that is kept in `docs/`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::served::Served;

fn document() -> Value {
    Served::new()
        .anonymous("GET", "/openapi.json")
        .send()
        .is(200)
}

/// Calls `each` with every reference below a value.
fn references<'a>(value: &'a Value, each: &mut impl FnMut(&'a str)) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(target) if name == "$ref" => each(target),
                    _ => references(member, each),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, each)),
        _ => (),
    }
}

#[test]
fn anybody_who_reaches_the_node_gets_the_document() {
    assert_eq!(document()["openapi"], "3.1.0");
}

#[test]
fn every_reference_leads_somewhere() {
    let document = document();
    let mut count = 0;
    references(&document, &mut |target| {
        count += 1;
        let there = target.strip_prefix('#').and_then(|at| document.pointer(at));
        assert!(there.is_some(), "{target}");
    });
    assert!(count > 200, "{count} references");
}

#[test]
fn every_schema_is_used() {
    let document = document();
    let mut used = BTreeSet::new();
    references(&document, &mut |target| {
        used.extend(target.strip_prefix("#/components/schemas/"));
    });
    let schemas = document["components"]["schemas"].as_object();
    let unused = schemas.expect("there are schemas").keys();
    let unused: Vec<&String> = unused
        .filter(|name| !used.contains(name.as_str()))
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = document();
    let mut names = BTreeSet::new();
    for item in document["paths"].as_object().expect("paths").values() {
        for operation in item.as_object().expect("operations").values() {
            let name = operation["operationId"].as_str().expect("a name");
            assert!(names.insert(name.to_owned()), "{name} twice");
        }
    }
}

#[test]
fn the_document_is_the_one_in_docs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    let made = serde_json::to_string_pretty(&document()).expect("JSON") + "\n";
    if std::env::var_os("LIAISON_WRITE_DOCUMENTS").is_some() {
        fs::write(&path, &made).expect("the file can be written");
    }
    let kept = fs::read_to_string(&path).expect("the file can be read");
    assert!(
        kept == made,
        "docs/openapi.json is not what the code says. Run this test once with \
         LIAISON_WRITE_DOCUMENTS=1 and look at what changed"
    );
}
