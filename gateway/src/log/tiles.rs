//! `/log/{facility}/`: the log as a monitor reads it, by
//! <https://c2sp.org/tlog-tiles>: checkpoint, tiles and entries, up to the newest
//! signed checkpoint. A later epoch of the log is at `/log/{facility}/{epoch}/`.
//!
//! It holds commitments only, nothing of any patient, so that its readings are
//! counted in the access log and not audited one by one; who is refused is audited.
//!
//! A log that anyone may read can also be read by the scripts of any page (CORS,
//! <https://fetch.spec.whatwg.org/#http-cors-protocol>), so that a browser verifies with no
//! server of its own. One that needs a token cannot: no page is to use its visitor's rights.

use crate::{
    app::App,
    audit::sealed::AUDIT_EVENT,
    context::Context,
    exchange::{door, rules::Rules},
    facility::Facility,
    failure::{Category, Failure},
    http::outcome,
    log::{checkpoints, unshown_keys::UnshownKeys},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderValue},
    web,
};
use fhir::IssueCode;
use model::Interaction;
use policies::{Action, Target};
use std::sync::Arc;
use store::{Log, Reader};
use tlog::{
    leaf,
    tree::tile_path::{Holds, TilePath},
};

/// What is asked for below the prefix of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Checkpoint,
    Tile(TilePath),
}

/// Answers a path below `/log/{facility}/`: unauthenticated or forbidden for those who may
/// not read the log; not found for what the log does not have.
///
/// # Errors
/// When the server was assembled without its state.
pub async fn read(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let public = app(&request)?.log_public;
    let mut response = content_of(&request)
        .await
        .unwrap_or_else(HttpResponse::from_error);
    if public {
        open_to_pages(&mut response);
    }
    Ok(response)
}

/// Tells which methods there are, and a page what it may ask of a log that anyone may read.
/// The same is told at every path here, whatever is there.
///
/// # Errors
/// When the server was assembled without its state.
pub async fn options(request: HttpRequest) -> Result<HttpResponse, Failure> {
    let mut response = HttpResponse::NoContent();
    response.insert_header((header::ALLOW, "GET, HEAD, OPTIONS"));
    if !app(&request)?.log_public {
        return Ok(response.finish());
    }
    let mut response = response
        .insert_header((header::ACCESS_CONTROL_ALLOW_METHODS, "GET, HEAD"))
        .insert_header((header::ACCESS_CONTROL_MAX_AGE, DAY_SECONDS))
        .finish();
    open_to_pages(&mut response);
    Ok(response)
}

/// How long a page may rely on what it was told.
const DAY_SECONDS: &str = "86400";

/// Failures too, so that a page can tell what is not there from what is out of reach.
fn open_to_pages(response: &mut HttpResponse) {
    let any = HeaderValue::from_static("*");
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
}

async fn content_of(request: &HttpRequest) -> Result<HttpResponse, Failure> {
    let (facility, public) = enter(request).await?;
    let path = request.match_info().get("path").unwrap_or_default();
    let (epoch, wanted) = parse(path).ok_or_else(outcome::unknown_path)?;
    let app = app(request)?;
    let (id, unshown) = (facility.id, Arc::clone(&facility.unshown_keys));
    let read = move |reader: &mut Reader| match reader.logs().find_epoch(id, epoch)? {
        Some(log) => content(reader, &log, wanted, &unshown),
        None => Ok(None),
    };
    let bytes = app
        .store
        .read("log", read)
        .await?
        .ok_or_else(Failure::not_found)?;
    Ok(response(wanted, public, bytes))
}

/// The facility, when its log may be read, and whether anyone may.
async fn enter(request: &HttpRequest) -> Result<(Arc<Facility>, bool), Failure> {
    let app = app(request)?;
    if app.log_public {
        let name = request.match_info().get("facility").unwrap_or_default();
        let name = name.parse().map_err(|_| Failure::not_found())?;
        let facility = app.facility(&name).ok_or_else(Failure::not_found)?;
        return Ok((facility, true));
    }
    let log = Interaction::stored("operation:log");
    let facility = door::answer(request, log, async |context| {
        permit(&context).await?;
        Ok(context.facility)
    })
    .await?;
    Ok((facility, false))
}

fn app(request: &HttpRequest) -> Result<&web::Data<App>, Failure> {
    request
        .app_data::<web::Data<App>>()
        .ok_or_else(|| Failure::fault("the server was assembled without its state"))
}

/// Decides under rules that are in force now: there is no transaction here that
/// would notice rules of yesterday.
async fn permit(context: &Context) -> Result<(), Failure> {
    let mut rules = Rules::fresh(context).await?;
    rules.require_client()?;
    let kind = AUDIT_EVENT.parse().map_err(Failure::fault)?;
    let target = Target::all(context.facility.name.clone(), kind);
    if rules.allows(&context.app, Action::ReadLog, &target) {
        return Ok(());
    }
    // What it costs the caller is counted by the door, where it is audited.
    Err(Failure::new(
        Category::Forbidden,
        IssueCode::Forbidden,
        "reading the log needs the role `monitor` or `auditor`, a scope such as \
         `system/AuditEvent.s`, and a policy of the facility that permits it",
    ))
}

/// `[{epoch}/]checkpoint` or `[{epoch}/]tile/..`; the first epoch has no number.
fn parse(path: &str) -> Option<(u32, Wanted)> {
    let numbered = path.split_once('/').and_then(|(epoch, rest)| {
        let number: u32 = epoch.parse().ok()?;
        (number > 1 && number.to_string() == epoch).then_some((number, rest))
    });
    let (epoch, rest) = numbered.unwrap_or((1, path));
    let wanted = match rest {
        "checkpoint" => Wanted::Checkpoint,
        rest => Wanted::Tile(TilePath::parse(rest)?),
    };
    Some((epoch, wanted))
}

/// The bytes, when the newest signed checkpoint covers them.
fn content(
    reader: &mut Reader,
    log: &Log,
    wanted: Wanted,
    unshown: &UnshownKeys,
) -> Result<Option<Vec<u8>>, store::Error> {
    let Some(newest) = checkpoints::newest(reader, log, unshown)? else {
        return Ok(None);
    };
    match wanted {
        Wanted::Checkpoint => Ok(Some(newest.note.into_bytes())),
        Wanted::Tile(tile) if !tile.is_within(newest.size) => Ok(None),
        Wanted::Tile(tile) => match tile.holds {
            Holds::Hashes(level) => hashes(reader, log, level, tile).map(Some),
            Holds::Entries => entries(reader, log, tile).map(Some),
        },
    }
}

/// The first hashes of a stored tile, which may have grown since.
fn hashes(
    reader: &mut Reader,
    log: &Log,
    level: u8,
    tile: TilePath,
) -> Result<Vec<u8>, store::Error> {
    let stored = reader.logs().tile(log.id, level, tile.index)?;
    let size = usize::from(tile.width).saturating_mul(model::Digest::LEN);
    stored
        .as_deref()
        .and_then(|hashes| hashes.get(..size))
        .map(<[u8]>::to_vec)
        .ok_or(store::Error::Corrupt("tile"))
}

/// Entries, each behind its length in two bytes.
fn entries(reader: &mut Reader, log: &Log, tile: TilePath) -> Result<Vec<u8>, store::Error> {
    let first = tile.index.saturating_mul(tlog::tree::tile::WIDTH);
    let leaves = reader
        .leaves()
        .range(log.id, first, u32::from(tile.width))?;
    if leaves.len() != usize::from(tile.width) {
        return Err(store::Error::Corrupt("leaf"));
    }
    let mut bundle = Vec::with_capacity(leaves.len().saturating_mul(35));
    for found in leaves {
        let entry = leaf::entry(&found.commitment);
        let length = u16::try_from(entry.len()).map_err(|_| store::Error::Corrupt("leaf"))?;
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(&entry);
    }
    Ok(bundle)
}

/// A full tile never changes: a cache may keep it, and one that others use too when anyone
/// may read it. A partial one is asked for until it is full, and the checkpoint grows; both
/// are asked for anew, so that no cache shows what the log shows no more.
fn response(wanted: Wanted, public: bool, bytes: Vec<u8>) -> HttpResponse {
    let kind = match wanted {
        Wanted::Checkpoint => "text/plain; charset=utf-8",
        Wanted::Tile(_) => "application/octet-stream",
    };
    let caching = match wanted {
        Wanted::Tile(tile) if tile.is_full() && public => "public, max-age=31536000, immutable",
        Wanted::Tile(tile) if tile.is_full() => "private, max-age=31536000, immutable",
        Wanted::Tile(_) | Wanted::Checkpoint => "no-cache",
    };
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, kind))
        .insert_header((header::CACHE_CONTROL, caching))
        .body(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_epoch_has_no_number() {
        assert_eq!(parse("checkpoint"), Some((1, Wanted::Checkpoint)));
        assert_eq!(parse("2/checkpoint"), Some((2, Wanted::Checkpoint)));
        let tile = TilePath::parse("tile/0/000.p/3").unwrap();
        assert_eq!(parse("12/tile/0/000.p/3"), Some((12, Wanted::Tile(tile))));
        for path in [
            "",
            "1/checkpoint",
            "0/checkpoint",
            "02/checkpoint",
            "checkpoint/",
            "2",
            "x/checkpoint",
        ] {
            assert_eq!(parse(path), None, "{path}");
        }
    }
}
