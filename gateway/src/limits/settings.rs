//! What the operator allows.

/// The largest body that is read when nothing else is set, in bytes.
const BODY_BYTES: usize = 32 * 1024 * 1024;
/// FHIR written without white space has 14 bytes a value at the densest and 34 in the
/// median (HL7's examples of R4).
const BYTES_PER_VALUE: usize = 16;
const OPENED_RECORDS: u64 = 20_000;
/// What a card costs allows to read so many in a tenth of a second.
const SEARCHED_CARDS: u64 = 20_000;
const OPENED_BYTES: u64 = 256 * 1024 * 1024;
/// Each read of a record leaves an event for each of its patients.
const PATIENTS_OF_RECORD: usize = 1_000;
const ANSWER_BYTES: u64 = 64 * 1024 * 1024;
/// Four million small records: far above what a person's work stores.
const USER_STORED_BYTES: u64 = 16 << 30;
/// As much as 3,000 small records a second make: above what an import of one gateway gets.
const SERVICE_STORED_BYTES: u64 = 1 << 40;

/// What the operator allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Requests of one client; `None` for no limit.
    pub client_requests: Option<Rate>,
    /// Requests of one user of a client, or of one address without a valid token;
    /// `None` for no limit.
    pub user_requests: Option<Rate>,
    /// Answers 403 and 404 to one client. Each is audited; when they are used up the
    /// client gets 429, and what is refused before it is begun is audited in aggregate only.
    pub client_denials_per_minute: u32,
    /// The same of one user of a client.
    pub user_denials_per_minute: u32,
    /// Bytes of query text that one user's searches may leave in the audit, beyond the
    /// first 1,024 of each request; `None` for no limit.
    pub user_query_bytes: Option<Rate>,
    /// Records that one user's requests may open. A larger record counts for each 4 KiB,
    /// so does a body, and each patient beyond the first of a record counts as another;
    /// `None` for no limit.
    pub user_records: Option<Rate>,
    /// Bytes of sealed versions that the requests of one user may store in a day, with 256
    /// for each link and token that a version is found by; a smaller version counts as
    /// 4 KiB. `None` for no limit.
    pub user_stored_bytes_per_day: Option<u64>,
    /// The same of a service that speaks for itself.
    pub service_stored_bytes_per_day: Option<u64>,
    /// The largest body, in bytes.
    pub body_bytes: usize,
    /// Seconds that a body may fall behind 16 KiB a second, at its beginning
    /// and whenever it has caught up.
    pub body_seconds: u32,
    /// Patients that a record may name when it is written.
    pub patients_of_record: usize,
    /// Records that one request may open, and patients that those which it writes may name.
    /// Each patient beyond the first of a record counts as another record, and so do some
    /// index cards of a search together.
    pub opened_records: u64,
    /// Sealed bytes of the records that one request may open.
    pub opened_bytes: u64,
    /// Index cards that one search may read: those of the records of the type that are left by
    /// the criteria that the database checks.
    pub searched_cards: u64,
    /// Bytes that the answer to one request may have, but for its last page.
    pub answer_bytes: u64,
}

impl Limits {
    /// JSON values that one body may have. With this many, what is read of the largest
    /// body fits into eight times its bytes.
    #[must_use]
    pub const fn body_values(&self) -> usize {
        self.body_bytes / BYTES_PER_VALUE
    }
}

/// A rate of requests, records or bytes, and how far ahead of it one may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Number per second.
    pub per_second: u32,
    /// How many may come at once; at least 1.
    pub burst: u32,
}

impl Rate {
    /// A rate of which a second's worth may come at once.
    #[must_use]
    pub const fn of(per_second: u32) -> Self {
        Self {
            per_second,
            burst: per_second,
        }
    }
}

/// Far above what a hospital's system or a person's app asks, and a bound all the same.
impl Default for Limits {
    fn default() -> Self {
        Self {
            client_requests: Some(Rate::of(5_000)),
            user_requests: Some(Rate::of(500)),
            client_denials_per_minute: 6_000,
            user_denials_per_minute: 300,
            user_query_bytes: Some(Rate {
                per_second: 16 * 1024,
                burst: 1024 * 1024,
            }),
            user_records: Some(Rate {
                per_second: 2_000,
                burst: 40_000,
            }),
            user_stored_bytes_per_day: Some(USER_STORED_BYTES),
            service_stored_bytes_per_day: Some(SERVICE_STORED_BYTES),
            body_bytes: BODY_BYTES,
            patients_of_record: PATIENTS_OF_RECORD,
            opened_records: OPENED_RECORDS,
            opened_bytes: OPENED_BYTES,
            searched_cards: SEARCHED_CARDS,
            answer_bytes: ANSWER_BYTES,
            body_seconds: 30,
        }
    }
}
