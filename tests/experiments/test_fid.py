"""FID and KID of recorded runs, measured in a space of a few pixels in place of Inception's."""

import csv
import math

import pytest
import torch
from safetensors.torch import load_file, save_file

from experiments import fid
from experiments.measures import describe_real, frechet_distance
from experiments.scores import HELD_OUT
from runs.errors import report_user_errors
from runs.generations import latest_runs
from runs.schema import GENERATOR
from runs.study import load_study
from tests.experiments.sweeping import as_before_files_were_described, edited, run_here, store


class Pixels:
    """A few pixels of each image; counts how many images it was given."""

    seen = 0

    def __init__(self, weights):
        assert weights == "the weights"

    def move(self, device):
        assert device.type in ("cpu", "cuda")

    def __call__(self, images):
        type(self).seen += len(images)
        return images[:, 0, 4:12:3, 4:12:3].flatten(1).float() / 255


@pytest.fixture(autouse=True)
def no_inception(monkeypatch):
    monkeypatch.setattr(fid, "InceptionNetwork", Pixels)
    monkeypatch.setattr(fid, "weights_file", lambda: "the weights")
    monkeypatch.setattr(fid, "_AT_ONCE", 250)
    monkeypatch.setattr(Pixels, "seen", 0)


def scored(project, *arguments):
    table = project / "scores"
    done = run_here(
        project, lambda given: report_user_errors(lambda: fid.main(given)), "smoke", "--out", str(table), *arguments
    )
    rows = (
        list(csv.DictReader((table / "smoke.csv").read_text().splitlines())) if (table / "smoke.csv").is_file() else []
    )
    return done, rows


def test_each_run_and_held_out_images_get_a_row_and_real_images_score_best(swept):
    done, rows = scored(swept, "--samples", "300")
    assert done.returncode == 0, done.stderr
    *runs, real = rows
    assert real["arm"] == HELD_OUT and real["run"] == ""
    assert len({(row["arm"], row["point"], row["seed"]) for row in runs}) == len(runs) > 0
    assert {row["samples"] for row in runs} == {"300"} and {row["real_images"] for row in rows} == {"1437"}
    assert all(float(real["fid"]) < float(row["fid"]) and float(real["kid"]) < float(row["kid"]) for row in runs)
    assert f"{HELD_OUT} digits: FID" in done.stdout


def test_the_fid_of_held_out_images_is_the_closed_form_of_the_two_gaussians(swept, images):
    rows = scored(swept, "--samples", "300")[1]
    space = Pixels("the weights")
    train, held_out = (next(part.chunks(2000)) for part in (images[0].train, images[0].held_out))
    assert float(rows[-1]["fid"]) == pytest.approx(
        frechet_distance(space(held_out), describe_real(space(train))), rel=1e-3
    )


def test_what_is_scored_is_not_scored_again_until_more_samples_are_asked_for(swept):
    first = scored(swept, "--samples", "300")[1]
    seen = Pixels.seen
    assert scored(swept, "--samples", "300")[1] == first
    assert Pixels.seen == seen
    more = scored(swept, "--samples", "400")[1]
    assert Pixels.seen > seen
    assert more[: len(first)] == first, "what was scored before stays in the table"
    assert [row["samples"] for row in more[len(first) :]] == ["400"] * 4
    fewer = scored(swept, "--samples", "300", "--seeds", "1")
    assert fewer[1] == more and "median of 1 of 1, 300 images" in fewer[0].stdout


def test_a_run_of_another_store_with_the_same_number_is_not_taken_for_it(swept):
    first = scored(swept, "--samples", "300")[1]
    run = store(swept).find({"config.arm": "dcgan"})[0]
    as_before_files_were_described(swept, run.id)
    path = swept / "runs" / "_local" / "records" / str(run.id) / GENERATOR
    save_file({name: one * 1.5 if one.is_floating_point() else one for name, one in load_file(path).items()}, path)
    rows = [row for row in scored(swept, "--samples", "300")[1] if row["run"] == str(run.id)]
    assert len(rows) == 2 and len({row["fid"] for row in rows}) == 2
    assert rows[0] in first


@pytest.mark.parametrize("samples", [251, 249])
def test_as_many_samples_are_scored_as_are_asked_for_however_many_pass_at_once(swept, samples):
    seen = len(next(iter(scored(swept, "--samples", str(samples))[1])))
    assert seen and Pixels.seen == 4 * samples + 1437 + 360


def test_a_factor_of_the_grid_may_be_a_word(swept, tmp_path):
    path = edited(tmp_path, "words", ("arms:", "grid:\n  init_g: [dcgan]\n\narms:"))
    study, records = load_study(path), store(swept)
    runs = fid._readable(latest_runs(study, records), study, records)
    assert [run.point for run in runs] == ["init_g=dcgan"] * 4


def spoil(record):
    """Give a recorded generator weights that are not finite."""
    path = record / GENERATOR
    weights = {
        name: torch.full_like(tensor, math.nan) if tensor.is_floating_point() else tensor
        for name, tensor in load_file(path).items()
    }
    save_file(weights, path)


def test_runs_whose_samples_are_not_finite_have_no_score_and_are_left_out_of_the_median(swept):
    arms = {run.config["arm"]: [] for run in store(swept).find()}
    for run in store(swept).find():
        arms[run.config["arm"]].append(str(run.id))
    broken = [*arms["mlp"], arms["dcgan"][0]]
    for run in broken:
        as_before_files_were_described(swept, run)
        spoil(swept / "runs" / "_local" / "records" / run)
    done, rows = scored(swept, "--samples", "300")
    assert sorted(row["run"] for row in rows if row["fid"] == "nan" and row["kid"] == "nan") == sorted(broken)
    (finite,) = (float(row["fid"]) for row in rows if row["run"] == arms["dcgan"][1])
    assert "mlp: no finite samples, median of 0 of 2" in done.stdout
    assert f"dcgan: FID {finite:.1f}, KID" in done.stdout and "median of 1 of 2" in done.stdout


@pytest.mark.parametrize("samples", [1, 20_001])
def test_samples_out_of_range_are_refused(swept, samples):
    done, _ = scored(swept, "--samples", str(samples))
    assert done.returncode == 2 and f"samples={samples}: expected 2 to 20000" in done.stderr


def test_a_table_that_is_none_is_named_and_left_as_it_is(swept):
    (swept / "scores").mkdir()
    (swept / "scores" / "smoke.csv").write_text("run,arm\n1,dcgan\n")
    done, _ = scored(swept)
    assert done.returncode == 2 and "smoke.csv is not what this command writes" in done.stderr
    assert (swept / "scores" / "smoke.csv").read_text() == "run,arm\n1,dcgan\n"


def test_a_study_without_records_is_refused(project):
    done, _ = scored(project)
    assert done.returncode == 2 and "study smoke: no run has a complete record" in done.stderr


def test_a_run_whose_weights_have_changed_is_named_and_the_others_are_scored(swept):
    first, *others = store(swept).find()
    (weights,) = (swept / "runs" / "_local" / "records" / str(first.id)).glob(f"*{GENERATOR}*")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    done, rows = scored(swept, "--samples", "300")
    assert done.returncode == 1 and f"NOT SCORED run {first.id}" in done.stderr
    assert {row["run"] for row in rows} == {"", *(str(one.id) for one in others)}
