"""Whose ends a stretch of skips answers: one that becomes known late and is not among them counts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("runs", sa.Column("answered_ends", sa.JSON(), nullable=True))
