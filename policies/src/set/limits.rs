//! Limits of a policy set, checked before any of it is parsed: Cedar has none
//! (<https://docs.cedarpolicy.com/other/security.html>, "Input validation"),
//! and its parser and checker are recursive.

use crate::{PolicyError, PolicySource};

/// Policies in a set.
const MAX_POLICIES: usize = 500;
/// Bytes of one policy.
const MAX_POLICY_BYTES: usize = 16 * 1024;
/// Bytes of all policies of a set.
const MAX_SET_BYTES: usize = 1024 * 1024;
/// Bytes of the schema.
const MAX_SCHEMA_BYTES: usize = 64 * 1024;
/// Bytes of a policy's id.
const MAX_ID_BYTES: usize = 100;
/// Brackets open at once.
const MAX_DEPTH: usize = 32;
/// Operators in one policy; a chain of them nests as deep as it is long.
const MAX_OPERATORS: usize = 500;

/// Refuses a set that is too large to be looked at.
pub(crate) fn check(source: &PolicySource) -> Result<(), PolicyError> {
    check_text("schema", &source.schema, MAX_SCHEMA_BYTES)?;
    if source.policies.len() > MAX_POLICIES {
        return Err(PolicyError::TooManyPolicies { most: MAX_POLICIES });
    }
    if source.policies.values().map(String::len).sum::<usize>() > MAX_SET_BYTES {
        return Err(PolicyError::TooLarge {
            what: "the policies together".to_owned(),
            most: MAX_SET_BYTES,
        });
    }
    for (id, text) in &source.policies {
        let plain = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'-';
        if !(1..=MAX_ID_BYTES).contains(&id.len()) || !id.bytes().all(plain) {
            return Err(PolicyError::Id);
        }
        check_text(id, text, MAX_POLICY_BYTES)?;
        if operators(text) > MAX_OPERATORS {
            return Err(PolicyError::TooDeep { what: id.clone() });
        }
    }
    Ok(())
}

fn check_text(what: &str, text: &str, most: usize) -> Result<(), PolicyError> {
    if text.len() > most {
        return Err(PolicyError::TooLarge {
            what: what.to_owned(),
            most,
        });
    }
    if depth(text) > MAX_DEPTH {
        return Err(PolicyError::TooDeep {
            what: what.to_owned(),
        });
    }
    Ok(())
}

/// The bytes of Cedar text outside strings and comments.
fn code(text: &str) -> impl Iterator<Item = u8> {
    let mut bytes = text.bytes().peekable();
    let mut in_string = false;
    std::iter::from_fn(move || {
        loop {
            let byte = bytes.next()?;
            match byte {
                b'\\' if in_string => {
                    bytes.next();
                }
                b'"' => in_string = !in_string,
                _ if in_string => {}
                b'/' if bytes.peek() == Some(&b'/') => {
                    // The end of the line ends the comment, for Cedar as here.
                    while bytes
                        .peek()
                        .is_some_and(|next| !matches!(next, b'\n' | b'\r'))
                    {
                        bytes.next();
                    }
                }
                _ => return Some(byte),
            }
        }
    })
}

/// How many brackets are open at once.
fn depth(text: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for byte in code(text) {
        match byte {
            b'(' | b'[' | b'{' => open += 1,
            b')' | b']' | b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        deepest = deepest.max(open);
    }
    deepest
}

/// How many operators there are, two-byte ones counted twice. Of those that are
/// words only `if` can nest.
fn operators(text: &str) -> usize {
    let (mut count, mut word) = (0, Vec::new());
    for byte in code(text).chain([b' ']) {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            word.push(byte);
            continue;
        }
        let operator = b"&|.+-*!<>=".contains(&byte);
        count += usize::from(operator) + usize::from(word == b"if");
        word.clear();
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_and_comments_do_not_count() {
        assert_eq!(depth(r#"a ("((((" // [[[[["#), 1);
        assert_eq!(depth("( // (((\n [ ] )"), 2);
        assert_eq!(depth(r#"("\"(((" [ ( ] )"#), 3);
    }

    #[test]
    fn operators_in_strings_and_names_do_not_count() {
        assert_eq!(operators(r#"a.b && "c && d" // && "#), 3);
        assert_eq!(operators("if iffy then if a else b"), 2);
    }

    #[test]
    fn closing_brackets_in_strings_hide_nothing() {
        let text = format!("{}{}", "(".repeat(20), r#"")))))))))""#) + &"(".repeat(20);
        assert_eq!(depth(&text), 40);
    }
}
