"""Every score exactly once: again, after more spans, after optimize, in parts, and under --refresh."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
from tests.backtest.helpers import LOOP, SLOW, TALK, line, rubrics, run
from tests.scoring.rows import START, at, frame, lake_of, scores_of, span, verdicts

from evalctl.core.schema import RUBRICS, RUNS, SCORES, SPANS
from evalctl.lake.optimize import optimize

if TYPE_CHECKING:
    from pathlib import Path

    from evalctl.lake.lake import Lake


def history(traces: int = 6) -> list[dict[str, Any]]:
    """Return a few traces on three days, every second one slow and in a loop."""
    rows: list[dict[str, Any]] = []
    for i in range(traces):
        begin = START + timedelta(days=i % 3)
        args = "{}" if i % 2 else f'{{"n": {i}}}'
        rows += [
            span(f"t{i}", "root", kind="agent", start_time=begin, session_id=f"talk-{i // 2}"),
            span(
                f"t{i}",
                "a",
                "root",
                kind="tool",
                tool="x",
                tool_args="{}",
                start_time=begin,
                duration_ms=9000.0 if i % 2 else 10.0,
            ),
            span(
                f"t{i}",
                "b",
                "root",
                kind="tool",
                tool="x",
                tool_args=args,
                start_time=begin,
                duration_ms=None,
            ),
        ]
    return rows


def versions(lake: Lake) -> list[int]:
    return [lake.version(table) for table in (SPANS, SCORES, RUNS, RUBRICS)]


def test_the_same_command_again_writes_nothing_and_says_the_same(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, history())
    asked = rubrics(tmp_path / "r", slow=SLOW, loop=LOOP, talk=TALK)
    first = run(lake, asked)
    before = versions(lake)
    second = run(lake, asked)
    assert (first.state, second.state, second.todo, second.scores) == (
        "done",
        "nothing to do",
        0,
        0,
    )
    assert versions(lake) == before
    assert second.rubrics == first.rubrics
    assert second.examples == first.examples
    assert {t: dict(s) for t, s in second.left.items()} == {
        t: dict(s) for t, s in first.left.items()
    }


def test_verdicts_are_fail_pass_and_unknown_where_it_was_not_recorded(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, history(2))
    result = run(lake, rubrics(tmp_path / "r", slow=SLOW, loop=LOOP, talk=TALK))
    assert line(result, "slow") == {"targets": 4, "pass": 1, "fail": 1, "unknown": 2, "sessions": 1}
    assert verdicts(lake, "loop") == {"t0": "pass", "t1": "fail"}
    assert verdicts(lake, "talk") == {"talk-0": "fail"}


def test_a_narrower_selection_after_everything_has_nothing_to_do(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, history())
    asked = rubrics(tmp_path / "r", slow=SLOW)
    run(lake, asked)
    before = versions(lake)
    result = run(lake, asked, since=START + timedelta(days=1), kinds=("tool",))
    assert (result.state, versions(lake)) == ("nothing to do", before)
    assert result.left == {"span": {"lake": 18, "window": 12, "kind": 8}}
    assert line(result, "slow") == {"targets": 8, "pass": 2, "fail": 2, "unknown": 4, "sessions": 2}


def test_everything_after_a_narrower_selection_adds_only_what_is_missing(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, history())
    asked = rubrics(tmp_path / "r", slow=SLOW, loop=LOOP)
    run(lake, asked, since=START + timedelta(days=1), until=START + timedelta(days=2))
    run(lake, asked)
    alone = lake_of(tmp_path / "alone", history())
    run(alone, asked)
    keys = ["target", "trace_id", "span_id", "rubric", "verdict"]
    assert scores_of(lake).select(keys).equals(scores_of(alone).select(keys))


def test_a_window_that_moved_over_no_span_says_what_it_said(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, history())
    asked = rubrics(tmp_path / "r", slow=SLOW)
    since = datetime(2026, 5, 2, 9, tzinfo=UTC)
    first = run(lake, asked, since=since)
    second = run(lake, asked, since=since + timedelta(seconds=1))
    assert second.state == "nothing to do"
    assert second.rubrics == first.rubrics


def test_a_new_rubric_is_asked_alone(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, history())
    run(lake, rubrics(tmp_path / "r", slow=SLOW))
    result = run(lake, rubrics(tmp_path / "r", loop=LOOP))
    assert line(result, "slow") == {
        "targets": 12,
        "pass": 3,
        "fail": 3,
        "unknown": 6,
        "sessions": 3,
    }
    assert scores_of(lake).group_by("rubric").len().sort("rubric").rows() == [
        ("loop", 6),
        ("slow", 12),
    ]


def test_a_changed_rubric_is_scored_anew_and_the_old_scores_stay(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, history(2))
    old = rubrics(tmp_path / "r", slow=SLOW)[0].version
    run(lake, rubrics(tmp_path / "r", slow=SLOW))
    new = rubrics(tmp_path / "r", slow=SLOW.replace("5000", "9500"))
    result = run(lake, new)
    assert line(result, "slow") == {"targets": 4, "pass": 2, "unknown": 2}
    found = scores_of(lake).group_by("version").len()
    assert set(found.rows()) == {(old, 4), (new[0].version, 4)}
    assert lake.scan(RUBRICS).collect().height == 2


def test_optimize_between_runs_leaves_nothing_to_do(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, history())
    for i in range(8):
        lake.append(SPANS, frame([span(f"more-{i}", "root")], lake.salt))
    asked = rubrics(tmp_path / "r", slow=SLOW, loop=LOOP)
    run(lake, asked)
    assert [table.name for table, _ in optimize(lake)] == ["spans"]
    assert run(lake, asked).state == "nothing to do"


def test_late_spans_of_a_trace_are_scored_again_and_the_newest_answer_counts(
    tmp_path: Path,
) -> None:
    lake = lake_of(tmp_path, history(1))
    asked = rubrics(tmp_path / "r", loop=LOOP)
    assert line(run(lake, asked), "loop") == {"targets": 1, "pass": 1}
    late = span(
        "t0",
        "c",
        "root",
        kind="tool",
        tool="x",
        tool_args='{"n": 0}',
        start_time=at(5),
        ingest_batch="batch-2",
    )
    lake.append(SPANS, frame([late], lake.salt))
    result = run(lake, asked)
    assert line(result, "loop") == {"targets": 1, "fail": 1, "sessions": 1}
    assert scores_of(lake)["verdict"].to_list().count("pass") == 1
    assert verdicts(lake, "loop") == {"t0": "fail"}


def test_refresh_scores_again(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, history(2))
    asked = rubrics(tmp_path / "r", slow=SLOW)
    run(lake, asked)
    result = run(lake, asked, refresh=True)
    assert (result.state, scores_of(lake).height) == ("done", 8)
    assert line(run(lake, asked), "slow")["targets"] == 4


def test_a_plan_writes_nothing(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, history())
    before = versions(lake)
    result = run(lake, rubrics(tmp_path / "r", slow=SLOW), plan=True)
    assert (result.state, result.todo_spans, versions(lake)) == ("planned", 18, before)


def test_scores_that_somebody_else_commits_meanwhile_are_not_doubled(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, history())
    asked = rubrics(tmp_path / "r", slow=SLOW, loop=LOOP)
    meanwhile: list[str] = []

    def progress(done: int, total: int) -> None:
        if not meanwhile:
            meanwhile.append(run(lake, asked).state)

    run(lake, asked, progress=progress)
    found = scores_of(lake)
    assert meanwhile == ["done"]
    assert (
        found.height
        == found.select("target", "trace_id", "span_id", "rubric").unique().height
        == 18
    )


def test_a_trace_over_midnight_is_scored_once_with_all_its_spans(tmp_path: Path) -> None:
    late = datetime(2026, 5, 1, 23, 59, tzinfo=UTC)
    rows = [
        span("night", "root", kind="agent", start_time=late),
        span("night", "a", "root", kind="tool", tool="x", tool_args="{}", start_time=late),
        span(
            "night",
            "b",
            "root",
            kind="tool",
            tool="x",
            tool_args="{}",
            start_time=late + timedelta(minutes=2),
            duration_ms=9000.0,
        ),
        span("night", "c", "root", kind="tool", tool="x", tool_args="{}", start_time=None),
        span("day", "root", kind="agent", start_time=late + timedelta(hours=5)),
    ]
    lake = lake_of(tmp_path, rows)
    asked = rubrics(
        tmp_path / "r", spans="description: d\ntarget: trace\nfail_when: spans != 4\n", slow=SLOW
    )
    run(lake, asked)
    assert verdicts(lake, "spans") == {"day": "fail", "night": "pass"}
    assert verdicts(lake, "slow") == {"a": "unknown", "b": "fail", "c": "unknown"}
    narrow = lake_of(tmp_path / "narrow", rows)
    run(narrow, asked, since=datetime(2026, 5, 2, tzinfo=UTC))
    assert verdicts(narrow, "spans") == {"day": "fail"}
    assert verdicts(narrow, "slow") == {"b": "fail"}


def test_small_groups_give_what_large_ones_give(tmp_path: Path) -> None:
    from evalctl.core.selection import Selection
    from evalctl.scoring.evaluate import Asked, evaluate_group
    from evalctl.scoring.groups import Group, plan_groups
    from evalctl.scoring.questions import questions_of

    lake = lake_of(tmp_path, history(30))
    questions = questions_of(rubrics(tmp_path / "r", slow=SLOW, loop=LOOP))
    asked = Asked(spans=lake.snapshot(SPANS), scores=lake.snapshot(SCORES), selection=Selection())
    [whole] = plan_groups(lake.files(SPANS))

    def answers(group: Group) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = []
        for part in evaluate_group(asked, group, questions).answers:
            codes = pl.DataFrame({"code": part.codes[:, 0]})
            rows = part.keys.select("trace_id", "span_id", "digest").hstack(codes)
            found += [(part.target, *row) for row in rows.iter_rows()]
        return found

    parts = [
        Group(
            dates=whole.dates,
            bucket_from=low,
            bucket_to=low + 4,
            rows=0,
            before=None,
            later=(),
            has_untimed=False,
            states=whole.states,
        )
        for low in range(0, 64, 4)
    ]
    assert sorted(answers(whole), key=str) == sorted(
        (a for part in parts for a in answers(part)), key=str
    )


def test_a_verdict_that_follows_from_another_rubric_follows_its_change(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, history(2))
    second = "description: d\nfail_when: '\"eval.slow.verdict\" = ''fail'''\n"
    first = run(lake, rubrics(tmp_path / "r", slow=SLOW, second=second))
    assert line(first, "second") == {
        "targets": 6,
        "pass": 3,
        "fail": 1,
        "unknown": 2,
        "sessions": 1,
    }
    asked = rubrics(tmp_path / "r", slow=SLOW.replace("5000", "9500"))
    assert line(run(lake, asked), "second") == {"targets": 6, "pass": 4, "unknown": 2}
    assert run(lake, asked).state == "nothing to do"


def test_a_selection_by_verdicts_is_looked_at_again_and_adds_nothing_twice(tmp_path: Path) -> None:
    lake = lake_of(tmp_path, history())
    slow = rubrics(tmp_path / "slow", slow=SLOW)
    other = rubrics(tmp_path / "r", tool="description: d\nfail_when: tool = 'y'\n")
    where = "\"eval.slow.verdict\" = 'fail'"
    run(lake, slow, until=START + timedelta(hours=1))
    assert line(run(lake, other, where=where), "tool") == {"targets": 1, "pass": 1}
    run(lake, slow)
    assert line(run(lake, other, where=where), "tool") == {"targets": 3, "pass": 3}
    before = versions(lake)
    run(lake, other, where=where)
    assert versions(lake) == before
