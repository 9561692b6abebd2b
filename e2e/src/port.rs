//! Ports for services that a test tells where to listen.

use std::{
    fs,
    net::{Ipv4Addr, TcpListener},
    process,
    sync::atomic::{AtomicU32, Ordering},
};

/// Where the kernel's own range begins when nothing says otherwise.
const USUAL: u32 = 32_768;
const LOWEST: u32 = 10_000;

/// A port of loopback at which nobody listens, another at each call.
///
/// It lies below `ip_local_port_range` (ip(7)): a port out of that range, found free
/// and let go, may belong to anybody's connection before the service listens.
pub fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let size = below() - LOWEST;
    for _ in 0..size {
        // Another process of this user begins elsewhere.
        let turn = NEXT.fetch_add(1, Ordering::Relaxed);
        let start = process::id().wrapping_mul(97).wrapping_add(turn);
        let port = u16::try_from(LOWEST + start % size).expect("a port");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("every port below {} is taken", below());
}

fn below() -> u32 {
    fs::read_to_string("/proc/sys/net/ipv4/ip_local_port_range")
        .ok()
        .and_then(|range| range.split_whitespace().next()?.parse().ok())
        .filter(|lowest| (LOWEST + 1_000..=65_536).contains(lowest))
        .unwrap_or(USUAL)
}
