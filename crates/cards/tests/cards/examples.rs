//! Over all of HL7's examples: nothing that a parameter finds is lost unread, and every
//! card keeps in its bytes what it holds.

use crate::{card_of, real};
use cards::known;
use fhir::{
    Node, Resource,
    search::{Found, find},
};
use index::{Card, Text, Value};
use std::{collections::BTreeMap, env, fs, path::PathBuf};

fn examples() -> Option<Vec<Resource>> {
    let folder = real::data("hl7-r4-examples")?;
    let files = fs::read_dir(folder).unwrap();
    let read = |path: PathBuf| Resource::parse(&fs::read(path).unwrap()).ok();
    Some(
        files
            .filter_map(|file| read(file.unwrap().path()))
            .collect(),
    )
}

/// The golden list: of each kind of parameter the types of elements that it finds, how many
/// have a value of the kind, and how many stand as an empty string.
#[test]
fn each_element_that_is_found_is_read() {
    let Some(examples) = examples() else { return };
    assert!(examples.len() > 500);
    let mut counts: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    for resource in &examples {
        let card = card_of(resource);
        let node = Node::resource(resource.value()).unwrap();
        for known in known(node.type_name()) {
            let elements: Vec<Node<'_>> = find(node, known.parameter)
                .into_iter()
                .filter_map(|found| match found {
                    Found::Element(element) => Some(element),
                    Found::Composite(_) => None,
                })
                .collect();
            let values = card.values.get(&known.number);
            assert!(
                elements.is_empty() || values.is_some(),
                "{}",
                known.parameter.code
            );
            let [element] = elements.as_slice() else {
                continue;
            };
            let bare = values.unwrap().list == [Value::Text(Text::new(""))];
            let name = format!("{} {}", known.parameter.kind.as_str(), element.type_name());
            counts.entry(name).or_default()[usize::from(bare)] += 1;
        }
    }
    let lines = counts
        .iter()
        .map(|(name, [read, bare])| format!("{name} {read} {bare}\n"));
    let made: String = lines.collect();
    let golden = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/elements.txt");
    if env::var_os("CHARTSEAL_GOLDEN").is_some_and(|what| what == "write") {
        fs::write(&golden, &made).unwrap();
    }
    assert_eq!(made, fs::read_to_string(&golden).unwrap());
}

#[test]
fn a_card_is_read_as_it_was_written() {
    let Some(examples) = examples() else { return };
    for resource in &examples {
        let card = card_of(resource);
        let read = Card::decode(&card.encode()).unwrap();
        for (number, values) in &read.values {
            let whole = card.values.get(number).unwrap();
            assert!(values.cut || values == whole);
            assert!(whole.list.starts_with(&values.list));
        }
        assert_eq!(read.values.len(), card.values.len());
    }
}
