"""A rubric as loaded: one question, asked of every target that it selects."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl

from evalctl.core.views import view_schema
from evalctl.rubrics.checks import build_check
from evalctl.rubrics.columns import eval_reference
from evalctl.rubrics.conditions import compile_condition
from evalctl.rubrics.plan import Plan, rule_plan

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from evalctl.core.words import Severity, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Conditions with their labels, joined by OR; ``passes`` is True for ``pass_when``.

    A condition without a label has its own text for one.
    """

    labels: tuple[tuple[str, str], ...]
    passes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A built-in check and its options, defaults filled in."""

    name: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A question for a model, its levels side by side."""

    question: str
    passes: str
    fails: str
    unknown: str | None = None
    votes: int = 1
    model: str | None = None
    prompt: str | None = None
    fields: tuple[str, ...] = ()
    scale: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Share of targets that are asked about, and a condition for those that always are."""

    rate: float = 1.0
    always: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Rows of the target's view with the answer that each must get; columns left out are null."""

    passes: tuple[Mapping[str, Any], ...] = ()
    fails: tuple[Mapping[str, Any], ...] = ()
    unknown: tuple[Mapping[str, Any], ...] = ()
    skip: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rubric:
    """One rubric file. Exactly one of ``rule``, ``check`` and ``judge`` is set.

    ``version`` is 12 hex characters over what decides a verdict; ``columns`` are the view and
    ``eval.*`` columns that it reads, ``uses`` the rubrics whose verdicts are among them.
    """

    name: str
    description: str
    target: Target
    version: str
    path: Path
    text: str
    where: str | None = None
    rule: Rule | None = None
    check: Check | None = None
    judge: Judge | None = None
    severity: Severity = "medium"
    tags: tuple[str, ...] = ()
    sample: Sample = field(default_factory=Sample)
    examples: Examples = field(default_factory=Examples)
    notes: str | None = None
    columns: frozenset[str] = frozenset()

    @property
    def uses(self) -> frozenset[str]:
        """Names of the rubrics whose answers this one reads."""
        references = (eval_reference(column) for column in self.columns)
        return frozenset(reference[0] for reference in references if reference)

    def plan(self, schema: Mapping[str, pl.DataType] | None = None) -> Plan:
        """Compile to expressions over the target's view (``schema``: the view's own by default).

        A judge's plan has only ``where`` and ``always``; its ``fail`` is unknown for every row.

        Raises:
            UserError: ``schema`` lacks a column that the rubric reads.
        """
        known = view_schema(self.target) if schema is None else schema
        where = self._condition(self.where, known)
        always = self._condition(self.sample.always, known)
        extra = frozenset[str]().union(*(part.columns for part in (where, always) if part))
        answer = self._answer(known)
        return replace(
            answer,
            where=where.expr if where else None,
            always=always.expr if always else None,
            columns=answer.columns | extra,
        )

    def _answer(self, schema: Mapping[str, pl.DataType]) -> Plan:
        if self.check is not None:
            return build_check(self.check.name, self.check.options, self.target)
        if self.rule is not None:
            compiled = [
                (label, compile_condition(sql, schema, str(self.path)))
                for label, sql in self.rule.labels
            ]
            return rule_plan(compiled, schema, passes=self.rule.passes)
        return Plan(columns=frozenset(), fail=pl.lit(None, dtype=pl.Boolean))

    def _condition(self, sql: str | None, schema: Mapping[str, pl.DataType]) -> Any:
        return None if sql is None else compile_condition(sql, schema, str(self.path))
