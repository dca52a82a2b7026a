"""The house: its picture, drawn from the layers contract in pyproject.toml, and its numbers.

    python docs/house.py [CHECKOUT]             draws CHECKOUT/docs/pictures/house.svg
    python docs/house.py [CHECKOUT] --numbers   prints rooms, floors, circles, sizes, …

Without CHECKOUT, the one that this file is in. Equal contracts and docstrings give equal bytes.
"""

from __future__ import annotations

import argparse
import re
import sys
import textwrap
import tomllib
from html import escape
from pathlib import Path

from house_numbers import House

HERE = Path(__file__).resolve().parents[1]
WIDTH, MARGIN, GAP = 1200, 24, 12  # pixels
WIDEST, LETTER, LINE = 360, 7.0, 16  # of a box; of a caption's letter, of its line
HEAD = 84  # above the first floor
STYLE = """
  text { font-family: system-ui, 'Segoe UI', Helvetica, Arial, sans-serif; fill: #1f2933; }
  .title { font-size: 21px; font-weight: 600; } .said { font-size: 13px; fill: #52606d; }
  .floor { fill: #f1f4f8; } .box { fill: #ffffff; stroke: #7b8794; }
  .room { font-size: 15px; font-weight: 600; } .caption { font-size: 12px; fill: #3e4c59; }
"""


def contract(checkout: Path) -> list[list[str]]:
    """Floors from the top, the rooms of each, as the layers contract over the package's root lists them."""
    settings = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))
    found = settings.get("tool", {}).get("importlinter", {}).get("contracts", [])
    layers = next((one["layers"] for one in found if one["type"] == "layers"), None)
    if layers is None:
        raise SystemExit(f"{checkout / 'pyproject.toml'}: no layers contract in [tool.importlinter]")
    return [[room.strip(" ()") for room in re.split(r"[|:]", layer)] for layer in layers]


def caption(docstring: str) -> str:
    """The first sentence, without its stop."""
    return re.split(r"\.(?:\s|$)", docstring.strip(), maxsplit=1)[0].replace("\n", " ")


def picture(floors: list[list[str]], rooms: dict[str, str]) -> str:
    """An SVG: a band a floor, a box a room, its name and caption in the box."""
    parts, y = list[str](), HEAD
    for floor in floors:
        width = min(WIDEST, (WIDTH - 2 * MARGIN - GAP * (len(floor) + 1)) / len(floor))
        captions = [textwrap.wrap(caption(rooms.get(room, "")), int((width - 20) / LETTER)) for room in floor]
        height = 34 + LINE * max(map(len, captions))
        band = WIDTH - 2 * MARGIN, height + 2 * GAP
        parts.append(
            f'<rect class="floor" x="{MARGIN}" y="{y}" width="{band[0]}" height="{band[1]}" rx="6"/>'
        )
        x = (WIDTH - len(floor) * width - (len(floor) - 1) * GAP) / 2
        for room, lines in zip(floor, captions, strict=True):
            parts += _box(room, lines, x, y + GAP, width, height)
            x += width + GAP
        y += band[1] + 8
    height = y - 8 + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" '
            f'height="{height}" role="img" aria-labelledby="title">',
            f'<title id="title">The rooms of grammar_rae on their {len(floors)} floors</title>',
            f"<style>{STYLE}</style>",
            f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
            f'<text class="title" x="{MARGIN}" y="38">grammar_rae</text>',
            f'<text class="said" x="{MARGIN}" y="62">A room imports from the floors below it, never from above or '
            "from beside.</text>",
            *parts,
            "</svg>\n",
        ]
    )


def _box(room: str, lines: list[str], x: float, y: float, width: float, height: float) -> list[str]:
    place = f'x="{x + 10:g}"'
    words = [
        f'<text class="caption" {place} y="{y + 42 + LINE * number:g}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    ]
    return [
        f'<rect class="box" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4"/>',
        f'<text class="room" {place} y="{y + 23:g}">{escape(room)}</text>',
        *words,
    ]


def numbers(house: House) -> list[tuple[str, int, str]]:
    """(what is counted, how many, which)."""
    modules = [path for path in house.trees if len(path.parts) == 1]
    lines = {path: text.count("\n") for path, text in house.text.items()}
    longest = max(lines, key=lambda path: lines[path])
    lengths, parameters = house.lengths(), house.parameters()
    twice, tests, codecs = house.defined_twice(), house.task_tests(), house.codec_tests()
    undocumented = house.undocumented()
    return [
        ("files", len(lines), f"{sum(lines.values()):,} lines"),
        ("modules at the root", len(modules), ""),
        ("rooms", len(house.rooms), ""),
        ("floors", house.floors, ""),
        ("arrows between rooms", sum(map(len, house.arrows.values())), ""),
        ("circles", len(house.circles), "; ".join(" ⇄ ".join(rooms) for rooms in house.circles)),
        ("longest file, lines", lines[longest], str(longest)),
        ("files over 300 lines", sum(count > 300 for count in lines.values()), ""),
        ("longest function, lines", *lengths[0]),
        ("functions over 50 lines", sum(count > 50 for count, _ in lengths), ""),
        ("most parameters outside cli", *parameters[0]),
        ("functions over 12 parameters", sum(count > 12 for count, _ in parameters), ""),
        ("tests of the task", len(tests), f"in {len({test.split(':')[0] for test in tests})} files"),
        ("tests of the codec", len(codecs), f"in {len({test.split(':')[0] for test in codecs})} files"),
        ("public names defined twice", len(twice), ""),
        ("public definitions without docstring", len(undocumented), ""),
    ]


def details(house: House) -> str:
    """What is behind the numbers, an item a line."""
    parts = {
        "functions over 50 lines": [f"{place} {count}" for count, place in house.lengths() if count > 50],
        "functions over 12 parameters": [f"{place} {n}" for n, place in house.parameters() if n > 12],
        "tests of the task": house.task_tests(),
        "tests of the codec": house.codec_tests(),
        "public names defined twice": [
            f"{name}: {', '.join(found)}" for name, found in house.defined_twice().items()
        ],
        "public definitions without docstring": house.undocumented(),
    }
    return "\n".join(line for title, lines in parts.items() for line in (f"\n{title}", *lines))


def main() -> None:
    """Draw, or count."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkout", nargs="?", type=Path, default=HERE)
    parser.add_argument("--numbers", action="store_true", help="count, draw nothing")
    parser.add_argument("--all", action="store_true", help="count, and list every place")
    given = parser.parse_args()
    house = House(given.checkout)
    if given.numbers or given.all:
        for what, count, which in numbers(house):
            print(f"{what:38}{count:>6}  {which}".rstrip())
        if given.all:
            print(details(house))
        return
    path = given.checkout / "docs" / "pictures" / "house.svg"
    path.write_text(picture(contract(given.checkout), house.rooms), encoding="utf-8")
    print(path)


if __name__ == "__main__":
    sys.exit(main())
