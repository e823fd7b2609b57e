"""The side of the runner that lives in the daemon."""
