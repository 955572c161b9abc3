"""Generated Markdown of the matrix."""

import re

from pathfinder.data import store
from pathfinder.telling.pages import BEGIN, END, generated, runtime_page, support_table, with_table


def whole():
    return [store.whole(runtime.id) for runtime in store.matrix()]


def test_the_table_has_a_row_for_all_that_live_and_every_footnote_is_used_once():
    runtimes = whole()
    table = support_table(runtimes)
    for runtime in runtimes:
        assert (f"| [{runtime.name}](docs/runtimes/{runtime.id}.md) |" in table) == (runtime.project.state in ("active", "maintenance"))
    told = re.findall(r"^\[\^(\d+)\]: ", table, re.MULTILINE)
    assert told == [str(number) for number in range(1, len(told) + 1)]
    assert set(told) == set(re.findall(r"\[\^(\d+)\](?!:)", table))
    rows = [line for line in table.splitlines() if line.startswith("|")]
    assert {len(re.findall(r"(?<!\\)\|", row)) for row in rows} == {6}


def test_a_page_tells_everything_of_its_runtime():
    for runtime in whole():
        page = runtime_page(runtime)
        for cell in runtime.cells:
            assert f"## {cell.id}\n" in page
            assert all(one.says in page for one in (*cell.requires, *cell.caveats))
            assert all(one.source in page for one in cell.evidence)
        assert all(old.now in page for old in runtime.history)
        assert page.count("```") % 2 == 0


def test_pages_and_schemas_have_their_places():
    found = generated(whole())
    assert {f"docs/runtimes/{runtime.id}.md" for runtime in store.matrix()} <= set(found)
    assert "matrix/schema/facts.json" in found and all(text.endswith("\n") for text in found.values())


def test_the_table_stands_between_its_marks():
    readme = f"# x\n{BEGIN}\nold\n{END}\nrest\n"
    assert with_table(readme, "new\n") == f"# x\n{BEGIN}\nnew\n{END}\nrest\n"
    assert with_table(with_table(readme, "new\n"), "new\n") == with_table(readme, "new\n")
    assert with_table("# no marks\n", "new\n") == "# no marks\n"
