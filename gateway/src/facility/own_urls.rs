//! The URLs under which a facility's records are or were reached. References by any of
//! them stay references to its records when the gateway gets another name, so the list
//! is kept in the data, each URL sealed, and never shrinks.

use crate::{
    facility::{
        Facility,
        own::Own,
        own_seal::{Envelope, OwnContent, OwnPlace},
    },
    failure::Failure,
    ports::Ports,
};
use fhir::LocalBase;
use model::{Clock, FacilityName, Random, Scope, Timestamp};
use store::{Store, StoredUrl};

/// How often a URL is added anew when another process took its number.
const ATTEMPTS: u32 = 5;

/// The FHIR bases of a facility at a gateway of these URLs: the one that names it, and
/// the short one.
pub fn bases<'u>(
    facility: &FacilityName,
    urls: impl IntoIterator<Item = &'u String>,
) -> Vec<String> {
    let both = |url: &String| [format!("{url}/f/{facility}/fhir"), format!("{url}/fhir")];
    urls.into_iter().flat_map(both).collect()
}

/// The URLs of a facility at a gateway of these URLs.
#[must_use]
pub fn home_of(facility: &FacilityName, urls: &[String]) -> LocalBase {
    LocalBase::new(bases(facility, urls))
}

/// Every base that the facility has or had: those of the configuration, which are added
/// to the data if they are new, and those of the data.
///
/// # Errors
/// When a URL of the data is not what was stored, or one is missing between others;
/// when they cannot be read or written.
pub async fn local_base(
    facility: &Facility,
    configured: &[String],
    ports: Ports<'_>,
) -> Result<LocalBase, Failure> {
    for _ in 0..ATTEMPTS {
        let known = known(facility, ports.store).await?;
        let mut new = Vec::new();
        for url in configured.iter().filter(|url| !known.contains(url)) {
            let number = u32::try_from(known.len() + new.len() + 1).map_err(Failure::fault)?;
            new.push(sealed(facility, number, url, &**ports.clock, &**ports.random).await?);
        }
        if new.is_empty() {
            return Ok(LocalBase::new(bases(&facility.name, &known)));
        }
        let id = facility.id;
        let add =
            move |tx: &mut store::Tx| new.iter().try_for_each(|url| tx.own_urls().insert(id, url));
        match ports.store.run_tx("own URLs", &[], add).await {
            Ok(()) | Err(store::Error::Taken(_)) => {}
            Err(error) => return Err(Failure::uncommitted(error)),
        }
    }
    Err(Failure::unavailable(
        "others keep adding URLs of the gateway",
    ))
}

async fn known(facility: &Facility, store: &Store) -> Result<Vec<String>, Failure> {
    let id = facility.id;
    let list = move |reader: &mut store::Reader| reader.own_urls().list(id);
    let mut urls = Vec::new();
    for (row, number) in store.read("own URLs", list).await?.into_iter().zip(1..) {
        let damaged = |what: &str| {
            Failure::fault(format!(
                "URL {number} of facility `{}` in table `own_url` {what}; put it back from a \
                 backup",
                facility.name
            ))
        };
        if row.number != number {
            return Err(damaged("is missing"));
        }
        let url = open(facility, row).await;
        urls.push(url.map_err(|_| damaged("is not what was stored"))?);
    }
    Ok(urls)
}

async fn open(facility: &Facility, row: StoredUrl) -> Result<String, Failure> {
    let place = place(facility, row.number, row.time);
    let sealed = Envelope {
        data_key: row.data_key,
        bytes: &row.envelope,
    };
    let opened = facility.open_own(&place, sealed).await?;
    String::from_utf8(opened.content.to_vec()).map_err(Failure::fault)
}

async fn sealed(
    facility: &Facility,
    number: u32,
    url: &str,
    clock: &dyn Clock,
    random: &dyn Random,
) -> Result<StoredUrl, Failure> {
    let (id, time) = (number.to_string(), clock.now());
    let place = place(facility, number, time);
    let content = OwnContent {
        id: &id,
        bytes: url.as_bytes(),
    };
    let sealing = facility.seal_own(random, Scope::Facility, &place, content);
    let (data_key, sealed) = sealing.await?;
    Ok(StoredUrl {
        number,
        time,
        data_key,
        envelope: sealed.envelope,
    })
}

/// Where the envelope of a URL belongs.
fn place(facility: &Facility, number: u32, time: Timestamp) -> OwnPlace<'static> {
    let tag = Own::Url.tag(&facility.tags, &number.to_string());
    OwnPlace::only(Own::Url, tag, time)
}
