"""What happens in a trace: who asks, which tools are called, what fails. Nothing about formats.

Trace ``n`` of a seed is the same whatever is made around it, so that files can be made in parallel
and a trace can be split over two of them.
"""

from __future__ import annotations

from random import Random

from corpus import words
from corpus.shapes import Call, Retrieval, Round, Service, Slot, Trace, World
from corpus.words import Piece

DAYS = 14
FIRST_DAY_NS = 1_777_593_600 * 10**9  # 2026-05-01T00:00:00Z
_USED_NS = (DAYS * 86_400 - 1_800) * 10**9
_TURN_NS = 90 * 10**9
_MS = 10**6

CONVENTIONS = ("openinference", *("genai",) * 4, *("openllmetry",) * 3)
"""OpenInference is the rarer here: it repeats each request whole, which doubles the bytes of a span."""

MODELS = ("gpt-4o-mini-2024-07-18", "gpt-4.1-2025-04-14", "claude-sonnet-4-5", "llama-3.3-70b")

TOOL_ERROR = 0.04
ERROR_TEXT = 0.01
SLOW_TOOL = 0.005
BAD_REFUND = 0.03
LOOP = 0.03
TRUNCATED = 0.015
EMPTY = 0.01
REFUSED = 0.01
RETRIEVER = 0.2

STATES = ("packed", "in transit", "delivered", "returned", "lost", "on hold")
ERRORS = ("TimeoutError", "LookupError", "ConnectionError", "PermissionError")


def slots(seed: int, spans: int) -> list[Slot]:
    """Cut ``spans`` into traces of 8 to 15 spans, and traces into sessions of 1 to 5 turns."""
    rng, made, left, session, turn = Random(f"{seed}/slots"), list[Slot](), spans, 0, 0
    turns = 1
    while left > 0:
        size = rng.randint(8, 15)
        size = left if left - size < 8 else size
        if turn == turns:
            session, turn, turns = session + 1, 0, rng.choice((1, 1, 1, 2, 2, 3, 5))
        made.append(Slot(number=len(made), spans=size, session=session, turn=turn))
        left, turn = left - size, turn + 1
    return made


def world(seed: int, spans: int) -> World:
    """Build what the traces of a seed share; the same for the same arguments."""
    pool, rng = words.sentences(seed), Random(f"{seed}/services")
    names = (
        ("support-api", "support", ("get_order", "search_orders", "issue_refund", "get_customer")),
        ("travel-bot", "travel", ("search_flights", "book_seat", "get_weather", "get_order")),
        (
            "shop-assistant",
            "sales",
            ("search_products", "check_stock", "apply_voucher", "get_order"),
        ),
        ("billing-worker", "billing", ("get_invoice", "issue_refund", "get_customer", "get_order")),
    )
    services = tuple(
        Service(
            name=name,
            version=f"1.{rng.randrange(9)}.{rng.randrange(9)}",
            agent=agent,
            tools=tools,
            system=words.compose(
                rng, pool, 9, f"You are the {agent} assistant. Use only the tools you have."
            ),
        )
        for name, agent, tools in names
    )
    return World(seed=seed, pool=pool, services=services, slots=slots(seed, spans))


def make(world: World, number: int) -> Trace:
    """Make trace ``number``."""
    slot, rng = world.slots[number], Random(f"{world.seed}/{number}")
    talk = _session_texts(world, slot)
    service = world.services[rng.randrange(len(world.services))]
    convention = CONVENTIONS[number % len(CONVENTIONS)]
    answer, finish = _answer(rng, talk[-1][1])
    share = slot.session / (world.slots[-1].session + 1)
    start = FIRST_DAY_NS + int(share * _USED_NS) + slot.turn * _TURN_NS + rng.randrange(2000) * _MS
    trace = Trace(
        number=number,
        trace_id=f"{rng.getrandbits(128):032x}",
        root_id=f"{rng.getrandbits(64):016x}",
        convention=convention,
        service=service,
        model=MODELS[rng.randrange(len(MODELS))],
        session_id=f"sess-{world.seed}-{slot.session:07d}",
        user_id=f"user-{slot.session % 9973:05d}",
        earlier=talk[:-1],
        question=talk[-1][0],
        answer=answer,
        finish=finish,
        is_loop=rng.random() < LOOP,
        start=start,
    )
    _fill(trace, world, rng, slot.spans - 1)
    return trace


def _session_texts(world: World, slot: Slot) -> list[tuple[Piece, Piece]]:
    """Questions and answers of the session up to this turn, the same in each of its traces."""
    rng, pool, talk = (
        Random(f"{world.seed}/s{slot.session}"),
        world.pool,
        list[tuple[Piece, Piece]](),
    )
    for turn in range(slot.turn + 1):
        opening = f"About case {rng.randrange(10**6)}, message {turn + 1}:"
        question = words.planted(rng, words.compose(rng, pool, rng.randint(1, 6), opening))
        talk.append((question, words.planted(rng, words.compose(rng, pool, rng.randint(2, 8)))))
    return talk


def _answer(rng: Random, usual: Piece) -> tuple[Piece, str]:
    draw = rng.random()
    if draw < EMPTY:
        return words.EMPTY, "stop"
    if draw < EMPTY + REFUSED:
        return words.plain(rng.choice(words.REFUSALS), words.REFUSAL), "stop"
    return usual, "length" if draw < EMPTY + REFUSED + TRUNCATED else "stop"


def _fill(trace: Trace, world: World, rng: Random, room: int) -> None:
    """Spend ``room`` spans: perhaps a search, then rounds of a model call and its tools, an answer."""
    clock = trace.start + 5 * _MS
    if room > 6 and rng.random() < RETRIEVER:
        trace.retrieval = _retrieve(world, rng, clock)
        clock, room = trace.retrieval.end + _MS, room - 1
    left = room - 1
    while left > 0:
        size = _round_size(rng, left)
        clock = _round(trace, world, rng, clock=clock, wanted=size - 1)
        left -= size
    if room > 0:
        clock = _last_round(trace, rng, clock)
    trace.end = clock + 3 * _MS


def _round_size(rng: Random, left: int) -> int:
    """Return how many spans the next round takes, 2 to 4, so that no single span is left over."""
    if left <= 4:
        return left
    return rng.randint(2, 3 if left == 5 else 4)


def _round(trace: Trace, world: World, rng: Random, *, clock: int, wanted: int) -> int:
    end = clock + rng.randrange(300, 4000) * _MS
    text = words.compose(rng, world.pool, 1) if rng.random() < 0.3 else words.EMPTY
    calls = [_call(trace, world, rng, end + (2 + n) * _MS) for n in range(wanted)]
    if trace.is_loop and calls:
        first = (trace.calls or calls)[0]
        for call in calls:
            call.tool, call.args, call.is_bad_refund = first.tool, first.args, first.is_bad_refund
    trace.rounds.append(
        Round(
            span_id=_span_id(rng), start=clock, end=end, text=text, calls=calls, finish="tool_calls"
        )
    )
    return max((call.end for call in calls), default=end) + _MS


def _last_round(trace: Trace, rng: Random, clock: int) -> int:
    end = clock + rng.randrange(500, 8000) * _MS
    trace.rounds.append(
        Round(
            span_id=_span_id(rng),
            start=clock,
            end=end,
            text=trace.answer,
            calls=[],
            finish=trace.finish,
        )
    )
    return end


def _call(trace: Trace, world: World, rng: Random, start: int) -> Call:
    tool = trace.service.tools[rng.randrange(len(trace.service.tools))]
    order = f"ORD-{rng.randrange(10**7):07d}"
    took = rng.randrange(10_100, 30_000) if rng.random() < SLOW_TOOL else rng.randrange(20, 2_000)
    args, is_bad = _arguments(rng, tool, order)
    error = ERRORS[rng.randrange(len(ERRORS))] if rng.random() < TOOL_ERROR else None
    return Call(
        id=f"call_{rng.getrandbits(48):012x}",
        span_id=_span_id(rng),
        tool=tool,
        args=args,
        result=words.EMPTY if error else _result(world, rng, order),
        start=start,
        end=start + took * _MS,
        error=error,
        is_bad_refund=is_bad,
    )


def _arguments(rng: Random, tool: str, order: str) -> tuple[Piece, bool]:
    if tool != "issue_refund":
        return words.of_json(f'{{"order_id": "{order}", "page": {rng.randrange(9)}}}'), False
    amount = rng.randrange(100, 40_000) / 100
    is_bad = rng.random() < BAD_REFUND
    shown = f'"{amount} or so"' if is_bad else f"{amount}"
    return words.of_json(f'{{"order_id": "{order}", "amount": {shown}, "currency": "EUR"}}'), is_bad


def _result(world: World, rng: Random, order: str) -> Piece:
    if rng.random() < ERROR_TEXT:
        return words.of_json(f'{{"error": "no record of {order}", "retry": false}}')
    note = words.planted(rng, words.compose(rng, world.pool, rng.randint(2, 9)))
    state = STATES[rng.randrange(len(STATES))]
    text = f'{{"order_id": "{order}", "state": "{state}", "items": [{rng.randrange(10**5)}], "note": "{note.one}"}}'
    return words.of_json(text, note.marks)


def _retrieve(world: World, rng: Random, clock: int) -> Retrieval:
    documents = [words.compose(rng, world.pool, rng.randint(2, 5)) for _ in range(3)]
    return Retrieval(
        span_id=_span_id(rng),
        start=clock,
        end=clock + rng.randrange(20, 400) * _MS,
        documents=documents,
    )


def _span_id(rng: Random) -> str:
    return f"{rng.getrandbits(64):016x}"
