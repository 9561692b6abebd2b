//! Forms 5 and 10: codes whatever their system, and links.

use super::TokenValue;
use crate::{
    criterion::CodeCriterion,
    value::{Code, Reference},
};
use sealing::Form;
use std::collections::BTreeSet;

/// The tokens of the codes that a record has under one parameter, without repetition.
pub fn code_rows<'a>(values: impl IntoIterator<Item = &'a Code>) -> Vec<TokenValue> {
    let codes: BTreeSet<&String> = values.into_iter().filter_map(|v| v.code.as_ref()).collect();
    let token = |code: &String| TokenValue::new(Form::Code, code.as_str());
    codes.into_iter().map(token).collect()
}

/// The token of every candidate; `None` for a system alone, which no token finds. With
/// `:not` a token excludes a record only where no system is asked for: the record may have
/// the code in another.
#[must_use]
pub fn code_query(asked: &CodeCriterion) -> Option<TokenValue> {
    let code = asked.code()?;
    Some(TokenValue::new(Form::Code, code))
}

/// The token of a reference, and of a query for its target.
#[must_use]
pub fn link_row(reference: &Reference) -> TokenValue {
    TokenValue::new(Form::Link, *reference.target.as_bytes())
}
