//! Compiled paths: R4's search expressions in a few operators, as the data file
//! writes them (`crates/xtask/src/fhir_tables/path.rs` has the table).

/// A path from a resource, or from an element of it, to elements.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Whether a component's path begins at the resource all the same.
    pub is_absolute: bool,
    /// The steps; none for the resource or element itself.
    pub steps: Vec<Step>,
    /// Whether the value is that there is something other than `false`.
    pub is_truth: bool,
}

/// One step: to an element, and which of those found go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The element's name.
    pub name: &'static str,
    /// What is left out of what it finds.
    pub filter: Filter,
}

/// Which of the elements found go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Filter {
    /// All.
    All,
    /// Those of exactly this type.
    OfType(&'static str),
    /// Those whose element of this name is this code.
    Where(&'static str, &'static str),
    /// References that lead to a resource of this type.
    Resolves(&'static str),
    /// The one at this index.
    Index(usize),
}

impl Path {
    /// Reads the compact form; `None` when it is none.
    pub(super) fn parse(text: &'static str) -> Option<Self> {
        let (text, is_truth) = text
            .strip_suffix('?')
            .map_or((text, false), |text| (text, true));
        let (text, is_absolute) = text
            .strip_prefix('/')
            .map_or((text, false), |text| (text, true));
        let mut steps = Vec::new();
        let mut rest = if text == "." { "" } else { text };
        while !rest.is_empty() {
            let (step, after) = split_step(rest);
            steps.push(Step::parse(step)?);
            rest = after;
        }
        Some(Self {
            is_absolute,
            steps,
            is_truth,
        })
    }

    /// The path in JSON names, without what its filters leave out.
    pub(super) fn json_names(&self) -> String {
        let names: Vec<String> = self.steps.iter().map(Step::json_name).collect();
        names.join(".")
    }
}

/// Splits at the first dot that does not stand in brackets.
fn split_step(text: &'static str) -> (&'static str, &'static str) {
    let mut in_brackets = false;
    let end = text.find(|c: char| {
        in_brackets = c == '[' || (in_brackets && c != ']');
        c == '.' && !in_brackets
    });
    match end.and_then(|end| text.split_at_checked(end)) {
        Some((step, after)) => (step, after.strip_prefix('.').unwrap_or(after)),
        None => (text, ""),
    }
}

impl Step {
    fn parse(text: &'static str) -> Option<Self> {
        let end = text.find([':', '[', '-', '#']).unwrap_or(text.len());
        let (name, operator) = text.split_at_checked(end)?;
        let filter = if let Some(name) = operator.strip_prefix(':') {
            Filter::OfType(name)
        } else if let Some(name) = operator.strip_prefix("->") {
            Filter::Resolves(name)
        } else if let Some(index) = operator.strip_prefix('#') {
            Filter::Index(index.parse().ok()?)
        } else if let Some(test) = operator.strip_prefix('[') {
            let (name, code) = test.strip_suffix(']')?.split_once('=')?;
            Filter::Where(name, code)
        } else {
            Filter::All
        };
        Some(Self { name, filter })
    }

    fn json_name(&self) -> String {
        match self.filter {
            Filter::OfType(name) => super::json_name(self.name, name),
            _ => self.name.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operator_is_read() {
        let path = Path::parse("a.b:Quantity.c[url=http://x.y/z].d->Patient.e#0?").expect("a path");
        let filters: Vec<_> = path
            .steps
            .iter()
            .map(|step| (step.name, &step.filter))
            .collect();
        assert_eq!(
            filters,
            [
                ("a", &Filter::All),
                ("b", &Filter::OfType("Quantity")),
                ("c", &Filter::Where("url", "http://x.y/z")),
                ("d", &Filter::Resolves("Patient")),
                ("e", &Filter::Index(0)),
            ]
        );
        assert!(path.is_truth && !path.is_absolute);
        assert!(Path::parse("/a").expect("a path").is_absolute);
        assert!(Path::parse(".").expect("a path").steps.is_empty());
        assert_eq!(Path::parse("a#x"), None);
    }
}
