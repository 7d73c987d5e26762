"""What sacred wrote of each run, word for word, for commands that copy, mend or delete records."""
