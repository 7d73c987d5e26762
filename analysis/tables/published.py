"""Published accuracies of features, to stand beside a study's own: those that the DCGAN paper reports."""

import pandas as pd

from analysis.tables.formats import Table

_SOURCE = "Radford, Metz, Chintala 2016"
_COLUMNS = ("features", "dimensions", "labels a class", "accuracy")
_OF_DCGAN = "discriminator of a DCGAN, L2 linear SVM"

# by data set tested on: rows of _COLUMNS
_ACCURACIES: dict[str, list[tuple[str, int | None, int, float]]] = {
    "cifar10": [
        (_OF_DCGAN, 28_672, 5_000, 0.828),
        ("K-means of one layer", None, 5_000, 0.806),
        ("K-means of three layers, learned receptive fields", None, 5_000, 0.820),
        ("view-invariant K-means", None, 5_000, 0.819),
        ("Exemplar CNN", None, 5_000, 0.843),
    ],
    "svhn": [
        (_OF_DCGAN, 7_168, 100, 1 - 0.2248),
        ("the same, the authors' released code and weights", 7_168, 100, 1 - 0.2218),
    ],
}
_SETTINGS = {
    "cifar10": (
        "section 5.1: a discriminator of 3 × 3 convolutions with 128 to 512 channels, trained on ImageNet-1k and not on"
        " CIFAR-10; the classifier was trained on all 50,000 labelled images"
    ),
    "svhn": (
        "section 5.2: a discriminator of 5 × 5 convolutions with 64 to 256 channels, trained on SVHN without labels;"
        " 1,000 labels drawn 100 times, C chosen on 10,000 validation images (error rates .2248 and .2218 ± .0113)"
    ),
}


def published_features(dataset: str, labels: int) -> Table | None:
    """What is published of features tested on that data set; None if nothing is known of it here.

    labels: so many a class had the classifiers beside which the table stands, at most.
    """
    if dataset not in _ACCURACIES:
        return None
    return Table(
        name=f"published_{dataset}",
        caption=f"PUBLISHED, not measured here: accuracies on test images of {dataset} ({_SOURCE},"
        f" {_SETTINGS[dataset]})."
        " Settings differ: here discriminators are those of this study, with its widths, images and updates, the"
        f" classifiers had at most {labels:,} labels a class, and the features without a GAN are smaller ones. The two"
        " tables say how far a study is from these numbers, not which method is better.",
        frame=pd.DataFrame(_ACCURACIES[dataset], columns=list(_COLUMNS)).astype({"dimensions": "Int64"}),
    )
