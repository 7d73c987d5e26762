"""The chapters of a report, in their order."""

from collections.abc import Callable

from analysis.chapters.form import Chapter, Judged
from analysis.chapters.oscillation import oscillation
from analysis.chapters.precision import precision
from analysis.chapters.quality import quality
from analysis.chapters.times import times

CHAPTERS: tuple[Callable[[Judged], Chapter], ...] = (times, quality, oscillation, precision)
