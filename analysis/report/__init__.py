"""The report of a study: ``python -m analysis.report``."""
