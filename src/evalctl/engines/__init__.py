"""Where groups of work run."""
