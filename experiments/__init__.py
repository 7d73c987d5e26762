"""Trains matched pairs and records them. Imports models and runs."""
