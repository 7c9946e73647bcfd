//! What containers use of the machine, as the engine counts it.

/// The counters of a container at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ContainerUsage {
    /// When they were read, by the engine's clock, in nanoseconds since 1970-01-01T00:00:00Z.
    pub at_nanos: i64,
    /// Processor time since the container's start, of all cores together, in nanoseconds.
    pub cpu_nanos: u64,
    /// Memory in use, without what the kernel keeps of files and can drop at any time: as `docker stats` counts.
    pub memory_bytes: u64,
    /// The most memory that it may use; the machine's where it has no limit of its own.
    pub memory_limit_bytes: u64,
    /// Bytes received on all its networks since its start.
    pub network_received_bytes: u64,
    /// Bytes sent on all its networks since its start.
    pub network_sent_bytes: u64,
    /// Bytes read from disks since its start.
    pub disk_read_bytes: u64,
    /// Bytes written to disks since its start.
    pub disk_written_bytes: u64,
}
