"""``celeba``: 202,599 faces of 178×218 pixels, aligned and cropped; its own lists say which are held out.

Its attributes are no classes (a face has many of them), so it counts as unlabelled.
"""

from pathlib import Path

from experiments.datasets.image_folder import Files
from experiments.datasets.prepared import Originals, PreparedDataSet
from experiments.datasets.protocol import Preparation, Source
from experiments.datasets.torchvisions import datasets
from runs.errors import UserError

FOLDER, IMAGES, PARTS = "celeba", "img_align_celeba", "list_eval_partition.txt"
_TRAINING, _TEST = "0", "2"  # "1" is for choosing hyperparameters, and left alone


class CelebA(PreparedDataSet):
    """Files as torchvision lays them out: ``celeba/img_align_celeba/*.jpg`` and ``celeba/list_eval_partition.txt``."""

    def absent_originals(self, source: Source, root: Path) -> str | None:
        """See :class:`PreparedDataSet`."""
        missing = [name for name in (IMAGES, PARTS) if not (root / FOLDER / name).exists()]
        if not missing:
            return None
        return (
            f"{' and '.join(missing)} not found in {root / FOLDER}; put the folder of images and the list there,"
            " or fetch them: make data DATASET=celeba"
        )

    def count(self, source: Source, root: Path) -> int:
        """See :class:`PreparedDataSet`."""
        return len(_paths(root, _TRAINING))

    def fetch(self, root: Path) -> None:
        """Download what is missing into ``root``."""
        datasets().CelebA(root, download=True)

    def original(self, source: Source, preparation: Preparation) -> Originals:
        """See :class:`PreparedDataSet`."""
        return Files(_paths(preparation.root, _TRAINING), _paths(preparation.root, _TEST))


def _paths(root: Path, part: str) -> list[Path]:
    """Images of that part, in the order of the list. Raises UserError if the list is no list of parts."""
    path = root / FOLDER / PARTS
    rows = [line.split() for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    if not rows or any(len(row) != 2 for row in rows):
        raise UserError(f"{path} cannot be read: expected lines of an image's name and the number of its part")
    return [root / FOLDER / IMAGES / name for name, of in rows if of == part]
