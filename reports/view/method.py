"""Method and hashes: enough for a second person to reach the same conclusion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from mining.by_version import VersionUse
from reports.view.context import Context


@dataclass(frozen=True)
class MethodView:
    """How the audit was made."""

    facts: tuple[tuple[str, str], ...]
    sources: tuple[tuple[str, str], ...]
    standings: tuple[tuple[str, str, str], ...]
    """(code, name, meaning)."""
    verdicts: tuple[tuple[str, str], ...]
    mapping: str
    mapping_redacted: bool
    mapping_reasons: tuple[str, ...]
    headings: tuple[tuple[str, str], ...]


def _versions(c: Context) -> Iterator[tuple[str, str]]:
    """What the model is laid over, and its versions, where there are any."""
    if c.audit.model.extends:
        yield "extends", c.t("list.and").join(reversed(c.audit.model.extends))
    if c.audit.versions:
        yield (
            "versions",
            c.t("list.semicolon").join(
                f"{version_in_words(each, c)} ({each.contract_sha256})" for each in c.audit.versions
            ),
        )


def version_in_words(use: VersionUse, c: Context) -> str:
    """A version of the model, its day, and how many cases it judged."""
    return c.t(
        "version.cases",
        version=use.version,
        day=use.in_force_from.isoformat(),
        n=c.formats.number(use.cases),
    )


def method_view(c: Context) -> MethodView:
    """The method of the audit."""
    audit, model, log = c.audit, c.audit.model, c.audit.provenance
    text = c.persons.text(log.mapping_text)
    basis = c.t.or_else(f"as_of.{audit.as_of_basis}", audit.as_of_basis)
    facts = (
        ("tool", f"walkthrough {audit.tool_version}"),
        ("as_of", f"{c.formats.time(audit.as_of_us)} ({basis})"),
        ("zone", log.zone),
        ("model", f"{model.id} {model.version} ({model.title.get(c.t.lang)}, {model.process})"),
        ("in_force", model.in_force_from.isoformat()),
        *_versions(c),
        ("location", c.t.or_else(f"location.{model.location}", model.location)),
        ("model_sha256", model.sha256),
        ("bpmn_sha256", model.bpmn_sha256),
        ("contract_sha256", model.contract_sha256),
        ("overrides", ", ".join(model.overrides) or c.t("method.none")),
        (
            "mapping_sha256",
            f"{log.mapping_sha256} ({c.t.or_else(f'origin.{log.mapping_origin}', log.mapping_origin)})",
        ),
        ("persons", c.t("persons.pseudonyms" if c.persons.people.hidden else "persons.plain")),
    )
    return MethodView(
        tuple((c.t(f"method.{name}"), value) for name, value in facts),
        tuple((id, title.get(c.t.lang)) for id, title in model.sources),
        tuple(
            (s, c.t(f"standing.{s}"), c.t(f"standing.{s}.meaning"))
            for s in ("sourced", "inferred", "assumed", "user")
        ),
        tuple(
            (c.t(f"verdict.{v}"), c.t(f"verdict.{v}.definition"))
            for v in ("conformant", "violated", "pending", "not_determinable")
        ),
        text,
        text != log.mapping_text,
        tuple(map(c.persons.text, log.mapping_reasons)),
        tuple(
            (c.t.or_else(f"column.{column}", c.names.attribute(column)), heading)
            for column, heading in log.headings
        ),
    )
