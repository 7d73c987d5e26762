"""Chosen runs beside each other in one page: ``python -m analysis.compare``."""
