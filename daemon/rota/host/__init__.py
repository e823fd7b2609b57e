"""The host: systemd and what else surrounds the daemon."""
