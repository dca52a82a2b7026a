"""The journal of a search on a disk that has no room left."""

import numpy as np
import pytest

from grammar_rae.errors import DataError
from grammar_rae.optimization import Journal


def test_without_room_nothing_is_lost_and_the_search_goes_on_later(tmp_path):
    path = tmp_path / "journal.sqlite"
    journal = Journal(path)
    journal.propose(0, 0, ["a", "b"], np.zeros((2, 3)))
    journal.tell(["a"], [1.0], {})
    before = [(row.string, row.status) for row in journal.rows()]
    pages = journal._base.execute("PRAGMA page_count").fetchone()[0]
    journal._base.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DataError, match="journal.sqlite: cannot be written .*full.; the same call goes on"):
        journal.propose(1, 0, [f"{i:09}" for i in range(9999)], np.zeros((9999, 3)))
    assert [(row.string, row.status) for row in journal.rows()] == before
    journal.close()
    again = Journal(path)
    again.propose(1, 0, ["c"], np.zeros((1, 3)))
    assert [row.string for row in again.rows()] == ["a", "b", "c"]


@pytest.mark.parametrize("left", [b"", bytes(512)])
def test_what_sqlite_leaves_of_a_killed_process_is_taken_away(tmp_path, left):
    Journal(tmp_path / "journal.sqlite", {"seed": 1}).close()
    (tmp_path / "journal.sqlite-journal").write_bytes(left)
    Journal(tmp_path / "journal.sqlite", {"seed": 1}).close()
    assert [path.name for path in tmp_path.iterdir()] == ["journal.sqlite"]
