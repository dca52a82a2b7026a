"""Rows from the cache are the rows of the codec, failures included."""

import numpy as np

from grammar_rae.codecs import GrammarCodec
from grammar_rae.datasets import cache
from grammar_rae.encoded import encoded
from grammar_rae.grammar import Grammar


def test_rows_are_parsed_once(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    monkeypatch.setattr("grammar_rae.encoded.WORTHWHILE", 2)
    codec = GrammarCodec(Grammar.read("equation"), 15)
    items = ["x+1", "nonsense", "sin(x)*2", "x" + "+x" * 20]
    expected = codec.encode_known(items)
    for _ in range(2):
        x, known, rejected = encoded(codec, items)
        assert x.dtype == np.uint8 and np.array_equal(x, expected[0])
        assert known.tolist() == expected[1].tolist() == [0, 2]
        assert [i for i, _ in rejected] == [1, 3]
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert np.array_equal(encoded(codec, items)[0], expected[0])
