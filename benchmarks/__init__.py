"""What the project's speed claims rest on: ratios measured within one run, on the machine at hand."""
