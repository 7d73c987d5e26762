"""What a report states, as data: the content of ``results.json``."""
