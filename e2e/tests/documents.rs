//! What the documents on security say, held against the sources: a database writer is
//! thought of at every table, and the tests that are named are there.

#![expect(clippy::expect_used, reason = "test code")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Where tests are.
const SOURCES: [&str; 5] = [
    "anchor-service",
    "crates",
    "e2e/tests",
    "gateway",
    "policies",
];
/// The section that has a line for each table.
const WRITER: &str = "## What a database writer can do\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).expect("a document")
}

/// The tables that the migrations of a database leave behind.
fn tables(tree: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(root().join("migrations").join(tree)).expect("migrations");
    let mut folders: Vec<PathBuf> = entries
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    let mut tables = BTreeSet::new();
    for folder in folders {
        let text = fs::read_to_string(folder.join("up.sql")).expect("a migration");
        for line in text.lines() {
            let words: Vec<&str> = line.trim_end_matches(';').split_whitespace().collect();
            match words.as_slice() {
                ["CREATE", "TABLE", name, ..] => {
                    tables.insert((*name).to_owned());
                }
                ["ALTER", "TABLE", old, "RENAME", "TO", new] => {
                    tables.remove(*old);
                    tables.insert((*new).to_owned());
                }
                ["DROP", "TABLE", name] => {
                    tables.remove(*name);
                }
                _ => {}
            }
        }
    }
    tables
}

/// The cells of the lines of a document's tables, their heads left out.
fn lines(text: &str) -> Vec<Vec<&str>> {
    let rows: Vec<Vec<&str>> = text
        .lines()
        .map(|line| match line.strip_prefix('|') {
            Some(row) => row
                .trim_end_matches('|')
                .split('|')
                .map(str::trim)
                .collect(),
            None => Vec::new(),
        })
        .collect();
    let is_rule = |row: &[&str]| row.first().is_some_and(|cell| cell.starts_with("---"));
    let after = rows.iter().skip(1).map(Some).chain([None]);
    rows.iter()
        .zip(after)
        .filter(|(row, next)| {
            let is_head = next.is_some_and(|next| is_rule(next));
            !row.is_empty() && !is_rule(row) && !is_head
        })
        .map(|(row, _)| row.clone())
        .collect()
}

/// What stands in backticks.
fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// All sources, each with its path.
fn gather(folder: &Path, sources: &mut Vec<(PathBuf, String)>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(&path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a source");
            sources.push((path, text));
        }
    }
}

struct Sources(Vec<(PathBuf, String)>);

impl Sources {
    fn read() -> Self {
        let mut sources = Vec::new();
        for folder in SOURCES {
            gather(&root().join(folder), &mut sources);
        }
        Self(sources)
    }

    /// Whether a source whose path ends so has this text.
    fn has(&self, end: &str, text: &str) -> bool {
        let mut all = self.0.iter();
        all.any(|(path, source)| path.ends_with(end) && source.contains(text))
    }

    /// Whether what a document names is there: a file, a module (`module::*`), a test in a
    /// module, or a test. A name that ends with an ellipsis is cut short.
    fn have(&self, name: &str) -> bool {
        if name.ends_with(".rs") {
            return self.has(name, "");
        }
        if let Some(module) = name.strip_suffix("::*") {
            return self.has(&file_of(module), "");
        }
        let function = |name: &str| match name.strip_suffix('…') {
            Some(begin) => format!("fn {begin}"),
            None => format!("fn {name}("),
        };
        let Some((module, last)) = name.rsplit_once("::") else {
            let function = function(name);
            return self.0.iter().any(|(_, source)| source.contains(&function));
        };
        self.has(&file_of(name), "")
            || self.has(&file_of(module), &function(last))
            || self.has(&file_of(module), &format!("mod {last} {{"))
    }
}

/// The end of the path of a module's file.
fn file_of(module: &str) -> String {
    format!("{}.rs", module.replace("::", "/"))
}

/// Words that no test is named by: commands, settings, formats.
fn names_a_test(name: &str) -> bool {
    !name.contains(' ') && (name.ends_with(".rs") || name.contains("::") || name.contains('_'))
}

fn writers_section(model: &str) -> &str {
    let (_, section) = model.split_once(WRITER).expect("the section");
    section.split("\n## ").next().unwrap_or_default()
}

#[test]
fn every_table_has_a_line_that_says_what_its_writer_can_do() {
    let model = read("docs/threat-model.md");
    let lines = lines(writers_section(&model));
    assert!(lines.len() > 30, "{}", lines.len());
    let named: BTreeSet<&str> = lines
        .iter()
        .flat_map(|line| quoted(line.first().copied().unwrap_or_default()))
        .collect();
    let sqlite = tables("sqlite");
    assert!(sqlite.len() > 25, "{sqlite:?}");
    for table in sqlite.union(&tables("postgres")) {
        assert!(named.contains(table.as_str()), "no line names `{table}`");
    }
    // Table, three ways to change it, and what tries them.
    for line in &lines {
        assert_eq!(line.len(), 5, "{line:?}");
        let tests = quoted(line.last().copied().unwrap_or_default());
        assert!(!tests.is_empty(), "no test: {line:?}");
    }
}

#[test]
fn tests_that_the_documents_on_security_name_are_there() {
    let sources = Sources::read();
    let (model, audit) = (read("docs/threat-model.md"), read("docs/security-audit.md"));
    let last = |line: &Vec<&str>| line.last().copied().unwrap_or_default().to_owned();
    let mut cells: Vec<String> = lines(&audit).iter().map(last).collect();
    cells.extend(lines(writers_section(&model)).iter().map(last));
    let mut named: BTreeSet<&str> = cells
        .iter()
        .flat_map(|cell| quoted(cell))
        .filter(|name| names_a_test(name))
        .collect();
    for text in [&model, &audit] {
        let is_source = |name: &&str| !name.contains(' ') && name.ends_with(".rs");
        named.extend(quoted(text).into_iter().filter(is_source));
    }
    assert!(named.len() > 100, "{}", named.len());
    for name in named {
        assert!(sources.have(name), "`{name}`");
    }
}

/// The files of a walkthrough, in its order.
fn walk(title: &str) -> Vec<String> {
    let document = read("ARCHITECTURE.md");
    let (_, section) = document
        .split_once(&format!("## Walkthrough: {title}\n"))
        .expect("the walkthrough");
    let section = section.split("\n## ").next().unwrap_or_default();
    let steps = section.lines().filter(|line| {
        let number = line.split(". `").next().unwrap_or_default();
        number.parse::<u8>().is_ok()
    });
    let file = |line: &str| line.split('`').nth(1).expect("a file").to_owned();
    steps.map(file).collect()
}

/// Every file of the list is there, stands once, and is named by one that stands before it:
/// what hands it the request. None but those of `routes` names one of `routes`, so that
/// nothing is handed back to a handler.
fn check_walk(title: &str) {
    let files = walk(title);
    assert!(files.len() > 15, "{title}: {files:?}");
    let mut before = String::new();
    for (number, file) in files.iter().enumerate() {
        let times = files.iter().filter(|other| *other == file).count();
        assert_eq!(times, 1, "{title}: `{file}`");
        let source = read(&format!("gateway/src/{file}"));
        let module = file.trim_end_matches(".rs").trim_end_matches("/mod");
        let name = module.rsplit('/').next().unwrap_or_default();
        assert!(
            number == 0 || names(&before, name),
            "{title}: nothing before `{file}` names it"
        );
        let is_handler = file.starts_with("routes/");
        assert!(
            is_handler || !source.contains("routes::"),
            "{title}: `{file}` names a handler"
        );
        before.push_str(&source);
    }
}

/// Whether a text has the word.
fn names(text: &str, word: &str) -> bool {
    let is_of_word = |c: char| c.is_alphanumeric() || c == '_';
    let mut words = text.split(|c| !is_of_word(c));
    words.any(|found| found == word)
}

#[test]
fn the_ways_that_the_architecture_describes_are_those_of_the_sources() {
    check_walk("POST /fhir/Observation");
    check_walk("GET /fhir/Observation?identifier=a");
}

/// The point of a test, by its number; `None` for another name.
fn point_of(name: &str) -> Option<usize> {
    name.strip_prefix("point_")?.get(..2)?.parse().ok()
}

/// Every number stands once, with the tests that hold it or as not done yet, and no test of the
/// folder is left out.
#[test]
fn each_of_the_48_points_has_its_tests() {
    let document = read("docs/fhir.md");
    let section = document.split_once("## The 48 points\n");
    let (_, section) = section.expect("the section");
    let sources = Sources::read();
    let (mut numbers, mut named) = (Vec::new(), BTreeSet::new());
    for line in lines(section.split("\n## ").next().unwrap_or_default()) {
        assert_eq!(line.len(), 4, "{line:?}");
        let mut cells = line.iter().copied();
        let mut cell = || cells.next().unwrap_or_default();
        let (number, says, tests, how) = (cell(), cell(), quoted(cell()), cell());
        let number: usize = number.parse().expect("a number");
        numbers.push(number);
        assert!(!says.is_empty(), "{number}");
        let begins = |word: &&str| how.starts_with(*word);
        let known = ["holds", "otherwise", "in part", "not yet"];
        assert!(known.iter().any(begins), "{number}: {how}");
        assert_eq!(tests.is_empty(), how == "not yet", "{number}");
        for test in tests {
            assert_eq!(point_of(test), Some(number), "{test}");
            assert!(sources.have(test), "`{test}`");
            named.insert(test.to_owned());
        }
    }
    assert_eq!(numbers, (1..=48).collect::<Vec<_>>());
    let folder = Path::new("gateway/tests/served/points");
    for (path, source) in &sources.0 {
        if !path.parent().is_some_and(|own| own.ends_with(folder)) {
            continue;
        }
        let functions = source.split("fn ").skip(1);
        let names = functions.map(|text| text.split('(').next().unwrap_or_default());
        for name in names.filter(|name| point_of(name).is_some()) {
            assert!(named.contains(name), "`{name}` in {}", path.display());
        }
    }
}
