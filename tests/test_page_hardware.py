"""The page's answer for one's own hardware is the command's: every cell on every device set of every profile and every recorded host."""

import json
import subprocess
import sys

import msgspec
import pytest
from tests.browser import HOSTS, MACHINES, facts_of

from pathfinder.data import store
from pathfinder.deciding.decide import runs
from pathfinder.deciding.match import ANY_MODEL, match
from pathfinder.types.models import Demand


@pytest.fixture(scope="module")
def runtimes():
    return sorted((store.whole(one.id) for one in store.matrix()), key=lambda one: (one.name.lower(), one.id))


ASK = """text => {
    const facts = judging.read(text);
    const found = known.cells.map(cell => judging.candidates(facts, cell, known));
    const checks = known.runtimes.map((_, r) => judging.check(found.filter((_, at) => known.cells[at].r === r).flat()));
    return JSON.stringify({found, checks});
}"""


@pytest.fixture(scope="module")
def asked(browser, address):
    """Asks the page's script for every candidate of a machine, and for what it says of each runtime."""
    tab = browser.new_page()
    tab.goto(address)
    tab.wait_for_selector("html[data-ready]", state="attached")
    tab.evaluate("judging.unpacked(document.getElementById('data').textContent).then((data) => { window.known = data })")
    yield lambda text: json.loads(tab.evaluate(ASK, text))
    tab.close()


@pytest.fixture
def tab(browser, address):
    """The page fresh, with the section for one's own hardware open."""
    complaints = []
    opened = browser.new_page(viewport={"width": 1280, "height": 800})
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    opened.goto(address)
    opened.wait_for_selector("html[data-ready]", state="attached")
    opened.click("#hardware summary")
    yield opened
    opened.close()
    assert not complaints


def printed(*args):
    """What a command prints, whatever its exit status."""
    script = "import sys; from pathfinder.cli import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run([sys.executable, "-c", script, *args], capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout, done.stderr
    return done.stdout


def spelt(candidate):
    return {
        "devices": [device.id for device in candidate.devices],
        "verdict": candidate.verdict,
        "caveats": [{name: getattr(hit, name) for name in ("id", "effect", "applies", "says", "factor")} for hit in candidate.caveats],
        "forms": [],
        "blockers": [msgspec.to_builtins(blocker) for blocker in candidate.blockers],
    }


@pytest.mark.parametrize("machine", MACHINES)
def test_the_page_decides_as_the_command(asked, runtimes, machine):
    facts, table = facts_of(machine), store.rank_table()
    answer = asked(msgspec.json.encode(facts).decode())
    demand = Demand(model=ANY_MODEL, asked="")
    wanted = [
        [spelt(one) for one in match(facts, demand, (msgspec.structs.replace(runtime, cells=(cell,)),), table)]
        for runtime in runtimes
        for cell in runtime.cells
    ]
    cells = [(runtime.id, cell.id) for runtime in runtimes for cell in runtime.cells]
    for name, here, there in zip(cells, wanted, answer["found"], strict=True):
        assert there == here, name
    assert answer["checks"] == [runs(facts, runtime, table).result for runtime in runtimes]


PASTE = """text => {
    const clipboardData = new DataTransfer();
    clipboardData.setData('text/plain', text);
    document.getElementById('facts').dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true}));
}"""


@pytest.mark.parametrize("machine", ["profile:desktop-rtx-3060", "host:driver-not-answering", "profile:macbook-air-m2-16gb"])
def test_pasted_by_a_person_the_rows_say_what_check_says(tab, runtimes, machine):
    kind, _, name = machine.partition(":")
    host = machine if kind == "profile" else str(HOSTS / name / "recording.json")
    report = json.loads(printed("check", "--json", "--host", host, *(f"runtime:{one.id}" for one in runtimes)))
    said = {row["expectation"][8:]: row["result"] for row in report["results"]}
    counts = [list(said.values()).count(word) for word in ("pass", "unknown", "fail")]
    tab.evaluate(PASTE, printed("detect", "--json", "--host", host))
    assert "{} runtimes run, {} may, {} do not".format(*counts) in tab.inner_text("#machine")
    rows = tab.evaluate("""[...document.querySelectorAll('#cells tbody tr[data-i]')].map(row => {
        const box = row.querySelector('.verdict');
        return [Number(row.dataset.i), box.className.split('v-').pop(), box.firstChild.textContent];
    })""")
    cells = [runtime.id for runtime in runtimes for _ in runtime.cells]
    for id, result in said.items():
        own = [(word, text) for at, word, text in rows if cells[at] == id]
        sure = any(word in ("works", "partial") or text.startswith("untested") for word, text in own)
        assert result == ("pass" if sure else "unknown" if any(word == "unknown" for word, _ in own) else "fail"), (id, own)
    tab.check("#only")
    left = tab.evaluate(
        "[...document.querySelectorAll('#cells tbody tr[data-i]')].filter(row => !row.hidden).map(row => Number(row.dataset.i))"
    )
    assert set(left) == {at for at, word, _ in rows if word != "no"}


def test_a_chosen_file_is_judged_and_forgotten(tab, tmp_path):
    path = tmp_path / "facts.json"
    path.write_bytes(msgspec.json.encode(store.profile("mac-mini-m4-16gb")))
    tab.set_input_files("#file", str(path))
    tab.wait_for_selector("#only-label:visible")
    assert "runtimes run" in tab.inner_text("#machine") and tab.locator(".verdict").count() > 400
    tab.click("#forget")
    assert tab.locator(".verdict").count() == 0 and tab.inner_text("#machine") == ""


def test_a_file_that_cannot_be_facts_is_refused_in_a_sentence(tab, tmp_path):
    path = tmp_path / "film.json"
    path.write_bytes(b" " * (5 << 20))
    tab.set_input_files("#file", str(path))
    tab.wait_for_selector("#machine.wrong")
    assert tab.inner_text("#machine") == "film.json is too large to be the facts of a machine."
    assert not tab.is_visible("#wish") and tab.input_value("#facts") == ""


NO_FACTS = [
    ("", "not JSON"),
    ("{", "not JSON"),
    ("[]", "no facts"),
    ("null", "no facts"),
    ('{"schema": "pathfinder/recording/v1"}', "pathfinder detect --json --host FILE"),
    ('{"schema": "pathfinder/facts/v1", "devices": 3}', "damaged: devices"),
    ('{"schema": "pathfinder/facts/v1", "devices": [null]}', "damaged: devices"),
    ('{"schema": "pathfinder/facts/v1", "cpu": {"features": 7}}', "damaged"),
    ('{"schema": "pathfinder/fleet/v1"}', "several machines"),
]


def test_what_is_no_facts_is_said_in_a_sentence(tab):
    for text, says in NO_FACTS:
        tab.evaluate("document.getElementById('machine').textContent = ''")
        tab.fill("#facts", text)
        tab.click("#judge")
        assert says in tab.inner_text("#machine"), text
        assert tab.locator(".verdict").count() == 0, text


def test_facts_with_nothing_in_them_make_everything_unknown_or_no(tab):
    tab.fill("#facts", '{"schema": "pathfinder/facts/v1"}')
    tab.click("#judge")
    assert "0 runtimes run" in tab.inner_text("#machine")


def test_words_of_hostile_facts_stay_text(tab):
    says = "<img src=x onerror=\"document.title='taken'\">"
    facts = msgspec.to_builtins(store.profile("desktop-rtx-3060"))
    facts["devices"][0]["name"] = facts["os"]["pretty_name"] = says
    tab.fill("#facts", json.dumps(facts))
    tab.click("#judge")
    assert says in tab.inner_text("#machine") and tab.locator("img").count() == 0 and tab.title() != "taken"
