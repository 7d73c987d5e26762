"""Results in, tables out: CSV, Markdown, LaTeX."""
