//! What a browser brings to the redirect address: the code, a refusal, or something
//! that belongs to no login of ours.
//!
//! <https://www.rfc-editor.org/rfc/rfc6749>, 4.1.2, with `iss` of
//! <https://www.rfc-editor.org/rfc/rfc9207>.

use url::form_urlencoded;

/// By what an answer is known to be to our question.
#[derive(Debug, Clone)]
pub struct Expected {
    /// Sent with the question.
    pub state: String,
    /// Who was asked.
    pub issuer: String,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// The code, to be redeemed.
    Code(String),
    /// The issuer or the person said no.
    Refused(String),
    /// Not an answer to our question; whoever sent it, the right one can still come.
    Stray,
}

impl Answer {
    /// Reads the query of a redirect.
    pub fn read(query: &str, expected: &Expected) -> Self {
        let Some([state, issuer, code, error, description]) = parameters(query) else {
            return Self::Stray;
        };
        let is_other = issuer.is_some_and(|issuer| issuer != expected.issuer);
        if state.as_ref() != Some(&expected.state) || is_other {
            return Self::Stray;
        }
        match (code, error) {
            (Some(code), None) => Self::Code(code),
            (None, Some(error)) => Self::Refused(match description {
                Some(why) => format!("{error} ({why})"),
                None => error,
            }),
            _ => Self::Stray,
        }
    }
}

const NAMES: [&str; 5] = ["state", "iss", "code", "error", "error_description"];

/// The parameters that matter, each at most once.
fn parameters(query: &str) -> Option<[Option<String>; 5]> {
    let mut found = [const { None }; 5];
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        let place = NAMES.iter().position(|known| *known == name);
        if let Some(slot) = place.and_then(|place| found.get_mut(place)) {
            if slot.is_some() {
                return None;
            }
            *slot = Some(value.into_owned());
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::{Answer, Expected};

    #[test]
    fn only_an_answer_to_our_question_counts() {
        let expected = Expected {
            state: "s1".to_owned(),
            issuer: "https://i.example".to_owned(),
        };
        let code = || Answer::Code("c".to_owned());
        let refused = |text: &str| Answer::Refused(text.to_owned());
        for (query, answer) in [
            ("code=c&state=s1", code()),
            ("code=c&state=s1&session_state=x", code()),
            ("code=c&state=s1&iss=https%3A%2F%2Fi.example", code()),
            ("error=access_denied&state=s1", refused("access_denied")),
            (
                "error=access_denied&error_description=not+today&state=s1",
                refused("access_denied (not today)"),
            ),
            ("", Answer::Stray),
            ("code=c", Answer::Stray),
            ("error=access_denied", Answer::Stray),
            ("code=c&state=s2", Answer::Stray),
            ("code=c&state=s1x", Answer::Stray),
            ("code=c&state=s1&state=s1", Answer::Stray),
            ("code=c&code=d&state=s1", Answer::Stray),
            ("code=c&error=e&state=s1", Answer::Stray),
            ("state=s1", Answer::Stray),
            (
                "code=c&state=s1&iss=https%3A%2F%2Fother.example",
                Answer::Stray,
            ),
        ] {
            assert_eq!(Answer::read(query, &expected), answer, "{query}");
        }
    }
}
