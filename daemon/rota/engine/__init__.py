"""The loop, and one run from its start to its end."""
