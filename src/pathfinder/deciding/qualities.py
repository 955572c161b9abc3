"""The same question asked once for each quality of quantisation: which runtime keeps how much of the model here. Pure."""

from msgspec.structs import replace

from pathfinder.deciding.choose import quality_of
from pathfinder.deciding.decide import Decision, Rules, decide
from pathfinder.deciding.forms import offered
from pathfinder.types.facts import Facts
from pathfinder.types.models import Artifact, Demand


def by_quality(facts: Facts, demand: Demand, rules: Rules) -> dict[str, Decision]:
    """Quality, the best first, to the decision when only forms of that quality may be taken; without those the model has no form of."""
    forms: dict[str | None, list[Artifact]] = {}
    for artifact in offered(demand):
        forms.setdefault(quality_of(artifact, demand.model.params, rules.table), []).append(artifact)
    return {
        quality: decide(facts, replace(demand, model=replace(demand.model, artifacts=tuple(forms[quality]))), rules)
        for quality in rules.table["quality"]
        if quality in forms
    }
