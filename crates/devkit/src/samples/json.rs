//! JSON text built member by member, in the order given. Decimals keep their
//! digits, `36.60` included, which a parsed number would not.

use std::fmt;

/// A JSON value.
#[derive(Debug, Clone)]
pub(crate) enum Json {
    Text(String),
    /// The digits as they shall stand.
    Number(String),
    Bool(bool),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
}

/// An object with these members.
pub(crate) fn object<const N: usize>(members: [(&'static str, Json); N]) -> Json {
    Json::Object(members.into())
}

/// A list of these values.
pub(crate) fn list<const N: usize>(values: [Json; N]) -> Json {
    Json::List(values.into())
}

/// A whole number.
pub(crate) fn integer(value: i64) -> Json {
    Json::Number(value.to_string())
}

/// A decimal with `places` digits behind the point: `decimal(3660, 2)` is
/// `36.60`. Not for negative values.
pub(crate) fn decimal(units: i64, places: usize) -> Json {
    if places == 0 {
        return integer(units);
    }
    let digits = format!("{units:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    Json::Number(format!("{whole}.{fraction}"))
}

impl Json {
    /// Adds a member to an object; other values stay as they are.
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<Self>) -> Self {
        if let Self::Object(members) = &mut self {
            members.push((name, value.into()));
        }
        self
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Json {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Json {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<Vec<Self>> for Json {
    fn from(values: Vec<Self>) -> Self {
        Self::List(values)
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write_text(text, f),
            Self::Number(digits) => f.write_str(digits),
            Self::Bool(value) => write!(f, "{value}"),
            Self::List(values) => {
                f.write_str("[")?;
                for (index, value) in values.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}{value}")?;
                }
                f.write_str("]")
            }
            Self::Object(members) => {
                f.write_str("{")?;
                for (index, (name, value)) in members.iter().enumerate() {
                    let comma = if index == 0 { "" } else { "," };
                    write!(f, "{comma}\"{name}\":{value}")?;
                }
                f.write_str("}")
            }
        }
    }
}

fn write_text(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(&serde_json::to_string(text).map_err(|_| fmt::Error)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_digits() {
        for (units, places, text) in [
            (3660, 2, "36.60"),
            (70, 1, "7.0"),
            (5, 2, "0.05"),
            (0, 1, "0.0"),
            (120, 0, "120"),
        ] {
            assert_eq!(decimal(units, places).to_string(), text);
        }
    }

    #[test]
    fn text_is_escaped() {
        let value = object([("a", list(["\"\n".into(), true.into()]))]).with("b", "c");
        assert_eq!(value.to_string(), r#"{"a":["\"\n",true],"b":"c"}"#);
    }
}
