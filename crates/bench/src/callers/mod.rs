//! Who asks: connections, requests, honest callers and hostile ones.

pub(crate) mod attacks;
pub(crate) mod busy;
pub(crate) mod client;
pub(crate) mod connection;
pub(crate) mod crud;
pub(crate) mod honest;
pub(crate) mod hostile;
pub(crate) mod load;
pub(crate) mod log;
pub(crate) mod seeds;
pub(crate) mod tally;
pub(crate) mod wanted;
