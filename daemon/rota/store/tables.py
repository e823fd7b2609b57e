"""The tables of the ledger. Times are integers: milliseconds since the Unix epoch, UTC.

Runs are listed newest first through (state, created_at) and (job, state, created_at): every list is a union
of one short index walk per state, so it costs the same with a thousand rows and with ten million.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData()

_Id = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only INTEGER keys up by itself

meta = Table(
    "meta",
    metadata,
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    Column("job", Text, primary_key=True),
    Column("last_number", Integer, nullable=False, default=0),
    Column("answered_until", BigInteger),
    Column("schedule", Text, nullable=False, default=""),
    Column("since", BigInteger),
    Column("paused_since", BigInteger),
    Column("paused_until", BigInteger),
    Column("pause_note", Text, nullable=False, default=""),
    Column("definition", Text, nullable=False, default=""),
    Column("source_file", Text, nullable=False, default=""),
    Column("source_line", Integer, nullable=False, default=0),
    Column("source_directory", Text, nullable=False, default=""),
    Column("boot", Text, nullable=False, default="", server_default=""),
    Column("skip_at", BigInteger),
    Column("skip_asked_at", BigInteger),
    Column("skip_note", Text, nullable=False, default="", server_default=""),
)

runs = Table(
    "runs",
    metadata,
    Column("id", _Id, primary_key=True),
    Column("job", Text, nullable=False),  # `Run.series`: of a child the id of its parent
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("message", Text, nullable=False),
    Column("triggered_by", Text, nullable=False),
    Column("due_at", BigInteger),
    Column("last_due_at", BigInteger),
    Column("count", Integer, nullable=False),
    Column("scheduled_for", BigInteger),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("next_attempt_at", BigInteger),
    Column("cancel_requested_at", BigInteger),
    Column("max_attempts", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("exit_code", Integer),
    Column("progress", JSON, nullable=False),
    Column("params", JSON, nullable=False),
    Column("result", JSON, nullable=False),
    Column("warnings", JSON, nullable=False),
    Column("steps", JSON, nullable=False),
    Column("retry_of", Text),
    Column("host", Text, nullable=False),
    Column("definition", Text, nullable=False),
    Column("source_file", Text, nullable=False),
    Column("source_line", Integer, nullable=False),
    Column("commit", Text),
    Column("planned_at", BigInteger),
    Column("upstream", JSON, nullable=False, server_default="[]"),
    Column("dirty", Boolean, nullable=False, server_default=false()),
    Column("log_job", Text),  # the name that the runner knows the run's logs by; NULL: `job`
    Column("parent", Integer),
    Column("items", JSON(none_as_null=True)),
    Column("children", JSON(none_as_null=True)),
    Column("replaced_by", Text),
    Column("answered_ends", JSON(none_as_null=True)),  # of a stretch of skips; NULL: not known, or no stretch
    UniqueConstraint("job", "number", name="uq_runs_number"),
    UniqueConstraint("job", "due_at", name="uq_runs_due"),
    Index(
        "ix_runs_state",
        "state",
        "created_at",
        sqlite_where=text("parent IS NULL"),
        postgresql_where=text("parent IS NULL"),
    ),
    Index("ix_runs_job_state", "job", "state", "created_at"),
)

attempts = Table(
    "attempts",
    metadata,
    Column("job", Text, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("position", Integer, primary_key=True),  # its place among the attempts of the run, from 0
    Column("id", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("n", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("message", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("started_at", BigInteger),
    Column("ended_at", BigInteger),
    Column("timeout_at", BigInteger),
    Column("exit_code", Integer),
    Column("signal", Integer),
    Column("pid", Integer),
    Column("pid_started", BigInteger),
    Column("boot_id", Text, nullable=False),
    Column("log_offset", BigInteger, nullable=False),
    Column("log_line", BigInteger, nullable=False),
    Column("log_size", BigInteger, nullable=False),
    Column("definition", Text, nullable=False),
    Column("markers", Boolean, nullable=False),
    Column("argv", JSON, nullable=False),
    Column("cwd", Text, nullable=False),
    Column("user", Text, nullable=False),
    Column("log_kept", Boolean, nullable=False, default=True),
    Column("used", JSON(none_as_null=True)),
    Column("not_before", BigInteger),
    ForeignKeyConstraint(["job", "number"], ["runs.job", "runs.number"], ondelete="CASCADE"),
)

# Which logs are still there, of each job the oldest first, and what they take: what retention walks.
Index(
    "ix_attempts_kept",
    *(attempts.c.job, attempts.c.ended_at, attempts.c.number, attempts.c.log_size),
    sqlite_where=text("log_kept = 1"),
    postgresql_where=attempts.c.log_kept,
)

# What a batch has to do: the children that have not begun are made from it.
chunks = Table(
    "chunks",
    metadata,
    Column("job", Text, primary_key=True),
    Column("number", Integer, primary_key=True),  # of the parent
    Column("position", Integer, primary_key=True),  # from 1; the number of its child
    Column("items", JSON, nullable=False),
    ForeignKeyConstraint(["job", "number"], ["runs.job", "runs.number"], ondelete="CASCADE"),
)

histories = Table(
    "histories",
    metadata,
    Column("job", Text, primary_key=True),
    Column("ends", Text, nullable=False),  # see `store.histories`
)

definitions = Table(
    "definitions",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("text", Text, nullable=False),
)

pauses = Table(
    "pauses",
    metadata,
    Column("scope", Text, primary_key=True),  # "tag:<tag>" or "all"; a job's own pause is in its row
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Column("note", Text, nullable=False),
)

renames = Table(
    "renames",
    metadata,
    Column("old", Text, primary_key=True),
    Column("new", Text, nullable=False),
)

facts = Table(
    "facts",
    metadata,
    Column("scope", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Index("ix_facts_end", "expires_at"),
)
