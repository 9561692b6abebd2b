//! The listener: connections, what surrounds every request, and the pages that concern no facility.

pub(crate) mod access_log;
pub(crate) mod answer;
pub(crate) mod front_page;
pub(crate) mod health;
pub(crate) mod held_writes;
pub(crate) mod metrics;
pub(crate) mod offered;
pub(crate) mod proxies;
pub mod server;
pub(crate) mod span;
pub(crate) mod streams;
pub(crate) mod tls;
pub(crate) mod unread_body;
pub(crate) mod verb;
