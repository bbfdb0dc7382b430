//! The structure that `docs/` describes: who may import whom, who alone uses which vendor, where
//! clock and chance may be asked, and how files look.

use std::fs;
use std::path::{Path, PathBuf};

/// The modules, each of which imports only from those before it. Those in one row stand beside
/// each other.
const ORDER: &[&[&str]] = &[
    &["base"],
    &["domain"],
    &["wire"],
    &["seal"],
    &["audit"],
    &["exchange"],
    &["store"],
    &["app"],
    &["driver"],
    &["api"],
    &["transport", "http", "client"],
    &["config"],
    &["node"],
    &["cli"],
];

/// Vendors that one module alone may name.
const FENCES: &[(&str, &str)] = &[
    ("prost", "wire"),
    ("ring", "seal"),
    ("hpke", "seal"),
    ("ml_kem", "seal"),
    ("libcrux_ml_dsa", "seal"),
    ("ml_dsa", "seal"),
    ("argon2", "seal"),
    ("quinn", "transport"),
    ("quinn_proto", "transport"),
    ("rustls", "transport"),
    ("rcgen", "transport"),
    ("sled", "store"),
    ("axum", "http"),
    ("askama", "http"),
    ("fluent_bundle", "http"),
    ("reqwest", "client"),
    ("clap", "cli"),
];

/// Where a fenced name is another vendor's: rustls keeps its provider over ring under `ring`.
const SAME_NAME: &[(&str, &str)] = &[("transport/crypto.rs", "ring")];

/// What asks the clock or chance. Left of the driver both are arguments.
const CLOCK_OR_CHANCE: &[&str] = &[
    "SystemTime::now",
    "Instant::now",
    "Timestamp::system()",
    "OsEntropy",
    "getrandom::",
    "SystemRandom",
];

/// The places that may all the same: `base` defines them, and the key exchange of TLS draws its
/// ephemeral keys where ring has them.
const MAY_ASK: &[&str] = &["base/entropy.rs", "base/time.rs", "base.rs", "seal/kx.rs"];

const LONGEST_FILE: usize = 500;

struct Source {
    /// Relative to `src/`.
    path: String,
    text: String,
}

impl Source {
    fn module(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap_or_default()
    }

    /// The file without its tests, which may do what the product may not.
    fn product(&self) -> &str {
        self.text.split("#[cfg(test)]").next().unwrap_or_default()
    }

    fn code_lines(&self) -> impl Iterator<Item = &str> {
        let comment = |line: &&str| !line.trim_start().starts_with("//");
        self.product().lines().filter(comment)
    }

    fn is_test(&self) -> bool {
        self.path.contains("tests") || self.path.contains("fixtures")
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder can be read") {
            let path: PathBuf = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(&root).expect("it lies under src");
                found.push(Source {
                    path: relative.display().to_string(),
                    text: fs::read_to_string(&path).expect("the file can be read"),
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

fn rank(module: &str) -> Option<usize> {
    ORDER.iter().position(|row| row.contains(&module))
}

fn imports_from_the_right(source: &Source) -> Vec<String> {
    let Some(own) = rank(source.module()) else {
        return Vec::new();
    };
    let mut faults = Vec::new();
    for line in source.code_lines() {
        for part in line.split("crate::").skip(1) {
            let end = part.find(|c: char| !c.is_alphanumeric() && c != '_');
            let module = &part[..end.unwrap_or(part.len())];
            if module == source.module() {
                continue;
            }
            if rank(module).is_some_and(|rank| rank >= own) {
                faults.push(format!("{} imports {module}", source.path));
            }
        }
    }
    faults
}

fn beyond_the_fence(source: &Source) -> Vec<String> {
    let names = |vendor: &str| {
        let path = format!("{vendor}::");
        source.code_lines().any(|line| {
            line.match_indices(&path).any(|(at, _)| {
                let before = line[..at].chars().next_back();
                !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':')
            })
        })
    };
    FENCES
        .iter()
        .filter(|(vendor, _)| !SAME_NAME.contains(&(source.path.as_str(), *vendor)))
        .filter(|(vendor, owner)| *owner != source.module() && names(vendor))
        .map(|(vendor, owner)| format!("{} names {vendor}, which is {owner}'s", source.path))
        .collect()
}

fn asks_clock_or_chance(source: &Source) -> Vec<String> {
    let driver = rank("driver").expect("it is in the order");
    let left = rank(source.module()).is_some_and(|rank| rank < driver);
    if !left || source.is_test() || MAY_ASK.contains(&source.path.as_str()) {
        return Vec::new();
    }
    CLOCK_OR_CHANCE
        .iter()
        .filter(|asks| source.code_lines().any(|line| line.contains(**asks)))
        .map(|asks| format!("{} asks {asks}", source.path))
        .collect()
}

fn looks_wrong(source: &Source) -> Vec<String> {
    let mut faults = Vec::new();
    let generated = source.path.contains("generated");
    if !generated && !source.is_test() && !source.text.starts_with("//!") {
        faults.push(format!("{} does not open with what it is for", source.path));
    }
    let lines = source.text.lines().count();
    if !generated && lines > LONGEST_FILE {
        faults.push(format!("{} has {lines} lines", source.path));
    }
    if !source.is_test() && source.code_lines().any(|line| line.contains(".unwrap()")) {
        faults.push(format!("{} unwraps without saying why", source.path));
    }
    faults
}

fn all(check: fn(&Source) -> Vec<String>) {
    let faults: Vec<String> = sources().iter().flat_map(check).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn each_module_imports_only_from_its_left() {
    all(imports_from_the_right);
}

#[test]
fn each_vendor_stays_behind_its_fence() {
    all(beyond_the_fence);
}

#[test]
fn left_of_the_driver_clock_and_chance_are_arguments() {
    all(asks_clock_or_chance);
}

#[test]
fn each_file_says_what_it_is_for_and_stays_short() {
    all(looks_wrong);
}

#[test]
fn every_module_has_its_place_in_the_order() {
    let unknown: Vec<String> = sources()
        .into_iter()
        .filter(|source| !matches!(source.module(), "lib" | "main"))
        .filter(|source| rank(source.module()).is_none())
        .map(|source| source.path)
        .collect();
    assert!(unknown.is_empty(), "{unknown:?}");
}

#[test]
fn the_checks_find_what_they_look_for() {
    let source = |path: &str, text: &str| Source {
        path: path.to_owned(),
        text: text.to_owned(),
    };
    let bad = source(
        "wire/x.rs",
        "use crate::store::Log;\nuse sled::Db;\nlet a = b.unwrap();\n",
    );
    assert_eq!(imports_from_the_right(&bad).len(), 1);
    assert_eq!(beyond_the_fence(&bad).len(), 1);
    assert_eq!(looks_wrong(&bad).len(), 2);
    let clock = source("app/x.rs", "//! x\nlet now = Timestamp::system();\n");
    assert_eq!(asks_clock_or_chance(&clock).len(), 1);
    let good = source(
        "app/x.rs",
        "//! x\n// sled::Db\nuse crate::store::Log;\n#[cfg(test)]\na.unwrap()",
    );
    assert!(imports_from_the_right(&good).is_empty() && beyond_the_fence(&good).is_empty());
    assert!(looks_wrong(&good).is_empty());
}
