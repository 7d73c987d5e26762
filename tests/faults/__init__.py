"""A campaign of faults against real sweeps: longer than a test may be, seeded and bounded."""
