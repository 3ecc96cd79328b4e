//! The style guide as tests: what a reviewer would say twice is said here once, by a machine.
//!
//! Owns: the arrows between the packages, which package may use which driver, what source files may hold, how long they may be, and that every
//! rule named in a comment is explained. Reads manifests and files; needs no engine and no network.
//! Does not own: formatting and lints (rustfmt, clippy), licences and transitive dependencies (`.deny.toml`).
//! Always: a failing check lists every offender as `file:line`, so that one run is enough to mend all; an exception stands in [`EXCEPTIONS`] with
//! its reason, and one that nothing needs any more fails as well.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Which packages of the workspace a package uses; `None`: whatever it likes. A package that is not here may not exist.
const ARROWS: &[(&str, Option<&[&str]>)] = &[
    ("numbering", Some(&[])),
    ("rating", Some(&["numbering"])),
    ("billing", Some(&["numbering", "rating"])),
    ("listener", Some(&[])),
    ("radius", Some(&[])),
    ("cdr-ingest", Some(&["billing", "listener", "numbering", "rating"])),
    ("admin-api", Some(&["billing", "listener", "numbering", "radius", "rating"])),
    ("benches", None),
    ("tests", None),
];

/// Nobody uses these.
const LEAVES: &[&str] = &["admin-api", "benches", "cdr-ingest", "tests"];

/// Who may use a driver directly.
const DRIVERS: &[(&str, &[&str])] = &[
    ("axum", &["admin-api", "cdr-ingest", "listener"]),
    ("clickhouse", &["admin-api", "benches", "cdr-ingest", "tests"]),
    ("md-5", &["radius"]),
    ("rdkafka", &["benches", "cdr-ingest", "tests"]),
    ("sqlx", &["billing"]),
];

/// Packages that compute and do nothing else, and what would spoil them.
const PURE: &[&str] = &["numbering", "rating"];
const IMPURE: &[&str] = &["axum", "clickhouse", "rdkafka", "reqwest", "sqlx", "tokio"];

/// Folders whose code handles money or decides what is charged: no floating point there.
const MONEY: &[&str] = &["numbering/src/", "rating/src/", "admin-api/billing/src/"];

const LINES_MAX: usize = 500;
const RULES: &str = "admin-api/billing/RULES.md";

/// Allowed all the same: the check, the file, and why.
const EXCEPTIONS: &[(&str, &str, &str)] = &[];

// ---- the graph of packages

#[test]
fn arrows_between_packages_point_one_way() {
    let metadata = metadata();
    let members: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let mut offenders = Vec::new();
    for package in &metadata.packages {
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| package.name.as_str() == *name) else {
            offenders.push(format!("{}: a package without a place in ARROWS", package.manifest_path));
            continue;
        };
        let Some(allowed) = allowed else { continue };
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        let uses = |built: bool| -> BTreeSet<&str> {
            let kind = |kind| (kind == DependencyKind::Development) != built;
            let own = package.dependencies.iter().filter(|dependency| kind(dependency.kind));
            own.map(|dependency| dependency.name.as_str()).filter(|name| members.contains(name)).collect()
        };
        if uses(true) != allowed {
            offenders.push(format!("{}: uses {:?}, the arrows say {allowed:?}", package.manifest_path, uses(true)));
        }
        if !uses(false).is_subset(&allowed) {
            offenders.push(format!(
                "{}: its tests use {:?}, the arrows say {allowed:?}",
                package.manifest_path,
                uses(false)
            ));
        }
    }
    for (name, _) in ARROWS {
        if !members.contains(name) {
            offenders.push(format!("Cargo.toml: package {name} of ARROWS is gone"));
        }
    }
    none("packages that see what they may not see", &offenders);
}

#[test]
fn programs_tests_and_benches_are_used_by_nobody() {
    let mut offenders = Vec::new();
    for package in &metadata().packages {
        let free = ARROWS.iter().any(|(name, allowed)| package.name.as_str() == *name && allowed.is_none());
        for dependency in &package.dependencies {
            let test_only = ["benches", "tests"].contains(&dependency.name.as_str());
            if LEAVES.contains(&dependency.name.as_str()) && (test_only || !free) {
                offenders.push(format!("{}: uses {}", package.manifest_path, dependency.name));
            }
        }
    }
    none("packages that use a program, the tests or the benches", &offenders);
}

#[test]
fn drivers_are_direct_dependencies_only_where_they_belong() {
    let mut offenders = Vec::new();
    for package in &metadata().packages {
        for (driver, owners) in DRIVERS {
            if depends_on(package, driver) && !owners.contains(&package.name.as_str()) {
                offenders.push(format!("{}: {driver} belongs to {owners:?}", package.manifest_path));
            }
        }
    }
    none("drivers outside their packages", &offenders);
}

#[test]
fn pure_packages_stay_pure() {
    let mut offenders = Vec::new();
    for package in metadata().packages.iter().filter(|package| PURE.contains(&package.name.as_str())) {
        for name in IMPURE.iter().filter(|name| depends_on(package, name)) {
            offenders.push(format!("{}: {name} has no place in a pure package", package.manifest_path));
        }
    }
    none("pure packages that wait, ask or talk", &offenders);
}

// ---- the source files

#[test]
fn every_source_file_begins_by_saying_what_it_is() {
    check("header", "source files without a `//!` header", |file| {
        let first = file.lines.first().map_or("", |line| line.raw.as_str());
        if file.in_src() && !first.starts_with("//!") {
            vec![(1, "begins without `//!`".to_owned())]
        } else {
            Vec::new()
        }
    });
}

#[test]
fn source_files_fit_in_one_head() {
    check("length", "source files that are too long", |file| {
        let own = file.lines.iter().filter(|line| !line.in_test).count();
        if own <= LINES_MAX {
            return Vec::new();
        }
        vec![(
            LINES_MAX,
            format!("{own} lines without its tests, {LINES_MAX} at most: split it where the second subject begins"),
        )]
    });
}

#[test]
fn no_float_touches_money() {
    check("float", "floating point where money is", |file| {
        if !MONEY.iter().any(|folder| file.path.starts_with(folder)) {
            return Vec::new();
        }
        file.find(|line| ["f32", "f64"].into_iter().find(|word| has_word(&line.code, word)))
    });
}

#[test]
fn nothing_is_left_to_do_or_to_print() {
    check("leftover", "left-overs of work", |file| {
        file.find(|line| ["todo!", "unimplemented!", "dbg!"].into_iter().find(|word| has_word(&line.code, word)))
    });
}

#[test]
fn unwrap_is_for_tests() {
    check("unwrap", "`unwrap()` outside tests: say with `expect` why it holds, or return the error", |file| {
        file.find(|line| (!line.in_test && line.code.contains(".unwrap()")).then_some(".unwrap()"))
    });
}

#[test]
fn rules_decide_without_asking_anybody() {
    check("rules", "rules that ask a database or wait", |file| {
        if !file.path.ends_with("/rules.rs") {
            return Vec::new();
        }
        file.find(|line| ["sqlx", "async", "await"].into_iter().find(|word| has_word(&line.code, word)))
    });
}

#[test]
fn sql_is_spoken_in_billing_alone() {
    check("sql", "SQL outside billing", |file| {
        if file.path.starts_with("admin-api/billing/") {
            return Vec::new();
        }
        file.find(|line| has_word(&line.code, "sqlx").then_some("sqlx"))
    });
}

#[test]
fn every_rule_named_in_a_comment_is_explained() {
    let page = std::fs::read_to_string(root().join(RULES)).expect("the page of rules is there");
    let explained: BTreeSet<&str> = page
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(' ').next())
        .filter(|id| is_rule_id(id))
        .collect();
    check("rule", "rules without a line in admin-api/billing/RULES.md", |file| {
        let unknown = |line: &Line| -> Vec<String> {
            let words = line.comment.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            words.filter(|word| is_rule_id(word) && !explained.contains(word)).map(str::to_owned).collect()
        };
        let lines = file.lines.iter().enumerate();
        lines.flat_map(|(at, line)| unknown(line).into_iter().map(move |id| (at + 1, id))).collect()
    });
}

/// Files stand for themselves: no path, host or number of the place where they were written.
#[test]
fn files_do_not_speak_of_the_workplace() {
    let words = [
        concat!("/wo", "rk/"),
        concat!("/fa", "rm/"),
        concat!("../sha", "red"),
        concat!("requirements", ".md"),
        concat!("py", "pi.org"),
        concat!("pythonhosted", ".org"),
        concat!("index.crates", ".io"),
        concat!("static.crates", ".io"),
        concat!("registry.npm", "js"),
    ];
    let mut offenders = Vec::new();
    for path in files(|name| name != "Cargo.lock") {
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
        for (at, line) in text.lines().enumerate() {
            let lower = line.to_ascii_lowercase();
            for word in words.iter().filter(|word| lower.contains(*word)) {
                offenders.push(format!("{path}:{}: {word}", at + 1));
            }
            if names_an_issue(&lower) {
                offenders.push(format!("{path}:{}: the number of an issue", at + 1));
            }
        }
    }
    none("words of the workplace", &offenders);
}

// ---- how the checks read

/// A line of Rust taken apart.
#[derive(Default)]
struct Line {
    raw: String,
    /// Without comments and without the insides of strings.
    code: String,
    /// Of a `//` comment, documentation included.
    comment: String,
    /// Inside an item under `cfg(test)`, or in a file of tests.
    in_test: bool,
}

struct File {
    path: String,
    lines: Vec<Line>,
}

impl File {
    fn in_src(&self) -> bool {
        self.path.contains("/src/")
    }

    /// Lines, numbered from 1, in which `offence` finds something.
    fn find(&self, offence: impl Fn(&Line) -> Option<&'static str>) -> Vec<(usize, String)> {
        let lines = self.lines.iter().enumerate();
        lines.filter_map(|(at, line)| offence(line).map(|what| (at + 1, what.to_owned()))).collect()
    }
}

/// Runs `judge` over every Rust file, with the exceptions of this check, and fails with all offenders.
fn check(name: &str, what: &str, judge: impl Fn(&File) -> Vec<(usize, String)>) {
    let mut offenders = Vec::new();
    let mut unused: BTreeMap<&str, &str> =
        EXCEPTIONS.iter().filter(|(of, ..)| *of == name).map(|(_, path, why)| (*path, *why)).collect();
    for path in files(|file| Path::new(file).extension().is_some_and(|extension| extension == "rs")) {
        let text = std::fs::read_to_string(root().join(&path)).expect("a Rust file is UTF-8");
        let lines = take_apart(&text, is_test_file(&path));
        let found = judge(&File { path: path.clone(), lines });
        if !found.is_empty() && unused.remove(path.as_str()).is_some() {
            continue;
        }
        offenders.extend(found.into_iter().map(|(line, problem)| format!("{path}:{line}: {problem}")));
    }
    offenders
        .extend(unused.into_keys().map(|path| format!("{path}:1: needs its exception `{name}` no more, or is gone")));
    none(what, &offenders);
}

fn none(what: &str, offenders: &[String]) {
    let root = format!("{}/", root().display());
    let list: Vec<String> = offenders.iter().map(|offender| offender.replace(&root, "")).collect();
    assert!(list.is_empty(), "{what}:\n  {}\n", list.join("\n  "));
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the workspace").to_owned()
}

fn metadata() -> Metadata {
    let manifest = root().join("Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo metadata describes the workspace")
}

fn depends_on(package: &Package, name: &str) -> bool {
    package.dependencies.iter().any(|dependency| dependency.name == name)
}

/// Paths from the root of the files whose name is wanted, in order; build output and hidden state are passed over.
fn files(wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder of the repository can be read") {
            let entry = entry.expect("an entry of a folder can be read");
            let name = entry.file_name().to_string_lossy().into_owned();
            let kind = entry.file_type().expect("an entry has a type");
            if kind.is_dir() && !["target", ".stack", ".git", "__pycache__"].contains(&name.as_str()) {
                folders.push(entry.path());
            } else if kind.is_file() && wanted(&name) {
                let path = entry.path();
                let inside = path.strip_prefix(root()).expect("the walk began at the root");
                found.push(inside.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    found
}

fn is_test_file(path: &str) -> bool {
    path.starts_with("tests/")
        || path.starts_with("benches/")
        || path.contains("/tests/")
        || path.ends_with("/tests.rs")
}

fn is_rule_id(word: &str) -> bool {
    let mut characters = word.chars();
    let letter = characters.next().is_some_and(|letter| "MBSLTA".contains(letter));
    letter && (1..=3).contains(&(word.len() - 1)) && characters.all(|digit| digit.is_ascii_digit())
}

/// Whether `word` stands in `code` with no identifier going on before or after it; a word may end in `!`.
fn has_word(code: &str, word: &str) -> bool {
    let part_of_name = |c: char| c.is_alphanumeric() || c == '_';
    code.match_indices(word).any(|(at, _)| {
        let before = code[..at].chars().next_back().is_some_and(part_of_name);
        let after = code[at + word.len()..].chars().next().is_some_and(part_of_name);
        !before && (!after || word.ends_with('!'))
    })
}

/// The word and a number, with or without `#`, in a lower-case line.
fn names_an_issue(line: &str) -> bool {
    line.match_indices("issue ").any(|(at, word)| {
        let whole = !line[..at].ends_with(|c: char| c.is_alphanumeric());
        let rest = &line[at + word.len()..];
        whole && rest.strip_prefix('#').unwrap_or(rest).starts_with(|c: char| c.is_ascii_digit())
    })
}

/// Splits Rust into lines of code and comments. Knows strings, raw strings, characters, lifetimes and nested comments; that is all it has to know.
fn take_apart(text: &str, in_test_file: bool) -> Vec<Line> {
    let mut lines: Vec<Line> =
        text.lines().map(|raw| Line { raw: raw.to_owned(), in_test: in_test_file, ..Line::default() }).collect();
    let characters: Vec<char> = text.chars().collect();
    let (mut at, mut row) = (0, 0);
    while at < characters.len() {
        let rest = &characters[at..];
        let named = at > 0 && (characters[at - 1].is_alphanumeric() || characters[at - 1] == '_');
        let mut length = 1;
        if rest.starts_with(&['/', '/']) {
            length = rest.iter().position(|c| *c == '\n').unwrap_or(rest.len());
            lines[row].comment = rest[..length].iter().collect();
        } else if rest.starts_with(&['/', '*']) {
            length = block_comment(rest);
        } else if let Some(literal) = string(rest, named) {
            lines[row].code.push_str("\"\"");
            length = literal;
        } else if let Some(literal) = character(rest) {
            lines[row].code.push_str("' '");
            length = literal;
        } else if rest[0] != '\n' {
            lines[row].code.push(rest[0]);
        }
        row += rest[..length].iter().filter(|c| **c == '\n').count();
        at += length;
    }
    mark_tests(&mut lines);
    lines
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match &rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] if depth == 1 => return at + 2,
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

/// Length of the string literal that begins here, prefix and quotes included. `named`: the character before belongs to a name.
fn string(rest: &[char], named: bool) -> Option<usize> {
    let prefix = if named { 0 } else { rest.iter().take(2).take_while(|c| "bcr".contains(**c)).count() };
    let raw = rest[..prefix].contains(&'r');
    let hashes = if raw { rest[prefix..].iter().take_while(|c| **c == '#').count() } else { 0 };
    let begin = prefix + hashes;
    if rest.get(begin) != Some(&'"') {
        return None;
    }
    let mut at = begin + 1;
    while at < rest.len() {
        if rest[at] == '\\' && !raw {
            at += 2;
        } else if rest[at] == '"' && rest[at + 1..].iter().take_while(|c| **c == '#').take(hashes).count() == hashes {
            return Some(at + 1 + hashes);
        } else {
            at += 1;
        }
    }
    Some(rest.len())
}

/// Length of the character literal that begins here; a lifetime is none.
fn character(rest: &[char]) -> Option<usize> {
    match rest {
        ['\'', '\\', _, tail @ ..] => tail.iter().position(|c| *c == '\'').map(|end| end + 4),
        ['\'', _, '\'', ..] => Some(3),
        _ => None,
    }
}

/// Marks the items under `#[cfg(test)]`: up to the brace that closes them, or to their semicolon.
fn mark_tests(lines: &mut [Line]) {
    let mut row = 0;
    while row < lines.len() {
        let Some(column) = lines[row].code.find("#[cfg(test)]") else {
            row += 1;
            continue;
        };
        let mut skip = column + "#[cfg(test)]".len();
        let mut depth = 0_i32;
        'item: while row < lines.len() {
            lines[row].in_test = true;
            for c in lines[row].code[skip..].chars() {
                match c {
                    '{' | '(' | '[' => depth += 1,
                    '}' | ')' | ']' => depth -= 1,
                    _ => {}
                }
                if depth == 0 && (c == ';' || c == '}') {
                    break 'item;
                }
            }
            skip = 0;
            row += 1;
        }
        row += 1;
    }
}

#[test]
fn rust_is_taken_apart_as_the_compiler_does() {
    let text = "let a = \"f64 // no comment\"; // M24 f64\nlet b = r#\"x\" unwrap\"#; /* a /* b */\n f32 */ let c: &'a str = 'x';\n\
                #[cfg(test)]\nconst S: &str = \"{\";\nlet d = 1;\n#[cfg(test)]\nmod tests {\n    fn f() {}\n}\nlet e = b'\\'';";
    let lines = take_apart(text, false);
    let code: Vec<&str> = lines.iter().map(|line| line.code.trim()).collect();
    assert_eq!(code[..3], ["let a = \"\";", "let b = \"\";", "let c: &'a str = ' ';"]);
    assert_eq!(code[10], "let e = b' ';");
    assert_eq!(lines[0].comment, "// M24 f64");
    let tests: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].in_test).collect();
    assert_eq!(tests, [3, 4, 6, 7, 8, 9]);
    assert!(has_word("x: f64,", "f64") && !has_word("xf64", "f64") && has_word("todo!(1)", "todo!"));
    assert!(is_rule_id("M24") && !is_rule_id("A0000001") && !is_rule_id("M") && !is_rule_id("UTF8"));
    for (before, after, expected) in
        [("see ", " #12", true), ("", " 7:", true), ("t", " 7", false), ("", " is 7", false)]
    {
        assert_eq!(names_an_issue(&format!("{before}{}{after}", "issue")), expected, "{before}..{after}");
    }
}
