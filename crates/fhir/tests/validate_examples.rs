//! HL7's examples and Synthea's data against validation.

#![expect(clippy::unwrap_used, reason = "test code")]

mod real;

use fhir::{
    Node,
    definition::r4,
    json::{self, Value},
    search::find,
    validate::{Fault, validate_value},
};
use real::data;
use std::{
    collections::BTreeSet,
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn line(fault: &Fault) -> String {
    let rule = fault.rule.map_or(String::new(), |rule| format!(" {rule}"));
    // Without indexes, and one `item` for items in items.
    let mut expression = String::new();
    for name in fault
        .expression
        .split('.')
        .map(|name| name.split('[').next().unwrap())
    {
        if expression.is_empty() {
            expression = name.to_owned();
        } else if !(name == "item" && expression.ends_with(".item")) {
            expression = format!("{expression}.{name}");
        }
    }
    format!("  {} {expression}{rule}: {}\n", fault.code, fault.text)
}

const REASONS: &str = "\
# HL7's examples that are not valid R4, by looking at each:
# - questionnaires made of R4's own resource types: items of type display have no linkId,
#   which is required; the linkId of elements of a choice stands twice (que-2); an empty
#   choice is a group without items (que-1);
# - two narratives are an empty div (txt-2);
# - four references lead to a type that the element does not allow: DeviceMetric.parent to
#   a DeviceDefinition, and so on.
";

/// The golden file has each file that is refused, with its faults; lines that begin with
/// `#` say why it is no R4. `CHARTSEAL_GOLDEN=write` writes it anew.
#[test]
fn every_example_is_accepted_but_those_that_are_not_r4() {
    let Some(folder) = data("hl7-r4-examples") else {
        return;
    };
    let (mut made, mut count) = (String::new(), 0);
    for path in files(&folder) {
        let value = json::parse(&fs::read(&path).unwrap()).unwrap();
        let faults = validate_value(&value);
        if !faults.is_empty() {
            made += &format!("{}\n", path.file_name().unwrap().to_string_lossy());
            let lines: BTreeSet<String> = faults.iter().map(line).collect();
            made.extend(lines);
        }
        count += 1;
    }
    assert!(count > 600, "{count}");
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/refused.txt");
    if env::var_os("CHARTSEAL_GOLDEN").is_some_and(|what| what == "write") {
        fs::write(&golden, format!("{REASONS}{made}")).unwrap();
    }
    let kept = fs::read_to_string(&golden).unwrap();
    let kept: Vec<&str> = kept.lines().filter(|line| !line.starts_with('#')).collect();
    assert_eq!(made.lines().collect::<Vec<_>>(), kept);
}

#[test]
fn every_resource_of_synthea_is_accepted() {
    let (Some(bundles), Some(bulk)) = (data("synthea"), data("synthea-us-core")) else {
        return;
    };
    let (mut count, mut refused) = (0, Vec::new());
    let mut check = |value: &Value, name: &str| {
        count += 1;
        let faults = validate_value(value);
        refused.extend(faults.iter().map(|fault| format!("{name} {}", line(fault))));
    };
    for path in files(&bundles)
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
    {
        let value = json::parse(&fs::read(path).unwrap()).unwrap();
        check(&value, &path.file_name().unwrap().to_string_lossy());
    }
    for path in files(&bulk)
        .iter()
        .filter(|path| path.extension().is_some_and(|ending| ending == "ndjson"))
    {
        let name = path.file_name().unwrap().to_string_lossy();
        if name != "log.ndjson" {
            for line in fs::read_to_string(path).unwrap().lines() {
                check(&json::parse(line.as_bytes()).unwrap(), &name);
            }
        }
    }
    assert!(count > 7_000, "{count}");
    refused.truncate(40);
    assert_eq!(refused, Vec::<String>::new());
}

/// The resources of a folder; of the Bundles of Synthea their records, as they are written.
fn records(folder: &Path) -> Vec<Value> {
    let mut values = Vec::new();
    for path in files(folder) {
        let text = fs::read_to_string(&path).unwrap();
        let parts: Vec<&str> = match path.extension() {
            Some(extension) if extension == "ndjson" => text.lines().collect(),
            Some(_) => vec![text.as_str()],
            None => vec![],
        };
        for value in parts
            .iter()
            .filter_map(|part| json::parse(part.as_bytes()).ok())
        {
            if folder.ends_with("synthea") {
                value.each("entry.resource", &mut |record| values.push(record.clone()));
            } else {
                values.push(value);
            }
        }
    }
    values
}

/// Printed, not asserted: `cargo test --release -p fhir --test validate_examples -- speed
/// --ignored --nocapture`, with this crate optimised.
#[test]
#[ignore = "measures"]
fn speed() {
    let start = Instant::now();
    let types = fhir::definition::r4().types().count();
    println!("{types} types read in {:?}", start.elapsed());
    for folder in ["hl7-r4-examples", "synthea-us-core", "synthea"] {
        let Some(folder) = data(folder) else { return };
        let values = records(&folder);
        // The best of ten, for other work on the machine is not what is measured.
        let best = |value: &Value| {
            let once = |_| {
                let start = Instant::now();
                std::hint::black_box(validate_value(value));
                start.elapsed()
            };
            (0..10).map(once).min().unwrap()
        };
        let mut times: Vec<_> = values.iter().map(best).collect();
        times.sort();
        let once = |_| {
            let start = Instant::now();
            let nodes = values.iter().filter_map(Node::resource);
            let found: usize = nodes
                .map(|node| {
                    let parameters = r4().parameters(node.type_id);
                    parameters
                        .map(|parameter| find(node, parameter).len())
                        .sum::<usize>()
                })
                .sum();
            (start.elapsed(), found)
        };
        let (time, found) = (0..10).map(once).min().unwrap();
        let each = time / u32::try_from(values.len()).unwrap();
        println!("all search parameters: {found} elements, {each:?} a resource");
        let sum: Duration = times.iter().sum();
        println!(
            "{}: {} resources, mean {:?}, median {:?}, p99 {:?}, max {:?}",
            folder.display(),
            values.len(),
            sum / u32::try_from(values.len()).unwrap(),
            times[times.len() / 2],
            times[times.len() * 99 / 100],
            times[times.len() - 1],
        );
    }
}
