"""What the page recommends is what `pathfinder recommend` does: the whole list, with devices, forms, memory, speed, ranks and reasons."""

import json
import os
from itertools import product

import msgspec
import pytest
from tests.browser import MACHINES, chromium, facts_of, known, whole

from pathfinder.data import store
from pathfinder.deciding.decide import Rules, decide
from pathfinder.estimate import Tables
from pathfinder.naming.ask import ask
from pathfinder.telling.questions import task_of

EACH = int(os.environ.get("PATHFINDER_PAGE_DEMANDS", "5"))
"""Demands asked of each machine, others for every machine; there are some 850, all of them take an hour."""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "matrix.html"
    path.write_text(whole(), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def rules():
    data = known()
    return Rules(runtimes=store.matrix(), table=data.rank, tables=Tables(coefficients=data.coefficients, chips=data.chips))


@pytest.fixture(scope="module")
def wishes():
    """Every task and model offered, for everybody, with every wish."""
    data = known()
    models = {model.id: model for model in data.models}
    pairs = [(task_of(data.questions, id), name) for id, entry in data.questions["tasks"].items() for name in entry["models"]]
    there = [(task, name) for task, name in dict.fromkeys(pairs) if name in models and task in models[name].tasks]
    prefers = [None if wish == "none" else wish for wish in data.questions["wishes"]]
    return [
        {"id": name, "task": task, "audience": audience, "prefer": prefer}
        for prefer, audience, (task, name) in product(prefers, data.questions["audiences"], there)
    ]


ASK = """([text, wishes]) => {
    const facts = judging.read(text);
    const asked = (wish) => recommending.recommend(facts, { ...wish, model: known.offers.models[wish.id] }, known);
    return JSON.stringify(wishes.map((wish) => asked(wish).map((plan) => ({
        runtime: plan.runtime, cell: plan.cell, devices: plan.devices, form: [plan.form.format, plan.form.quant], verdict: plan.verdict,
        levels: plan.levels, total_bytes: plan.estimate.total, decode_tps: plan.estimate.decode, reasons: plan.reasons,
        unknown: plan.unknown.map((one) => one.fact), caveats: plan.caveats.map((one) => one.id),
    }))));
}"""


@pytest.fixture(scope="module")
def asked(browser, address):
    """What the page's script recommends on a machine for each of several wishes."""
    tab = browser.new_page()
    tab.goto(address)
    tab.evaluate("window.known = JSON.parse(document.getElementById('data').textContent)")
    yield lambda text, several: json.loads(tab.evaluate(ASK, [text, several]))
    tab.close()


def spelt(plan):
    form = plan.artifact
    return {
        "runtime": plan.runtime,
        "cell": plan.cell,
        "devices": list(plan.devices),
        "form": [form.format, form.quant] if form else ["", ""],
        "verdict": plan.verdict,
        "levels": list(plan.levels),
        "total_bytes": plan.estimate.memory.total_bytes,
        "decode_tps": msgspec.to_builtins(plan.estimate.speed.decode_tps),
        "reasons": list(plan.reasons),
        "unknown": [one.fact for one in plan.unknown],
        "caveats": [one.id for one in plan.caveats],
    }


def demand(wish):
    model, _ = store.named(wish["id"])
    return ask(wish["id"], (model,), task=wish["task"], audience=wish["audience"], prefer=wish["prefer"])


@pytest.mark.parametrize("machine", MACHINES)
def test_the_page_recommends_as_the_command(asked, rules, wishes, machine):
    at, facts = MACHINES.index(machine), facts_of(machine)
    step = max(1, len(wishes) // EACH)
    mine = [wishes[(at * 29 + number * step) % len(wishes)] for number in range(min(EACH, len(wishes)))]
    for wish, there in zip(mine, asked(msgspec.json.encode(facts).decode(), mine), strict=True):
        here = [spelt(plan) for plan in decide(facts, demand(wish), rules).plans]
        assert there == here, wish
