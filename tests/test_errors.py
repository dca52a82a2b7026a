"""What messages are made of."""

from grammar_rae.errors import named


def test_of_a_long_name_the_end_is_told():
    assert named("a/b.txt") == "a/b.txt"
    assert named("x" * 300 + "\n/none.txt") == "…" + ("x" * 300 + "\N{REPLACEMENT CHARACTER}/none.txt")[-80:]
