//! Every kind of bad token, and the keys' way through rotation, outage and
//! flood, against an issuer on loopback that counts what it is asked.

mod configuration;
mod explained;
mod issuer;
mod keys;
mod tokens;
