"""Runs as tasks of a Ray cluster. Imported only where that is asked for."""
