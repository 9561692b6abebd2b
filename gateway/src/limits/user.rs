//! Under which name the limits count a caller.

use policies::Caller;

/// Clients of two issuers are two clients; an address holds no line break.
pub(crate) fn client_of(caller: &Caller) -> String {
    format!("{}\n{}", caller.issuer, caller.client)
}

/// `None` for a service that speaks for itself (RFC 9068, 2.2): it is all there is of
/// its client.
pub(crate) fn user_of(caller: &Caller) -> Option<String> {
    let own = caller.subject == caller.client;
    (!own).then(|| format!("{}\n{}\n{}", caller.issuer, caller.client, caller.subject))
}

/// The user, or the service that speaks for itself.
pub(crate) fn searcher_of(caller: &Caller) -> String {
    user_of(caller).unwrap_or_else(|| client_of(caller))
}
