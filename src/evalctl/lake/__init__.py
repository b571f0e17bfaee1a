"""The tables of a trace lake on disk: the only door to Delta."""
