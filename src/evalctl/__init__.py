"""evalctl: ask rubrics of every trace in a local trace lake."""

__version__ = "0.1.0"
