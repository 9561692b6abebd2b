//! `cargo xtask test`: everything the tests need, then all tests, then the sum.
//! What is missing and cannot be installed is an error: nothing is skipped
//! silently.

use crate::{node, postgres::Postgres, python, workspace};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Prepares, runs and counts.
pub fn run(arguments: &[&str]) -> Result<(), String> {
    let wanted = Wanted::parse(arguments)?;
    let data = wanted.data()?;
    let node = node::ready()?;
    let anvil = node.anvil()?;
    let python = python::ready()?;
    let program = build()?;
    let postgres = Postgres::start()?;

    let mut tests = workspace::cargo();
    tests
        .args(["test", "--release", "--workspace", "--no-fail-fast", "--"])
        .args(&wanted.for_tests)
        .env("CHARTSEAL_TEST_POSTGRES", postgres.url())
        .env("CHARTSEAL_ANVIL", anvil)
        .env("CHARTSEAL_NODE_MODULES", &node.modules)
        .env("CHARTSEAL_PYTHON", python)
        .env("CHARTSEAL_BIN", program)
        .env_remove("CHARTSEAL_WITHOUT_DATA");
    match data {
        Some(data) => tests.env("CHARTSEAL_DATA", data),
        None => tests.env("CHARTSEAL_WITHOUT_DATA", "1"),
    };
    let ran = run_and_count(&mut tests, wanted.filters());
    drop(postgres);
    conclude(ran?)
}

/// Options of the test programs that are followed by a value.
const WITH_VALUE: [&str; 6] = [
    "--color",
    "--format",
    "--logfile",
    "--skip",
    "--test-threads",
    "-Z",
];

/// What the command line asks for.
struct Wanted {
    without_data: bool,
    /// Filters and options of the test programs, which take several filters where
    /// cargo takes one.
    for_tests: Vec<String>,
}

impl Wanted {
    fn parse(arguments: &[&str]) -> Result<Self, String> {
        let (ours, for_tests) = match arguments.iter().position(|word| *word == "--") {
            Some(at) => (
                arguments.get(..at).unwrap_or_default(),
                arguments.get(at + 1..).unwrap_or_default(),
            ),
            None => (arguments, [].as_slice()),
        };
        if let Some(unknown) = ours.iter().find(|word| **word != "--without-data") {
            return Err(format!(
                "`{unknown}` is not understood; filters come after `--`"
            ));
        }
        Ok(Self {
            without_data: !ours.is_empty(),
            for_tests: for_tests.iter().map(|&word| word.to_owned()).collect(),
        })
    }

    /// The words that are parts of names.
    fn filters(&self) -> Vec<String> {
        let mut filters = Vec::new();
        let mut words = self.for_tests.iter();
        while let Some(word) = words.next() {
            if WITH_VALUE.contains(&word.as_str()) {
                words.next();
            } else if !word.starts_with('-') {
                filters.push(word.clone());
            }
        }
        filters
    }

    /// The folder of real data, which is beside the workspace and never in it.
    fn data(&self) -> Result<Option<PathBuf>, String> {
        if self.without_data {
            return Ok(None);
        }
        let root = workspace::root();
        let named = std::env::var_os("CHARTSEAL_DATA");
        let folder = root.join(named.as_deref().unwrap_or("../shared/data".as_ref()));
        if folder.join("synthea").is_dir() {
            let folder = folder.canonicalize().map_err(|error| error.to_string())?;
            return Ok(Some(folder));
        }
        Err(format!(
            "no test data in `{}`; name its folder in CHARTSEAL_DATA, or leave those tests out \
             with `cargo xtask test --without-data`",
            folder.display()
        ))
    }
}

/// Builds, with what goes wrong on the terminal; gives cargo's messages.
pub fn shown(command: &mut Command) -> Result<String, String> {
    let command = command
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    let output = command.output().map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        Err(format!("the build failed with {}", output.status))
    }
}

/// Builds all tests, and the program that the whole-system tests run.
fn build() -> Result<PathBuf, String> {
    let mut tests = workspace::cargo();
    tests.args(["test", "--release", "--workspace", "--no-run"]);
    if let Some(program) = program_in(&shown(&mut tests)?) {
        return Ok(program);
    }
    // Cargo builds a package's program along with its tests only when the
    // package has a folder `tests`.
    let mut build = workspace::cargo();
    build.args(["build", "--release", "--bin", "chartseal"]);
    program_in(&shown(&mut build)?).ok_or_else(|| "cargo named no program `chartseal`".to_owned())
}

/// The program in cargo's messages
/// (<https://doc.rust-lang.org/cargo/reference/external-tools.html#json-messages>).
pub fn program_in(messages: &str) -> Option<PathBuf> {
    messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_program = message.pointer("/target/name")? == "chartseal"
            && message.pointer("/target/kind/0")? == "bin"
            && message.pointer("/profile/test")? == false;
        let path = message.get("executable")?.as_str()?;
        is_program.then(|| Path::new(path).to_path_buf())
    })
}

/// The sum over all test programs, and whether cargo itself was content.
#[derive(Debug, Default, PartialEq)]
struct Sum {
    passed: u64,
    failed: u64,
    ignored: u64,
    /// Tests that said so, and count as passed with libtest.
    skipped: u64,
    /// Their names in the test program that runs.
    skipping: BTreeSet<String>,
    unhappy: Option<String>,
    /// Filters by which no test has run yet.
    unmet: Vec<String>,
}

impl Sum {
    /// libtest's lines: `test the_name ... ok`, and the closing one,
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; ...`; and the line of a test
    /// without what it needs, `skipped: the_name: the reason`, which can stand behind
    /// `test the_name ... `.
    fn add(&mut self, line: &str) {
        let said = line.split_once(" ... ").map_or(line, |(_, said)| said);
        let notice = said.strip_prefix("skipped: ");
        if let Some((name, _)) = notice.and_then(|notice| notice.split_once(": ")) {
            self.skipping.insert(name.to_owned());
        }
        let Some(result) = line.strip_prefix("test result: ") else {
            let test = line
                .strip_prefix("test ")
                .and_then(|rest| rest.split_once(" ... "));
            if let Some((name, end)) = test
                && !(end.starts_with("ignored") || end.starts_with("skipped: "))
            {
                self.unmet.retain(|filter| !name.contains(filter.as_str()));
            }
            return;
        };
        self.skipped += self.skipping.len() as u64;
        self.skipping.clear();
        let counts = result.split_once(". ").map_or("", |(_, counts)| counts);
        for part in counts.split("; ") {
            let Some((count, what)) = part.split_once(' ') else {
                continue;
            };
            let count: u64 = count.parse().unwrap_or_default();
            match what {
                "passed" => self.passed += count,
                "failed" => self.failed += count,
                "ignored" => self.ignored += count,
                _ => {}
            }
        }
    }
}

fn run_and_count(tests: &mut Command, filters: Vec<String>) -> Result<Sum, String> {
    let mut child = tests
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let mut sum = Sum {
        unmet: filters,
        ..Sum::default()
    };
    if let Some(output) = child.stdout.take() {
        for line in BufReader::new(output).split(b'\n') {
            let line = line.map_err(|error| error.to_string())?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            sum.add(&line);
        }
    }
    let status = child.wait().map_err(|error| error.to_string())?;
    if !status.success() {
        sum.unhappy = Some(format!("`cargo test` failed with {status}"));
    }
    Ok(sum)
}

fn fault(sum: &Sum) -> Option<String> {
    match (&sum.unhappy, sum.unmet.as_slice()) {
        (Some(why), _) => Some(why.clone()),
        _ if sum.failed > 0 => Some("tests failed".to_owned()),
        (None, []) if sum.passed == 0 => Some("no test ran".to_owned()),
        (None, []) => None,
        (None, unmet) => Some(format!("no test ran by `{}`", unmet.join("`, `"))),
    }
}

/// Says what went wrong first, and then no more: the sum is the last line of all.
fn conclude(sum: Sum) -> Result<(), String> {
    let fault = fault(&sum);
    if let Some(why) = &fault {
        eprintln!("xtask: {why}");
    }
    let Sum {
        passed,
        failed,
        ignored,
        skipped,
        ..
    } = sum;
    let passed = passed.saturating_sub(skipped);
    let skipped = match ignored + skipped {
        0 => String::new(),
        many => format!(", {many} skipped"),
    };
    println!("\n{passed} passed, {failed} failed{skipped}");
    fault.map_or(Ok(()), |_| Err(String::new()))
}

#[cfg(test)]
mod tests {
    use super::{Sum, Wanted, fault, program_in};

    #[test]
    fn closing_lines_are_summed() {
        let mut sum = Sum::default();
        for line in [
            "running 4 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 2 passed; 5 failed; 0 ignored; 0 measured; 7 filtered out; finished in 0.10s",
            "test result of another kind",
        ] {
            sum.add(line);
        }
        let expected = Sum {
            passed: 5,
            failed: 5,
            ignored: 1,
            ..Sum::default()
        };
        assert_eq!(sum, expected);
    }

    #[test]
    fn tests_without_what_they_need_are_skipped() {
        let mut sum = Sum::default();
        for line in [
            "skipped: journeys::of_synthea: a run without real data",
            "skipped: journeys::of_synthea: a run without real data",
            "test of_synthea ... ok",
            "test alone ... skipped: alone: a run without real data",
            "ok",
            "test says_skipped ... ok",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
        ] {
            sum.add(line);
        }
        assert_eq!((sum.passed, sum.skipped), (3, 2));
    }

    #[test]
    fn a_filter_by_which_nothing_ran_is_named() {
        let mut sum = Sum {
            unmet: ["read", "wrote", "slow"].map(str::to_owned).into(),
            ..Sum::default()
        };
        for line in [
            "test interaction::read_one ... ok",
            "test slow_one ... ignored, takes an hour",
            "test result: ok. 1 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out",
        ] {
            sum.add(line);
        }
        let told = fault(&sum).expect("a fault");
        assert_eq!(told, "no test ran by `wrote`, `slow`");
        sum.unmet.clear();
        assert_eq!(fault(&sum), None);
        assert_eq!(fault(&Sum::default()).as_deref(), Some("no test ran"));
    }

    #[test]
    fn filters_come_after_two_dashes() {
        let words = [
            "--without-data",
            "--",
            "journey",
            "--skip",
            "x",
            "--exact",
            "log",
        ];
        let wanted = Wanted::parse(&words).expect("understood");
        assert!(wanted.without_data);
        assert_eq!(wanted.for_tests, words[2..]);
        assert_eq!(wanted.filters(), ["journey", "log"]);
        assert!(Wanted::parse(&["journey"]).is_err());
    }

    #[test]
    fn the_program_is_found_among_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"chartseal"},"profile":{"test":true},"executable":"/t/deps/chartseal-1"}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"kind":["lib"],"name":"model"},"profile":{"test":false},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"kind":["bin"],"name":"chartseal"},"profile":{"test":false},"executable":"/t/chartseal"}"#,
        );
        assert_eq!(program_in(messages), Some("/t/chartseal".into()));
        assert_eq!(program_in(""), None);
    }
}
