"""What torchvision knows of data sets and pictures. Its import takes seconds, which only who needs it waits for."""

from types import ModuleType


def datasets() -> ModuleType:
    """``torchvision.datasets``."""
    from torchvision import datasets

    return datasets


def transforms() -> ModuleType:
    """``torchvision.transforms.v2.functional``."""
    from torchvision.transforms.v2 import functional

    return functional
