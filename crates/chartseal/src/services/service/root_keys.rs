//! The file of the root keys while a gateway runs. What it has opened goes on without the
//! file, but no new facility and no other start does: that is to be known the same night.

use sealing::FileKms;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How often the file is looked at.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// What was wrong with the file at the last look.
#[derive(Debug, Clone)]
pub struct RootKeys {
    path: PathBuf,
    trouble: Arc<Mutex<Option<String>>>,
}

impl RootKeys {
    /// Looks at the file now and every minute, until the runtime ends.
    pub fn watch(path: &Path) -> Self {
        let keys = Self {
            path: path.to_owned(),
            trouble: Arc::default(),
        };
        let watched = keys.clone();
        actix_web::rt::spawn(async move {
            loop {
                watched.look();
                tokio::time::sleep(LOOK_INTERVAL).await;
            }
        });
        keys
    }

    /// What was wrong, if anything.
    pub fn trouble(&self) -> Option<String> {
        let trouble = self.trouble.lock();
        trouble.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn look(&self) {
        let now = FileKms::open(&self.path)
            .err()
            .map(|error| error.to_string());
        let mut trouble = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        match (&*trouble, &now) {
            (before, Some(problem)) if before.as_ref() != Some(problem) => {
                tracing::error!(%problem, "the root keys cannot be read any more");
            }
            (Some(_), None) => tracing::info!("the root keys can be read again"),
            _ => {}
        }
        *trouble = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn a_file_that_went_away_is_noticed_and_so_is_its_return() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kms.json");
        drop(FileKms::create(&path).expect("made"));
        let keys = RootKeys {
            path: path.clone(),
            trouble: Arc::default(),
        };
        keys.look();
        assert_eq!(keys.trouble(), None);
        let aside = folder.path().join("aside");
        fs::rename(&path, &aside).expect("moved");
        keys.look();
        assert!(keys.trouble().is_some());
        fs::rename(&aside, &path).expect("moved back");
        keys.look();
        assert_eq!(keys.trouble(), None);
    }
}
