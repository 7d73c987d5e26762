from functools import cache
from pathlib import Path
from typing import Any

import pytest

from benchmarks import loop, measure, products
from experiments import features
from runs.addresses import LOCAL_VARIABLE


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where feature networks of hardly trained weights are kept: how good they are is not measured."""
    return tmp_path_factory.mktemp("local")


@pytest.fixture(autouse=True)
def one_round(monkeypatch: pytest.MonkeyPatch, local: Path) -> None:
    monkeypatch.setattr(measure, "ROUNDS", 1)
    monkeypatch.setattr(products, "_STEPS", {16: 1, 32: 1})
    monkeypatch.setattr(products, "example_config", cache(loop.example_config))
    monkeypatch.setattr(features, "EPOCHS_OF_FEW", 1)
    monkeypatch.setenv(LOCAL_VARIABLE, str(local))


def test_every_product_has_a_row_alone_and_all_have_one_together_at_both_sizes() -> None:
    names = [row.name for row in products.products()]
    for kind in products.PRODUCTS:
        assert f"16 px, plain / {kind.__name__} alone" in names
    assert {"16 px, plain / all products", "32 px, plain / all products"} <= set(names)


def test_no_step_does_more_arithmetic_than_the_processor_can() -> None:
    share = products._share_of_peak()
    assert (share.name, share.unit) == ("16 px, share of the sgemm peak", "GFLOP/s")
    assert 0 < share.median < 1.5  # one step is timed, on a machine that may be busy


def test_the_probe_before_measures_what_the_probe_does(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []
    plain = products.plain_feature_measures
    monkeypatch.setattr(products, "plain_feature_measures", lambda *of: seen.append(plain(*of)) or seen[-1])
    rows = products.probes()
    assert all(row.first > 0 and row.second > 0 for row in rows)
    training = products._training(16)
    values = training.prober.probe(training.generator.network)[0]
    assert seen[0] == {name: pytest.approx(values[name], rel=0.01, abs=0.01) for name in seen[0]}


def test_a_measured_training_is_the_default_study_on_one_thread() -> None:
    config = loop.example_config("dcgan")
    assert (config.device, config.image_size, config.batch_size) == ("cpu", 16, 64)
