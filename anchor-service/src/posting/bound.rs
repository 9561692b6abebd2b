//! Whether the database's logs are anchored at this ledger. The registry that it names has a
//! mac under the leaf key (docs/storage-format.md, "Rows of meta").
//!
//! A row without a mac that holds, of an earlier release or of another leaf key, is taken
//! over where it names the ledger of this process, which was found by the configuration or
//! by a row that was shown. Registries of before are known by the database alone, so an
//! operator compares those.

use crate::{
    failure::StepError,
    keys::key_rows,
    ledger::Ledger,
    log::journal::{Journal, LEDGER},
};
use store::{Error, KeysShown, Registry, RegistrySet, Store, Tx};

/// Refuses a database whose logs are anchored elsewhere, or of which nothing shows where.
pub(crate) async fn check<L: Ledger>(journal: &Journal, ledger: &L) -> Result<(), StepError> {
    let Some(unshown) = survey(journal, ledger).await? else {
        return Ok(());
    };
    let by = unshown.by();
    take_over(journal, unshown).await?;
    if by != KeysShown::Older {
        tracing::warn!(
            registry = %of(ledger),
            "the registry that the database names had no mac that holds; it was taken over, \
             for it is the one in use"
        );
    }
    Ok(())
}

/// The same, and writes nothing: gives what [`check`] would take over. With a strange leaf
/// key that is nothing: the right one would not hold what it makes.
pub(crate) async fn survey<L: Ledger>(
    journal: &Journal,
    ledger: &L,
) -> Result<Option<RegistrySet>, StepError> {
    let (first, noted) = journal
        .read("registry", |reader| {
            Ok((reader.meta().find(LEDGER)?, reader.registries().find()?))
        })
        .await?;
    let here = of(ledger);
    match noted.by() {
        KeysShown::Newest | KeysShown::Older => match noted.now {
            // Where anchors were posted the row is gone.
            None if first.is_some() => Err(Error::Registry.into()),
            Some(other) if other != here => Err(StepError::OtherLedger {
                bound: other.to_string(),
                configured: here.to_string(),
            }),
            Some(_) if noted.by() == KeysShown::Older => Ok(Some(noted)),
            _ => Ok(None),
        },
        KeysShown::Never | KeysShown::Wrong
            if noted.now == Some(here)
                && noted.former.is_empty()
                && !key_rows::leaf_key_is_strange(journal).await? =>
        {
            Ok(Some(noted))
        }
        KeysShown::Never | KeysShown::Wrong | KeysShown::Unknown => {
            noted.shown().map(|_| None).map_err(StepError::from)
        }
    }
}

/// Whether an anchor was ever posted from this database: a registry was in use then.
///
/// # Errors
/// When the database does not answer.
pub async fn has_posted(store: &Store) -> Result<bool, Error> {
    let first = store.read("first ledger", |reader| reader.meta().find(LEDGER));
    Ok(first.await?.is_some())
}

/// The registry of a ledger.
pub(crate) fn of<L: Ledger>(ledger: &L) -> Registry {
    Registry {
        chain_id: ledger.chain_id(),
        address: ledger.registry(),
    }
}

async fn take_over(journal: &Journal, noted: RegistrySet) -> Result<(), StepError> {
    let adopt = move |tx: &mut Tx| tx.registries().adopt(&noted);
    Ok(journal.write("take the registry over", adopt).await?)
}
