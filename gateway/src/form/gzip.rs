//! Bodies that are packed by gzip (<https://www.rfc-editor.org/rfc/rfc9110#section-8.4>). The
//! limit of bodies holds of what is unpacked, and the memory counts as under way while it
//! grows.

use crate::{
    failure::{Category, Failure},
    limits::under_way::Held,
};
use actix_web::web::{Bytes, BytesMut};
use fhir::IssueCode;
use flate2::bufread::GzDecoder;
use std::io::Read as _;
use tokio::task::yield_now;

/// Bytes unpacked at a time.
const PIECE: usize = 64 * 1024;
/// Pieces after which others have their turn.
const PIECES_AT_ONCE: usize = 16;
/// Members of a body at most: one that holds nothing costs work all the same.
const MOST_MEMBERS: usize = 16;

/// What was packed, at most `limit` bytes of it.
///
/// # Errors
/// Too large; invalid for what is not gzip, or not whole; throttled when too much is under
/// way.
pub(crate) async fn unpack(
    packed: &Bytes,
    limit: usize,
    held: &mut Held,
) -> Result<Bytes, Failure> {
    let (mut unpacked, mut piece) = (BytesMut::new(), vec![0; PIECE]);
    let mut rest = packed.as_ref();
    for _ in 0..MOST_MEMBERS {
        let mut member = GzDecoder::new(rest);
        for number in 1_usize.. {
            let length = member.read(&mut piece).map_err(|_| not_gzip())?;
            let Some(more) = piece.get(..length).filter(|more| !more.is_empty()) else {
                break;
            };
            if unpacked.len().saturating_add(length) > limit {
                return Err(too_large(limit));
            }
            held.take(length)?;
            unpacked.extend_from_slice(more);
            if number.is_multiple_of(PIECES_AT_ONCE) {
                yield_now().await;
            }
        }
        rest = member.into_inner();
        if rest.is_empty() {
            return Ok(unpacked.freeze());
        }
    }
    Err(not_gzip())
}

fn too_large(limit: usize) -> Failure {
    Failure::new(
        Category::TooLarge,
        IssueCode::TooLong,
        format!(
            "the body is over the limit of {limit} bytes once it is unpacked; send it in parts"
        ),
    )
}

fn not_gzip() -> Failure {
    Failure::new(
        Category::Invalid,
        IssueCode::Structure,
        format!(
            "the body cannot be unpacked: it is not whole, not gzip as `Content-Encoding` says, or \
             has over {MOST_MEMBERS} members"
        ),
    )
}
