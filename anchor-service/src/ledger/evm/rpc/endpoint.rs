//! One node behind JSON-RPC over HTTP, how it stands, and its errors in our words. Its
//! address and what opens it are never printed: a node has a name, its host and port.

use crate::{
    ledger::{
        LedgerError, NodeBoard,
        evm::{
            registry,
            rpc::bounded_http::{BoundedHttp, TooLong},
        },
    },
    service::span,
};
use alloy::{
    rpc::{
        client::RpcClient,
        json_rpc::{RpcRecv, RpcSend},
    },
    transports::{TransportError, TransportErrorKind},
};
use reqwest::{
    Url,
    header::{AUTHORIZATION, HeaderMap, HeaderValue},
};
use std::{
    error::Error,
    fmt, io,
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;
use zeroize::Zeroizing;

/// A question that takes longer has failed.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Time for which a node that failed is not asked, while there are others.
const PASSED_OVER: Duration = Duration::from_secs(30);
/// Characters of a node's message that are kept.
const MESSAGE_LENGTH: usize = 200;

/// Where a node is, and what opens it.
pub struct RpcNode {
    /// `http://` or `https://`, without user and password.
    pub url: String,
    /// The header `Authorization`, where the node wants one.
    pub authorization: Option<Zeroizing<String>>,
}

impl fmt::Debug for RpcNode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RpcNode({})", name(&self.url).unwrap_or_default())
    }
}

/// The nodes of one chain; a text is the URL of the only one.
#[derive(Debug)]
pub struct RpcNodes(pub Vec<RpcNode>);

impl<T: AsRef<str>> From<&T> for RpcNodes
where
    T: ?Sized,
{
    fn from(url: &T) -> Self {
        Self(vec![RpcNode {
            url: url.as_ref().to_owned(),
            authorization: None,
        }])
    }
}

/// Host and port of a URL.
pub(crate) fn name(url: &str) -> Option<String> {
    let url: Url = url.parse().ok()?;
    let host = url.host_str()?;
    let port = url.port_or_known_default()?;
    Some(format!("{host}:{port}"))
}

/// A connection to a node.
#[derive(Debug)]
pub(crate) struct Endpoint {
    client: RpcClient,
    name: String,
    board: NodeBoard,
    failed: Mutex<Option<Instant>>,
}

impl Endpoint {
    /// Takes the address; nothing is asked yet.
    pub(crate) fn new(node: &RpcNode, name: String, board: NodeBoard) -> Result<Self, LedgerError> {
        // The client asks for the process's TLS implementation even for plain
        // HTTP; whoever chose one first keeps it.
        drop(rustls::crypto::ring::default_provider().install_default());
        let url: Url = node
            .url
            .parse()
            .map_err(|_| LedgerError::Unreachable("the URL is not one"))?;
        let mut headers = HeaderMap::new();
        if let Some(authorization) = &node.authorization {
            let mut value = HeaderValue::from_str(authorization)
                .map_err(|_| LedgerError::Unreachable("its secret is no text for a header"))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        let mut client = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .default_headers(headers);
        if url.scheme() == "http" {
            // What goes in clear, its secret too, goes to no proxy of the environment.
            client = client.no_proxy();
        }
        let client = client
            .build()
            .map_err(|_| LedgerError::Unreachable("no HTTP client can be made"))?;
        Ok(Self {
            client: RpcClient::new(BoundedHttp::new(client, url), false),
            name,
            board,
            failed: Mutex::default(),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) async fn ask<P: RpcSend, R: RpcRecv>(
        &self,
        method: &'static str,
        params: P,
    ) -> Result<R, LedgerError> {
        let asked = async {
            let answer = self.client.request(method, params).await;
            answer.map_err(|error| explain(&error))
        };
        span::within(span::of_question(method), asked).await
    }

    /// Whether others are asked in its place for now.
    pub(crate) fn is_passed_over(&self) -> bool {
        let failed = *self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.is_some_and(|failed| failed.elapsed() < PASSED_OVER)
    }

    /// Lets others be asked in its place for a while.
    pub(crate) fn pass_over(&self, error: &LedgerError) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        if self.board.note(&self.name, Some(error.to_string())) {
            tracing::warn!(node = self.name, %error, "an L2 node is passed over");
        }
    }

    /// It answered as it should.
    pub(crate) fn works(&self) {
        *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if self.board.note(&self.name, None) {
            tracing::info!(node = self.name, "an L2 node is asked again");
        }
    }
}

/// The usual causes told apart; the client's own words can hold the URL, and with it a key.
fn unreachable(kind: &TransportErrorKind) -> &'static str {
    let TransportErrorKind::Custom(error) = kind else {
        return "the connection failed";
    };
    let mut next: Option<&(dyn Error + 'static)> = Some(&**error);
    while let Some(error) = next {
        next = error.source();
        if error.is::<TooLong>() {
            return "its answer has more than 32 MiB";
        }
        let client = error.downcast_ref::<reqwest::Error>();
        if client.is_some_and(reqwest::Error::is_timeout) {
            return "no answer in time";
        }
        let io = error.downcast_ref::<io::Error>();
        if io.is_some_and(|io| io.kind() == io::ErrorKind::ConnectionRefused) {
            return "nothing listens at its address";
        }
        if client.is_some() {
            continue;
        }
        let text = error.to_string();
        if text.contains("certificate") {
            return "its certificate is not believed; an authority of your own goes into the \
                    system's, or into SSL_CERT_FILE";
        }
        if text.contains("lookup") || text.contains("dns error") {
            return "its host's name is not known";
        }
    }
    "the connection failed"
}

/// Errors of the client are mapped and never printed.
fn explain(error: &TransportError) -> LedgerError {
    if let Some(payload) = error.as_error_resp() {
        let message = payload.message.to_lowercase();
        let used = ["nonce too low", "nonce below", "oldnonce"];
        if used.iter().any(|words| message.contains(words)) {
            return LedgerError::NonceUsed;
        }
        // Geth, Besu and others word it alike ("insufficient funds for gas * price + value",
        // "Upfront cost exceeds account balance").
        if message.contains("insufficient funds") || message.contains("exceeds account balance") {
            return LedgerError::NoFunds;
        }
        // geth and anvil ("gas required exceeds allowance"), Besu and others.
        let beyond = [
            "gas required exceeds",
            "exceeds block gas limit",
            "out of gas",
        ];
        if beyond.iter().any(|words| message.contains(words)) {
            return LedgerError::TooMuchGas;
        }
        // Some nodes give the contract's reason, others say no more than that it reverts.
        let data = payload.as_revert_data();
        if data.is_some() || message.contains("revert") {
            return LedgerError::Refused(registry::refusal(&data.unwrap_or_default()));
        }
        return LedgerError::Rejected {
            code: payload.code,
            message: payload.message.chars().take(MESSAGE_LENGTH).collect(),
        };
    }
    match error {
        TransportError::Transport(TransportErrorKind::HttpError(answer)) => {
            LedgerError::Http(answer.status)
        }
        TransportError::Transport(kind) => LedgerError::Unreachable(unreachable(kind)),
        _ => LedgerError::Strange(
            "its form is not that of Ethereum, so something else may answer in its place",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Refusal;
    use alloy::transports::RpcError;
    use serde_json::json;

    fn said(code: i64, message: &str) -> LedgerError {
        let payload = json!({"code": code, "message": message});
        explain(&RpcError::ErrorResp(
            serde_json::from_value(payload).unwrap(),
        ))
    }

    #[test]
    fn a_revert_without_a_reason_is_a_refusal() {
        for (code, message) in [
            (3, "execution reverted"),
            (-32_000, "Execution reverted"),
            (-32_603, "VM Exception while processing transaction: revert"),
        ] {
            let refused =
                LedgerError::Refused(Refusal::Other("a revert without a known reason".to_owned()));
            assert_eq!(said(code, message), refused, "{message}");
        }
        let other = said(-32_000, "only peers that are known");
        assert!(matches!(other, LedgerError::Rejected { .. }), "{other:?}");
    }
}
