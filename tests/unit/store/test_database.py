from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import JSON, literal_column, select, type_coerce

from rota.store.database import open_engine


@pytest.mark.parametrize(
    ("text", "value"), [("[]", []), ('[0,0,""]', [0, 0, ""]), (' {"a": 1} ', {"a": 1}), ("[1]\n", [1])]
)
def test_json_is_read_as_written_also_by_other_hands(tmp_path: Path, text: str, value: object) -> None:
    engine = open_engine(tmp_path / "ledger.db", writes=True)
    with engine.connect() as connection:
        found = connection.scalar(select(type_coerce(literal_column(f"'{text}'"), JSON)))
    engine.dispose()

    assert found == value


@pytest.mark.parametrize("text", ["", "[1", "[1] 2"])
def test_what_is_no_json_is_refused(tmp_path: Path, text: str) -> None:
    engine = open_engine(tmp_path / "ledger.db", writes=True)
    with engine.connect() as connection, pytest.raises(ValueError, match=r"Expecting|Extra"):
        connection.scalar(select(type_coerce(literal_column(f"'{text}'"), JSON)))
    engine.dispose()
