//! Queries that would make a next link longer than servers and proxies read: they are
//! kept sealed for an hour, and the link holds their tag. A kept query is of use only
//! to the user whose search it was; whoever pages on keeps it alive. Equal queries of one
//! user within half an hour are kept once.

use crate::{
    exchange::{
        Exchange,
        part::{Part, Step},
    },
    facility::{
        own::Own,
        own_seal::{Envelope, OwnContent, OwnPlace},
    },
    failure::{Category, Failure},
};
use fhir::IssueCode;
use model::{Scope, Tag, Timestamp};
use serde::{Deserialize, Serialize};
use store::{FacilityId, KeptQuery, Tx};

/// The longest query, as JSON, that its link holds itself; sealed and in base64, with
/// the rest of a cursor, that is under 2,000 characters.
const LONGEST_IN_LINK: usize = 800;
/// How long a query is kept.
const KEPT_MILLIS: i64 = 60 * 60 * 1_000;
/// How old a kept query may be when it is given out again.
const FRESH_MILLIS: i64 = KEPT_MILLIS / 2;

/// The query of a search, as its cursor holds it.
#[derive(Serialize, Deserialize)]
pub enum QueryText {
    /// All of it.
    Here(String),
    /// Where it is kept.
    Kept(Tag),
}

/// A query that is kept, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    tag: Tag,
    time: Timestamp,
}

impl QueryText {
    /// A query on its way into a link: kept if it is long, unless it is `kept` and will
    /// be for long enough.
    ///
    /// # Errors
    /// When the source of randomness fails, or sealing does.
    pub async fn of(
        exchange: &mut Exchange<'_>,
        text: &str,
        kept: Option<Kept>,
    ) -> Result<Self, Failure> {
        let json = serde_json::to_string(text).map_err(Failure::fault)?;
        if json.len() <= LONGEST_IN_LINK {
            return Ok(Self::Here(text.to_owned()));
        }
        let fresh = exchange.at.plus_millis(-FRESH_MILLIS);
        match kept.filter(|kept| kept.time >= fresh) {
            Some(kept) => Ok(Self::Kept(kept.tag)),
            None => Ok(Self::Kept(keep(exchange, text).await?)),
        }
    }

    /// The text, and where it is kept, if it is.
    ///
    /// # Errors
    /// Gone when it is no longer kept.
    pub async fn open(self, exchange: &Exchange<'_>) -> Result<(String, Option<Kept>), Failure> {
        let tag = match self {
            Self::Here(text) => return Ok((text, None)),
            Self::Kept(tag) => tag,
        };
        let kept = find(exchange, tag, oldest(exchange.at)).await?;
        let kept = kept.ok_or_else(gone)?;
        let time = kept.time;
        let text = unseal_text(exchange, kept).await?;
        Ok((text, Some(Kept { tag, time })))
    }
}

/// Keeps a query with the commit of the request, unless it is kept already.
async fn keep(exchange: &mut Exchange<'_>, text: &str) -> Result<Tag, Failure> {
    let random = &*exchange.app().random;
    let user = user(exchange);
    let tag = tag_of(exchange, &user, text);
    let fresh = exchange.at.plus_millis(-FRESH_MILLIS);
    let kept_now = exchange
        .parts
        .get()
        .is_some_and(|KeptQueries(kept)| kept.iter().any(|kept| kept.tag == tag));
    if kept_now || find(exchange, tag, fresh).await?.is_some() {
        return Ok(tag);
    }
    let place = OwnPlace::only(Own::KeptQuery, tag, exchange.at);
    let content = OwnContent {
        id: &user,
        bytes: text.as_bytes(),
    };
    let facility = exchange.facility();
    let sealing = facility.seal_own(random, Scope::Facility, &place, content);
    let (data_key, sealed) = sealing.await?;
    let query = KeptQuery {
        tag,
        time: exchange.at,
        data_key,
        envelope: sealed.envelope,
    };
    exchange.parts.change(|KeptQueries(kept)| kept.push(query));
    Ok(tag)
}

/// One tag for a text and user in each half hour, which nobody without the keys can make.
/// Two requests that keep the same at once make one row: what either sealed is the same.
fn tag_of(exchange: &Exchange<'_>, user: &str, text: &str) -> Tag {
    let half_hour = exchange.at.as_millis().div_euclid(FRESH_MILLIS);
    let id = format!("{user}\n{half_hour}\n{text}");
    Own::KeptQuery.tag(&exchange.facility().tags, &id)
}

/// The query of a tag, unless it was kept before `old`.
async fn find(
    exchange: &Exchange<'_>,
    tag: Tag,
    old: Timestamp,
) -> Result<Option<KeptQuery>, Failure> {
    let facility = exchange.facility().id;
    let find = move |reader: &mut store::Reader| reader.kept_queries().find(facility, tag, old);
    Ok(exchange.app().store.read_by_key("kept query", find).await?)
}

async fn unseal_text(exchange: &Exchange<'_>, kept: KeptQuery) -> Result<String, Failure> {
    let place = OwnPlace::only(Own::KeptQuery, kept.tag, kept.time);
    let sealed = Envelope {
        data_key: kept.data_key,
        bytes: &kept.envelope,
    };
    let opened = exchange.facility().open_own(&place, sealed).await?;
    if opened.id != user(exchange) {
        return Err(gone());
    }
    String::from_utf8(opened.content.to_vec())
        .map_err(|_| Failure::fault("a kept query is not text"))
}

/// Whose search it is.
fn user(exchange: &Exchange<'_>) -> String {
    let caller = &exchange.context.caller;
    let tags = &exchange.facility().tags;
    tags.user_tag(&caller.issuer, &caller.subject).to_string()
}

/// Queries that links of the answer need, a part of the request.
#[derive(Default)]
struct KeptQueries(Vec<KeptQuery>);

impl Part for KeptQueries {
    fn step(&self) -> Step {
        Step::Beside
    }

    fn apply(&self, tx: &mut Tx, facility: FacilityId) -> Result<(), store::Error> {
        let mut kept = self.0.iter();
        kept.try_for_each(|one| tx.kept_queries().insert(facility, one, oldest(one.time)))
    }

    fn give_up(&mut self) {
        self.0.clear();
    }
}

/// Before when a query is kept no longer.
pub fn oldest(now: Timestamp) -> Timestamp {
    now.plus_millis(-KEPT_MILLIS)
}

fn gone() -> Failure {
    Failure::new(
        Category::Gone,
        IssueCode::Expired,
        "the search of this link is kept for an hour, which is over; start the search again",
    )
}
