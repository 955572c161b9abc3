"""The JSON Schemas: what is printed validates, the committed ones are fresh, and a schema refuses what it should."""

from pathlib import Path

import jsonschema
import msgspec
import pytest
import yaml

from pathfinder.data import store
from pathfinder.data.linting import lint_document
from pathfinder.errors import Problem
from pathfinder.telling import schemas
from pathfinder.telling.documents import matrix_document, profiles_document, runtime_document

FOLDER = Path(__file__).parents[1] / "matrix" / "schema"


def validator(name):
    return jsonschema.Draft202012Validator(schemas.schema(name))


def plain(value):
    return msgspec.json.decode(msgspec.json.encode(value))


@pytest.mark.parametrize("name", schemas.names())
def test_every_schema_is_a_schema(name):
    jsonschema.Draft202012Validator.check_schema(schemas.schema(name))


def test_the_committed_schemas_are_fresh():
    kept = {path.stem: path.read_text("utf-8") for path in FOLDER.glob("*.json")}
    stale = [name for name in {*kept, *schemas.names()} if name not in schemas.names() or kept.get(name) != schemas.text(name)]
    assert not stale, f"run `make docs`: {', '.join(sorted(stale))}"


def test_every_profile_validates_as_facts():
    check = validator("facts")
    for id in store.profiles():
        errors = list(check.iter_errors(plain(store.profile(id))))
        assert not errors, f"{id}: {errors[0].message}"


def test_the_matrix_documents_validate():
    runtimes = [store.whole(runtime.id) for runtime in store.matrix()]
    validator("matrix").validate(plain(matrix_document(runtimes)))
    for runtime in runtimes:
        validator("runtime").validate(plain(runtime_document(runtime)))
    validator("profiles").validate(plain(profiles_document((id, store.profile(id)) for id in store.profiles())))
    validator("lint").validate(plain(lint_document()))


def test_a_schema_refuses_wrong_words_and_kinds_and_takes_what_is_new():
    facts = plain(store.profile(store.profiles()[0]))
    check = validator("facts")
    assert check.is_valid({**facts, "something_new": 1}), "within v1 a document may grow"
    assert not check.is_valid({**facts, "os": {**facts["os"], "family": "linus"}})
    assert not check.is_valid({**facts, "memory": {"total_bytes": "8 GiB"}})
    assert not check.is_valid({**facts, "schema": "pathfinder/facts/v2"})
    assert not check.is_valid({key: value for key, value in facts.items() if key != "schema"})


def test_an_unknown_document_is_refused():
    with pytest.raises(Problem, match="factz"):
        schemas.schema("factz")


# --- what people write -----------------------------------------------------------------------------------------------

ROOT = Path(__file__).parents[1]


class Editor(yaml.SafeLoader):
    """YAML as an editor's language server reads it: numbers are numbers, days are texts."""


Editor.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith("timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@pytest.mark.parametrize(("name", "folder"), [("runtime-file", "runtimes"), ("platform-file", "platforms")])
def test_every_file_validates_as_an_editor_reads_it(name, folder):
    check = validator(name)
    for path in sorted((ROOT / "matrix" / folder).glob("*.yaml")):
        found = [
            f"{path.name} {'.'.join(map(str, error.path))}: {error.message[:200]}"
            for error in check.iter_errors(yaml.load(path.read_text("utf-8"), Editor))
        ]
        assert not found, found[0]


def test_an_editor_sees_mistakes():
    check = validator("runtime-file")
    sound = {
        "name": "X",
        "summary": "S",
        "home": "h",
        "project": {"state": "active"},
        "cells": {"linux-cpu": {"status": "works", "like": "x"}},
    }
    assert check.is_valid(sound)
    assert not check.is_valid({**sound, "cels": {}})
    assert not check.is_valid({**sound, "project": {"state": "dead"}})
    assert not check.is_valid({**sound, "cells": {"linux-cpu": {"statsu": "works"}}})
    assert not check.is_valid({**sound, "cells": {"linux-cpu": {"requires": {"r": {"says": "no when"}}}}})
    assert not check.is_valid({key: value for key, value in sound.items() if key != "cells"})
