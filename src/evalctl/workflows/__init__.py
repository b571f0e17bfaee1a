"""One file a command: takes a Lake, returns plain values, draws nothing."""
