from collections import Counter

import pytest

from benchmarks.curves import ROUNDS, Curve, measured


@pytest.mark.parametrize("exponent", [-1, 0, 1, 2])
def test_the_exponent_of_a_curve_is_that_of_the_cost(exponent: int) -> None:
    curve = measured("work", (2, 4, 8), lambda value: 3.0 * value**exponent, "s")
    assert curve.at == (2, 4, 8)
    assert curve.seconds == tuple(3.0 * value**exponent for value in curve.at)
    assert curve.exponent == pytest.approx(exponent, abs=1e-9)


def test_a_point_is_the_median_over_rounds_in_each_of_which_every_point_is_measured() -> None:
    asked: list[int] = []

    def cost(value: int) -> float:
        asked.append(value)
        return value * (100.0 if asked.count(value) == 1 else 1.0)  # the first round is slow

    assert measured("work", (1, 2), cost, "s").seconds == (1, 2)
    assert asked == [1, 2] * ROUNDS
    assert Counter(asked) == {1: ROUNDS, 2: ROUNDS}


def test_a_single_point_has_no_exponent() -> None:
    assert "exponent unknown" in str(measured("work", (1,), lambda _: 2.0, "s"))


def test_a_curve_is_said_in_one_line() -> None:
    curve = Curve(name="steps", at=(10, 20), seconds=(1.0, 2.0), unit="CPU s", exponent=1.0, demand="0.9 to 1.1")
    assert str(curve) == "steps: 10: 1, 20: 2 CPU s; exponent 1.00  (asked for: 0.9 to 1.1)"
