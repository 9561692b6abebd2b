//! The resource types of R4.

use crate::definition::Definition;
use std::sync::LazyLock;

/// The concrete resource types, sorted by name.
pub static RESOURCES: &LazyLock<Vec<Definition>> = &crate::definition::RESOURCES;
