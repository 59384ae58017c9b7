"""What lives as long as a process: the appender, the monitor, the reader, the probe server."""
