"""Rubric files: loading, conditions, checks, versions, examples."""
