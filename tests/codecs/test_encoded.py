"""Rows from the cache are the rows of the codec, failures included."""

import numpy as np
import torch

from grammar_rae.codecs.cached import encode_known
from grammar_rae.codecs.grammar import GrammarCodec
from grammar_rae.files import cache
from grammar_rae.grammar.grammar import Grammar
from grammar_rae.machines.coverage import first_refusals
from grammar_rae.model.model import Model


def test_rows_are_parsed_once(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "folder", lambda: tmp_path)
    codec = GrammarCodec(Grammar.read("equation"), 15)
    items = ["x+1", "nonsense", "sin(x)*2", "x" + "+x" * 20]
    expected = codec.encode_known(items)
    for _ in range(2):
        x, known, rejected = encode_known(codec, items, least=2)
        assert x.dtype == np.uint8 and np.array_equal(x, expected[0])
        assert known.tolist() == expected[1].tolist() == [0, 2]
        assert [i for i, _ in rejected] == [1, 3]
    (kept,) = tmp_path.iterdir()
    kept.write_bytes(kept.read_bytes()[:100])
    assert np.array_equal(encode_known(codec, items, least=2)[0], expected[0])


def test_rows_are_refused_where_a_replay_to_the_last_step_refuses_them():
    """In whatever company: long and short ones, padded to the same width, a few at a time."""
    run = Model.load("grae-smiles").run
    machine, grammar, steps = run.autoencoder.decoder.machine, run.grammar, run.codec.steps
    items = ["C", "CCN(C)C", "C1CC1", "CFC", "C" * 40, "OO(C)O", "C1=CC=CC=C1", "CC(C)(C)(C)C"]
    x, _, rejected = run.codec.encode_known(items)
    assert not rejected
    forbidden = ~machine.masks(torch.as_tensor(x).long(), steps).gather(
        2, torch.as_tensor(x).long()[..., None]
    )
    direct = [row.tolist().index(True) if row.any() else -1 for row in forbidden[..., 0]]
    assert first_refusals(machine, grammar, x, steps, items, chunk=3).tolist() == direct
    assert [step >= 0 for step in direct] == [i in (3, 5, 7) for i in range(8)]
    assert first_refusals(machine, grammar, x[:0], steps, []).tolist() == []
