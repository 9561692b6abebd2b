//! Resident memory of a process, from `/proc`
//! (<https://www.kernel.org/doc/html/latest/filesystems/proc.html>).

use crate::Failed;
use std::fs;

/// Resident memory of a process now, in MB.
pub fn resident(process: u32) -> Result<f64, Failed> {
    field(&format!("/proc/{process}/status"), "VmRSS:")
}

/// Forgets this process's peak, so that [`peak`] starts here.
pub fn forget_peak() -> Result<(), Failed> {
    Ok(fs::write("/proc/self/clear_refs", "5")?)
}

/// The most resident memory that this process had, in MB.
pub fn peak() -> Result<f64, Failed> {
    field("/proc/self/status", "VmHWM:")
}

fn field(file: &str, name: &str) -> Result<f64, Failed> {
    let text = fs::read_to_string(file)?;
    let kib: f64 = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next())
        .ok_or_else(|| format!("`{file}` lacks {name}"))?
        .parse()?;
    Ok(kib * 1_024.0 / 1e6)
}
