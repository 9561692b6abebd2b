//! Processor time of processes and of the machine, from `/proc/<process>/stat` and
//! `/proc/stat`
//! (<https://www.kernel.org/doc/html/latest/filesystems/proc.html>).

use crate::Failed;
use std::fs;

/// Microseconds in a clock tick, which Linux fixes at 100 a second for `/proc`.
const TICK: f64 = 10_000.0;

/// Microseconds that the processes have had, in user and system mode.
pub fn micros(processes: &[u32]) -> Result<f64, Failed> {
    let mut sum = 0.0;
    for process in processes {
        let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
        // The name of the program, in parentheses, may hold anything.
        let (_, rest) = text.rsplit_once(')').ok_or("an unreadable /proc")?;
        // Fields 14 and 15, of which the first three are cut off.
        let ticks = rest.split_whitespace().skip(11).take(2);
        for ticks in ticks {
            sum += ticks.parse::<f64>()? * TICK;
        }
    }
    Ok(sum)
}

/// Microseconds that all processors were busy.
pub fn machine() -> Result<f64, Failed> {
    let text = fs::read_to_string("/proc/stat")?;
    let line = text.lines().next().ok_or("an unreadable /proc")?;
    // cpu user nice system idle iowait irq softirq steal; guests are in the first two.
    let fields = line.split_whitespace().skip(1).take(8).enumerate();
    let mut sum = 0.0;
    for (_, ticks) in fields.filter(|(at, _)| ![3, 4, 7].contains(at)) {
        sum += ticks.parse::<f64>()? * TICK;
    }
    Ok(sum)
}
