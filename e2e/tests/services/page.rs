//! The commands of a section of the runbook, carried out as they stand there.

use crate::site::Site;
use e2e::Ran;
use std::fs;

/// The command at this place of a section. What its words in capitals stand for is given,
/// beside FILE and KEY, which each installation has; and more words.
pub fn by_page(
    site: &Site,
    (title, place): (&str, usize),
    names: &[(&str, &str)],
    more: &[&str],
) -> Ran {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../deploy/runbook.md");
    let runbook = fs::read_to_string(path).unwrap();
    let (_, section) = runbook.split_once(&format!("\n## {title}\n")).unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let quoted = section.split('`').skip(1).step_by(2);
    let commands: Vec<_> = quoted
        .filter_map(|text| text.strip_prefix("chartseal "))
        .collect();
    let (config, admin) = (site.config(), site.house.path("admin.key"));
    let (config, admin) = (config.display().to_string(), admin.display().to_string());
    let mut all = vec![("FILE", config.as_str()), ("KEY", &admin)];
    all.extend(names);
    let words = commands[place]
        .split_whitespace()
        .map(|word| meant(word, &all));
    let words: Vec<_> = words.chain(more.iter().copied()).collect();
    site.house.plain(&words)
}

fn meant<'a>(word: &'a str, names: &[(&str, &'a str)]) -> &'a str {
    let found = names.iter().find(|(name, _)| *name == word);
    found.map_or(word, |(_, meant)| *meant)
}
