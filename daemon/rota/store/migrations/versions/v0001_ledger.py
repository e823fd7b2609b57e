"""The ledger as it began: jobs, runs, attempts, definitions, small facts with an end."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("meta", _text("key"), _text("value"), sa.PrimaryKeyConstraint("key"))
    op.create_table("definitions", _text("hash"), _text("text"), sa.PrimaryKeyConstraint("hash"))
    op.create_table(
        "facts",
        *(_text("scope"), _text("key"), _text("value")),
        _instant("expires_at", nullable=False),
        sa.PrimaryKeyConstraint("scope", "key"),
    )
    op.create_index("ix_facts_end", "facts", ["expires_at"])
    _create_jobs()
    _create_runs()
    _create_attempts()


def _create_jobs() -> None:
    op.create_table(
        "jobs",
        *(_text("job"), _number("last_number"), _instant("answered_until")),
        *(_text("schedule"), _instant("since")),
        *(_instant("paused_since"), _instant("paused_until"), _text("pause_note")),
        *(_text("definition"), _text("source_file"), _number("source_line"), _text("source_directory")),
        sa.PrimaryKeyConstraint("job"),
    )


def _create_runs() -> None:
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True),
        *(_text("job"), _number("number"), _text("state"), _text("reason", nullable=True), _text("message")),
        *(_text("triggered_by"), _instant("due_at"), _instant("last_due_at"), _number("count")),
        *(_instant("scheduled_for"), _instant("created_at", nullable=False)),
        *(_instant("started_at"), _instant("ended_at"), _instant("next_attempt_at")),
        _instant("cancel_requested_at"),
        *(_number("max_attempts"), _number("attempt"), _number("exit_code", nullable=True)),
        *(_json("progress"), _json("params"), _json("result"), _json("warnings"), _json("steps")),
        *(_text("retry_of", nullable=True), _text("host"), _text("definition")),
        *(_text("source_file"), _number("source_line"), _text("commit", nullable=True)),
        sa.UniqueConstraint("job", "number", name="uq_runs_number"),
        sa.UniqueConstraint("job", "due_at", name="uq_runs_due"),
    )
    op.create_index("ix_runs_state", "runs", ["state", "created_at"])
    op.create_index("ix_runs_job_state", "runs", ["job", "state", "created_at"])


def _create_attempts() -> None:
    kept = sa.text("log_kept")
    op.create_table(
        "attempts",
        *(_text("job"), _number("number"), _number("position")),
        *(_text("id"), _text("step"), _number("n")),
        *(_text("state"), _text("reason", nullable=True), _text("message")),
        *(_instant("created_at", nullable=False), _instant("started_at"), _instant("ended_at")),
        *(_instant("timeout_at"), _number("exit_code", nullable=True), _number("signal", nullable=True)),
        *(_number("pid", nullable=True), _instant("pid_started"), _text("boot_id")),
        *(_size("log_offset"), _size("log_line"), _size("log_size"), _text("definition")),
        sa.Column("markers", sa.Boolean(), nullable=False),
        *(_json("argv"), _text("cwd"), _text("user")),
        sa.Column("log_kept", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("job", "number", "position"),
        sa.ForeignKeyConstraint(["job", "number"], ["runs.job", "runs.number"], ondelete="CASCADE"),
    )
    op.create_index("ix_attempts_log", "attempts", ["ended_at"], sqlite_where=kept, postgresql_where=kept)


def _text(name: str, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=nullable)


def _instant(name: str, *, nullable: bool = True) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _size(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _json(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.JSON(), nullable=False)
