"""What claims to work on a GPU. Needs one, and is counted as skipped elsewhere."""

from dataclasses import replace

import pytest
import torch

from experiments.captured import CapturedStep, way_of
from experiments.datasets.images import to_unit_range
from experiments.feature_space import on_device
from experiments.filters import FilterFeatures
from experiments.recording import record
from experiments.representation import extracted
from experiments.representation.extracted import features_of_blocks
from experiments.representation.labelled import labelled_images, resolved
from experiments.representation.references import autoencoder, supervised, untrained_discriminator
from experiments.steps import alternating_step
from experiments.streams import MinibatchOrder
from runs.representation import RepresentationConfig
from runs.schema import STEP_TRACES
from runs.store import open_store
from tests.experiments.equality import fingerprint
from tests.experiments.tiny import ARMS, FromDisk

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no NVIDIA GPU: training on CUDA is not tested here"),
]

CUDA = torch.device("cuda")


def on_gpu(config):
    return replace(config, device="cuda")


@pytest.mark.parametrize("arm", ARMS)
def test_the_first_steps_on_a_gpu_equal_the_cpus_within_rounding(training, arm):
    config = ARMS[arm]
    traces = []
    for one in (training(config), training(on_gpu(config))):
        one.train(4)
        traces.append(one.recorder.state()["series"])
    for name in STEP_TRACES:
        cpu, gpu = (kept[name]["values"] for kept in traces)
        assert torch.allclose(cpu, gpu, rtol=5e-3, atol=1e-4), name


def test_a_captured_step_equals_the_one_as_written_within_rounding(training, tiny):
    rows = []
    for make_step in (alternating_step, CapturedStep):
        one = training(on_gpu(tiny), make_step)
        one.train(4)
        rows.append(torch.stack([one.recorder.state()["series"][name]["values"] for name in STEP_TRACES]))
    assert way_of(one.take_step) == "captured"
    assert torch.allclose(*rows, rtol=5e-3, atol=1e-4)


def test_nothing_waits_for_the_gpu_between_two_fetches_of_traces(training, tiny):
    one = training(on_gpu(replace(tiny, steps=30, eval_every=30)), CapturedStep)
    one.train(1)
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(10):
            one.recorder.write(one.take_step(*one.minibatches()))
    finally:
        torch.cuda.set_sync_debug_mode("default")


def test_both_devices_draw_the_same_data_and_noise(training, tiny):
    digests = []
    for one in (training(tiny), training(on_gpu(tiny))):
        one.train(4)
        digests.append(one.digests())
    assert digests[0] == digests[1]


def test_the_same_seed_gives_the_same_bits_on_the_same_gpu(training, tiny):
    prints = []
    for _ in range(2):
        one = training(on_gpu(tiny))
        one.run(lambda: None)
        prints.append(fingerprint(one))
    assert prints[0] == prints[1]


def test_a_run_on_a_gpu_is_recorded_completely_and_names_it(request_for, tiny):
    request = request_for(on_gpu(tiny))
    record(request)
    (found,) = open_store(request.url).find({"config.device": "cuda"})
    assert found.info["device"] == torch.cuda.get_device_name()


def test_a_feature_space_on_a_gpu_equals_the_cpus_within_rounding_and_leaves_it_there(images):
    data, extractor = images
    unlabelled = FilterFeatures(data.train)
    for one in (extractor, unlabelled):
        seen = data.held_out.take(torch.arange(300))
        before = one(seen)[0]
        moved = on_device(one, CUDA)(seen)[0]
        assert moved.device.type == "cpu"
        assert torch.allclose(before, moved, atol=1e-3)
        assert torch.equal(before, one(seen)[0])


def test_minibatches_that_are_read_ahead_reach_the_gpu_as_those_that_lie_there(images):
    data = images[0]
    device_feed, ahead = (one.feed(CUDA, torch.channels_last) for one in (data.train, FromDisk(data.train)))
    orders = [MinibatchOrder(seed=0, images=100, batch_size=10, device=one.device) for one in (device_feed, ahead)]
    for _ in range(25):
        on_device_at_once, read = (
            feed(order.next(), order.following()) for feed, order in zip((device_feed, ahead), orders, strict=True)
        )
        assert read.device.type == "cuda"
        assert torch.equal(on_device_at_once, read)


def test_features_computed_on_a_gpu_equal_the_cpus_within_rounding_and_come_back(local, tiny, monkeypatch):
    images = labelled_images(resolved(RepresentationConfig(train_images=150), local), local)
    on_a_gpu = features_of_blocks(untrained_discriminator(tiny), images, 64)
    monkeypatch.setattr(extracted, "resolve_device", lambda device: "cpu")
    on_the_cpu = features_of_blocks(untrained_discriminator(tiny), images, 64)
    assert on_a_gpu.test.device.type == "cpu"
    assert torch.allclose(on_a_gpu.test, on_the_cpu.test, rtol=1e-3, atol=1e-4)


def test_the_networks_that_features_are_set_beside_train_on_a_gpu_and_come_back(images, tiny):
    few, labels = to_unit_range(images[0].train.take(torch.arange(100))), images[0].train.labels[:100]
    short = replace(tiny, steps=3)
    for network in (autoencoder(short, images[0].train), supervised(short, few, labels)):
        assert all(one.device.type == "cpu" and one.isfinite().all() for one in network.state_dict().values())
