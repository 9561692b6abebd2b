//! What can go wrong with a request, in JSON-RPC's codes.

use crate::chain::{ChainError, submission::Refusal};
use alloy::{
    primitives::Bytes,
    sol_types::{Panic, Revert, SolError as _},
};
use serde::Serialize;

/// The error member of an answer.
#[derive(Debug, Serialize)]
pub(crate) struct Fault {
    code: i32,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Bytes>,
}

impl Fault {
    fn new(code: i32, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            data: None,
        }
    }

    pub(crate) fn unreadable() -> Self {
        Self::new(-32700, "the request is not JSON")
    }

    pub(crate) fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(-32600, message)
    }

    pub(crate) fn method_not_found(method: &str) -> Self {
        let method: String = method.chars().take(64).collect();
        Self::new(
            -32601,
            format!("the method `{method}` does not exist or is not available"),
        )
    }

    pub(crate) fn invalid_params(message: impl Into<String>) -> Self {
        Self::new(-32602, message)
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(-32603, message)
    }

    pub(crate) fn server(message: impl Into<String>) -> Self {
        Self::new(-32000, message)
    }

    /// Code 3 with the revert data, as geth.
    pub(crate) fn reverted(data: Bytes) -> Self {
        let reason = Revert::abi_decode(&data)
            .map(|revert| revert.reason)
            .or_else(|_| Panic::abi_decode(&data).map(|panic| panic.to_string()));
        let message = match reason {
            Ok(reason) => format!("execution reverted: {reason}"),
            Err(_) => "execution reverted".to_owned(),
        };
        Self {
            code: 3,
            message,
            data: Some(data),
        }
    }
}

impl From<ChainError> for Fault {
    fn from(error: ChainError) -> Self {
        Self::internal(error.to_string())
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unreadable | Refusal::TooLong => Self::invalid_params(refusal.to_string()),
            Refusal::NotKept(_) => Self::internal(refusal.to_string()),
            _ => Self::server(refusal.to_string()),
        }
    }
}
