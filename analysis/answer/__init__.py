"""The answer of a study in words: in one spoken sentence, in full, and in three numbers."""
