"""What controls make of the primary difference: estimates, with their number of pairs, and never more than is known."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.analysis.synthetic import Behaviour, recorded, results_of, small_study

ARMS = {
    "mlp": {"architecture": "mlp", "normalization": "none"},
    "mlp-bn": {"architecture": "mlp", "normalization": "batch"},
    "mlp-he": {"architecture": "mlp", "normalization": "none", "init": "he"},
    "dcgan": {"architecture": "dcgan", "normalization": "batch", "width_g": 8, "width_d": 8},
}
FAIL: list[Behaviour] = ["unlearned"] * 8
GOOD: list[Behaviour] = ["stable"] * 8


def asked(first: str, second: str, outcome: str = "not_stable", **more: Any) -> dict[str, Any]:
    return {"name": f"{first} against {second}", "outcome": outcome, "first": first, "second": second, **more}


def controls_of(
    folder: Path, behaviours: Mapping[str, Sequence[Behaviour]], *more: Mapping[str, Any], alpha: float = 0.05
) -> tuple[str, ...]:
    plan = {
        "alpha": alpha,
        "primary": asked("mlp", "dcgan"),
        "co_primary": asked("mlp", "dcgan", "updates_to_bar"),
        "secondaries": [asked("mlp", "mlp-bn"), asked("mlp", "mlp-he"), *more],
    }
    data = recorded(folder, small_study(arms=ARMS, plan=plan), behaviours)
    return results_of(data).controls


def test_control_without_runs_is_not_known_and_keeps_the_summary_from_being_said(tmp_path: Path) -> None:
    found = controls_of(tmp_path, {"mlp": FAIL, "dcgan": GOOD, "mlp-he": FAIL})
    assert found == (
        "Changing only the normalization, none to batch (mlp against mlp-bn): not known, as none of 8 planned pairs is"
        " complete and matched.",
        "Changing only the init, dcgan to he (mlp against mlp-he): Δ = 0 [−0.324, +0.324], Holm p = 1, 8 of 8 planned"
        " pairs: as an estimate nothing of the difference between mlp and dcgan.",
    )


def test_controls_that_all_take_away_nothing_are_summed_up_as_an_estimate(tmp_path: Path) -> None:
    found = controls_of(tmp_path, {"mlp": FAIL, "dcgan": GOOD, "mlp-he": FAIL, "mlp-bn": FAIL})
    assert found[-1] == (
        "As an estimate, no control that keeps the architecture of mlp takes away any of the difference."
    )


def test_control_of_two_pairs_says_how_many_and_is_not_called_as_good(tmp_path: Path) -> None:
    text = " ".join(controls_of(tmp_path, {"mlp": FAIL, "dcgan": GOOD, "mlp-bn": GOOD[:2]}))
    assert (
        "mlp-bn makes the whole difference as an estimate, over 2 of 8 planned pairs; no margin is registered" in text
    )
    assert "as well as" not in text


def test_control_that_is_worse_than_both_arms_is_not_called_as_good_as_one(tmp_path: Path) -> None:
    behaviours = {"mlp": GOOD, "dcgan": [*FAIL[:7], *GOOD[:1]], "mlp-bn": FAIL}
    text = " ".join(controls_of(tmp_path, behaviours))
    assert "mlp-bn makes the whole difference as an estimate, over 8 of 8 planned pairs" in text
    assert "as well as" not in text


def test_registered_margin_says_whether_the_control_was_shown_to_equal_the_second_arm(tmp_path: Path) -> None:
    wide, narrow = (asked("mlp-bn", "dcgan", margin=margin) for margin in (0.3, 0.2))
    behaviours = {"mlp": FAIL, "dcgan": GOOD, "mlp-bn": GOOD, "mlp-he": FAIL}
    shown = controls_of(tmp_path / "wide", behaviours, wide)
    assert shown[-1].endswith("; it was shown to differ from dcgan by less than the registered margin of 0.3.")
    not_shown = controls_of(tmp_path / "narrow", behaviours, narrow)
    assert not_shown[-1].endswith("; it was not shown to differ from dcgan by less than the registered margin of 0.2.")


def test_primary_difference_at_alpha_itself_is_summed_up(tmp_path: Path) -> None:
    behaviours = {"mlp": FAIL[:5], "dcgan": GOOD[:5], "mlp-bn": GOOD[:5], "mlp-he": FAIL[:5]}
    at_alpha = controls_of(tmp_path / "at", behaviours, alpha=1 / 16)  # p of five pairs one way
    assert "makes the whole difference" in at_alpha[-1]
    above = controls_of(tmp_path / "above", behaviours, alpha=0.0624)
    assert "makes the whole difference" not in " ".join(above)


def test_without_a_primary_difference_no_share_is_named(tmp_path: Path) -> None:
    found = controls_of(tmp_path, {"mlp": GOOD, "dcgan": GOOD, "mlp-bn": GOOD, "mlp-he": GOOD})
    assert len(found) == 2
    assert all(text.endswith("8 of 8 planned pairs.") for text in found)
