//! How much may be asked: by one request, by one user, and by all together.

pub(crate) mod buckets;
pub(crate) mod budget;
pub(crate) mod long_work;
pub(crate) mod many_patients;
pub(crate) mod pace;
pub(crate) mod places;
pub(crate) mod rates;
pub(crate) mod settings;
pub(crate) mod sizes;
pub(crate) mod stored;
pub(crate) mod storing;
pub(crate) mod under_way;
pub(crate) mod user;
