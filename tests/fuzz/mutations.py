"""Damage by chance: bytes flipped, cut, doubled and moved; numbers, words and signs put where others stood."""

import random
import tomllib

import tomli_w

NUMBERS = (
    "0",
    "-1",
    "1",
    "2",
    "1e3",
    "0.5",
    "1e-45",
    "-0.0",
    "inf",
    "-inf",
    "nan",
    "1e308",
    "1e400",
    "2147483648",
    "9223372036854775808",
    "1000000000000000000",
    "1" + "0" * 40,
    "0x10",
    "1_000",
    "١",
    "",
    " ",
    "one",
    "1,5",
    "--",
    "+",
)
SIGNS = (
    "\0",
    "\t",
    "\r",
    "\r\n",
    "\n",
    "\v",
    "\x1b[31m",
    "\ufeff",
    "\u2028",
    "é",
    "😀",
    "'",
    '"',
    "\\",
    "|",
    "->",
    "::=",
    "ε",
    ";",
    ",",
    "#",
    "%",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "=",
    "<script>",
    "${x}",
    "../",
    "~",
    "*",
    " ",
    "$$$$",
    "M  END",
)


def text(chance: random.Random, base: str) -> str:
    """A text with up to six places changed."""
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        i, j = sorted(chance.randrange(len(base) + 1) for _ in range(2))
        j = min(j, i + 40)
        base = chance.choice(
            (
                base[:i] + base[j:],
                base[:j] + base[i:],
                base[:i] + chance.choice(SIGNS) + base[i:],
                base[:i] + chance.choice(NUMBERS) + base[j:],
                base[:i] + base[i:j][::-1] + base[j:],
                base[:i] + base[i:j] * chance.choice((2, 3, 50)) + base[j:],
                base[:i],
                "\n".join(chance.sample(lines, len(lines))) if (lines := base.split("\n")) else base,
            )
        )
    return base


def data(chance: random.Random, base: bytes) -> bytes:
    """Bytes with up to six places changed."""
    changed = bytearray(base)
    for _ in range(chance.choice((1, 1, 1, 2, 3, 6))):
        i = chance.randrange(len(changed) + 1)
        kind = chance.randrange(6)
        if kind == 0:
            changed[i : i + 1] = bytes([chance.randrange(256)])
        elif kind == 1:
            del changed[i : i + chance.choice((1, 2, 8, 64))]
        elif kind == 2:
            changed[i:i] = bytes(chance.randrange(256) for _ in range(chance.choice((1, 4, 16))))
        elif kind == 3:
            changed[i : i + 8] = chance.choice((0, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1)).to_bytes(
                8, "little"
            )
        elif kind == 4:
            del changed[i:]
        elif changed:
            changed[i % len(changed)] ^= 1 << chance.randrange(8)
    return bytes(changed)


def value(chance: random.Random, found: object) -> object:
    """A JSON value with one of its parts replaced."""
    odd = (
        None,
        True,
        -1,
        0,
        10**18,
        1e308,
        float("nan"),
        float("inf"),
        "",
        "auto",
        [],
        {},
        [[]],
        "x" * 300,
        [None],
    )
    if isinstance(found, dict) and found and chance.random() < 0.8:
        key = chance.choice(sorted(found))
        if chance.random() < 0.2:
            return {name: part for name, part in found.items() if name != key}
        return {**found, key: value(chance, found[key])}
    if isinstance(found, list) and found and chance.random() < 0.8:
        place = chance.randrange(len(found))
        return [value(chance, part) if i == place else part for i, part in enumerate(found)]
    return chance.choice(odd)


def toml(chance: random.Random, base: str) -> str:
    """A recipe with one of its values replaced by another that TOML can hold."""
    try:
        return tomli_w.dumps(value(chance, tomllib.loads(base)))
    except (TypeError, AttributeError):  # None, or no table
        return base
