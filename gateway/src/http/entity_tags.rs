//! The entity-tags of a precondition
//! (<https://www.rfc-editor.org/rfc/rfc9110#section-8.8.3>), weak and strong ones alike.

use crate::failure::{Category, Failure};
use fhir::IssueCode;
use model::VersionNumber;

/// The entity-tags of a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EntityTags {
    /// `*`
    Any,
    /// What stands between the quotes.
    These(Vec<String>),
}

impl EntityTags {
    /// Reads `*`, or tags with commas, between which nothing may stand (RFC 9110, 5.6.1.2).
    /// A version number without quotes is taken too.
    ///
    /// # Errors
    /// Invalid, by this name of the header, for anything else.
    pub fn read(text: &str, name: &str) -> Result<Self, Failure> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let invalid = || {
            let text = format!("`{name}` must be `*` or ETags of versions, such as W/\"3\"");
            Failure::new(Category::Invalid, IssueCode::Value, text)
        };
        let between = |c: char| c == ',' || c.is_whitespace();
        let (mut tags, mut rest) = (Vec::new(), text.trim_start_matches(between));
        while !rest.is_empty() {
            let (tag, after) = entity_tag(rest).ok_or_else(invalid)?;
            tags.push(tag.to_owned());
            rest = after.trim_start_matches(between);
            let parted = after.trim_start().starts_with(',');
            if !parted && !rest.is_empty() {
                return Err(invalid());
            }
        }
        if tags.is_empty() {
            Err(invalid())
        } else {
            Ok(Self::These(tags))
        }
    }

    /// Whether the tag of this version is among them.
    pub fn include(&self, number: VersionNumber) -> bool {
        self.include_tag(&number.to_string())
    }

    /// Whether this tag is among them.
    pub fn include_tag(&self, tag: &str) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.iter().any(|one| one == tag),
        }
    }
}

/// The opaque part of the first entity-tag of a text, and what follows it. A backslash
/// is a letter like any other (RFC 9110, 8.8.3).
fn entity_tag(text: &str) -> Option<(&str, &str)> {
    let unmarked = text.strip_prefix("W/").unwrap_or(text);
    if let Some(quoted) = unmarked.strip_prefix('"') {
        let (tag, after) = quoted.split_once('"')?;
        return tag
            .bytes()
            .all(|c| c.is_ascii_graphic())
            .then_some((tag, after));
    }
    let end = unmarked.find([',', ' ', '\t']).unwrap_or(unmarked.len());
    let (tag, after) = unmarked.split_at_checked(end)?;
    tag.parse::<VersionNumber>().ok()?;
    Some((tag, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn these(tags: &[&str]) -> Option<EntityTags> {
        Some(EntityTags::These(
            tags.iter().map(ToString::to_string).collect(),
        ))
    }

    #[test]
    fn tags_are_read_in_every_spelling() {
        for (text, expected) in [
            ("*", Some(EntityTags::Any)),
            (" * ", Some(EntityTags::Any)),
            (r#"W/"3""#, these(&["3"])),
            (r#""3""#, these(&["3"])),
            ("3", these(&["3"])),
            ("W/3", these(&["3"])),
            (r#"W/"3", W/"4""#, these(&["3", "4"])),
            (r#"W/"a,b" ,"4",5"#, these(&["a,b", "4", "5"])),
            (r#""a\""#, these(&[r"a\"])),
            (r#""""#, these(&[""])),
            ("", None),
            ("x", None),
            (r#"w/"3""#, None),
            (r#"W/"3"#, None),
            (r#""3" "4""#, None),
            (r#""3","#, these(&["3"])),
            (r#", ,"3", ,W/"4" ,"#, these(&["3", "4"])),
            (",", None),
            (r#"*, "3""#, None),
            (r#""a b""#, None),
        ] {
            assert_eq!(EntityTags::read(text, "If-Match").ok(), expected, "{text}");
        }
    }
}
