"""Grammar files as editors and other notations write them: read, or refused with the one hint that helps."""

import pytest

from grammar_rae.errors import GrammarError
from grammar_rae.grammar.grammar import Grammar


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_mark_says_what_a_file_is_written_in(tmp_path, encoding):
    (tmp_path / "g.cfg").write_bytes("S -> 'é' S |\r\n".encode(encoding))
    assert Grammar.read(tmp_path / "g.cfg").terminals == ("é",)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("S -> 'a' S |\n  'b'\n", "line 2: .*end the line before with"),
        ("S -> 'a' \\", "nothing follows the"),
        ("-> 'a'\n", "write the name that the rule is for"),
        ("(* words *)\nS -> 'a'\n", "a comment begins with #"),
        ("S -> 'a\0'\n", "a zero byte in"),
    ],
)
def test_what_is_no_rule_has_a_hint(text, hint):
    with pytest.raises(GrammarError, match=hint):
        Grammar.parse(text)
