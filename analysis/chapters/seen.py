"""What each arm's median run has learned, as pictures: what ``make representation`` has kept of its networks."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from analysis.chapters.form import Caption, Chapter, Judged, ReportFigure
from analysis.chapters.medians import MedianRun, median_runs, rule
from analysis.chapters.moves import moved, moves_table
from analysis.figures.seen import activation_sheet, arithmetic_sheet, filter_sheet, guided_sheet, interpolation_sheet
from analysis.judging.representations import records_that_count
from analysis.results.wording import listed
from analysis.tables.columns import frame, place_columns
from runs.representation import SEEN
from runs.seen import Along, ClassMoves, Seen, UnitPictures

TITLE = "What the networks have learned, in pictures"
_ILLUSTRATION = "One run an arm illustrates what its networks have learned; it is no evidence of a difference."
_NO_MAPS = "Maps of activations along training need its snapshots: make stability-sweep SNAPSHOT_EVERY=5 keeps them."
_STRETCHED = "Mid-grey is 0, and each picture is stretched to its own greatest magnitude."


def seen(judged: Judged) -> Chapter | None:
    """Pictures of each arm's median run; None where no discriminator was measured."""
    counting = records_that_count(judged.data, judged.store)
    measured = [record for record in counting if record.config["run"] is not None]
    if not measured:
        return None
    kept = {record.config["run"]: record for record in measured if SEEN in record.artifacts}
    runs = list(median_runs(judged))
    shown = [run for run in runs if run.run_id in kept]
    pictures = {run.arm: Seen.from_bytes(judged.store.artifact(kept[run.run_id], SEEN)) for run in shown}
    along = [arm for arm, one in pictures.items() if one.along is not None]
    return Chapter(
        name="seen",
        title=TITLE,
        gist="What excites the discriminators' units, their first layers, and ways through latent space."
        if shown
        else "No pictures are recorded of the runs that stand for the arms.",
        sentences=[
            *([f"Shown: {_told(shown)}."] if shown else []),
            *_not_shown(judged, [run for run in runs if run.run_id not in kept]),
            *([] if along or not shown else [_NO_MAPS]),
            *moved(judged, measured),
            _ILLUSTRATION,
        ],
        tables=list(moves_table(judged, measured)),
        figures=list(_figures(judged, shown, pictures)) if shown else (),
    )


def _not_shown(judged: Judged, runs: Sequence[MedianRun]) -> Iterator[str]:
    if runs:
        yield (
            f"Not shown: {_told(runs)}. A discriminator whose weights or"
            " features are not finite has no pictures; of those that were measured before pictures were kept"
            f" make representation STUDY={judged.data.study.name} makes them."
        )


def _told(runs: Sequence[MedianRun]) -> str:
    return "; ".join(f"{run.arm}, {run.label}" for run in runs)


def _figures(judged: Judged, runs: Sequence[MedianRun], pictures: Mapping[str, Seen]) -> Iterator[ReportFigure]:
    arms = listed(list(pictures))
    yield _guided(judged, runs, pictures, arms)
    yield _filters(judged, runs, pictures, arms)
    yield _interpolations(judged, runs, pictures, arms)
    moves = {arm: one.arithmetic for arm, one in pictures.items() if one.arithmetic is not None}
    if moves:
        yield _arithmetic(judged, [run for run in runs if run.arm in moves], moves)
    along = {arm: one.along for arm, one in pictures.items() if one.along is not None}
    if along:
        yield _activations(judged, [run for run in runs if run.arm in along], along)


def _guided(judged: Judged, runs: Sequence[MedianRun], pictures: Mapping[str, Seen], arms: str) -> ReportFigure:
    return ReportFigure(
        caption=Caption(
            name="guided_backpropagation",
            title="What excites units of the discriminators' last hidden block",
            sentences=[],
            text="A column a unit: real training images that excite it most, and below each the gradient of its"
            " activation in the image by guided backpropagation (Springenberg 2015; a LeakyReLU keeps its own"
            f" derivative). {_STRETCHED} Units are those whose mean activation on these images is greatest, of the"
            f" trained and of the untrained discriminator each its own. {rule(judged)}.",
            alt="Real images with the guided gradients of discriminators' units in them, trained beside untrained,"
            f" of {arms}.",
        ),
        data={"image": frame([row for run in runs for row in _unit_rows(run, pictures[run.arm])])},
        draw=partial(guided_sheet, pictures, styles=judged.styles),
    )


def _unit_rows(run: MedianRun, pictures: Seen) -> Iterator[dict[str, Any]]:
    for name, own in pictures.of.items():
        for unit, images, activations in zip(own.units, own.chosen, own.activations, strict=True):
            for image, activation in zip(images.tolist(), activations.tolist(), strict=True):
                about = {
                    "block": str(own.block),
                    "unit": int(unit),
                    "image looked through": image,
                    "activation": activation,
                }
                yield {**_about(run), "features": name, **about}


def _filters(judged: Judged, runs: Sequence[MedianRun], pictures: Mapping[str, Seen], arms: str) -> ReportFigure:
    return ReportFigure(
        caption=Caption(
            name="first_filters",
            title="First layers of the discriminators",
            sentences=[],
            text="Kernels of the first convolution; of an MLP the weights of units of its first layer, as images."
            f" Those with the greatest norms, in their order. {_STRETCHED} {rule(judged)}.",
            alt=f"Weights of discriminators' first layers as pictures, trained beside untrained, of {arms}.",
        ),
        data={"filter": frame([row for run in runs for row in _filter_rows(run, pictures[run.arm].of)])},
        draw=partial(filter_sheet, pictures, styles=judged.styles),
    )


def _filter_rows(run: MedianRun, of: Mapping[str, UnitPictures]) -> Iterator[dict[str, Any]]:
    for name, own in of.items():
        for rank, norm in enumerate(own.filter_norms.tolist(), start=1):
            yield {**_about(run), "features": name, "rank": rank, "norm": norm}


def _interpolations(judged: Judged, runs: Sequence[MedianRun], pictures: Mapping[str, Seen], arms: str) -> ReportFigure:
    rows = [
        {**_about(run), "first_z": 2 * row, "second_z": 2 * row + 1, "steps": pictures[run.arm].interpolations.shape[1]}
        for run in runs
        for row in range(len(pictures[run.arm].interpolations))
    ]
    return ReportFigure(
        caption=Caption(
            name="interpolations",
            title="Ways through latent space",
            sentences=[],
            text="A row leads from one of the run's first fixed z to the next, in equal steps: on a great circle where"
            " z is normal, on a straight line where it is uniform. BatchNorm has the statistics of a batch of the"
            f" fixed z. {rule(judged)}.",
            alt=f"Rows of generated images that change from one latent vector to another, of {arms}.",
        ),
        data={"row": frame(rows)},
        draw=partial(interpolation_sheet, pictures, styles=judged.styles),
    )


def _arithmetic(judged: Judged, runs: Sequence[MedianRun], moves: Mapping[str, ClassMoves]) -> ReportFigure:
    rows = [{**_about(run), "class": int(to)} for run in runs for to in moves[run.arm].classes]
    return ReportFigure(
        caption=Caption(
            name="class_arithmetic",
            title="Arithmetic of latent vectors: the mean z of a class minus that of another",
            sentences=[],
            text="A row a sample: as it is, then with the mean z of a class added and that of its own class taken away."
            f" Classes are those that a classifier of real images finds among the samples. {rule(judged)}.",
            alt=f"Rows of generated images, each moved in latent space towards each class, of {listed(list(moves))}.",
        ),
        data={"move": frame(rows)},
        draw=partial(arithmetic_sheet, moves, styles=judged.styles),
    )


def _activations(judged: Judged, runs: Sequence[MedianRun], along: Mapping[str, Along]) -> ReportFigure:
    return ReportFigure(
        caption=Caption(
            name="activation_maps",
            title="What one image and one z meet in the networks, along training",
            sentences=[],
            text="A column a snapshot. D: of one real image, the same for every arm, the mean magnitude of the block's"
            " channels at each place; an MLP's block is a stripe a unit, in no order that means anything. G: the same"
            " of the run's first fixed z, and what becomes of it. Each picture is stretched to its own greatest"
            f" magnitude, which the figure's data give; a white one is not finite. {rule(judged)}.",
            alt=f"Maps of activations in both networks after more and more updates, of {listed(list(along))}.",
        ),
        data={"map": frame([row for run in runs for row in _activation_rows(run, along[run.arm])])},
        draw=partial(activation_sheet, along, styles=judged.styles),
    )


def _activation_rows(run: MedianRun, along: Along) -> Iterator[dict[str, Any]]:
    for network, blocks in (("D", along.discriminator), ("G", along.generator)):
        for block, maps in blocks.items():
            for step, one in zip(along.steps.tolist(), maps, strict=True):
                sizes = {"mean magnitude": float(one.mean()), "greatest": float(one.max())}
                yield {**_about(run), "network": network, "block": block, "step": step, **sizes}


def _about(run: MedianRun) -> dict[str, Any]:
    return {"run": run.run_id, **place_columns(run.arm, run.point), "seed": run.seed}
