//! What keys and signed states know of an installation is held against the database
//! before a facility is made in it: where they know more, the database was lost, and a
//! facility made anew under its old log key would sign a second history.

use crate::{
    config::Config,
    setup::{facility, signed},
};
use command::CommandError;
use model::FacilityName;
use sealing::FileKms;
use std::{collections::BTreeSet, fs};
use store::Store;
use tlog::notes::checkpoint::Origin;

/// What the database knows; of one that is not there, nothing.
#[derive(Default)]
pub struct Known {
    facilities: BTreeSet<FacilityName>,
    origins: BTreeSet<String>,
}

impl Known {
    pub async fn to(store: &Store) -> Result<Self, CommandError> {
        let facilities = facility::list(store).await?.into_iter();
        let logs = store.read("logs", |reader| reader.logs().list()).await?;
        Ok(Self {
            facilities: facilities.map(|facility| facility.name).collect(),
            origins: logs.into_iter().map(|log| log.origin).collect(),
        })
    }

    /// Refuses where others know more. Of a database with facilities in it only what
    /// concerns the one that is to be made counts: a log that was lost for good must not
    /// stand in the way of all others.
    pub fn check(
        &self,
        config: &Config,
        name: &FacilityName,
        origin: &Origin,
    ) -> Result<(), CommandError> {
        let (keys, anchor) = (config.keys()?, config.anchor()?);
        let empty = self.facilities.is_empty();
        let signed = signed::keeper(config)?;
        let later = format!("{origin}/");
        for state in signed.read()?.keys().map(Origin::as_str) {
            let concerns = empty || state == origin.as_str() || state.starts_with(&later);
            if concerns && !self.origins.contains(state) {
                return Err(lost(&signed.place(), &format!("the log `{state}`")));
            }
        }
        // A run that was cut short makes the facility before the key of its log.
        if !self.facilities.contains(name)
            && let Some(file) = log_key(&anchor.log_keys, name, empty)
        {
            let place = anchor.log_keys.display().to_string();
            return Err(lost(&place, &format!("the log key `{file}`")));
        }
        // It may have made the root key alone, so that of this facility says nothing.
        if empty && keys.file.exists() {
            let known = FileKms::open(&keys.file)?.facilities();
            if let Some(other) = known.iter().find(|known| *known != name) {
                let place = keys.file.display().to_string();
                return Err(lost(&place, &format!("the facility `{other}`")));
            }
        }
        Ok(())
    }
}

/// The name of a key file of this facility's logs, or of any.
fn log_key(folder: &std::path::Path, facility: &FacilityName, any: bool) -> Option<String> {
    // A folder that is not there yet holds none.
    let files = fs::read_dir(folder).ok()?.flatten();
    let mut names = files.filter_map(|file| file.file_name().into_string().ok());
    let first = format!("{facility}-1.log-key");
    names.find(|file| *file == first || (any && file.ends_with(".log-key")))
}

fn lost(place: &str, what: &str) -> CommandError {
    format!(
        "`{place}` knows {what}, which the database does not have: `[database]` names another \
         one, its disk is not mounted, or it was lost and is to be restored from a backup; a new \
         installation needs places of its own for keys and signed states"
    )
    .into()
}
