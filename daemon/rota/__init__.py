"""rota: a scheduler daemon for operations teams."""

__version__ = "0.1.0"
