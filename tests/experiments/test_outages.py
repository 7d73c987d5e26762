"""How long one waits for a store that is away, and what is said of it."""

import pytest

from experiments import outages
from experiments.outages import LONGEST_PAUSE, PATIENCE, Outage
from runs.errors import NotFinished, UserError


class Store:
    """One that may be away."""

    def __init__(self):
        self.away, self.asked = True, 0

    def check(self):
        self.asked += 1
        if self.away:
            raise UserError("mongodb://host/db cannot be reached: refused " + "in many words " * 100)


@pytest.fixture
def clock(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(outages.time, "monotonic", lambda: now[0])
    return now


def test_an_outage_is_said_once_in_one_line_and_so_is_its_end(clock):
    store = Store()
    outage = Outage(store.check)
    said = outage.begins()
    assert said.startswith("mongodb://host/db cannot be reached") and "\n" not in said and len(said) < 300
    assert outage.begins() is None and outage.ends() is None
    clock[0] += 1
    store.away = False
    assert outage.ends() == "the store takes records again: going on"
    assert not outage.lasts and outage.ends() is None


def test_a_store_that_answers_is_not_away():
    store = Store()
    store.away = False
    assert Outage(store.check).begins() is None


def test_the_pauses_grow_to_a_minute(clock):
    store = Store()
    outage = Outage(store.check)
    outage.begins()
    asked_at = []
    while clock[0] < 400:
        clock[0] += 0.5
        before = store.asked
        outage.ends()
        if store.asked > before:
            asked_at.append(clock[0])
    pauses = [later - earlier for earlier, later in zip([0, *asked_at], asked_at, strict=False)]
    assert pauses[:7] == [1, 2, 4, 8, 16, 32, LONGEST_PAUSE]


def test_patience_ends_after_half_an_hour_without_an_answer(clock):
    outage = Outage(Store().check)
    outage.begins()
    clock[0] = PATIENCE
    outage.refuse_to_wait_on()
    clock[0] += 1
    with pytest.raises(NotFinished, match="for 30 minutes: checkpoints are kept, run the same command again"):
        outage.refuse_to_wait_on()
