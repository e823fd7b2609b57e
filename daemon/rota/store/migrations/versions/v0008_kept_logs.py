"""The index of kept logs in the words of the queries: SQLite uses it for the same words only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_attempts_kept", "attempts")
    columns = ["job", "ended_at", "number", "log_size"]
    op.create_index(
        "ix_attempts_kept",
        "attempts",
        columns,
        sqlite_where=sa.text("log_kept = 1"),
        postgresql_where=sa.text("log_kept"),
    )
