//! What a process takes of the machine, as Linux tells it.

use std::fs;

/// Ticks of processor time a second, which Linux fixes for programs at 100.
const TICKS: f64 = 100.0;

/// Processor time that a process has used, in microseconds, to a hundredth of a second.
pub fn cpu(process: u32) -> f64 {
    let stat = read(process, "stat");
    // The name, in parentheses, may hold anything; user and system time are fields 14 and 15.
    let after = stat.rsplit_once(')').expect("the name ends").1;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks = |field: usize| fields[field - 3].parse::<f64>().expect("it is a number");
    (ticks(14) + ticks(15)) / TICKS * 1e6
}

/// Bytes of memory that a process holds.
pub fn resident(process: u32) -> f64 {
    let status = read(process, "status");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().nth(1));
    kilobytes
        .and_then(|k| k.parse::<f64>().ok())
        .expect("Linux tells it")
        * 1024.0
}

fn read(process: u32, file: &str) -> String {
    fs::read_to_string(format!("/proc/{process}/{file}")).expect("the process runs on Linux")
}
