//! Audit records: sealed on their way to their rows, opened from them, and those of requests that nobody is known to have sent.

pub(crate) mod opened;
pub(crate) mod sealed;
pub(crate) mod unauthenticated;
