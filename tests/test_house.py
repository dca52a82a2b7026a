"""The picture and the numbers of the house: counted by hand on a small package, and the picture is up to date."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from grammar_rae import catalogue

ROOT = Path(__file__).parents[1]
CONTRACT = """
[[tool.importlinter.contracts]]
name = "floors"
type = "layers"
layers = ["walks | (later)", "tasks", "ground"]
"""
FILES = {
    "__init__.py": '"""The face."""\n',
    "walks.py": '''"""Walks & searches. And more."""
from grammar_rae.tasks import ask
def walk(item, *, task, **how):
    """Walk."""
    import grammar_rae.ground.left
    if task == "images" or task in ("molecules", "strings"):
        return isinstance(item, ImageCodec)
    return "images" in item
def _longer(self):
    def inner():
        return 1
    return inner
''',
    "tasks/__init__.py": '"""Kinds of data."""\ndef ask(task):\n    return task == "images"\n',
    "ground/__init__.py": '"""Ground."""\n',
    "ground/left.py": "from grammar_rae.ground import right\ndef walk(): ...\n",
    "ground/right.py": "import grammar_rae.walks as walks\n",
}


def house(*words):
    words = (sys.executable, ROOT / "docs" / "house.py", *words)
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def checkout(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "grammar_rae" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (tmp_path / "pyproject.toml").write_text(CONTRACT)
    (tmp_path / "docs" / "pictures").mkdir(parents=True)
    return tmp_path


def test_numbers_are_those_counted_by_hand(checkout):
    found = {line[:38].strip(): line[38:].split() for line in house(checkout, "--numbers").splitlines()}
    assert found["modules at the root"][0] == "2" and found["rooms"][0] == "4"
    assert found["circles"] == ["1", "ground", "⇄", "walks"]
    assert found["arrows between rooms"][0] == "3" and found["floors"][0] == "2"
    assert found["longest function, lines"] == ["6", "walks.py:3", "walk"]
    assert found["most parameters outside cli"] == ["3", "walks.py:3", "walk"]
    assert found["tests of the task"][:1] == ["1"] and found["tests of the codec"][:1] == ["1"]
    assert found["public names defined twice"] == ["1"]
    assert found["public definitions without docstring"] == ["3"]


def test_the_picture_shows_every_room_on_its_floor(checkout):
    house(checkout)
    path = checkout / "docs" / "pictures" / "house.svg"
    drawn = path.read_text()
    order = [drawn.index(f">{room}<") for room in ("walks", "later", "tasks", "ground")]
    assert order == sorted(order) and drawn.count('class="floor"') == 3
    assert ">Walks &amp; searches<" in drawn and "And more" not in drawn
    house(checkout)
    assert path.read_text() == drawn


def test_the_picture_is_that_of_the_contract(tmp_path):
    """After a change of the contract or of a package's docstring: python docs/house.py."""
    contracted = "importlinter" in tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    shipped = ROOT / "docs" / "pictures" / "house.svg"
    assert shipped.exists() == contracted
    if contracted:
        (tmp_path / "docs" / "pictures").mkdir(parents=True)
        for name in ("pyproject.toml", "grammar_rae"):
            (tmp_path / name).symlink_to(ROOT / name)
        house(tmp_path)
        assert (tmp_path / "docs" / "pictures" / "house.svg").read_bytes() == shipped.read_bytes()


def test_the_page_about_the_house_names_what_there_is():
    text = (ROOT / "docs" / "architecture.md").read_text()
    paths = set(re.findall(r"`([a-z_]+(?:/[\w.]*)+|\w+\.(?:py|toml))`", text))
    places = [ROOT, ROOT / "grammar_rae", ROOT / "docs"]
    assert len(paths) > 30 and not [path for path in paths if not any((p / path).exists() for p in places)]
    tables = set(re.findall(r"`([A-Z_]{5,})`", text))
    assert len(tables) > 12 and not [name for name in tables if not hasattr(catalogue, name)]
