"""The engine of one machine: groups one after the other, each on all cores.

Polars uses every core inside a group, so groups at once would only cost memory. What is done with
the result of a group, such as writing it, can run beside the evaluation of the next.
"""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

Task = TypeVar("Task")
Result = TypeVar("Result")


def run(
    work: Callable[[Task], Result], tasks: Iterable[Task], *, ahead: int = 0
) -> Iterator[Result]:
    """Yield ``work(task)`` for each task, in order; up to ``ahead`` are begun before they are asked for."""
    if ahead == 0:
        yield from map(work, tasks)
        return
    with ThreadPoolExecutor(max_workers=1) as pool:
        waiting: deque[Future[Result]] = deque()
        for task in tasks:
            waiting.append(pool.submit(work, task))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
