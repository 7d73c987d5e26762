"""Where studies stand: which of their runs are complete, running, or in want of something."""
