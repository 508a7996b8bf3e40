//! The house is in order: modules import only from above, files end soon, nothing is left unfinished.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.map(Result::unwrap) {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && name != "target" && name != ".git" && name != "node_modules" {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn all_rust_files() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for folder in [
        "host",
        "guest-sdk",
        "policies-wasm",
        "examples",
        "tests",
        "xtask",
    ] {
        rust_files(&root().join(folder), &mut found);
    }
    found.sort();
    found
        .into_iter()
        .map(|path| (path.clone(), fs::read_to_string(path).unwrap()))
        .collect()
}

/// The host's modules in reading order, as `lib.rs` lists them.
fn order() -> Vec<String> {
    let lib = fs::read_to_string(root().join("host/src/lib.rs")).unwrap();
    let modules = lib
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    modules.map(str::to_owned).collect()
}

/// The crate's modules that a source text names.
fn imports(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (place, _) in text.match_indices("crate::") {
        let rest = &text[place + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let group = group.split("};").next().unwrap_or_default();
            let mut depth = 0;
            for part in group.split_inclusive(['{', '}', ',']) {
                if depth == 0 {
                    let name: String = part
                        .trim()
                        .chars()
                        .take_while(|c| c.is_alphanumeric() || *c == '_')
                        .collect();
                    found.insert(name);
                }
                depth += part.matches('{').count();
                depth = depth.saturating_sub(part.matches('}').count());
            }
        } else {
            found.insert(
                rest.chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect(),
            );
        }
    }
    found
}

#[test]
fn modules_import_only_from_above() {
    let order = order();
    assert!(order.len() > 15, "the reading order is missing: {order:?}");
    let rank = |name: &str| order.iter().position(|module| module == name);
    let source = root().join("host/src");
    let mut checked = 0;
    for (path, text) in all_rust_files() {
        let Ok(inside) = path.strip_prefix(&source) else {
            continue;
        };
        let first = inside
            .components()
            .next()
            .unwrap()
            .as_os_str()
            .to_string_lossy()
            .into_owned();
        let module = first.trim_end_matches(".rs");
        let Some(from) = rank(module) else {
            assert!(
                ["lib", "main"].contains(&module),
                "`{module}` is not in the reading order of lib.rs"
            );
            continue;
        };
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for import in imports(text) {
            let Some(of) = rank(&import) else { continue };
            assert!(
                of <= from,
                "{}: `{module}` must not import `{import}`, which stands below it",
                inside.display()
            );
            checked += 1;
        }
    }
    assert!(checked > 100, "only {checked} imports were found");
}

#[test]
fn no_file_is_longer_than_600_lines_without_its_tests() {
    for (path, text) in all_rust_files() {
        let lines = text
            .split("#[cfg(test)]")
            .next()
            .unwrap_or_default()
            .lines()
            .count();
        assert!(
            lines <= 600,
            "{} has {lines} lines: split it by what it is about",
            path.display()
        );
    }
}

#[test]
fn nothing_is_left_unfinished_and_no_test_sleeps() {
    let marks = [
        "todo!(",
        "unimplemented!(",
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("#[ig", "nore"),
    ];
    for (path, text) in all_rust_files() {
        if path.ends_with("tests/tests/tidy.rs") {
            continue;
        }
        for mark in marks {
            assert!(!text.contains(mark), "{} contains `{mark}`", path.display());
        }
        let is_test = path.components().any(|part| part.as_os_str() == "tests")
            && !path.to_string_lossy().contains("/bin/");
        assert!(
            !(is_test && text.contains("thread::sleep(")),
            "{} sleeps: wait for the fact instead",
            path.display()
        );
    }
}

/// What the central boundaries must be able to do, by requirement id.
const BOUNDARIES: &str = "A04 A05 A06 A07 A11 A12 A13 A14 A15 A16 A17 A18 A20 A21 A22 A23 A24 A25 A27 A28 A29 A30 A33 A34 A44 A45 \
                          B08 B10 C01 C02 C03 C04 C05 C11 C12 C13 C17 C20 C21 C22 C23 C24 C25 C26 C27 C28 C29 C30 C31 D01 D13 D14";

#[test]
fn every_requirement_of_the_boundaries_is_named_by_a_test() {
    let tests: Vec<String> = all_rust_files()
        .into_iter()
        .filter(|(path, text)| {
            !path.ends_with("tests/tests/tidy.rs")
                && (path.starts_with(root().join("tests/tests")) || text.contains("#[cfg(test)]"))
        })
        .map(|(_, text)| text)
        .collect();
    let missing: Vec<&str> = BOUNDARIES
        .split_whitespace()
        .filter(|id| !tests.iter().any(|text| text.contains(*id)))
        .collect();
    assert!(missing.is_empty(), "no test names {missing:?}");
}
