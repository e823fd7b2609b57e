"""Parents with children, one for each chunk of items; attempts that wait beside others of their run.

Lists over all jobs show no children, so the index they walk leaves them out.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for column in (
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("items", sa.JSON(), nullable=True),
        sa.Column("children", sa.JSON(), nullable=True),
    ):
        op.add_column("runs", column)
    op.add_column("attempts", sa.Column("not_before", sa.BigInteger(), nullable=True))
    op.create_table(
        "chunks",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("items", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("job", "number", "position"),
        sa.ForeignKeyConstraint(["job", "number"], ["runs.job", "runs.number"], ondelete="CASCADE"),
    )
    op.drop_index("ix_runs_state", "runs")
    op.create_index("ix_runs_state", "runs", ["state", "created_at"], sqlite_where=sa.text("parent IS NULL"))
