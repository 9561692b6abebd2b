//! *content*: the resource is the one that the statement is about.

use crate::{Leaf, report::Finding};
use fhir::json::Value;
use model::{LeafKind, VersionInteraction};
use tlog::leaf::{self, AnyStatement, Statement};
use tlog::tree::inclusion;

/// `resource` is what was given to be compared, already read as JSON.
pub(crate) fn content(leaf: &Leaf, statement: &AnyStatement, resource: Option<&Value>) -> Finding {
    let statement = match statement {
        AnyStatement::System(_) => {
            return Finding::not_checked("a leaf of this kind has no content to compare");
        }
        AnyStatement::Record(statement) => statement,
    };
    match statement.kind {
        LeafKind::Audit => event(leaf, statement, resource),
        _ if statement.interaction.parse() == Ok(VersionInteraction::Delete) => {
            deletion(leaf, statement, resource)
        }
        _ => version(leaf, statement, resource),
    }
}

const NO_RESOURCE: &str = "no resource was given to compare";
const NO_SALT: &str = "the bundle holds no content salt: its maker might not read the record";

fn version(leaf: &Leaf, statement: &Statement, resource: Option<&Value>) -> Finding {
    let Some(resource) = resource else {
        return Finding::not_checked(NO_RESOURCE);
    };
    let Some(salt) = &leaf.content_salt else {
        return Finding::not_checked(NO_SALT);
    };
    let meta = |name| {
        resource
            .get("meta")
            .and_then(|meta| meta.get(name))
            .and_then(Value::as_str)
    };
    if reference(resource) != Some(statement.reference.clone()) {
        Finding::is_false("the resource has another type or id than the statement")
    } else if meta("versionId") != Some(&statement.version.to_string()) {
        Finding::is_false("the resource is another version than the statement's")
    } else if meta("lastUpdated") != Some(&statement.time.to_string()) {
        Finding::is_false("the resource has another time than the statement")
    } else if leaf::content_digest(salt, &resource.to_canonical()) != statement.content {
        Finding::is_false("the resource is not what was stored")
    } else {
        Finding::holds("the resource is what was stored")
    }
}

fn deletion(leaf: &Leaf, statement: &Statement, resource: Option<&Value>) -> Finding {
    if resource.is_some() {
        return Finding::is_false("the statement is of a delete, which has no content");
    }
    let Some(salt) = &leaf.content_salt else {
        return Finding::not_checked(NO_SALT);
    };
    if leaf::content_digest(salt, b"") == statement.content {
        Finding::holds("the version is a delete and has no content")
    } else {
        Finding::is_false("the statement is of a delete, but not of empty content")
    }
}

fn event(leaf: &Leaf, statement: &Statement, resource: Option<&Value>) -> Finding {
    let Some(resource) = resource else {
        return Finding::not_checked(NO_RESOURCE);
    };
    let Some(event) = &leaf.event else {
        return Finding::not_checked("the bundle shows no event of the audit record");
    };
    if reference(resource) != Some(format!("{}.{}", statement.reference, event.index)) {
        return Finding::is_false("the resource is not the audit event that the bundle shows");
    }
    let hash = leaf::event_leaf(&event.salt, &resource.to_canonical());
    let root = inclusion::root(&hash, event.index, event.size, &event.path);
    match root.map(|root| leaf::events_digest(event.size, &root)) {
        Ok(digest) if digest == statement.content => Finding::holds(format!(
            "the resource is event number {} of the audit record, counted from 0; events in all: {}",
            event.index, event.size
        )),
        Ok(_) => Finding::is_false("the audit record holds another event or number of events"),
        Err(error) => Finding::is_false(format!("the event is not in the audit record: {error}")),
    }
}

/// `Type/id` of a resource.
fn reference(resource: &Value) -> Option<String> {
    let text = |name| resource.get(name).and_then(Value::as_str);
    Some(format!("{}/{}", text("resourceType")?, text("id")?))
}
