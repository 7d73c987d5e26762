"""Small trainings on the real data, and one feature network for all tests of a session."""

import multiprocessing
import shutil

import pytest
import torch
from threadpoolctl import threadpool_limits

from experiments.datasets.protocol import Source
from experiments.networks import match_info, matched_config
from experiments.recording import RunRequest, real_images
from experiments.steps import alternating_step
from experiments.training import Training
from tests.experiments.sweeping import sweep_here
from tests.experiments.tiny import ARMS
from tests.project import copy_project


@pytest.fixture(scope="session")
def local(tmp_path_factory):
    """Where checkpoints and the feature network of this session are kept."""
    return tmp_path_factory.mktemp("local")


@pytest.fixture(autouse=True)
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    with threadpool_limits(1):
        yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def images(local):
    return real_images(Source(dataset="digits", image_size=16, channels=1), local)


@pytest.fixture(scope="session")
def training(images):
    """A function from a config, and another step if wanted, to its training."""
    return lambda config, make_step=alternating_step: Training(config, *images, make_step)


@pytest.fixture(params=ARMS)
def tiny(request):
    return ARMS[request.param]


@pytest.fixture
def request_for(local, tmp_path):
    """A function from a config to the request that records it into this test's own folder."""

    def request(config, **changes):
        config = matched_config(config, None)
        settings = {
            "config": config,
            "match": match_info(config, None),
            "url": str(tmp_path / "records"),
            "key": f"{tmp_path.name}-{config.arm}",
            "local": local,
            "checkpoint_seconds": 0.0,
        }
        return RunRequest(**{**settings, **changes})

    return request


@pytest.fixture(scope="module")
def processes():
    """Makes processes that share nothing with this one, out of one that has imported torch."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["experiments.recording"])
    return context


@pytest.fixture
def project(tmp_path, local, images):
    """A copy of the project that has no records, with this session's feature network."""
    copy_project(tmp_path)
    shutil.copytree(local / "features", tmp_path / "runs" / "_local" / "features")
    return tmp_path


@pytest.fixture(scope="session")
def trained(tmp_path_factory, local, images):
    """A copy of the project with the records of the smoke study, made in this process."""
    project = copy_project(tmp_path_factory.mktemp("trained"))
    shutil.copytree(local / "features", project / "runs" / "_local" / "features")
    assert sweep_here(project, "smoke").returncode == 0
    return project


@pytest.fixture
def swept(trained, tmp_path):
    """That copy for one test alone."""
    return shutil.copytree(trained, tmp_path, dirs_exist_ok=True)
