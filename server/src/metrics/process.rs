//! Figures of the process, under the names every Prometheus client library uses.

use prometheus_client::registry::Registry;

/// What the system says about this process now; empty where it says nothing.
pub(super) fn registry() -> Registry {
    read().unwrap_or_default()
}

#[cfg(not(target_os = "linux"))]
fn read() -> Result<Registry, std::convert::Infallible> {
    Ok(Registry::default())
}

#[cfg(target_os = "linux")]
fn read() -> procfs::ProcResult<Registry> {
    use prometheus_client::metrics::counter::ConstCounter;
    use prometheus_client::metrics::gauge::ConstGauge;

    let mut registry = Registry::default();
    let signed = |value: u64| ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
    let process = procfs::process::Process::myself()?;
    let stat = process.stat()?;
    let ticks = procfs::ticks_per_second();
    let seconds = |ticked: u64| ticked as f64 / ticks as f64;
    let help = "Memory in use";
    registry.register("process_resident_memory_bytes", help, signed(stat.rss * procfs::page_size()));
    let help = "Processor time used";
    registry.register("process_cpu_seconds", help, ConstCounter::new(seconds(stat.utime + stat.stime)));
    let started = procfs::boot_time_secs()? as f64 + seconds(stat.starttime);
    registry.register("process_start_time_seconds", "Start, in Unix time", ConstGauge::new(started));
    let open = u64::try_from(process.fd_count()?).unwrap_or(u64::MAX);
    registry.register("process_open_fds", "Open files and connections", signed(open));
    if let procfs::process::LimitValue::Value(most) = process.limits()?.max_open_files.soft_limit {
        registry.register("process_max_fds", "Most open files and connections", signed(most));
    }
    Ok(registry)
}
