"""What is amiss with records and the files beside them, and what mends it."""
