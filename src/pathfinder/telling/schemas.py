"""JSON Schemas of every document and of the values inside them, generated from the types."""

from typing import Any

import msgspec

from pathfinder.acting import servers
from pathfinder.checking import doctor
from pathfinder.deciding import trace
from pathfinder.errors import Problem
from pathfinder.judging import bench
from pathfinder.telling import documents
from pathfinder.types.estimates import Estimate
from pathfinder.types.facts import Facts
from pathfinder.types.models import Model
from pathfinder.types.plans import Plan, Recommendation
from pathfinder.types.results import CheckReport, Proof, Result
from pathfinder.types.steps import Step
from pathfinder.types.words import Frozen
from pathfinder.verify import report

DRAFT = "https://json-schema.org/draft/2020-12/schema"


class ProblemDocument(Frozen, frozen=True, kw_only=True):
    """A failure without a document of its own."""

    schema: str = "pathfinder/problem/v1"
    says: str
    where: str | None
    hint: str | None
    exit: int


class FleetDocument(Frozen, frozen=True, kw_only=True):
    """The answer of a verb for each of several hosts, in their order."""

    schema: str = "pathfinder/fleet/v1"
    results: list[dict[str, Any]]


DOCUMENTS: dict[str, Any] = {
    "facts": Facts,
    "recommendation": Recommendation,
    "estimate": Estimate,
    "result": Result,
    "proof": Proof,
    "bench": bench.Bench,
    "check": CheckReport,
    "matrix": documents.MatrixDocument,
    "runtime": documents.RuntimeDocument,
    "why": trace.WhyDocument,
    "lint": documents.LintDocument,
    "verify": report.VerifyDocument,
    "plan": Plan,
    "step": Step,
    "model": Model,
    "profile": Facts,
    "profiles": documents.ProfilesDocument,
    "processes": servers.Processes,
    "doctor": doctor.Report,
    "fleet": FleetDocument,
    "problem": ProblemDocument,
}
"""By the name that `pathfinder schema` takes."""


FILES = ("runtime-file", "platform-file")
"""What people write, for their editors."""


def names() -> tuple[str, ...]:
    return (*DOCUMENTS, *FILES)


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of a document. Raises Problem for a name that is none."""
    if name in FILES:
        from pathfinder.data import authoring

        return {"$schema": DRAFT, **authoring.schema(authoring.files()[name]), "title": name}
    if name not in DOCUMENTS:
        raise Problem(f"There is no document {name!r}.", hint=f"One of: {', '.join(names())}.")
    type_ = DOCUMENTS[name]
    (root,), parts = msgspec.json.schema_components([type_], ref_template="#/$defs/{name}")
    body = parts.pop(type_.__name__) if "$ref" in root else root
    # A document may grow within v1: whoever validates must not refuse a field that is new.
    fixed = {"schema": {"const": _default(type_)}} if "schema" in type_.__struct_fields__ else {}
    properties = {**body.pop("properties", {}), **fixed}
    described = {"$schema": DRAFT, "title": f"pathfinder/{name}/v1", **{key: one for key, one in body.items() if key != "title"}}
    required = sorted({*body.get("required", []), *fixed})
    whole = {**described, "properties": properties, **({"required": required} if required else {})}
    return {**whole, **({"$defs": {part: parts[part] for part in sorted(parts)}} if parts else {})}


def _default(type_: Any) -> str:
    said: str = next(field.default for field in msgspec.structs.fields(type_) if field.name == "schema")
    return said


def text(name: str) -> str:
    """As `pathfinder schema` prints it and `matrix/schema/` keeps it."""
    return msgspec.json.format(msgspec.json.encode(_ordered(schema(name))), indent=2).decode() + "\n"


def _ordered(node: Any) -> Any:
    """Alternatives in an order of their own, null last: msgspec's differs from release to release."""
    if isinstance(node, list):
        return [_ordered(item) for item in node]
    if not isinstance(node, dict):
        return node
    found = {key: _ordered(item) for key, item in node.items()}
    if "anyOf" in found:
        found["anyOf"].sort(key=lambda one: (one == {"type": "null"}, msgspec.json.encode(one)))
    return found
