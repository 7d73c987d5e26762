import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.results.wording import drawn_text, p_number, p_text
from analysis.statistics import contrast_effects, sign_flip_test, significant


@pytest.mark.parametrize(
    ("p", "alpha", "text"),
    [
        (0.0496, 0.05, "p = 0.0496"),
        (0.0504, 0.05, "p = 0.0504"),
        (0.05, 0.05, "p = 0.05"),
        (0.05, 1 - 0.95, "p = 0.05"),
        (0.0499996, 0.05, "p = 0.0499996"),
        (0.0078125, 0.05, "p = 0.0078"),
        (0.0078125, 0.0078, "p = 0.00781"),
        (0.0099, 0.01, "p = 0.0099"),
        (0.00996, 0.01, "p = 0.00996"),
        (0.00996, 0.05, "p = 0.01"),
        (0.0625, 1 / 16, "p = 0.0625"),
        (1.0, 0.05, "p = 1"),
        (3e-5, 0.05, "p < 0.0001"),
        (3e-5, 2e-5, "p = 3e-05"),
        (1e-5, 2e-5, "p < 2e-05"),
        (None, 0.05, "p not computable"),
    ],
)
def test_p_has_the_digits_that_tell_it_from_alpha(p, alpha, text):
    assert p_text(p, alpha) == text


@given(st.floats(1e-4, 1), st.floats(1e-3, 0.5))
def test_printed_p_is_significant_just_where_p_is(p, alpha):
    assert significant(float(p_number(p, alpha)), alpha) == significant(p, alpha)


def test_test_of_drawn_signs_says_how_many_were_drawn():
    few, many = [1.0] * 13, [1.0] * 14
    assert drawn_text(sign_flip_test(few)) == ""
    assert drawn_text(sign_flip_test(many)) == " (9,999 draws)"
    assert drawn_text(contrast_effects([[1.0, 0.0]] * 14, {"x": [1, -1]})) == " (9,999 draws)"
    assert drawn_text(None) == ""
