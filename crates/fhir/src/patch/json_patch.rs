//! JSON Patch (RFC 6902).

use super::{
    Room, fits,
    pointer::{Pointer, index},
    refusal,
};
use crate::{IssueCode, Refusal, json::Value};

/// Items of lists that the operations of a patch may move along.
const MAX_MOVED: usize = 20_000_000;

/// An operation, with its number in the patch, from 1.
pub(super) struct Operation {
    number: usize,
    path: Pointer,
    change: Change,
}

enum Change {
    Add(Value),
    Remove,
    Replace(Value),
    Move(Pointer),
    Copy(Pointer),
    Test(Value),
}

/// Why an operation cannot be carried out.
#[derive(Clone, Copy)]
enum Fault {
    /// Its path, or `from`, leads to nothing.
    NotThere,
    /// `move` into what it moves.
    IntoItself,
    /// A `test` failed.
    Differs,
    /// Copies of copies.
    TooLarge,
    /// More work than one patch may make.
    TooCostly,
    /// What it adds would nest too deep.
    TooDeep,
}

impl Operation {
    /// Reads one; members that the RFC does not name are ignored, as it says.
    pub(super) fn read(number: usize, operation: &Value) -> Result<Self, Refusal> {
        let malformed = |text| refusal(IssueCode::Structure, number, text);
        if operation.as_object().is_none() {
            return Err(malformed("it must be a JSON object"));
        }
        let pointer = |member: &str, text| {
            let pointer = operation.get(member).and_then(Value::as_str);
            pointer
                .and_then(Pointer::parse)
                .ok_or_else(|| malformed(text))
        };
        let value = || {
            let text = "it must have a `value`";
            operation
                .get("value")
                .cloned()
                .ok_or_else(|| malformed(text))
        };
        let from = || {
            pointer(
                "from",
                "its `from` must be a JSON Pointer, such as `/name/0`",
            )
        };
        let change = match operation.get("op").and_then(Value::as_str) {
            Some("add") => Change::Add(value()?),
            Some("remove") => Change::Remove,
            Some("replace") => Change::Replace(value()?),
            Some("move") => Change::Move(from()?),
            Some("copy") => Change::Copy(from()?),
            Some("test") => Change::Test(value()?),
            _ => {
                let text = "its `op` must be one of add, remove, replace, move, copy, test";
                return Err(malformed(text));
            }
        };
        let path = pointer(
            "path",
            "its `path` must be a JSON Pointer, such as `/name/0`",
        )?;
        Ok(Self {
            number,
            path,
            change,
        })
    }

    fn carry_out(&self, document: &mut Value, work: &mut Work) -> Result<(), Fault> {
        match &self.change {
            Change::Add(value) => add(document, &self.path, value.clone(), work),
            Change::Remove => remove(document, &self.path, work).map(drop),
            Change::Replace(value) => {
                require_depth(&self.path, value)?;
                *self.path.find_mut(document).ok_or(Fault::NotThere)? = value.clone();
                Ok(())
            }
            Change::Move(from) if from.holds(&self.path) => Err(Fault::IntoItself),
            Change::Move(from) => {
                let moved = remove(document, from, work)?;
                add(document, &self.path, moved, work)
            }
            Change::Copy(from) => {
                let value = from.find(document).ok_or(Fault::NotThere)?;
                work.copy(value)?;
                let copy = value.clone();
                add(document, &self.path, copy, work)
            }
            Change::Test(value) => {
                let found = self.path.find(document).ok_or(Fault::NotThere)?;
                if is_equal(found, value) {
                    return Ok(());
                }
                Err(Fault::Differs)
            }
        }
    }

    fn refusal(&self, fault: Fault) -> Refusal {
        let (code, text) = match fault {
            Fault::NotThere => (
                IssueCode::NotFound,
                "its path leads to no place in the resource",
            ),
            Fault::IntoItself => (
                IssueCode::Value,
                "what is moved cannot be moved into itself",
            ),
            Fault::Differs => (
                IssueCode::Conflict,
                "the test failed: another value stands there",
            ),
            Fault::TooLarge => (
                IssueCode::TooCostly,
                "what it copies would be larger than a resource may be",
            ),
            Fault::TooCostly => (
                IssueCode::TooCostly,
                "the patch moves too many items of lists; send it in parts",
            ),
            Fault::TooDeep => (
                IssueCode::Structure,
                "objects and arrays would nest deeper than 64",
            ),
        };
        refusal(code, self.number, text)
    }
}

/// What operations may still do.
struct Work {
    /// What copies may add: each could double what is there.
    room: Room,
    /// Items of lists that may be moved along.
    moved: usize,
}

impl Work {
    fn copy(&mut self, value: &Value) -> Result<(), Fault> {
        let take = |left: usize, size: usize| left.checked_sub(size).ok_or(Fault::TooLarge);
        self.room.values = take(self.room.values, 1)?;
        match value {
            Value::Array(items) => items.iter().try_for_each(|item| self.copy(item)),
            Value::Object(object) => object.iter().try_for_each(|(key, value)| {
                self.room.bytes = take(self.room.bytes, key.len())?;
                self.copy(value)
            }),
            Value::String(text) => {
                self.room.bytes = take(self.room.bytes, text.len())?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn shift(&mut self, items: usize) -> Result<(), Fault> {
        self.moved = self.moved.checked_sub(items).ok_or(Fault::TooCostly)?;
        Ok(())
    }
}

fn require_depth(path: &Pointer, value: &Value) -> Result<(), Fault> {
    if fits(path.steps(), value) {
        return Ok(());
    }
    Err(Fault::TooDeep)
}

/// Carries out each in turn.
///
/// # Errors
/// With the first that cannot be; the document is then of no use.
pub(super) fn apply(
    operations: &[Operation],
    document: &mut Value,
    room: Room,
) -> Result<(), Refusal> {
    let moved = MAX_MOVED;
    let mut work = Work { room, moved };
    for operation in operations {
        let done = operation.carry_out(document, &mut work);
        done.map_err(|fault| operation.refusal(fault))?;
    }
    Ok(())
}

fn add(document: &mut Value, path: &Pointer, value: Value, work: &mut Work) -> Result<(), Fault> {
    require_depth(path, &value)?;
    if path.is_document() {
        *document = value;
        return Ok(());
    }
    let (holder, token) = path.holder(document).ok_or(Fault::NotThere)?;
    match holder {
        Value::Object(object) => {
            object.insert(token, value);
            Ok(())
        }
        Value::Array(items) => {
            let at = if token == "-" {
                Some(items.len())
            } else {
                index(token)
            };
            let at = at.filter(|at| *at <= items.len()).ok_or(Fault::NotThere)?;
            work.shift(items.len() - at)?;
            items.insert(at, value);
            Ok(())
        }
        _ => Err(Fault::NotThere),
    }
}

fn remove(document: &mut Value, path: &Pointer, work: &mut Work) -> Result<Value, Fault> {
    // The document itself is the resource, which a patch does not remove.
    let (holder, token) = path.holder(document).ok_or(Fault::NotThere)?;
    let removed = match holder {
        Value::Object(object) => object.remove(token),
        Value::Array(items) => match index(token).filter(|at| *at < items.len()) {
            Some(at) => {
                work.shift(items.len() - at)?;
                Some(items.remove(at))
            }
            None => None,
        },
        _ => None,
    };
    removed.ok_or(Fault::NotThere)
}

/// Equality of RFC 6902, section 4.6: numbers by what they say, objects in any order.
fn is_equal(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => one.says_as(other),
        (Value::Array(one), Value::Array(other)) => {
            let mut pairs = one.iter().zip(other);
            one.len() == other.len() && pairs.all(|(one, other)| is_equal(one, other))
        }
        (Value::Object(one), Value::Object(other)) => {
            let mut pairs = one.iter().zip(other.iter());
            one.len() == other.len()
                && pairs.all(|(one, other)| one.0 == other.0 && is_equal(one.1, other.1))
        }
        (one, other) => one == other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{parse, parse_array};

    const ROOM: Room = Room {
        bytes: 1_000,
        values: 1_000,
    };

    fn patched(document: &str, patch: &str) -> Result<String, IssueCode> {
        let mut document = parse(document.as_bytes()).unwrap();
        let patch = parse_array(patch.as_bytes(), usize::MAX).unwrap();
        let operations = (1..).zip(patch.as_array().unwrap());
        let operations: Result<Vec<_>, _> = operations
            .map(|(number, one)| Operation::read(number, one))
            .collect();
        operations
            .and_then(|operations| apply(&operations, &mut document, ROOM))
            .map_err(|refusal| refusal.code)?;
        Ok(String::from_utf8(document.to_canonical()).unwrap())
    }

    /// RFC 6902, appendix A, as document, patch and what comes out.
    const EXAMPLES: &[(&str, &str, &str)] = &[
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/baz","value":"qux"}]"#,
            r#"{"baz":"qux","foo":"bar"}"#,
        ),
        (
            r#"{"foo":["bar","baz"]}"#,
            r#"[{"op":"add","path":"/foo/1","value":"qux"}]"#,
            r#"{"foo":["bar","qux","baz"]}"#,
        ),
        (
            r#"{"baz":"qux","foo":"bar"}"#,
            r#"[{"op":"remove","path":"/baz"}]"#,
            r#"{"foo":"bar"}"#,
        ),
        (
            r#"{"foo":["bar","qux","baz"]}"#,
            r#"[{"op":"remove","path":"/foo/1"}]"#,
            r#"{"foo":["bar","baz"]}"#,
        ),
        (
            r#"{"baz":"qux","foo":"bar"}"#,
            r#"[{"op":"replace","path":"/baz","value":"boo"}]"#,
            r#"{"baz":"boo","foo":"bar"}"#,
        ),
        (
            r#"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#,
            r#"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
            r#"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#,
        ),
        (
            r#"{"foo":["all","grass","cows","eat"]}"#,
            r#"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
            r#"{"foo":["all","cows","eat","grass"]}"#,
        ),
        (
            r#"{"baz":"qux","foo":["a",2,"c"]}"#,
            r#"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
            r#"{"baz":"qux","foo":["a",2,"c"]}"#,
        ),
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#,
            r#"{"child":{"grandchild":{}},"foo":"bar"}"#,
        ),
        (
            r#"{"foo":"bar"}"#,
            r#"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#,
            r#"{"baz":"qux","foo":"bar"}"#,
        ),
        (
            r#"{"/":9,"~1":10}"#,
            r#"[{"op":"test","path":"/~01","value":10}]"#,
            r#"{"/":9,"~1":10}"#,
        ),
        (
            r#"{"foo":["bar"]}"#,
            r#"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#,
            r#"{"foo":["bar",["abc","def"]]}"#,
        ),
        (
            r#"{"a":1.50}"#,
            r#"[{"op":"test","path":"/a","value":15e-1},{"op":"copy","from":"/a","path":"/b"}]"#,
            r#"{"a":1.50,"b":1.50}"#,
        ),
    ];

    #[test]
    fn the_examples_of_the_rfc_come_out_as_it_says() {
        for (document, patch, expected) in EXAMPLES {
            assert_eq!(
                patched(document, patch).as_deref(),
                Ok(*expected),
                "{patch}"
            );
        }
    }

    #[test]
    fn what_cannot_be_carried_out_is_refused() {
        use IssueCode::{Conflict, NotFound, Structure, TooCostly, Value};
        let document = r#"{"/":9,"baz":"qux","foo":["a"],"object":{"inner":{}}}"#;
        for (patch, code) in [
            (r#"[{"op":"test","path":"/baz","value":"bar"}]"#, Conflict),
            (r#"[{"op":"test","path":"/~1","value":"9"}]"#, Conflict),
            (
                r#"[{"op":"add","path":"/baz/bat","value":"qux"}]"#,
                NotFound,
            ),
            (
                r#"[{"op":"add","path":"/none/bat","value":"qux"}]"#,
                NotFound,
            ),
            (r#"[{"op":"add","path":"/foo/2","value":"b"}]"#, NotFound),
            (r#"[{"op":"remove","path":"/foo/1"}]"#, NotFound),
            (r#"[{"op":"remove","path":"/foo/-"}]"#, NotFound),
            (r#"[{"op":"remove","path":""}]"#, NotFound),
            (r#"[{"op":"replace","path":"/none","value":1}]"#, NotFound),
            (
                r#"[{"op":"move","from":"/object","path":"/object/inner"}]"#,
                Value,
            ),
            (r#"[{"op":"copy","path":"/a"}]"#, Structure),
            (r#"[{"op":"add","path":"/a"}]"#, Structure),
            (r#"[{"op":"add","path":"a","value":1}]"#, Structure),
            (r#"[{"op":"spam","path":"/a"}]"#, Structure),
            (r#"[1]"#, Structure),
        ] {
            assert_eq!(patched(document, patch), Err(code), "{patch}");
        }
        let doubling = r#"{"op":"copy","from":"","path":"/again"},"#.repeat(20);
        let patch = format!("[{}]", doubling.trim_end_matches(','));
        assert_eq!(patched(document, &patch), Err(TooCostly));
        let doubling = r#"{"op":"copy","from":"/foo","path":"/foo/-"},"#.repeat(20);
        let patch = format!("[{}]", doubling.trim_end_matches(','));
        assert_eq!(patched(document, &patch), Err(TooCostly));
    }
}
