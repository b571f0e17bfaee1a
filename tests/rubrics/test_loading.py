"""Rubric files from disk: what is read, and the sentence for what is not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from evalctl.core.errors import RubricError, UserError
from evalctl.rubrics.load import load_rubrics, project_rubrics
from evalctl.rubrics.reading import parse_rubric
from evalctl.rubrics.yamltree import MAX_BYTES, parse_yaml

Write = Callable[[str, str], Path]

RULE = "fail_when: duration_ms > 1\n"
GOOD = f"description: It is fast.\n{RULE}"


def sentence(text: str, name: str = "x") -> str:
    with pytest.raises(RubricError) as caught:
        parse_rubric(text, Path(f"{name}.yaml"))
    return str(caught.value)


def test_a_rubric_is_what_its_file_says() -> None:
    text = """\
description: >
  A tool call
  is fast.
target: span
where: kind = 'tool'
fail_when:
  slow: duration_ms > 10000
  open: end_time IS NULL
severity: high
tags: [speed]
sample: {rate: 0.5, always: status = 'error'}
notes: Not more.
examples:
  pass: [{duration_ms: 900, end_time: 2026-05-01T10:00:00Z}]
  skip: [{kind: llm}]
"""

    rubric = parse_rubric(text, Path("rubrics/slow-tool.yaml"))

    assert rubric.name == "slow-tool"
    assert rubric.description == "A tool call is fast."
    assert (rubric.target, rubric.where, rubric.severity, rubric.tags) == (
        "span",
        "kind = 'tool'",
        "high",
        ("speed",),
    )
    assert rubric.rule is not None
    assert rubric.rule.labels == (("slow", "duration_ms > 10000"), ("open", "end_time IS NULL"))
    assert (rubric.check, rubric.judge, rubric.rule.passes) == (None, None, False)
    assert (rubric.sample.rate, rubric.sample.always) == (0.5, "status = 'error'")
    assert rubric.columns == {"kind", "duration_ms", "end_time", "status"}
    assert len(rubric.examples.passes) == len(rubric.examples.skip) == 1
    assert (rubric.text, rubric.notes) == (text, "Not more.")


def test_a_judge_is_read_and_versioned() -> None:
    text = """\
description: Facts come from tools.
target: trace
judge:
  question: Is every claim supported?
  pass: All are.
  fail: One is not.
  votes: 3
"""

    rubric = parse_rubric(text, Path("grounded.yaml"))

    assert rubric.judge is not None
    assert (rubric.judge.question, rubric.judge.passes, rubric.judge.votes) == (
        "Is every claim supported?",
        "All are.",
        3,
    )
    assert len(rubric.version) == 12


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "x.yaml:1: empty: a rubric needs a description and one of"),
        ("# only words\n", "x.yaml:1: empty: a rubric needs a description and one of"),
        ("- a\n- b\n", "x.yaml:1: a rubric is a mapping"),
        ("just text\n", "x.yaml:1: a rubric is a mapping"),
        (RULE, "x.yaml:1: 'description' is missing: a text: one sentence, what good looks like"),
        (
            "description: x\n",
            "x.yaml:1: asks nothing: write one of fail_when, pass_when, check, judge",
        ),
        ("description: x\nfail_when:\n", "x.yaml:1: asks nothing"),
        (
            GOOD + "description: again\n",
            "x.yaml:3: 'description' stands twice; the first is on line 1",
        ),
        (GOOD + "on: x\n", "x.yaml:3: no key 'on'; keys are description target where"),
        (GOOD + "no: x\n", "x.yaml:3: no key 'no'"),
        (GOOD + "severty: low\n", "x.yaml:3: no key 'severty' (did you mean 'severity'?)"),
        (GOOD + "name: y\n", "x.yaml:3: no key 'name'; a rubric's name is its file name"),
        (
            GOOD + "target: traces\n",
            "x.yaml:3: 'target' must be span, trace or session, not 'traces' (did you mean 'trace'?)",
        ),
        (
            GOOD + "severity: hihg\n",
            "x.yaml:3: 'severity' must be low, medium, high or critical, not 'hihg' (did you mean 'high'?)",
        ),
        (GOOD + "tags: speed\n", "x.yaml:3: 'tags' must be a list of words, not 'speed'"),
        (GOOD + "tags: [1]\n", "x.yaml:3: 'tags' must be a list of words, not the number 1"),
        (
            GOOD + "where: [a]\n",
            "x.yaml:3: 'where' must be a SQL condition: which targets are asked about, not a list",
        ),
        (GOOD + "sample: 2\n", "x.yaml:3: 'sample' must be a number above 0 and up to 1, not 2"),
        (
            GOOD + "sample: {rate: 0}\n",
            "x.yaml:3: 'rate' must be a number above 0 and up to 1, not the number 0",
        ),
        (
            GOOD + "sample: {rte: 1}\n",
            "x.yaml:3: no key 'rte' (did you mean 'rate'?); keys are rate always",
        ),
        (
            "description: 5\n" + RULE,
            "x.yaml:1: 'description' must be a text: one sentence, what good looks like, not the number 5",
        ),
        (
            "description: true\n" + RULE,
            "x.yaml:1: 'description' must be a text: one sentence, what good looks like, not true (quote it",
        ),
        (
            "description: x\nfail_when: 1\n",
            "x.yaml:2: 'fail_when' must be a SQL condition, a list of them",
        ),
        ("description: x\nfail_when: []\n", "x.yaml:2: fail_when names no condition"),
        ("description: x\nfail_when: {}\n", "x.yaml:2: fail_when names no condition"),
        (
            "description: x\nfail_when:\n  a: duration_ms > 1\n  b: durationms > 1\n",
            "x.yaml:4:6: fail_when: no column 'durationms'",
        ),
        (
            "description: x\nfail_when:\n  - duration_ms > 1\n  - tool = 1\n",
            "x.yaml:4:5: fail_when: ",
        ),
        (
            "description: x\nfail_when: |\n  duration_ms > 1\n    AND tol = 'x'\n",
            "x.yaml:4:9: fail_when: no column 'tol' (did you mean 'tool'?)",
        ),
        (
            'description: x\nfail_when: "durationms > 1"\n',
            "x.yaml:2:13: fail_when: no column 'durationms'",
        ),
        (
            "description: x\nfail_when: 2026-05-01\n",
            "x.yaml:2:12: fail_when: the condition reads no column",
        ),
        (
            "description: x\nfail_when: tool = 'a' # cut off\nwhere: kind = 'a #b'\n",
            "x.yaml:3:15: where: a text is opened with ' and never closed",
        ),
        (
            GOOD + "pass_when: duration_ms > 1\n",
            "x.yaml:3: fail_when and pass_when: a rubric asks one question",
        ),
        (GOOD + "check: pii\n", "x.yaml:3: fail_when and check: a rubric asks one question"),
        (
            "description: x\ncheck: pi\n",
            "x.yaml:2: no check 'pi' (did you mean 'pii'?); checks are json_schema json_valid",
        ),
        ("description: x\ncheck: {pii: {}, secrets: {}}\n", "x.yaml:2: check names one check"),
        (
            "description: x\ncheck:\n  pii:\n    entites: [card]\n",
            "x.yaml:4: pii has no option 'entites' (did you mean 'entities'?)",
        ),
        (
            "description: x\ncheck:\n  pii:\n    entities: [cards]\n",
            "x.yaml:4: pii: entities 'cards' (did you mean 'card'?)",
        ),
        (
            "description: x\ncheck:\n  pii:\n    columns: [outptu]\n",
            "x.yaml:4: pii: 'outptu' is no column of a span (did you mean 'output'?)",
        ),
        ("description: x\ncheck: sequence\n", "x.yaml:2: sequence needs the option 'names'"),
        ("description: x\njudge: {question: q, pass: p}\n", "x.yaml:2: 'fail' is missing in judge"),
        (
            "description: x\njudge: {question: q, pass: p, fail: f, votes: 0}\n",
            "x.yaml:2: 'votes' must be a whole number from 1 to 15",
        ),
        (
            "description: x\njudge: {question: q, pass: p, fail: f, fields: [outpt]}\n",
            "x.yaml:2: no column 'outpt' (did you mean 'output'?)",
        ),
        (
            GOOD + "examples: {pass: [{duration: 1}]}\n",
            "x.yaml:3: no column 'duration' (did you mean 'duration_ms'?)",
        ),
        (
            GOOD + "examples: {pass: [{duration_ms: fast}]}\n",
            "x.yaml:3: 'duration_ms' is a number, and the example gives 'fast'",
        ),
        (
            GOOD + "examples: {pass: [{output: 12}]}\n",
            "x.yaml:3: 'output' is a text (quote it), and the example gives 12",
        ),
        (
            GOOD + "examples: {pass: [{start_time: noon}]}\n",
            "x.yaml:3: 'start_time' is a time such as 2026-05-01T10:00:00Z",
        ),
        (
            GOOD + "examples: {passes: []}\n",
            "x.yaml:3: no key 'passes' (did you mean 'pass'?); keys are pass fail unknown skip",
        ),
        (
            "description: a: b\n",
            "x.yaml:1: not valid YAML: mapping values are not allowed here (quote the text",
        ),
        ("description: 'open\n", "x.yaml:2: not valid YAML: found unexpected end of stream"),
        ("description: x\n\tfail_when: a\n", "x.yaml:2: not valid YAML: "),
        (
            "description: !!python/object:os.system x\n",
            "x.yaml:1: tag tag:yaml.org,2002:python/object:os.system: tags are not read",
        ),
        ("a: &a [1]\nb: *c\n", "x.yaml:2: alias *c has no finished anchor before it"),
        ("a: &a [*a]\n", "x.yaml:1: alias *a has no finished anchor before it"),
        ("<<: {a: 1}\n", "x.yaml:1: merge keys (<<) are not read"),
        ("? [a]\n: 1\n", "x.yaml:1: a key must be a plain text"),
        (GOOD + "---\n" + GOOD, "x.yaml:3: a second document ('---') in one file"),
        ("description: a\x07b\n", "x.yaml:1: holds a control character that YAML does not allow"),
        ("a: " + "[" * 40, "x.yaml:1: nested deeper than 32 levels"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, expected: str) -> None:
    assert sentence(text).startswith(expected)


def test_a_file_of_aliases_cannot_grow() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]

    assert "more than 20000 values" in sentence("\n".join(lines))


def test_words_that_yaml_would_convert_stay_text() -> None:
    document = parse_yaml(
        "[on, no, yes, 2026-05-01, 1_000, 0o7, 0x1f, .inf, 1e999]", Path("x.yaml")
    )

    assert document.value == [
        *("on", "no", "yes", "2026-05-01", "1_000"),
        *("0o7", "0x1f", ".inf", "1e999"),
    ]


def test_numbers_booleans_and_nulls_are_those_of_json() -> None:
    document = parse_yaml("[1, -2, 1.5, 1e3, true, false, null, ~, '1']", Path("x.yaml"))

    assert document.value == [1, -2, 1.5, 1000.0, True, False, None, None, "1"]


def test_a_file_that_is_not_utf8_is_refused_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"description: x\nfail_when: tool = '\xff'\n")

    with pytest.raises(RubricError, match=r"x\.yaml:2: not UTF-8"):
        load_rubrics([tmp_path])


def test_a_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())

    assert load_rubrics([tmp_path])[0].description == "It is fast."


def test_a_file_that_is_too_large_is_refused(write: Write) -> None:
    path = write("x", GOOD + "#" * MAX_BYTES)

    with pytest.raises(RubricError, match="larger than 256 KiB"):
        load_rubrics([path])


def test_two_rubrics_of_one_name_are_refused(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "fast.yaml").write_text(GOOD)

    with pytest.raises(
        RubricError, match=r"b/fast\.yaml: a rubric 'fast' is already at .*a/fast\.yaml"
    ):
        load_rubrics([tmp_path / "a", tmp_path / "b"])


def test_a_name_that_cannot_be_part_of_a_column_is_refused(write: Write) -> None:
    with pytest.raises(RubricError, match="the file name is the rubric's name"):
        load_rubrics([write("a.b", GOOD)])


def test_a_missing_path_and_an_empty_folder_are_errors(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such rubric file or folder"):
        load_rubrics([tmp_path / "nowhere"])
    with pytest.raises(UserError, match="no rubric"):
        load_rubrics([tmp_path])


def reading(name: str) -> str:
    return f'description: x\nwhere: "\\"eval.{name}.verdict\\" = \'pass\'"\n{RULE}'


def test_rubrics_stand_after_those_whose_verdicts_they_read(write: Write, tmp_path: Path) -> None:
    write("a", reading("c"))
    write("b", GOOD)
    write("c", reading("d"))
    write("d", GOOD)

    rubrics = load_rubrics([tmp_path / "rubrics"])

    names = [rubric.name for rubric in rubrics]
    assert sorted(names) == ["a", "b", "c", "d"]
    assert names.index("d") < names.index("c") < names.index("a")
    assert rubrics[names.index("a")].uses == {"c"}


def test_a_selected_rubric_brings_along_those_that_it_reads(write: Write, tmp_path: Path) -> None:
    write("a", reading("c"))
    write("b", GOOD)
    write("c", GOOD)

    assert [rubric.name for rubric in load_rubrics([tmp_path / "rubrics"], ["a"])] == ["c", "a"]


def test_a_circle_of_verdicts_is_refused(write: Write, tmp_path: Path) -> None:
    write("a", reading("b"))
    write("b", reading("a"))

    with pytest.raises(RubricError, match="read each other's verdicts in a circle"):
        load_rubrics([tmp_path / "rubrics"])


def test_a_verdict_about_another_target_is_refused(write: Write, tmp_path: Path) -> None:
    write("a", reading("b"))
    write("b", "target: trace\n" + GOOD)

    with pytest.raises(RubricError, match="'b', which is asked of traces, not of spans"):
        load_rubrics([tmp_path / "rubrics"])


def test_rubrics_are_chosen_by_name_glob_and_tag(write: Write, tmp_path: Path) -> None:
    write("no-pii", GOOD + "tags: [privacy]\n")
    write("no-keys", GOOD + "tags: [privacy, keys]\n")
    write("slow", GOOD)
    folder = [tmp_path / "rubrics"]

    def chosen(*names: str) -> list[str]:
        return sorted(rubric.name for rubric in load_rubrics(folder, names))

    assert chosen() == ["no-keys", "no-pii", "slow"]
    assert chosen("slow") == ["slow"]
    assert chosen("no-*") == ["no-keys", "no-pii"]
    assert chosen("tag:keys", "slow") == ["no-keys", "slow"]
    with pytest.raises(UserError, match=r"no rubric 'slwo' \(did you mean 'slow'\?\)"):
        chosen("slwo")


def test_a_project_without_rubrics_uses_the_starter_ones(tmp_path: Path) -> None:
    assert len(load_rubrics(project_rubrics([tmp_path / "rubrics"]))) >= 12
