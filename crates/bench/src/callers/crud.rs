//! The crud loop: nine records are made, read, changed and deleted, one request
//! after another, by several callers at once.

use crate::{
    Failed,
    callers::{connection::Connection, log::Log, seeds::Seed},
};
use hyper::{Method, StatusCode};
use std::collections::BTreeMap;

/// One time round: 36 requests.
pub async fn round(
    connection: &mut Connection,
    seeds: &[Seed],
    log: &mut Log,
) -> Result<(), Failed> {
    let mut made = BTreeMap::new();
    for seed in seeds {
        let kind = seed.resource_type;
        let body = seed.body(None, &made);
        let answer = connection
            .call(Method::POST, kind, body, StatusCode::CREATED)
            .await?;
        log.add(answer.took);
        let version = answer.version()?;
        let id = version.split('/').nth(1).unwrap_or_default();
        made.insert(kind, id.to_owned());
    }
    let place = |kind: &str| format!("{kind}/{}", made.get(kind).map_or("", String::as_str));
    for seed in seeds {
        let path = place(seed.resource_type);
        let answer = connection
            .call(Method::GET, &path, Vec::new(), StatusCode::OK)
            .await?;
        log.add(answer.took);
    }
    for seed in seeds {
        let kind = seed.resource_type;
        let body = seed.body(made.get(kind).map(String::as_str), &made);
        let answer = connection
            .call(Method::PUT, &place(kind), body, StatusCode::OK)
            .await?;
        log.add(answer.took);
    }
    for seed in seeds.iter().rev() {
        let path = place(seed.resource_type);
        let answer = connection
            .call(Method::DELETE, &path, Vec::new(), StatusCode::NO_CONTENT)
            .await?;
        log.add(answer.took);
    }
    Ok(())
}
