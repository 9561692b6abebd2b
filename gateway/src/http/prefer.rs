//! `Prefer` (<https://www.rfc-editor.org/rfc/rfc7240>): names in any case, values
//! with or without quotes. Of a preference that is given twice the first counts, and
//! those not known here are ignored, both as section 2 says.

use crate::http::{header_list, reply::Return};
use actix_web::HttpRequest;

/// The preferences of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Preferences {
    /// `return`: the body of the answer to a write.
    pub body: Return,
    /// `handling=lenient`: search parameters that are not supported are ignored.
    pub lenient: bool,
}

impl Preferences {
    /// Those of a request.
    #[must_use]
    pub fn of(request: &HttpRequest) -> Self {
        Self::read(header_list::members(request, "prefer"))
    }

    fn read<'m>(members: impl Iterator<Item = &'m str>) -> Self {
        let (mut body, mut lenient) = (None, None);
        for member in members {
            // Parameters of a preference follow it after `;`.
            let preference = header_list::split(member, ';');
            let (name, value) = header_list::pair(preference.first().unwrap_or(&""));
            if name.eq_ignore_ascii_case("return") {
                body.get_or_insert(wanted(&value));
            } else if name.eq_ignore_ascii_case("handling") {
                lenient.get_or_insert(value.eq_ignore_ascii_case("lenient"));
            }
        }
        Self {
            body: body.unwrap_or_default(),
            lenient: lenient.unwrap_or_default(),
        }
    }
}

fn wanted(value: &str) -> Return {
    match value.to_ascii_lowercase().as_str() {
        "minimal" => Return::Minimal,
        "operationoutcome" => Return::OperationOutcome,
        _ => Return::Representation,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn preferences_are_read_in_every_spelling() {
        let minimal = Preferences {
            body: Return::Minimal,
            lenient: false,
        };
        let lenient = Preferences {
            body: Return::Representation,
            lenient: true,
        };
        for (header, expected) in [
            ("return=minimal", minimal),
            ("Return=minimal", minimal),
            (r#"return="minimal""#, minimal),
            ("RETURN = Minimal; x=y", minimal),
            ("respond-async, return=minimal", minimal),
            ("return=minimal, return=representation", minimal),
            ("handling=lenient", lenient),
            (r#"Handling="Lenient""#, lenient),
            (r#"x="return=minimal, y", handling=lenient"#, lenient),
            ("handling=strict, handling=lenient", Preferences::default()),
            ("respond-async; return=minimal", Preferences::default()),
            ("", Preferences::default()),
        ] {
            let members = header_list::split(header, ',').into_iter();
            assert_eq!(Preferences::read(members), expected, "{header}");
        }
    }
}
