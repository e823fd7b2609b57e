"""State of the daemon to render trees; pure, one module a page."""
