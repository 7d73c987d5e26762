"""Records in, verdicts out."""
