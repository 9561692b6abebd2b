//! How each of several nodes stands, for readiness and metrics.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The nodes by name, each with why it is passed over, if it is. Clones are the same.
#[derive(Debug, Clone, Default)]
pub struct NodeBoard(Arc<Mutex<BTreeMap<String, Option<String>>>>);

impl NodeBoard {
    /// All of them.
    #[must_use]
    pub fn read(&self) -> BTreeMap<String, Option<String>> {
        self.lock().clone()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.lock().contains_key(name)
    }

    pub(crate) fn add(&self, name: &str) {
        self.lock().insert(name.to_owned(), None);
    }

    /// Notes how a node stands; whether it began or ceased to be passed over. Where there
    /// is one node alone its steps say what is wrong with it.
    pub(crate) fn note(&self, name: &str, problem: Option<String>) -> bool {
        match self.lock().get_mut(name) {
            Some(noted) => {
                let changed = noted.is_some() != problem.is_some();
                *noted = problem;
                changed
            }
            None => false,
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Option<String>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
