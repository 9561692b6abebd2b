//! Two verifiers, written apart from each other after docs/proof-format.md, say
//! the same: `chartseal verify` (the crate `proof`) and `e2e/verify.py`. What the
//! one refuses, holds true or false, the other does too; only the wording of
//! reasons is free.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "test code: what is not as expected ends the test"
)]

mod edges;

use e2e::{Dice, Mutation, program, python, run};
use proof::{Bundle, Report, Trust};
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    iter::repeat_n,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const BUNDLES: usize = 10_000;
const TRUST_FILES: usize = 2_000;
const RESOURCES: usize = 2_000;

/// What is asked of a verifier: paths and a moment.
#[derive(Clone)]
struct Question {
    name: String,
    proof: PathBuf,
    trust: PathBuf,
    resource: Option<PathBuf>,
    at: String,
}

/// The golden cases, with what is written of each.
fn golden() -> Vec<(Question, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/proof/tests/golden");
    let cases = fs::read(folder.join("cases.json")).expect("the list of cases");
    let cases: Value = serde_json::from_slice(&cases).expect("JSON");
    let cases = cases["cases"].as_array().expect("a list").iter();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let read = |case: &Value| {
        let question = Question {
            name: text(&case["name"]),
            proof: folder.join(text(&case["proof"])),
            trust: folder.join(text(&case["trust"])),
            resource: case["resource"].as_str().map(|path| folder.join(path)),
            at: text(&case["at"]),
        };
        let mut expected = json!({ "exit": case["exit"] });
        for member in ["checks", "reached", "independent"] {
            if let Some(value) = case.get(member) {
                expected[member] = value.clone();
            }
        }
        (question, expected)
    };
    cases.map(read).collect()
}

/// An answer without the wording of its reasons: exit code, verdicts, rungs.
fn bare(exit: i64, answer: Option<&Value>) -> Value {
    let Some(answer) = answer else {
        return json!({ "exit": exit });
    };
    let checks = answer["checks"].as_object().expect("checks").iter();
    let verdicts = checks.map(|(name, check)| (name.clone(), check["verdict"].clone()));
    json!({
        "exit": exit,
        "checks": Value::Object(verdicts.collect()),
        "reached": answer["reached"],
        "independent": answer["independent"],
        "stated": answer["stated"],
        "statement": answer["statement"],
        "log": answer["log"],
        "anchor": answer["anchor"],
    })
}

fn first_verifier() -> Command {
    let mut command = Command::new(program());
    command.arg("verify");
    command
}

fn second_verifier() -> Command {
    let mut command = Command::new(python());
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("verify.py"));
    command
}

/// One of the two commands, asked with its options.
fn by_command(mut command: Command, question: &Question) -> Value {
    command
        .arg(&question.proof)
        .arg("--trust")
        .arg(&question.trust);
    if let Some(resource) = &question.resource {
        command.arg("--resource").arg(resource);
    }
    let ran = run(command.args(["--json", "--at", &question.at]));
    assert_eq!(
        ran.json.is_none(),
        ran.code == 2,
        "{}: {}",
        question.name,
        ran.text
    );
    assert!(
        !ran.text.contains("failed with"),
        "{}: {}",
        question.name,
        ran.text
    );
    bare(ran.code.into(), ran.json.as_ref())
}

/// The crate that `chartseal verify` calls; the command itself would take too
/// long for all mutants.
fn by_library(question: &Question) -> Value {
    let read = |path: &Path| fs::read(path).expect("a file");
    let at = question.at.parse().expect("a moment");
    let resource = question.resource.as_deref().map(read);
    let answer = || -> Result<Report, proof::FormError> {
        let bundle = Bundle::parse(&read(&question.proof))?;
        let trust = Trust::parse(&read(&question.trust))?;
        proof::verify(&bundle, &trust, resource.as_deref(), at)
    };
    answer().map_or_else(
        |_| bare(2, None),
        |report| {
            let json = serde_json::from_str(&report.to_json()).expect("JSON");
            bare(report.exit_code().into(), Some(&json))
        },
    )
}

/// `verify.py --batch`: all questions in one process.
fn by_batch(questions: &[Question], folder: &Path) -> Vec<(Value, String)> {
    let lines = questions.iter().map(|question| {
        let mut line = json!({
            "proof": question.proof,
            "trust": question.trust,
            "at": question.at,
        });
        if let Some(resource) = &question.resource {
            line["resource"] = json!(resource);
        }
        format!("{line}\n")
    });
    let input = folder.join("questions");
    fs::write(&input, lines.collect::<String>()).expect("written");
    let output = second_verifier()
        .arg("--batch")
        .stdin(Stdio::from(File::open(&input).expect("the questions")))
        .output()
        .expect("python runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    let answers = String::from_utf8(output.stdout).expect("UTF-8");
    let answers: Vec<(Value, String)> = answers
        .lines()
        .map(|line| {
            let answer: Value = serde_json::from_str(line).expect("JSON");
            let exit = answer["exit"].as_i64().expect("an exit code");
            let verdicts = answer.get("checks").map(|_| &answer);
            (bare(exit, verdicts), line.to_owned())
        })
        .collect();
    assert_eq!(answers.len(), questions.len());
    answers
}

#[test]
fn both_say_of_the_golden_files_what_is_written_of_them() {
    for (question, expected) in golden() {
        let first = by_command(first_verifier(), &question);
        let second = by_command(second_verifier(), &question);
        assert_eq!(first, second, "{}", question.name);
        for (member, value) in expected.as_object().expect("an object") {
            assert_eq!(&second[member], value, "{}: {member}", question.name);
        }
    }
}

/// Which file of a question is changed.
#[derive(Clone, Copy)]
enum Changed {
    Proof,
    Trust,
    Resource,
}

impl Changed {
    fn of(self, question: &Question) -> Option<&PathBuf> {
        match self {
            Self::Proof => Some(&question.proof),
            Self::Trust => Some(&question.trust),
            Self::Resource => question.resource.as_ref(),
        }
    }

    fn put(self, question: &mut Question, path: PathBuf) {
        match self {
            Self::Proof => question.proof = path,
            Self::Trust => question.trust = path,
            Self::Resource => question.resource = Some(path),
        }
    }
}

/// Golden questions with one file of them changed; written to `folder`. Those that
/// were refused before are taken less often.
fn mutants(changed: Changed, count: usize, dice: &Dice, folder: &Path) -> Vec<Question> {
    let file = |(question, expected): (Question, Value)| {
        let file = fs::read(changed.of(&question)?).expect("a golden file");
        let weight = if expected["exit"] == 2 { 1 } else { 5 };
        Some(repeat_n((question, file), weight))
    };
    let golden: Vec<(Question, Vec<u8>)> =
        golden().into_iter().filter_map(file).flatten().collect();
    let mutation = Mutation::new(dice, golden.iter().map(|(_, file)| file.as_slice()));
    let mutant = |number: usize| {
        let (question, file) = &golden[dice.below(golden.len())];
        let mut question = question.clone();
        let path = folder.join(format!("{number}.json"));
        fs::write(&path, mutation.of(file)).expect("written");
        question.name = format!("mutant {number} of {}", question.name);
        changed.put(&mut question, path);
        question
    };
    (0..count).map(mutant).collect()
}

/// What came of many questions on which both agreed.
#[derive(Debug, Default)]
struct Sum {
    refused: usize,
    with_false: usize,
    held: usize,
}

fn compare(questions: &[Question], folder: &Path) -> Sum {
    let mut sum = Sum::default();
    let mut differences = Vec::new();
    for (question, (second, line)) in questions.iter().zip(by_batch(questions, folder)) {
        let first = by_library(question);
        if first != second {
            let [proof, trust] = [&question.proof, &question.trust]
                .map(|path| String::from_utf8_lossy(&fs::read(path).expect("a file")).into_owned());
            differences.push(format!(
                "{}\nfirst  {first}\nsecond {line}\nproof  {proof}\ntrust  {trust}",
                question.name
            ));
        }
        let is_false = |verdict: &Value| verdict == "false";
        let checks = second["checks"].as_object();
        let any_false = checks.is_some_and(|checks| checks.values().any(is_false));
        sum.refused += usize::from(second["exit"] == 2);
        sum.with_false += usize::from(any_false);
        sum.held += usize::from(second["exit"] == 0);
    }
    let shown = &differences[..differences.len().min(10)];
    assert!(
        differences.is_empty(),
        "{} of {} differ:\n{}",
        differences.len(),
        questions.len(),
        shown.join("\n\n")
    );
    sum
}

#[test]
fn both_say_the_same_of_ten_thousand_changed_bundles() {
    let folder = tempfile::tempdir().expect("a folder");
    let dice = Dice::new(1);
    let questions = mutants(Changed::Proof, BUNDLES, &dice, folder.path());
    let sum = compare(&questions, folder.path());
    println!("{sum:?}");
    // Of each kind enough that agreeing means something.
    assert!(sum.refused > BUNDLES / 4, "{sum:?}");
    assert!(sum.with_false > BUNDLES / 4, "{sum:?}");
    assert!(sum.held > BUNDLES / 50, "{sum:?}");
}

#[test]
fn both_say_the_same_of_changed_trust_files_and_resources() {
    for (changed, count) in [
        (Changed::Trust, TRUST_FILES),
        (Changed::Resource, RESOURCES),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let questions = mutants(changed, count, &Dice::new(2), folder.path());
        let sum = compare(&questions, folder.path());
        println!("{sum:?}");
        assert!(sum.refused > count / 10, "{sum:?}");
        assert!(sum.with_false > count / 10, "{sum:?}");
    }
}

#[test]
fn a_signature_line_of_an_unknown_key_changes_nothing_for_both() {
    let folder = tempfile::tempdir().expect("a folder");
    let dice = Dice::new(3);
    let mutation = Mutation::new(&dice, []);
    let (mut questions, mut before) = (Vec::new(), Vec::new());
    for (mut question, _) in golden() {
        let plain = by_library(&question);
        let file = fs::read(&question.proof).expect("a golden file");
        if let Some(cosigned) = mutation.cosigned(&file)
            && plain["exit"] != 2
        {
            question.proof = folder.path().join(format!("{}.json", questions.len()));
            fs::write(&question.proof, cosigned).expect("written");
            before.push(plain);
            questions.push(question);
        }
    }
    let sum = compare(&questions, folder.path());
    assert!(sum.held >= 10, "{sum:?}");
    let answers = by_batch(&questions, folder.path()).into_iter();
    let after: Vec<Value> = answers.map(|(answer, _)| answer).collect();
    assert_eq!(before, after);
}

/// Asks both, and holds their answers against the exit codes.
fn compare_with(questions: &[Question], exits: &[i64], folder: &Path) {
    compare(questions, folder);
    let answers = by_batch(questions, folder).into_iter().zip(exits);
    for (question, ((answer, line), exit)) in questions.iter().zip(answers) {
        assert_eq!(answer["exit"], *exit, "{}: {line}", question.name);
    }
}

#[test]
fn both_know_the_edges_of_the_formats() {
    let folder = tempfile::tempdir().expect("a folder");
    let golden = golden();
    let (mut questions, mut exits) = (Vec::new(), Vec::new());
    for (number, (case, changed, from, to, exit)) in edges::all().into_iter().enumerate() {
        let found = golden.iter().find(|(question, _)| question.name == case);
        let mut question = found.expect("a golden case").0.clone();
        let file = changed.of(&question).expect("it has the file");
        let file = fs::read_to_string(file).expect("UTF-8");
        let path = folder.path().join(format!("{number}.json"));
        fs::write(&path, edges::replaced(&file, &question, &from, &to)).expect("written");
        changed.put(&mut question, path);
        question.name = format!("{case}: `{from}` to `{to}`");
        questions.push(question);
        exits.push(exit);
    }
    compare_with(&questions, &exits, folder.path());
}

#[test]
fn both_check_signatures_equally_strictly() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut cases = golden().into_iter().map(|(question, _)| question);
    let golden = cases.find(|question| question.name == "version-sequenced");
    let golden = golden.expect("the golden case");
    let bundle = fs::read(&golden.proof).expect("a golden file");
    let (mut questions, mut exits) = (Vec::new(), Vec::new());
    for (number, (key, signature, exit)) in edges::SIGNED.into_iter().enumerate() {
        let mut question = golden.clone();
        question.name = format!("signature {number}");
        question.proof = folder.path().join(format!("{number}-proof.json"));
        question.trust = folder.path().join(format!("{number}-trust.json"));
        let mut bundle = fhir::json::parse(&bundle).expect("JSON");
        let text = bundle.get_mut("tlogProof").expect("a proof text");
        *text = edges::signed_proof_text(signature).into();
        fs::write(&question.proof, bundle.to_canonical()).expect("written");
        let log = json!({
            "origin": edges::SIGNED_ORIGIN,
            "logId": "00".repeat(32),
            "facility": "st-mary",
            "source": "operator",
            "vkeys": [format!("{}+{key}", edges::SIGNED_ORIGIN)],
        });
        let trust = json!({
            "format": "chartseal-trust/1",
            "require": "checkpoint",
            "logs": [log],
            "chains": [],
        });
        fs::write(&question.trust, trust.to_string()).expect("written");
        questions.push(question);
        exits.push(exit);
    }
    compare_with(&questions, &exits, folder.path());
}
