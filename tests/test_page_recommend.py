"""What the page recommends is what `pathfinder recommend` does: the whole list, with devices, forms, memory, speed, ranks, reasons and
commands."""

import json
import os
import random
from itertools import product

import msgspec
import pytest
from msgspec.structs import replace
from tests.browser import MACHINES, facts_of, known

from pathfinder.data import store
from pathfinder.deciding.decide import Rules, decide, spelt
from pathfinder.deciding.steps import places_for
from pathfinder.estimate import Tables
from pathfinder.naming.ask import ask
from pathfinder.telling import questions, show
from pathfinder.telling.questions import task_of
from pathfinder.telling.quoting import command

EACH = int(os.environ.get("PATHFINDER_PAGE_DEMANDS", "5"))
"""Demands asked of each machine, others for every machine; there are some 850, all of them take an hour."""


@pytest.fixture(scope="module")
def rules():
    data = known()
    return Rules(
        runtimes=store.matrix(), table=data.rank, tables=Tables(coefficients=data.coefficients, chips=data.chips), whole=store.whole
    )


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
    const asked = wishes.map((wish) => ({ ...wish, model: known.offers.models[wish.id] }));
    return JSON.stringify(asked.map((wish) => recommending.recommend(facts, wish, known).map((plan) => ({
        runtime: plan.runtime, cell: plan.cell.id, devices: plan.devices.map((one) => one.id),
        form: [plan.form.format, plan.form.quant], verdict: plan.verdict,
        levels: plan.levels, total_bytes: plan.estimate.total, decode_tps: plan.estimate.decode, reasons: plan.reasons,
        unknown: plan.unknown.map((one) => one.fact), caveats: plan.caveats.map((one) => one.id),
        commands: spelling.commands(plan, facts, wish, known).map((one) => [one.title, one.line]),
    }))));
}"""


@pytest.fixture(scope="module")
def asked(browser, address):
    """What the page's script recommends on a machine for each of several wishes."""
    tab = browser.new_page()
    tab.goto(address)
    tab.wait_for_selector("html[data-ready]", state="attached")
    tab.evaluate("judging.unpacked(document.getElementById('data').textContent).then((data) => { window.known = data })")
    yield lambda text, several: json.loads(tab.evaluate(ASK, [text, several]))
    tab.close()


def document(plan):
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
        "commands": [[step.title, command(step, plan.os, plan.root)] for step in (*plan.install, *plan.launch)],
    }


def decided(facts, wish, rules):
    """The command's plans, spelt out for a machine that is not this one."""
    asked = demand(wish)
    decision = decide(facts, asked, rules)
    return [spelt(plan, decision, facts, asked, rules, places_for(facts)) for plan in decision.plans]


def demand(wish):
    model, _ = store.named(wish["id"])
    return ask(wish["id"], (model,), task=wish["task"], audience=wish["audience"], prefer=wish["prefer"])


@pytest.mark.parametrize("machine", MACHINES)
def test_the_page_recommends_as_the_command(asked, rules, wishes, machine):
    at, facts = MACHINES.index(machine), facts_of(machine)
    step = max(1, len(wishes) // EACH)
    mine = [wishes[(at * 29 + number * step) % len(wishes)] for number in range(min(EACH, len(wishes)))]
    for wish, there in zip(mine, asked(msgspec.json.encode(facts).decode(), mine), strict=True):
        assert there == [document(plan) for plan in decided(facts, wish, rules)], wish


GIB = 1 << 30
ALTERED = range(12)


def altered(seed):
    """Facts nobody recorded: those of a machine with some figures and names taken away or put in another's place."""
    draw = random.Random(seed)
    facts = facts_of(draw.choice(MACHINES))
    chips = [str(raw.get("name") or id) for document in known().chips.values() for id, raw in document.items()]

    def some(value, *others):
        return draw.choice([value, value, None, *others])

    def size():
        return int(draw.random() * draw.choice([4, 24, 96]) * GIB)

    memory = replace(
        facts.memory,
        usable_bytes=some(facts.memory.usable_bytes, size()),
        unified=some(facts.memory.unified, not facts.memory.unified),
        bandwidth_bytes_per_second=some(facts.memory.bandwidth_bytes_per_second, 2e11),
    )
    cpu = replace(
        facts.cpu,
        model=some(facts.cpu.model, draw.choice(chips)),
        cores=some(facts.cpu.cores, 64),
        sockets=some(facts.cpu.sockets, 2),
        usable_cpus=some(facts.cpu.usable_cpus, 3.5),
        features=some(facts.cpu.features),
    )
    devices = facts.devices and tuple(
        replace(
            device,
            name=some(device.name, f"{draw.choice(chips)} Laptop GPU", "Navi 31 [Radeon RX 7900 XT/7900 XTX]"),
            arch=some(device.arch),
            memory_bytes=some(device.memory_bytes, size()),
            memory_free_bytes=some(device.memory_free_bytes, size(), 0),
            shared_memory=some(device.shared_memory, not device.shared_memory),
            integrated=some(device.integrated, not device.integrated),
        )
        for device in facts.devices
    )
    return replace(facts, memory=memory, cpu=cpu, devices=devices)


@pytest.mark.parametrize("seed", ALTERED)
def test_the_page_recommends_as_the_command_where_facts_are_odd_or_missing(asked, rules, wishes, seed):
    facts = altered(seed)
    mine = random.Random(seed).sample(wishes, 3)
    for wish, there in zip(mine, asked(msgspec.json.encode(facts).decode(), mine), strict=True):
        assert there == [document(plan) for plan in decided(facts, wish, rules)], wish


# --- as a person meets it --------------------------------------------------------------------------------------------

PASTE = """text => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    document.getElementById('facts').dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true}));
}"""


@pytest.fixture
def judged(browser, address):
    """The page with a machine's facts pasted."""
    tabs, complaints = [], []

    def open_(machine, viewport=None):
        tab = browser.new_page(viewport=viewport or {"width": 1280, "height": 800})
        tabs.append(tab)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        tab.goto(address)
        tab.wait_for_selector("html[data-ready]", state="attached")
        tab.click("#hardware summary")
        tab.evaluate(PASTE, msgspec.json.encode(facts_of(machine)).decode())
        return tab

    yield open_
    for tab in tabs:
        tab.close()
    assert not complaints


def line(plan, task):
    """A plan in the words of the terminal."""
    parts = (show.form(plan), show.where(plan), show.memory(plan), show.speed(plan) if task in show.DECODES else "", show.proof(plan))
    return f"{plan.name} " + " · ".join(part for part in parts if part)


PEOPLE = ["profile:desktop-rtx-3060", "host:windows-rtx-3060-igpu", "profile:mac-mini-m4-16gb", "host:raspberry-pi-5"]
ANSWERS = [("chat", "solo", "none"), ("code", "team", "throughput"), ("transcribe", "solo", "simple"), ("image", "solo", "none")]


@pytest.mark.parametrize("machine", PEOPLE)
def test_pasted_and_chosen_by_a_person_the_plans_are_those_of_the_terminal(judged, rules, machine):
    tab = judged(machine)
    for what, whom, first in ANSWERS:
        tab.select_option("#what", what)
        tab.select_option("#whom", whom)
        tab.select_option("#first", first)
        task = task_of(known().questions, what)
        wish = {"id": tab.input_value("#model"), "task": task, "audience": whom, "prefer": None if first == "none" else first}
        plans = decided(facts_of(machine), wish, rules)
        assert tab.locator(".plans summary").all_text_contents() == [line(plan, task) for plan in plans]
        if not plans:
            assert "Nothing in the matrix runs" in tab.inner_text("#advised")
            continue
        lines = [f"# {step.title}\n{command(step, plans[0].os, plans[0].root)}" for step in (*plans[0].install, *plans[0].launch)]
        assert tab.locator("#plans pre").first.text_content() == "\n".join(lines) + "\n"
        assert f"--model {wish['id']} --task {task}" in tab.inner_text("#same")


def test_the_models_offered_first_are_those_of_the_four_questions(judged, rules):
    tab, data = judged("profile:desktop-rtx-3060"), known()
    facts = facts_of("profile:desktop-rtx-3060")

    def plan_of(name):
        wish = {"id": name, "task": "chat", "audience": "solo", "prefer": None}
        return next(iter(decided(facts, wish, rules)), None)

    entry = data.questions["tasks"]["chat"]
    wanted = questions.models(entry["models"], data.models, "chat", plan_of)
    offered = tab.evaluate("[...document.getElementById('model').options].map((one) => one.value)")
    assert offered == [choice.value for choice in wanted.choices][: len(offered)] and len(offered) == len(entry["models"])
    assert tab.input_value("#model") == wanted.default


def test_chosen_by_keyboard_alone(judged):
    tab = judged("profile:desktop-rtx-3060")
    tab.focus("#what")
    before = tab.inner_text("#advised")
    tab.keyboard.press("ArrowDown")
    assert tab.inner_text("#advised") != before
    for _ in range(4):
        tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.tagName") == "SUMMARY"
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    tab.locator("#plans details[open] pre").nth(1).wait_for()  # the commands come with the event of opening
    assert tab.locator("#plans details[open] pre").count() == 2


def test_another_machine_replaces_the_plans_and_forgetting_takes_them_away(judged):
    tab = judged("profile:desktop-rtx-3060")
    assert "cuda" in tab.inner_text("#plans") and tab.locator("#plans > li").count() == 5
    tab.evaluate(PASTE, msgspec.json.encode(facts_of("profile:mac-mini-m4-16gb")).decode())
    assert "metal" in tab.inner_text("#plans") and "cuda" not in tab.inner_text("#plans")
    tab.fill("#facts", "{}")
    tab.click("#judge")
    assert not tab.is_visible("#wish")
    tab.evaluate(PASTE, '{"schema": "pathfinder/facts/v1"}')
    assert tab.is_visible("#wish")
    tab.click("#forget")
    assert not tab.is_visible("#wish")


def test_on_a_phone_the_plans_do_not_scroll_sideways(judged):
    tab = judged("profile:macbook-air-m2-16gb", {"width": 360, "height": 780})
    tab.click("#further summary >> nth=0")
    assert tab.locator("#plans pre").is_visible() and tab.evaluate("document.documentElement.scrollWidth") <= 360
