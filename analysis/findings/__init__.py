"""What a study says: verdicts in, results with their sentences out."""
