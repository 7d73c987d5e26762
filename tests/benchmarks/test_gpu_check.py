import sys
from subprocess import run

import pytest
import torch

from benchmarks import gpu
from tests.project import ROOT


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU: make gpu-check runs")
def test_without_a_gpu_one_line_says_so_and_nothing_is_run():
    done = run([sys.executable, "-m", "benchmarks.gpu"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "error: device=cuda: no CUDA device is available here; use device=auto or device=cpu\n"


def test_both_arms_have_the_size_that_is_said_and_the_mlp_is_matched():
    dcgan, mlp = (gpu._ARMS[arm] for arm in ("dcgan", "mlp"))
    assert (
        (dcgan.image_size, dcgan.width_d, dcgan.batch_size)
        == (32, 64, 64)
        == (mlp.image_size, dcgan.width_g, mlp.batch_size)
    )
    assert mlp.width_g is not None and mlp.device == "cuda"


@pytest.mark.parametrize("holds, word", [(True, "proven: "), (False, "NOT PROVEN: ")])
def test_a_claim_says_whether_it_was_proven_and_what_was_seen(holds, word):
    assert str(gpu.Claim(claim="it is so", holds=holds, seen="3 passed")) == f"{word}it is so (3 passed)"
