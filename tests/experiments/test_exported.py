"""What runs.export wrote is loaded and used by a few lines outside of the project's own programs."""

import re
import subprocess
import sys

import numpy as np
import torch

from experiments.datasets.images import to_unit_range
from runs.export import main
from runs.schema import DISCRIMINATOR, GENERATOR
from tests.experiments.sweeping import run_here, store
from tests.project import ROOT

USE = """
import sys
sys.path.insert(0, sys.argv[1])
from load import config, discriminator, generator
import numpy, torch
print(config.arm, config.seed)
numpy.save(sys.argv[2], generator(torch.zeros(4, config.latent_dim)).detach().numpy())
"""


def test_the_loader_gives_the_networks_that_were_trained(swept, tmp_path):
    run = store(swept).find({"config.arm": "dcgan"})[0]
    out = tmp_path / "exported"
    assert run_here(swept, main, str(run.id), str(out)).returncode == 0
    done = subprocess.run(
        [sys.executable, "-c", USE, str(out), str(tmp_path / "images.npy")], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"dcgan {run.config['seed']}\n"
    assert np.isfinite(np.load(tmp_path / "images.npy")).all()
    for name in (GENERATOR, DISCRIMINATOR):
        assert (out / name).read_bytes() == store(swept).artifact(run, name)


def test_the_readmes_lines_make_a_feature_extractor_of_an_exported_discriminator(swept, images, tmp_path, monkeypatch):
    run = store(swept).find({"config.arm": "dcgan"})[0]
    assert run_here(swept, main, str(run.id), str(tmp_path / "exported")).returncode == 0
    monkeypatch.syspath_prepend(str(tmp_path / "exported"))
    real = to_unit_range(images[0].train.take(torch.arange(128)))
    names = {"training_images": real, "images": real[:10]}
    (example,) = re.findall(r"```python\n(from load .*?)```", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    exec(example, names)
    sys.modules.pop("load")
    assert names["features"].shape == (10, sum(one.shape[1] for one in names["of_each_block"].values()))
    assert list(names["of_each_block"]) == ["8x8_down", "4x4_down"]
    assert bool(names["features"].isfinite().all()) and float(names["features"].std(0).max()) > 0
