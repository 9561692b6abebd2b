//! The values of one parameter of one resource.

use crate::{
    Extent, Source, codes, dates, equal, numbers,
    parameters::{Known, LAST_UPDATED},
    references, texts,
};
use fhir::{
    Node,
    definition::{ParameterKind, Path, TypeId},
    search::{Searched, system_of},
};
use index::{DateRange, Text, Value, Values};
use std::{
    collections::HashMap,
    hash::{BuildHasher, Hasher},
};

/// Values of a parameter in a card.
const MAX_VALUES: usize = 500;

/// What a parameter finds in a resource, in the order of its paths, none twice.
pub(crate) fn of(
    source: &Source<'_>,
    resource: &Searched<'_>,
    known: &Known,
    extent: Extent,
) -> Values {
    let mut found = Found::of(extent);
    if known.parameter.code == LAST_UPDATED {
        let time = DateRange::of_date(&source.time.to_string());
        found.list.extend(time.map(Value::Date));
        return found.into_values();
    }
    for path in known.parameter.paths.as_deref().unwrap_or_default() {
        for element in resource.evaluate(resource.resource(), path) {
            if known.components.is_empty() {
                let place = Place {
                    kind: known.parameter.kind,
                    from: known.type_id,
                    path,
                };
                values_of(source, element, &place, &mut found);
            } else {
                let composite = composite(source, resource, element, known, extent);
                composite.into_iter().for_each(|value| found.add(value));
            }
        }
    }
    found.into_values()
}

/// How an element is read, and by which path it was found.
struct Place<'p> {
    kind: ParameterKind,
    /// The type that the path begins at.
    from: TypeId,
    path: &'p Path,
}

/// Adds the values of an element. One that has none of the kind, such as a concept without
/// codes, stands as an empty string, which is no match and not missing.
fn values_of(source: &Source<'_>, element: Node<'_>, place: &Place<'_>, found: &mut Found) {
    let mut is_bare = true;
    let extent = found.extent;
    let mut show = |value| {
        is_bare = false;
        found.add(value);
    };
    let one = match place.kind {
        ParameterKind::Date => dates::of(element).map(Value::Date),
        ParameterKind::Number => numbers::number(element).map(Value::Number),
        ParameterKind::Quantity => numbers::quantity(element).map(Value::Quantity),
        ParameterKind::Uri => references::uri(element).map(Value::Uri),
        ParameterKind::Reference => {
            references::of(source, element, &mut show);
            None
        }
        ParameterKind::String => {
            texts::of(element, extent, &mut show);
            None
        }
        ParameterKind::Token => {
            let system = |code: &str| system_of(place.from, place.path, code);
            codes::of(element, &system, &mut show);
            None
        }
        ParameterKind::Composite | ParameterKind::Special => return,
    };
    if let Some(value) = one {
        show(value);
    }
    if is_bare {
        found.add(Value::Text(Text::new("")));
    }
}

/// One element under a composite; `None` unless it has all components.
fn composite<'a>(
    source: &Source<'_>,
    resource: &Searched<'a>,
    element: Node<'a>,
    known: &Known,
    extent: Extent,
) -> Option<Value> {
    let parts = known.parameter.components.iter().zip(&known.components);
    let values = parts.map(|(component, kind)| {
        let mut found = Found::of(extent);
        for path in &component.paths {
            let from = if path.is_absolute {
                resource.resource().type_id
            } else {
                element.type_id
            };
            for part in resource.evaluate(element, path) {
                let place = Place {
                    kind: *kind,
                    from,
                    path,
                };
                values_of(source, part, &place, &mut found);
            }
        }
        (!found.list.is_empty()).then_some(found.list)
    });
    values.collect::<Option<_>>().map(Value::Composite)
}

/// Values while they are gathered.
struct Found {
    extent: Extent,
    list: Vec<Value>,
    /// Where values of a hash stand in the list: of one parameter a resource may have many
    /// more than a card, and each is looked up.
    places: HashMap<u64, Vec<usize>>,
    cut: bool,
}

impl Found {
    fn of(extent: Extent) -> Self {
        Self {
            extent,
            list: Vec::new(),
            places: HashMap::new(),
            cut: false,
        }
    }

    fn add(&mut self, value: Value) {
        if self.extent == Extent::Whole {
            self.list.push(value);
        } else if self.list.len() >= MAX_VALUES {
            self.cut = true;
        } else if self.is_new(&value) {
            self.list.push(value);
        }
    }

    /// Whether no equal value is in the list; then it is noted that it comes next.
    fn is_new(&mut self, value: &Value) -> bool {
        let mut state = self.places.hasher().build_hasher();
        equal::hash(value, &mut state);
        let places = self.places.entry(state.finish()).or_default();
        let is_new = !places.iter().any(|at| self.list.get(*at) == Some(value));
        if is_new {
            places.push(self.list.len());
        }
        is_new
    }

    fn into_values(self) -> Values {
        Values {
            list: self.list,
            cut: self.cut,
        }
    }
}
