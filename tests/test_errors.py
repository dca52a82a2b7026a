"""What messages are made of."""

from grammar_rae.errors import shown_name


def test_of_a_long_name_the_end_is_told():
    assert shown_name("a/b.txt") == "a/b.txt"
    assert (
        shown_name("x" * 300 + "\n/none.txt")
        == "…" + ("x" * 300 + "\N{REPLACEMENT CHARACTER}/none.txt")[-80:]
    )
