"""What must be set before the libraries that compute are loaded; nothing here loads them."""

from __future__ import annotations

import os

_SETTINGS = {
    "_RJEM_MALLOC_CONF": "dirty_decay_ms:60000,muzzy_decay_ms:60000,narenas:4",
    "OPENBLAS_NUM_THREADS": "1",
}


def keep_freed_memory() -> None:
    """Let the next group reuse the memory of the last; call before polars and numpy are first imported.

    By default freed pages go back to the system after half a second, and the system clears them again
    for the next group: 0.6 of 10 CPU seconds over a million spans. Four arenas in place of eight keep
    the peak below 1 GB. Threads of BLAS, which nothing here calls, spun for 1 %. Settings from
    outside win.
    """
    for name, value in _SETTINGS.items():
        os.environ.setdefault(name, value)
