"""Judges records. Imports runs only; never torch, never trains."""
