"""The learning rate, the best epoch and the end of training follow from the validation losses alone."""

import pytest

from grammar_rae.training.settings import Settings
from grammar_rae.training.state import State


def after(losses, settings):
    state, rates = State(rate=settings.learning_rate), []
    for loss in losses:
        before = state
        state = state.after(loss, settings)
        assert before.epoch == state.epoch - 1  # a state is a value
        rates.append(state.rate)
    return state, rates


def test_the_plateau_rule_cuts_down_to_the_floor():
    settings = Settings(epochs=99, batch=1, learning_rate=1.0, factor=0.1, patience=1, floor=0.05)
    state, rates = after([3, 2, 2, 2, 1, 4, 4, 4, 4], settings)
    assert rates == pytest.approx([1, 1, 1, 0.1, 0.1, 0.1, 0.05, 0.05, 0.05])
    assert (state.epoch, state.best, state.stale, state.rate_at(0.5, settings)) == (9, 1, 4, 0.05)


@pytest.mark.parametrize(
    ("schedule", "rates"),
    [("cosine", [1.1, 1.1 - 0.1464466, 0.6, 0.1]), ("trapezoid", [1.1, 1.1, 1.1, 0.1])],
)
def test_a_schedule_falls_from_the_rate_to_the_floor(schedule, rates):
    settings = Settings(epochs=2, batch=1, learning_rate=1.1, floor=0.1, schedule=schedule)
    places = [(0, 0.0), (0, 0.5), (1, 0.0), (1, 1.0)]
    assert [State(epoch).rate_at(share, settings) for epoch, share in places] == pytest.approx(rates)


def test_training_ends_after_its_epochs_or_without_gain():
    settings = Settings(epochs=3, batch=1, stop_after=2)
    assert [after(losses, settings)[0].ended(settings) for losses in ([], [1, 2], [1, 2, 3], [3, 2, 1])] == [
        False,
        False,
        True,
        True,
    ]
    assert not after([2, 1], settings)[0].ended(settings)
    assert after([1, 2, 2], settings.model_copy(update={"epochs": 9}))[0].ended(settings)
