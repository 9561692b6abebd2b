//! The search parameters that a card has values of, by type.

use fhir::definition::{ParameterKind, SearchParameter, TypeId, r4};
use index::ParameterNumber;
use std::{collections::HashMap, sync::LazyLock};

/// Its value is the id, which stands in the card beside the values.
pub const ID: &str = "_id";
/// Its value is the time of the version.
pub(crate) const LAST_UPDATED: &str = "_lastUpdated";

/// A parameter of a type whose values stand in cards.
#[derive(Debug)]
pub struct Known {
    /// The number of its values in a card.
    pub number: ParameterNumber,
    /// R4's definition.
    pub parameter: &'static SearchParameter,
    /// Of a composite the kind of each component.
    pub components: Vec<ParameterKind>,
    /// The type whose records have it.
    pub(crate) type_id: TypeId,
}

/// The parameters of a type by which cards of this release are found; none for a type that
/// R4 does not have. Left out are `_id`, and those without a compiled path: `_text`,
/// `_content`, `_query`, `near` and the like.
#[must_use]
pub fn known(resource_type: &str) -> &'static [Known] {
    static ALL: LazyLock<HashMap<&'static str, Vec<Known>>> = LazyLock::new(|| {
        let types = r4().types().map(|(id, own)| (own.name, id));
        let resources = types.filter(|(name, _)| r4().resource(name).is_some());
        resources
            .map(|(name, id)| (name, of_type(name, id)))
            .collect()
    });
    ALL.get(resource_type).map_or(&[], Vec::as_slice)
}

fn of_type(name: &str, type_id: TypeId) -> Vec<Known> {
    let kept = r4().parameters(type_id).filter(|parameter| {
        parameter.code != ID && parameter.paths.is_ok() && parameter.kind != ParameterKind::Special
    });
    let known = kept.map(|parameter| Known {
        number: ParameterNumber::of(name, parameter.code),
        parameter,
        components: components(type_id, parameter),
        type_id,
    });
    known.collect()
}

/// A component that names no parameter of the type is compared as none.
fn components(type_id: TypeId, parameter: &SearchParameter) -> Vec<ParameterKind> {
    let kinds = parameter.components.iter().map(|component| {
        let named = r4().parameter(type_id, component.code);
        named.map_or(ParameterKind::Special, |named| named.kind)
    });
    kinds.collect()
}
