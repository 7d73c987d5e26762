"""Every run with what its verdict rests on, and images of known quality in the same measures."""

from analysis.chapters.form import Chapter, Judged
from analysis.judging.criteria import LABELLED
from analysis.results.verdict_words import verdict_label
from analysis.tables.columns import PIXEL_GAUSSIAN, frame
from analysis.tables.formats import Table

HEADINGS = {
    "beats_gaussian_frechet": "beats Gaussian: Fréchet",
    "beats_gaussian_precision": "beats Gaussian: precision",
}
MANY = 20  # classes: a tenth of them is more than one
UNLABELLED_NAMES = {
    "half_classes": "real images, the half nearest to one",
    "one_class": "real images, the tenth nearest to one",
}
REFERENCE_NAMES = {
    "held_out": "held-out real images",
    "half_classes": "real images, half of the classes",
    "one_class": "real images, one class",
    "repeated": "ten real images, repeated",
    "pixel_gaussian": "pixel Gaussian",
    "grey": "constant grey",
    "noise": "uniform noise",
}


def every_run(judged: Judged) -> Chapter:
    """The record itself, as tables."""
    return Chapter(
        name="runs",
        title="Every run, and references",
        gist="Every judged run with its verdict and what it rests on; images of known quality in the same measures.",
        tables=(_references(judged), _runs(judged)),
    )


def _references(judged: Judged) -> Table:
    """What images of known quality score in the same measures."""
    names, classes = REFERENCE_NAMES, judged.data.classes or 0
    if classes < LABELLED:
        names = names | UNLABELLED_NAMES
    elif classes >= MANY:
        names = names | {"one_class": "real images, a tenth of the classes"}
    rows = [
        {
            "images": names.get(name, name),
            **{probe.removeprefix("eval_"): value for probe, value in of.items()},
        }
        for name, of in (judged.data.references or {}).items()
    ]
    return Table(
        name="references",
        caption="What images of known quality score in the same measures, in the same feature space."
        " No single measure suffices: a Gaussian in pixel space has a small Fréchet distance, and little precision.",
        frame=frame(rows),
    )


def _runs(judged: Judged) -> Table:
    """Every judged run with its verdict and the evidence for it."""
    shown = [
        *("run_id", "arm", "seed", *judged.data.factors),
        *("verdict", "extent", "degraded", "learned_step", "onset_step", "evidence"),
        *("final_frechet", "final_precision", "final_recall", "final_modes"),
        *("beats_gaussian_frechet", "beats_gaussian_precision", "train_seconds"),
    ]
    runs = judged.verdicts[shown].astype({"arm": str, "verdict": str})
    runs["verdict"] = runs["verdict"].map(verdict_label)
    return Table(
        name="runs",
        caption="Every judged run: its verdict, the step of its onset and what it rests on; and whether its last probe"
        f" beats the pixel Gaussian. {PIXEL_GAUSSIAN}",
        frame=runs.rename(columns=lambda name: HEADINGS.get(name, str(name).replace("_", " "))),
    )
