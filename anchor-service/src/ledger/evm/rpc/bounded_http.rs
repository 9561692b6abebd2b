//! JSON-RPC over HTTP whose answers have a bound: a node that is broken, or somebody's who
//! wants our memory, may send without end.

use alloy::{
    rpc::json_rpc::{RequestPacket, ResponsePacket},
    transports::{TransportError, TransportErrorKind, TransportFut, TransportResult},
};
use reqwest::{Client, Response, Url};
use std::{
    error::Error,
    fmt,
    task::{Context, Poll},
};
use tower_service::Service;

/// Bytes of an answer, at most. The receipts of a block are the longest; a block of 30
/// million gas that does nothing but write events has some megabytes of them.
const MAX_ANSWER: usize = 32 * 1024 * 1024;

/// The transport.
#[derive(Debug, Clone)]
pub(crate) struct BoundedHttp {
    client: Client,
    url: Url,
}

impl BoundedHttp {
    pub(crate) const fn new(client: Client, url: Url) -> Self {
        Self { client, url }
    }

    async fn ask(self, request: RequestPacket) -> TransportResult<ResponsePacket> {
        let sent = self.client.post(self.url).json(&request).send().await;
        let answer = sent.map_err(TransportErrorKind::custom)?;
        let status = answer.status();
        let body = read(answer).await?;
        let packet = serde_json::from_slice::<ResponsePacket>(&body);
        match packet {
            // Some nodes say by the status too that there is an error in the body.
            Ok(packet) if status.is_success() || packet.is_error() => Ok(packet),
            _ if !status.is_success() => Err(TransportErrorKind::http_error(
                status.as_u16(),
                String::new(),
            )),
            Ok(packet) => Ok(packet),
            Err(error) => Err(TransportError::deser_err(error, String::new())),
        }
    }
}

async fn read(mut answer: Response) -> TransportResult<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(TransportErrorKind::custom)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(TransportErrorKind::custom(TooLong));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

impl Service<RequestPacket> for BoundedHttp {
    type Response = ResponsePacket;
    type Error = TransportError;
    type Future = TransportFut<'static>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: RequestPacket) -> Self::Future {
        Box::pin(self.clone().ask(request))
    }
}

/// An answer of more than [`MAX_ANSWER`] bytes.
#[derive(Debug)]
pub(crate) struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("its answer has more than 32 MiB")
    }
}

impl Error for TooLong {}
