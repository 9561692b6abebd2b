//! Files that are a little wrong: single changes of bytes, and changes that know
//! the structure, so that what comes out is still JSON, often still canonical,
//! sometimes still a proof.

use crate::Dice;
use fhir::json::{NumberText, Object, Value, parse};

const NUMBERS: [&str; 12] = [
    "0",
    "1",
    "2",
    "256",
    "-0",
    "-1",
    "1.0",
    "1e2",
    "4294967296",
    "9999999999999999999",
    "10000000000000000000",
    "18446744073709551615",
];

/// What is put into a text: white space of many kinds and what only looks like
/// it, control characters, other alphabets, the formats' own signs.
const PIECES: [&str; 22] = [
    "0",
    "f",
    "F",
    "A",
    "=",
    "+",
    "/",
    "-",
    ".",
    " ",
    "\n",
    "\r",
    "\t",
    "\u{1f}",
    "\u{7f}",
    "\u{85}",
    "\u{a0}",
    "\u{180e}",
    "\u{200b}",
    "\u{3000}",
    "\u{e9}",
    "\u{1f600}",
];

/// What is put into a file: spellings that mean something only to JSON.
const SPELLINGS: [&str; 16] = [
    r"\u00e9",
    r"\ud83d\ude00",
    r"\ud800",
    r"\udc00",
    r"\u0000",
    r"\/",
    r"\x",
    " ",
    "\n",
    "\u{c}",
    ",",
    "NaN",
    "/**/",
    "[[",
    r#""":"","#,
    "null",
];

/// A signature line, well formed, of a key that no trust file knows.
const UNKNOWN_SIGNATURE: &str = "\u{2014} witness.example AAAAAAAA\n";

/// Makes mutants; always the same for the same dice.
#[derive(Debug)]
pub struct Mutation<'a> {
    dice: &'a Dice,
    others: Vec<Value>,
}

impl<'a> Mutation<'a> {
    /// `others` are whole files of the same kind, from which parts are taken.
    #[must_use]
    pub fn new(dice: &'a Dice, others: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let others = others.into_iter().filter_map(|file| parse(file).ok());
        Self {
            dice,
            others: others.collect(),
        }
    }

    /// The file with one or two changes; its bytes are changed when it is no JSON.
    #[must_use]
    pub fn of(&self, file: &[u8]) -> Vec<u8> {
        let Ok(mut value) = parse(file) else {
            return self.bytes(file);
        };
        match self.dice.below(12) {
            0 => return self.bytes(file),
            1 | 2 => self.swap(&mut value),
            3 | 4 => self.any_node(&mut value),
            5 => {
                self.any_node(&mut value);
                self.any_node(&mut value);
            }
            6 | 7 => self.member(&mut value, &["leaf", "statement"]),
            8 | 9 => self.member(&mut value, &["leaf"]),
            _ => self.member(&mut value, &["tlogProof"]),
        }
        value.to_canonical()
    }

    /// A bundle with one more signature line, which binds nobody; none when the
    /// bundle has no checkpoint.
    #[must_use]
    pub fn cosigned(&self, bundle: &[u8]) -> Option<Vec<u8>> {
        let mut value = parse(bundle).ok()?;
        let Some(Value::String(text)) = value.get_mut("tlogProof") else {
            return None;
        };
        let first = text.rfind("\n\n")? + 2;
        let place = if self.dice.below(2) == 0 {
            first
        } else {
            text.len()
        };
        text.insert_str(place, UNKNOWN_SIGNATURE);
        Some(value.to_canonical())
    }

    fn pick<'b, T: ?Sized>(&self, from: &[&'b T]) -> Option<&'b T> {
        from.get(self.dice.below(from.len().max(1))).copied()
    }

    fn bytes(&self, file: &[u8]) -> Vec<u8> {
        let mut bytes = file.to_vec();
        let at = self.dice.below(bytes.len().max(1));
        match self.dice.below(5) {
            0 => drop(bytes.drain(at..(at + 1).min(file.len()))),
            1 => bytes.insert(at, self.byte()),
            2 => bytes.truncate(at),
            3 => {
                let spelling = self.pick(&SPELLINGS).unwrap_or_default();
                drop(bytes.splice(at..at, spelling.bytes()));
            }
            _ => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte = self.byte();
                }
            }
        }
        bytes
    }

    fn byte(&self) -> u8 {
        u8::try_from(self.dice.below(256)).unwrap_or_default()
    }

    /// A member of another file in the place of this one's, at the top or below
    /// `leaf`.
    fn swap(&self, value: &mut Value) {
        let others: Vec<&Value> = self.others.iter().collect();
        let Some(other) = self.pick(&others) else {
            return;
        };
        let below = self.dice.below(2) == 0 && value.get("leaf").is_some();
        let (own, theirs) = match other.get("leaf") {
            Some(leaf) if below => (value.get_mut("leaf"), leaf),
            _ => (Some(value), other),
        };
        let members = theirs.as_object().into_iter().flat_map(Object::iter);
        let names: Vec<&str> = members.map(|(name, _)| name).collect();
        if let Some(name) = self.pick(&names)
            && let (Some(own), Some(part)) = (own.and_then(Value::as_object_mut), theirs.get(name))
        {
            own.insert(name, part.clone());
        }
    }

    /// Changes something within the member on this path; anything, when there is
    /// no such member.
    fn member(&self, value: &mut Value, path: &[&str]) {
        match path.split_first() {
            Some((name, rest)) if value.get(name).is_some() => {
                if let Some(inner) = value.get_mut(name) {
                    self.member(inner, rest);
                }
            }
            _ => self.any_node(value),
        }
    }

    fn any_node(&self, value: &mut Value) {
        let mut left = self.dice.below(count(value));
        visit(value, &mut left, &mut |node| self.node(node));
    }

    fn node(&self, node: &mut Value) {
        if self.dice.below(12) == 0 {
            *node = self.anything();
            return;
        }
        match node {
            Value::String(text) => *text = self.text(text),
            Value::Number(number) => *number = self.number(number),
            Value::Array(items) => self.items(items),
            Value::Object(object) => self.members(object),
            Value::Null | Value::Bool(_) => *node = self.anything(),
        }
    }

    fn anything(&self) -> Value {
        match self.dice.below(7) {
            0 => Value::Null,
            1 => Value::Bool(true),
            2 => Value::Array(Vec::new()),
            3 => Value::Object(Object::new()),
            4 => Value::from(""),
            5 => Value::from(self.pick(&NUMBERS).unwrap_or_default()),
            _ => Value::from(1_u32),
        }
    }

    fn number(&self, number: &NumberText) -> NumberText {
        let near = |by: i128| {
            let number: i128 = number.as_str().parse().ok()?;
            NumberText::new(&(number + by).to_string())
        };
        match self.dice.below(4) {
            0 => near(1),
            1 => near(-1),
            _ => self.pick(&NUMBERS).and_then(NumberText::new),
        }
        .unwrap_or_else(|| 7_u64.into())
    }

    fn items(&self, items: &mut Vec<Value>) {
        let at = self.dice.below(items.len().max(1));
        let other = self.dice.below(items.len().max(1));
        match (self.dice.below(3), items.get(at).cloned()) {
            (_, None) => items.push(self.anything()),
            (0, Some(_)) => drop(items.remove(at)),
            (1, Some(item)) => items.insert(other, item),
            (_, Some(_)) => items.swap(at, other),
        }
    }

    fn members(&self, object: &mut Object) {
        let names: Vec<String> = object.iter().map(|(name, _)| name.to_owned()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let Some(name) = self.pick(&names) else {
            object.insert("member", self.anything());
            return;
        };
        match self.dice.below(4) {
            0 => drop(object.remove(name)),
            1 => drop(object.insert(self.text(name), self.anything())),
            2 => {
                let value = object.remove(name).unwrap_or(Value::Null);
                object.insert(self.text(name), value);
            }
            _ => {
                let other = self.pick(&names).unwrap_or(name);
                let value = object.get(other).cloned().unwrap_or(Value::Null);
                object.insert(name, value);
            }
        }
    }

    /// A text that is JSON itself is changed as JSON, one of lines by its lines.
    fn text(&self, text: &str) -> String {
        if let Ok(mut inner) = parse(text.as_bytes())
            && self.dice.below(8) > 0
        {
            self.any_node(&mut inner);
            return String::from_utf8_lossy(&inner.to_canonical()).into_owned();
        }
        if text.contains('\n') && self.dice.below(4) > 0 {
            return self.lines(text);
        }
        self.characters(text)
    }

    fn lines(&self, text: &str) -> String {
        let theirs = self.another_proof().unwrap_or_default();
        let (mut lines, theirs): (Vec<&str>, Vec<&str>) =
            (text.split('\n').collect(), theirs.split('\n').collect());
        let (at, other) = (self.dice.below(lines.len()), self.dice.below(lines.len()));
        let changed = self.characters(lines.get(at).copied().unwrap_or_default());
        match self.dice.below(8) {
            0 => drop(lines.remove(at)),
            1 => lines.insert(at, self.pick(&lines).unwrap_or_default()),
            2 => lines.swap(at, other),
            3 => {
                if let Some(line) = lines.get_mut(at) {
                    *line = self.pick(&theirs).unwrap_or_default();
                }
            }
            4 => {
                let (head, _) = text.split_once("\n\n").unwrap_or((text, ""));
                let theirs = theirs.join("\n");
                let (_, checkpoint) = theirs.split_once("\n\n").unwrap_or(("", theirs.as_str()));
                return format!("{head}\n\n{checkpoint}");
            }
            _ => {
                if let Some(line) = lines.get_mut(at) {
                    *line = &changed;
                }
                return lines.join("\n");
            }
        }
        lines.join("\n")
    }

    fn another_proof(&self) -> Option<String> {
        let proofs = self.others.iter().filter_map(|file| file.get("tlogProof"));
        let proofs: Vec<&str> = proofs.filter_map(Value::as_str).collect();
        self.pick(&proofs).map(str::to_owned)
    }

    /// Half of the time one character becomes another of its kind, so that a hash
    /// stays a hash and a name a name.
    fn characters(&self, text: &str) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        let [at, other] = [(); 2].map(|()| self.dice.below(characters.len().max(1)));
        let piece = self.pick(&PIECES).unwrap_or_default();
        match self.dice.below(10) {
            _ if characters.is_empty() => return piece.to_owned(),
            0 => drop(characters.remove(at)),
            1 => drop(characters.splice(at..at, piece.chars())),
            2 => return text.to_uppercase(),
            3 => return format!("{text}{piece}"),
            4 => drop(characters.splice(at..=at, piece.chars())),
            5 => characters.swap(at, other),
            _ => {
                if let Some(character) = characters.get_mut(at) {
                    *character = self.of_its_kind(*character);
                }
            }
        }
        characters.into_iter().collect()
    }

    fn of_its_kind(&self, character: char) -> char {
        let kinds = [
            "0123456789",
            "abcdef",
            "ghijklmnopqrstuvwxyz",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
        ];
        let kind = kinds.iter().find(|kind| kind.contains(character));
        let others = kind.map_or(0, |kind| kind.len());
        let at = self.dice.below(others.max(1));
        kind.and_then(|kind| kind.chars().nth(at))
            .unwrap_or(character)
    }
}

/// How many values stand in this one, itself included.
fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(items) => items.iter().map(count).sum(),
        Value::Object(object) => object.iter().map(|(_, value)| count(value)).sum(),
        _ => 0,
    }
}

/// Calls `change` with the value before which `left` others stand.
fn visit(value: &mut Value, left: &mut usize, change: &mut impl FnMut(&mut Value)) -> bool {
    if *left == 0 {
        change(value);
        return true;
    }
    *left -= 1;
    match value {
        Value::Array(items) => items.iter_mut().any(|item| visit(item, left, change)),
        Value::Object(object) => object
            .iter_mut()
            .any(|(_, value)| visit(value, left, change)),
        _ => false,
    }
}
