"""Copying records from one store to another."""
