"""The record: what a study is, what a run is, where runs are kept. Never imports torch."""
