"""What keeps a large ledger quick: the newest ends of each job, and which logs are kept of each job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "histories",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("ends", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("job"),
    )
    op.drop_index("ix_attempts_log", "attempts")
    kept = sa.text("log_kept")
    columns = ["job", "ended_at", "number", "log_size"]
    op.create_index("ix_attempts_kept", "attempts", columns, sqlite_where=kept, postgresql_where=kept)
