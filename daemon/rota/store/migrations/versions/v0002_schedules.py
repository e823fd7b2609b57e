"""What schedules need to remember: planned instants, upstreams, boots, skips asked for, pauses of many jobs.

Columns are only added, each with a constant default, so that SQLite rewrites no row.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("planned_at", sa.BigInteger(), nullable=True),
        sa.Column("upstream", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("dirty", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("log_job", sa.Text(), nullable=True),
    ):
        op.add_column("runs", column)
    for column in (
        sa.Column("boot", sa.Text(), nullable=False, server_default=""),
        sa.Column("skip_at", sa.BigInteger(), nullable=True),
        sa.Column("skip_asked_at", sa.BigInteger(), nullable=True),
        sa.Column("skip_note", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("jobs", column)
    op.create_table(
        "pauses",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("scope"),
    )
    op.create_table(
        "renames",
        sa.Column("old", sa.Text(), nullable=False),
        sa.Column("new", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("old"),
    )
