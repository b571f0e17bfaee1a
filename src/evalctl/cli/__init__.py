"""Typer commands, tables and progress: the only place with typer and rich."""
