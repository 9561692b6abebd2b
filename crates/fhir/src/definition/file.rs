//! Reads `r4.txt`, the data file of R4's definitions.
//!
//! Text, because a diff of it can be read, and it is read in a few milliseconds all the
//! same. One line for each thing, words parted by one space:
//!
//! | line | says |
//! |---|---|
//! | `codes NAME SYSTEM CODE..` | codes of a required binding; several lines for several systems |
//! | `unlisted URL REASON` | a required binding that is not checked |
//! | `rule KEY eval EXPRESSION`, ` human TEXT` | an invariant that is evaluated |
//! | `rule KEY code FILE`, `rule KEY out REASON` | one that code checks, or that is left out |
//! | `type NAME KIND BASE RULE..` | a type; the lines below belong to it |
//! | ` NAME MIN..MAX FLAGS TYPES [=CODES] RULE..` | an element; flags are `m`, `s` or `-` |
//! | ` @CODE..` | the parameters of the patient compartment |
//! | ` ?CODE KIND NUMBER PATHS [>TARGETS] [+CODE=PATHS]..` | a search parameter |
//! | ` ?CODE KIND NUMBER ! REASON` | one without a path |
//!
//! The types of an element are parted by `|`, the targets of a Reference by `,`.

use super::{
    Codes, Definitions, Rule,
    parameter::{Component, ParameterKind, SearchParameter, Targets},
    path::Path,
    type_id::TypeId,
    types::{Element, Kind, Primitive, Type, Variant},
};
use std::collections::HashMap;

/// What is read so far.
#[derive(Default)]
struct Reader {
    numbers: HashMap<&'static str, TypeId>,
    definitions: Definitions,
}

/// Reads the whole file.
///
/// # Errors
/// The number and the text of the first line that cannot be read.
pub(super) fn read(text: &'static str) -> Result<Definitions, String> {
    let mut reader = Reader::default();
    // Types name types that stand further down.
    let names = text.lines().filter_map(|line| line.strip_prefix("type "));
    for (number, line) in names.enumerate() {
        let name = line.split(' ').next().unwrap_or_default();
        let number = u16::try_from(number).map_err(|_| "too many types".to_owned())?;
        reader.numbers.insert(name, TypeId(number));
    }
    for (number, line) in text.lines().enumerate() {
        reader
            .line(line)
            .ok_or_else(|| format!("line {} cannot be read: `{line}`", number + 1))?;
    }
    reader.definitions.finish()
}

impl Reader {
    fn line(&mut self, line: &'static str) -> Option<()> {
        if let Some(rest) = line.strip_prefix(' ') {
            if let Some(human) = rest.strip_prefix("human ") {
                self.definitions.rules.last_mut()?.human = human;
            } else if let Some(parameter) = rest.strip_prefix('?') {
                let parameter = self.parameter(parameter)?;
                self.definitions
                    .types
                    .last_mut()?
                    .parameters
                    .push(parameter);
            } else if let Some(codes) = rest.strip_prefix('@') {
                self.definitions.types.last_mut()?.compartment = codes.split(' ').collect();
            } else {
                let element = self.element(rest)?;
                self.definitions.types.last_mut()?.elements.push(element);
            }
            return Some(());
        }
        let (word, rest) = line.split_once(' ')?;
        match word {
            "type" => {
                let own = self.type_line(rest)?;
                self.definitions.types.push(own);
            }
            "codes" => self.codes(rest)?,
            "rule" => {
                let rule = rule(rest)?;
                self.definitions.rules.push(rule);
            }
            "unlisted" | "#" => {}
            _ => return None,
        }
        Some(())
    }

    fn type_line(&self, line: &'static str) -> Option<Type> {
        let mut words = line.split(' ');
        let name = words.next()?;
        let kind = match words.next()? {
            "primitive" => Kind::Primitive(Primitive::by_name(name)?),
            "complex" => Kind::Complex,
            "nested" => Kind::Nested,
            "resource" => Kind::Resource,
            "abstract" => Kind::Abstract,
            _ => return None,
        };
        let base = match words.next()? {
            "-" => None,
            base => Some(self.type_id(base)?),
        };
        Some(Type {
            name,
            kind,
            base,
            elements: Vec::new(),
            names: Vec::new(),
            members: Vec::new(),
            rules: self.rules(words)?,
            parameters: Vec::new(),
            compartment: Vec::new(),
        })
    }

    fn element(&self, line: &'static str) -> Option<Element> {
        let mut words = line.split(' ').peekable();
        let name = words.next()?;
        let (min, max) = words.next()?.split_once("..")?;
        let flags = words.next()?;
        let types = words.next()?;
        let name_of_codes = words.next_if(|word| word.starts_with('='));
        let codes = match name_of_codes.and_then(|word| word.strip_prefix('=')) {
            Some(codes) => {
                let is_it = |one: &Codes| one.name == codes;
                Some(
                    self.definitions
                        .codes
                        .iter()
                        .position(is_it)?
                        .try_into()
                        .ok()?,
                )
            }
            None => None,
        };
        let stem = name.strip_suffix("[x]");
        let variants: Option<Vec<Variant>> = types
            .split('|')
            .map(|text| self.variant(name, stem, text))
            .collect();
        Some(Element {
            name: stem.unwrap_or(name),
            is_choice: stem.is_some(),
            min: min.parse().ok()?,
            max: if max == "*" {
                None
            } else {
                Some(max.parse().ok()?)
            },
            is_summary: flags.contains('s'),
            is_modifier: flags.contains('m'),
            variants: variants?,
            codes,
            rules: self.rules(words)?,
        })
    }

    fn variant(
        &self,
        name: &'static str,
        stem: Option<&'static str>,
        text: &'static str,
    ) -> Option<Variant> {
        let (type_name, targets) = match text.split_once('(') {
            // Of a canonical the targets are not checked.
            Some((type_name, targets)) if type_name == "Reference" => {
                (type_name, targets.strip_suffix(')')?)
            }
            Some((type_name, _)) => (type_name, ""),
            None => (text, ""),
        };
        Some(Variant {
            json_name: match stem {
                Some(stem) => super::json_name(stem, type_name).into(),
                None => name.into(),
            },
            type_id: self.type_id(type_name)?,
            targets: self.type_ids(targets)?,
        })
    }

    fn codes(&mut self, line: &'static str) -> Option<()> {
        let mut words = line.split(' ');
        let (name, system) = (words.next()?, words.next()?);
        let codes = words.map(|code| (system, code));
        match self.definitions.codes.last_mut() {
            Some(last) if last.name == name => last.codes.extend(codes),
            _ => self.definitions.codes.push(Codes {
                name,
                codes: codes.collect(),
            }),
        }
        Some(())
    }

    fn parameter(&self, line: &'static str) -> Option<SearchParameter> {
        let mut words = line.split(' ');
        let code = words.next()?;
        let kind = ParameterKind::by_name(words.next()?)?;
        let number = u32::from_str_radix(words.next()?, 16).ok()?;
        let mut parameter = SearchParameter {
            number,
            code,
            kind,
            paths: Err(""),
            targets: Targets::Only(Vec::new()),
            components: Vec::new(),
        };
        if let Some((_, reason)) = line.split_once(" ! ") {
            parameter.paths = Err(reason);
            return Some(parameter);
        }
        parameter.paths = Ok(paths(words.next()?)?);
        for word in words {
            if let Some(component) = word.strip_prefix('+') {
                let (code, text) = component.split_once('=')?;
                parameter.components.push(Component {
                    code,
                    paths: paths(text)?,
                });
            } else {
                parameter.targets = match word.strip_prefix('>')? {
                    "*" => Targets::Any,
                    names => Targets::Only(self.type_ids(names)?),
                };
            }
        }
        Some(parameter)
    }

    fn rules(&self, words: impl Iterator<Item = &'static str>) -> Option<Vec<u16>> {
        let rules = &self.definitions.rules;
        let number = |key| rules.iter().position(|rule: &Rule| rule.key == key);
        words.map(|key| number(key)?.try_into().ok()).collect()
    }

    fn type_id(&self, name: &str) -> Option<TypeId> {
        self.numbers.get(name).copied()
    }

    fn type_ids(&self, names: &'static str) -> Option<Vec<TypeId>> {
        let names = names.split(',').filter(|name| !name.is_empty());
        names.map(|name| self.type_id(name)).collect()
    }
}

fn rule(line: &'static str) -> Option<Rule> {
    let mut words = line.splitn(3, ' ');
    let (key, how, text) = (words.next()?, words.next()?, words.next()?);
    let expression = match how {
        "eval" => Some(text),
        "code" | "out" => None,
        _ => return None,
    };
    Some(Rule {
        key,
        expression,
        human: "",
    })
}

fn paths(text: &'static str) -> Option<Vec<Path>> {
    text.split('|').map(Path::parse).collect()
}
