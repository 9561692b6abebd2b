//! The page at `/`, for a person who opens the server in a browser: what this is and
//! where to go on. It holds nothing of any facility, record or caller, and runs no
//! script.

use actix_web::{
    HttpResponse,
    http::header::{CONTENT_SECURITY_POLICY, HeaderName},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use std::sync::LazyLock;

const PAGE: &str = include_str!("front_page.html");
const SNIFFING: HeaderName = HeaderName::from_static("x-content-type-options");

/// Lets the page's own style in and nothing else
/// (<https://www.w3.org/TR/CSP3/#external-hash>).
static POLICY: LazyLock<String> = LazyLock::new(|| {
    let style = PAGE
        .split_once("<style>")
        .and_then(|(_, rest)| rest.split_once("</style>"))
        .map_or("", |(style, _)| style);
    let hash = STANDARD.encode(Sha256::digest(style));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
});

/// Shows it.
pub async fn show() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY.as_str()))
        .insert_header((SNIFFING, "nosniff"))
        .body(PAGE)
}
