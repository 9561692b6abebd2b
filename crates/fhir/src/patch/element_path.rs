//! The part of FHIRPath (<http://hl7.org/fhirpath/N1/>) by which a patch names elements:
//! names, indexes, `first()`, `last()`, `where()` with equalities, `ofType()`,
//! `extension()`.

use crate::json::{MAX_DEPTH, NumberText, Value};

/// Conditions of one `where`, and names of one of them.
const MAX_CONDITIONS: usize = 16;

/// A path, as its steps from the resource on.
#[derive(Debug, PartialEq)]
pub(super) struct ElementPath {
    /// The type that it begins with.
    pub(super) root: String,
    pub(super) steps: Vec<Step>,
}

#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Name(String),
    Index(usize),
    First,
    Last,
    Where(Vec<Equality>),
    OfType(String),
    Extension(String),
}

/// Element names from an item on, and what one of the values there must be.
#[derive(Debug, PartialEq)]
pub(super) struct Equality {
    pub(super) names: Vec<String>,
    pub(super) value: Value,
}

impl ElementPath {
    /// Reads a path; `None` when it has anything else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { rest: text };
        let root = parser.name()?;
        let steps = parser.steps()?;
        parser.skip_white_space();
        parser.rest.is_empty().then_some(Self { root, steps })
    }
}

struct Parser<'t> {
    rest: &'t str,
}

impl Parser<'_> {
    fn skip_white_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes this sign if it comes next.
    fn take(&mut self, sign: &str) -> bool {
        self.skip_white_space();
        let after = self.rest.strip_prefix(sign);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    /// Takes a word if it comes next as a whole.
    fn take_word(&mut self, word: &str) -> bool {
        let before = self.rest;
        let is_next = self.name().is_some_and(|name| name == word);
        if !is_next {
            self.rest = before;
        }
        is_next
    }

    /// A name, in backquotes too.
    fn name(&mut self) -> Option<String> {
        self.skip_white_space();
        let is_quoted = self.take("`");
        let end = self
            .rest
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let (name, rest) = self.rest.split_at_checked(end.unwrap_or(self.rest.len()))?;
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
        self.rest = rest;
        (is_name && (!is_quoted || self.take("`"))).then(|| name.to_owned())
    }

    fn steps(&mut self) -> Option<Vec<Step>> {
        let mut steps = Vec::new();
        loop {
            let step = if self.take("[") {
                let step = Step::Index(self.index()?);
                self.take("]").then_some(step)?
            } else if self.take(".") {
                self.step()?
            } else {
                return Some(steps);
            };
            steps.push(step);
            // Nothing stands deeper in a resource.
            if steps.len() > MAX_DEPTH as usize {
                return None;
            }
        }
    }

    fn step(&mut self) -> Option<Step> {
        let name = self.name()?;
        if !self.take("(") {
            return Some(Step::Name(name));
        }
        let step = match name.as_str() {
            "first" => Step::First,
            "last" => Step::Last,
            "where" => Step::Where(self.equalities()?),
            "ofType" => Step::OfType(self.type_name()?),
            "extension" => Step::Extension(self.text()?),
            _ => return None,
        };
        self.take(")").then_some(step)
    }

    /// A type, with the name of its model or without.
    fn type_name(&mut self) -> Option<String> {
        let name = self.name()?;
        if name == "FHIR" && self.take(".") {
            return self.name();
        }
        Some(name)
    }

    fn index(&mut self) -> Option<usize> {
        self.number()?.parse().ok()
    }

    fn number(&mut self) -> Option<&str> {
        self.skip_white_space();
        let is_part = |c: char| c.is_ascii_digit() || "+-.".contains(c);
        let end = self.rest.find(|c| !is_part(c)).unwrap_or(self.rest.len());
        let (number, rest) = self.rest.split_at_checked(end)?;
        self.rest = rest;
        Some(number)
    }

    fn equalities(&mut self) -> Option<Vec<Equality>> {
        let mut equalities = vec![self.equality()?];
        while self.take_word("and") {
            equalities.push(self.equality()?);
            if equalities.len() > MAX_CONDITIONS {
                return None;
            }
        }
        Some(equalities)
    }

    fn equality(&mut self) -> Option<Equality> {
        let mut names = Vec::new();
        if !self.take("$this") {
            names.push(self.name()?);
        }
        while self.take(".") {
            names.push(self.name()?);
        }
        if names.len() > MAX_CONDITIONS || !self.take("=") {
            return None;
        }
        let value = self.literal()?;
        Some(Equality { names, value })
    }

    fn literal(&mut self) -> Option<Value> {
        self.skip_white_space();
        if self.rest.starts_with('\'') {
            return self.text().map(Value::String);
        }
        for (word, value) in [("true", true), ("false", false)] {
            if self.take_word(word) {
                return Some(value.into());
            }
        }
        NumberText::new(self.number()?).map(Value::Number)
    }

    /// A string in quotes, with FHIRPath's escapes.
    fn text(&mut self) -> Option<String> {
        if !self.take("'") {
            return None;
        }
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' => {
                    self.rest = self.rest.get(at + 1..)?;
                    return Some(text);
                }
                '\\' => text.push(match chars.next()?.1 {
                    'n' => '\n',
                    'r' => '\r',
                    't' => '\t',
                    'f' => '\u{c}',
                    same @ ('\'' | '"' | '`' | '\\' | '/') => same,
                    'u' => {
                        let digits: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                        char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                    }
                    _ => return None,
                }),
                c => text.push(c),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_in_turn() {
        let path = "Patient.contact[0].name.where(use = 'off\\'icial' and `given` = 'A').first()";
        let read = ElementPath::parse(path).unwrap();
        assert_eq!(read.root, "Patient");
        let equality = |name: &str, value: &str| Equality {
            names: vec![name.to_owned()],
            value: value.into(),
        };
        let steps = [
            Step::Name("contact".to_owned()),
            Step::Index(0),
            Step::Name("name".to_owned()),
            Step::Where(vec![equality("use", "off'icial"), equality("given", "A")]),
            Step::First,
        ];
        assert_eq!(read.steps, steps);
        let path = "Observation.value.ofType( FHIR.Quantity ).extension('a\\u0041')";
        let read = ElementPath::parse(path).unwrap();
        let steps = [
            Step::Name("value".to_owned()),
            Step::OfType("Quantity".to_owned()),
            Step::Extension("aA".to_owned()),
        ];
        assert_eq!(read.steps, steps);
    }

    #[test]
    fn what_goes_beyond_is_not_read() {
        for path in [
            "",
            "Patient.",
            "Patient.name[",
            "Patient.name[-1]",
            "Patient.name[1.0]",
            "Patient.name.where(use)",
            "Patient.name.where(use = 'a' or use = 'b')",
            "Patient.name.where(use ~ 'a')",
            "Patient.name.where(use = 'a)",
            "Patient.name.where(use = 'a\\x')",
            "Patient.name | Patient.telecom",
            "Patient.name.children()",
            "Patient.`name",
            "'Patient'",
        ] {
            assert_eq!(ElementPath::parse(path), None, "{path}");
        }
    }
}
