"""Pictures: frames and results in, figures out."""
