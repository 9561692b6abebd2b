//! Addresses of which one sender may have many.

use std::net::IpAddr;

/// Addresses that count together: of IPv6 the network of 64 bits that one connection
/// is given.
pub(crate) fn network(address: Option<IpAddr>) -> String {
    match address {
        None => "-".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => format!("{:x}", address.to_bits() >> 64),
    }
}
