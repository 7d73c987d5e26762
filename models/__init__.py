"""Generators and discriminators, one network at a time. Imports torch only."""
