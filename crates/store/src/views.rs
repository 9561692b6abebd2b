//! One view per table group, of a transaction and of a reader.

use crate::{
    Anchors, Answers, Audits, Cards, Changes, Epochs, Facilities, Jobs, KeptQueries, Keys,
    LaterRows, Lease, Leaves, LogKeys, LogPages, Logs, Meta, OwnUrls, Policies, Posts, Reader,
    Registrations, Registries, Statements, Sweep, Thinning, Tx, Versions,
};

macro_rules! views {
    ($($(#[$doc:meta])* $name:ident: $view:ident,)*) => {
        impl Tx {$(
            $(#[$doc])*
            pub fn $name(&mut self) -> $view<'_, Self> {
                $view { access: self }
            }
        )*}

        impl Reader {$(
            $(#[$doc])*
            pub fn $name(&mut self) -> $view<'_, Self> {
                $view { access: self }
            }
        )*}
    };
}

views! {
    /// What the database says of itself.
    meta: Meta,
    /// Facilities.
    facilities: Facilities,
    /// Key encryption keys and data keys, wrapped.
    keys: Keys,
    /// Policy sets.
    policies: Policies,
    /// Statements about the facility itself.
    statements: Statements,
    /// Epochs.
    epochs: Epochs,
    /// Registered clients and administrators.
    registrations: Registrations,
    /// Changes that administrators propose and decide.
    changes: Changes,
    /// Versions of records, with links and tokens of the current ones.
    versions: Versions,
    /// Index cards of current versions, and patient heads.
    cards: Cards,
    /// Audit records.
    audits: Audits,
    /// Answers to requests with an idempotency key.
    answers: Answers,
    /// Queries that are too long for their next links.
    kept_queries: KeptQueries,
    /// The URLs of the gateway.
    own_urls: OwnUrls,
    /// Rows that version 0.1 cannot have written.
    later_rows: LaterRows,
    /// Leaves, waiting and sequenced.
    leaves: Leaves,
    /// Logs, tiles and checkpoints.
    logs: Logs,
    /// Keys of logs.
    log_keys: LogKeys,
    /// Whole logs, a page at a time.
    log_pages: LogPages,
    /// Rows beside their leaves, and leaves beside their rows.
    sweep: Sweep,
    /// The lease of the anchor-service.
    lease: Lease,
    /// Long jobs.
    jobs: Jobs,
    /// Ledger transactions.
    posts: Posts,
    /// Anchors.
    anchors: Anchors,
    /// Old anchors, and what goes with them.
    thinning: Thinning,
    /// The registry of the logs' anchors, and those of before.
    registries: Registries,
}
