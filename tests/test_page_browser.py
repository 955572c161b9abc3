"""The page as a person meets it, in a real Chromium: filters, order, keyboard, colours, phone, print, accessibility, weight and time."""

import json
import time
from pathlib import Path

import pytest
from msgspec import to_builtins
from msgspec.structs import replace
from tests.browser import text_of

from pathfinder.data import store

SHOWN = "[...document.querySelectorAll('#cells tbody tr[data-i]')].filter(row => !row.hidden)"
WIDE, PHONE = {"width": 1440, "height": 900}, {"width": 360, "height": 780}


@pytest.fixture(scope="module")
def runtimes():
    return [store.whole(one.id) for one in store.matrix()]


@pytest.fixture
def opened(browser, address):
    """Opens the page; whatever the console or the page complains of fails the test."""
    contexts, complaints = [], []

    def open_(viewport=WIDE, colours="light", at=address, **more):
        context = browser.new_context(viewport=viewport, color_scheme=colours, **more)
        contexts.append(context)
        tab = context.new_page()
        tab.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda asked: complaints.append(asked.url) if not asked.url.startswith("file:") else None)
        tab.goto(at)
        tab.wait_for_selector("html[data-ready]", state="attached")
        return tab

    yield open_
    for context in contexts:
        context.close()
    assert not complaints


def shown(tab):
    return set(tab.evaluate(f"{SHOWN}.map(row => Number(row.dataset.i))"))


def settled(tab):
    tab.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


def cells(runtimes):
    every = sorted(runtimes, key=lambda one: (one.name.lower(), one.id))
    return list(enumerate((runtime, cell) for runtime in every for cell in runtime.cells))


@pytest.mark.parametrize(
    ("name", "value", "holds"),
    [
        ("os", "macos", lambda runtime, cell: "macos" in cell.os),
        ("backend", "rocm", lambda runtime, cell: cell.backend == "rocm"),
        ("task", "transcribe", lambda runtime, cell: "transcribe" in cell.tasks),
        ("form", "f:mlx", lambda runtime, cell: any(one.format == "mlx" for one in cell.formats)),
        ("form", "q:Q4_K_M", lambda runtime, cell: any("Q4_K_M" in one.quants for one in cell.formats)),
        ("fit", "production", lambda runtime, cell: runtime.fit.production > 0),
        ("status", "works partial", lambda runtime, cell: cell.status in ("works", "partial") and not cell.inferred_from),
        ("state", "archived", lambda runtime, cell: runtime.project.state == "archived"),
    ],
)
def test_each_filter_leaves_what_it_says(opened, runtimes, name, value, holds):
    tab = opened()
    tab.select_option(f"#{name}", value)
    settled(tab)
    wanted = {at for at, (runtime, cell) in cells(runtimes) if holds(runtime, cell)}
    assert wanted and shown(tab) == wanted
    assert tab.inner_text("#count").startswith(f"{len(wanted)} of ")


def test_filters_add_up_are_in_the_address_and_are_cleared(opened, runtimes):
    tab = opened()
    tab.select_option("#os", "linux")
    tab.select_option("#backend", "vulkan")
    tab.fill("#q", "GGUF llama")
    settled(tab)
    left = shown(tab)
    for at, (_, cell) in cells(runtimes):
        assert at not in left or ("linux" in cell.os and cell.backend == "vulkan")
    assert left
    again = opened(at=tab.url)
    assert shown(again) == left
    tab.click("#reset")
    settled(tab)
    assert len(shown(tab)) == len(cells(runtimes)) and "#" not in tab.url


def test_nothing_found_says_so_and_offers_a_way_back(opened, runtimes):
    tab = opened()
    tab.fill("#q", "no such thing anywhere")
    settled(tab)
    assert not shown(tab) and tab.is_visible("#nothing") and not tab.is_visible("#cells")
    tab.click("#again")
    settled(tab)
    assert len(shown(tab)) == len(cells(runtimes)) and tab.evaluate("document.activeElement.id") == "q"


def test_headings_sort_both_ways(opened):
    tab = opened()
    by_status = ["works", "partial", "untested", "broken", "unsupported"]
    head = tab.locator("button[data-sort=status]")
    for sign in (1, -1):
        head.click()
        words = tab.evaluate(f"{SHOWN}.map(row => row.querySelector('.c-status').childNodes[1].textContent.trim())")
        places = [sign * by_status.index(word) for word in words]
        assert places == sorted(places)
    assert tab.locator("th[aria-sort]").count() == 1
    assert tab.locator("th[aria-sort]").get_attribute("aria-sort") == "descending"
    tab.locator("button[data-sort=evidence]").click()
    words = tab.evaluate(f"{SHOWN}.map(row => row.querySelector('.c-evidence span').textContent.split(' ')[0])")
    order = [["run", "installed", "resolved", "read", "none"].index(word) for word in words]
    assert order == sorted(order)


def test_evidence_on_demand_by_keyboard_alone(opened, runtimes):
    tab = opened()
    tab.keyboard.press("/")
    assert tab.evaluate("document.activeElement.id") == "q"
    tab.keyboard.type("mlx-lm macos")
    settled(tab)
    at = min(shown(tab))
    _, cell = dict(cells(runtimes))[at]
    for _ in range(60):
        tab.keyboard.press("Tab")
        if tab.evaluate("document.activeElement.className").startswith("open"):
            break
    tab.keyboard.press("Enter")
    detail = tab.locator("tr.detail")
    text = detail.inner_text()
    for one in cell.evidence:
        assert one.says in text and one.checked in text and one.source in text
    for need in cell.requires:
        assert need.says in text
    assert tab.evaluate("document.activeElement.getAttribute('aria-expanded')") == "true"
    tab.keyboard.press("Escape")
    assert detail.count() == 0 and tab.evaluate("document.activeElement.getAttribute('aria-expanded')") == "false"


def test_details_follow_their_row(opened):
    tab = opened()
    tab.locator("button.open").nth(20).click()
    tab.locator("button[data-sort=backend]").click()
    assert tab.evaluate("document.querySelector('tr.detail').previousElementSibling.dataset.i") == "20"


def test_colours_follow_the_system_and_the_switch(opened):
    tab = opened(colours="dark")
    dark = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    tab.check("input[name=theme][value=light]", force=True)
    light = tab.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (dark, light) == ("rgb(20, 23, 26)", "rgb(255, 255, 255)")
    tab.reload()
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == light


def test_a_phone_shows_all_of_it_without_scrolling_sideways(opened):
    tab = opened(viewport=PHONE)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    small = tab.evaluate(
        "[...document.querySelectorAll('button.open, select, #q')].filter(one => one.offsetParent && one.offsetHeight < 30).length"
    )
    assert small == 0
    tab.locator("button.open").nth(2).click()
    assert tab.evaluate("document.documentElement.scrollWidth") <= 360
    assert tab.is_visible("tr.detail")


def test_printed_without_controls_and_as_a_table(opened):
    tab = opened()
    tab.select_option("#os", "ios")
    settled(tab)
    tab.emulate_media(media="print")
    assert not tab.is_visible("#filters") and not tab.is_visible("button.open >> nth=0")
    assert tab.evaluate("getComputedStyle(document.querySelector('#cells')).display") == "table"
    assert tab.pdf().startswith(b"%PDF")


def test_without_scripts_every_row_can_be_read(browser, address, runtimes):
    context = browser.new_context(java_script_enabled=False)
    tab = context.new_page()
    tab.goto(address)
    assert tab.locator("#cells tbody tr").count() == len(cells(runtimes))
    assert not tab.is_visible("#filters") and tab.is_visible("#cells tbody tr >> nth=0")
    context.close()


def test_a_script_that_may_not_run_hides_no_row(browser, address, tmp_path):
    path = tmp_path / "altered.html"
    text = Path(address.removeprefix("file://")).read_text(encoding="utf-8")
    path.write_text(text.replace('"use strict";', '"use strict"; ', 1), encoding="utf-8")  # no longer the hash the policy allows
    tab = browser.new_page()
    tab.goto(path.as_uri())
    tab.wait_for_selector("#cells tbody tr >> nth=0", state="visible", timeout=10_000)
    assert not tab.is_visible("#filters")
    tab.close()


@pytest.mark.parametrize(("viewport", "colours"), [(WIDE, "light"), (WIDE, "dark"), (PHONE, "light")])
def test_an_accessibility_audit_finds_nothing(opened, viewport, colours):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed (tools/browser.py does)")
    tab = opened(viewport=viewport, colours=colours)
    tab.click("#hardware summary")
    tab.evaluate("facts => { document.getElementById('facts').value = facts }", json.dumps(to_builtins(store.profile("mac-mini-m4-16gb"))))
    tab.click("#judge")
    tab.locator("#plans summary").nth(1).click()
    tab.click("#further > summary")
    tab.evaluate("location.hash = 'os=macos'")  # every status and effect, and done in seconds
    settled(tab)
    tab.locator("tr[data-i]:visible button.open").first.click()
    found = axe.Axe().run(tab)
    assert found.violations_count == 0, found.generate_report()


def test_hostile_texts_of_an_overlay_run_nothing(opened, runtimes, tmp_path):
    says = "</script><img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
    first = runtimes[0]
    bad = replace(first, name=says, summary=says, caveat=says, best_for=says, project=replace(first.project, says=says))
    path = tmp_path / "bad.html"
    path.write_text(text_of([bad], says), encoding="utf-8")
    tab = opened(at=path.as_uri())
    tab.locator("button.open").first.click()
    assert says in tab.locator("tr.detail").inner_text()
    assert tab.title() != "taken" and tab.locator("img").count() == 0


def test_light_and_interactive_within_a_second(opened, address):
    """The page's own clock until its filters answer, the best of three: other work of the machine is not the page's."""
    best = []
    for _ in range(3):
        tab = opened()
        best.append(float(tab.evaluate("document.documentElement.dataset.ready")))
        time.sleep(0.1)
    assert min(best) < 1000, best
    assert len(Path(address.removeprefix("file://")).read_bytes()) < 1_500_000
