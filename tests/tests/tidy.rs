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

/// What Kairos must be able to do: the letter of a source, and how many requirements it has.
const REQUIREMENTS: [(char, usize); 4] = [('A', 46), ('B', 19), ('C', 34), ('D', 20)];

/// The requirements that no test proves, each with its reason.
const UNPROVEN: &str = "tests/requirements.md";

/// The ids of requirements in a text.
fn ids(text: &str) -> impl Iterator<Item = &str> {
    let words = text.split(|character: char| !character.is_ascii_alphanumeric());
    words.filter(|word| {
        let (letter, number) = word.split_at_checked(1).unwrap_or_default();
        let is_letter = REQUIREMENTS.iter().any(|(of, _)| letter == of.to_string());
        is_letter && number.len() == 2 && number.parse::<u8>().is_ok()
    })
}

/// The comments that name a test: directly above it, and first in it. `place` is the line of its `#[test]`.
fn names_of_a_test<'a>(lines: &[&'a str], place: usize) -> Vec<&'a str> {
    let is_comment = |line: &&&str| line.starts_with("//");
    let is_head = |line: &&&str| is_comment(line) || line.starts_with("#[");
    let (above, below) = lines.split_at(place);
    let above = above.iter().rev().take_while(is_head);
    let head = below.iter().take_while(is_head).count();
    let body = below
        .iter()
        .skip(head)
        .skip_while(|line| !line.ends_with('{'));
    let inside = body.skip(1).take_while(is_comment);
    let attributed = below.iter().take(head);
    let all = above.chain(attributed).chain(inside);
    all.filter(is_comment).copied().collect()
}

/// The requirements that tests are named after.
fn proven() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, text) in all_rust_files() {
        let lines: Vec<&str> = text.lines().map(str::trim).collect();
        for (place, _) in lines
            .iter()
            .enumerate()
            .filter(|(_, line)| **line == "#[test]")
        {
            let names = names_of_a_test(&lines, place);
            found.extend(names.into_iter().flat_map(ids).map(str::to_owned));
        }
    }
    found
}

/// The requirements that are listed as unproven: lines such as `- A08: nothing is delivered yet.`
fn unproven() -> BTreeSet<String> {
    let text = fs::read_to_string(root().join(UNPROVEN)).unwrap();
    let mut listed = BTreeSet::new();
    for line in text.lines().filter_map(|line| line.strip_prefix("- ")) {
        let (id, reason) = line.split_once(": ").unwrap_or((line, ""));
        assert!(ids(id).eq([id]), "{UNPROVEN}: `{id}` is no requirement");
        assert!(reason.len() > 10, "{UNPROVEN}: {id} needs a reason");
        assert!(
            listed.insert(id.to_owned()),
            "{UNPROVEN}: {id} stands there twice"
        );
    }
    listed
}

#[test]
fn every_requirement_is_named_by_a_test_or_listed_with_a_reason() {
    let (proven, unproven) = (proven(), unproven());
    let all: BTreeSet<String> = REQUIREMENTS
        .iter()
        .flat_map(|(letter, count)| (1..=*count).map(move |number| format!("{letter}{number:02}")))
        .collect();
    let either: BTreeSet<String> = proven.union(&unproven).cloned().collect();
    let missing: Vec<&String> = all.difference(&either).collect();
    assert!(
        missing.is_empty(),
        "no test is named after {missing:?}: name the one that proves it, or give a reason in {UNPROVEN}"
    );
    let unknown: Vec<&String> = either.difference(&all).collect();
    assert!(unknown.is_empty(), "{unknown:?} are no requirements");
    let both: Vec<&String> = proven.intersection(&unproven).collect();
    assert!(
        both.is_empty(),
        "{both:?} are named by tests: take them out of {UNPROVEN}"
    );
}

#[test]
fn only_the_names_of_tests_count_as_names() {
    let text = "// A01: of the file\n\n/// A02\n// A03, A04: why\n#[test]\n// A05\nfn one(\n    two: u8,\n) {\n// A06: why\n\
                let x = \"A07\";\n// A08\n}";
    let lines: Vec<&str> = text.lines().collect();
    let mut names: Vec<&str> = names_of_a_test(&lines, 4)
        .into_iter()
        .flat_map(ids)
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["A02", "A03", "A04", "A05", "A06"]);
}
