"""Bringing a ledger's schema up to what this rota knows, by Alembic."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rota.core.errors import UsageError

if TYPE_CHECKING:
    from sqlalchemy import Connection

NEWEST = 8  # the highest schema number in migrations/versions

_FOLDER = Path(__file__).parent / "migrations"


def version(connection: Connection) -> int:
    """The schema number of that ledger; 0 when it is new."""
    from sqlalchemy import inspect, text

    if not inspect(connection).has_table("alembic_version"):
        return 0
    return int(connection.scalar(text("SELECT version_num FROM alembic_version")) or 0)


def refuse_newer(found: int, path: Path) -> None:
    """Raises UsageError when a newer rota has written that ledger."""
    if found > NEWEST:
        raise UsageError(
            f"The ledger {path} has schema {found}, and this rota knows schemas up to {NEWEST}. "
            "Start the newer rota again, or restore the backup it took before it changed the schema."
        )


def upgrade(connection: Connection, to: int = NEWEST) -> None:
    """Run the migrations up to that number, in the caller's transaction."""
    # Imported only when there is something to migrate: it costs more than opening the ledger.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, f"{to:04}")
