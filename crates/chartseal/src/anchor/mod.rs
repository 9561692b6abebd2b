//! The commands of `chartseal anchor` and `chartseal log`: registries,
//! accounts and logs that no service changes by itself.

pub(crate) mod accounts;
pub(crate) mod adopt;
pub(crate) mod close_log;
pub(crate) mod log_check;
pub(crate) mod move_registry;
pub(crate) mod new_epoch;
pub(crate) mod post_again;
pub(crate) mod registry;
