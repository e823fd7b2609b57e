"""What the processes of an attempt used.

The column is only added, and empty for attempts that ended before.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("attempts", sa.Column("used", sa.JSON(), nullable=True))
