"""Formats of deployment: every one valid, by its own tool or schema, for every machine; hostile names stay in their place."""

import json
import os
import plistlib
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

import jsonschema
import pytest
import yaml
from msgspec.structs import replace
from tests.test_spelling import expanded, interpolated, unit_words

from pathfinder.cli import main
from pathfinder.cli.hosts import Known, facts_of
from pathfinder.cli.session import Session
from pathfinder.cli.wish import Wish, demand, places, rules
from pathfinder.data import store
from pathfinder.deciding.decide import decide, spelt
from pathfinder.errors import Problem
from pathfinder.telling.deploy import deployment, slug
from pathfinder.telling.fits import needs, unmet
from pathfinder.telling.render import fitting, formats, needed, render, suits
from pathfinder.types.deploy import Node
from pathfinder.types.models import Artifact
from pathfinder.types.plans import Plan
from pathfinder.types.steps import Endpoint, Step

FOLDER = store.templates()
DEPLOY = [name for name, path in formats(FOLDER).items() if needed(path) is not None]
SESSION = Session(host=[], json=False, offline=True, no_color=True, overlay=[], override=[], explain=False)
RECORDINGS = sorted(Path(__file__).parent.glob("hosts/*/recording.json"))
HOSTS = [f"profile:{one}" for one in store.profiles()] + [str(path) for path in RECORDINGS]


@cache
def rendered() -> dict[str, dict[str, str]]:
    """Of every format: for each machine the best plan it fits, and every cell of every runtime on the first machine that plans it."""
    texts: dict[str, dict[str, str]] = {name: {} for name in DEPLOY}
    seen: set[tuple[str, str]] = set()
    with_data = rules(SESSION)
    asked = demand(Wish("llama-3-8b"), SESSION)
    for host in HOSTS:
        known = Known(host, facts_of(host, SESSION))
        decision = decide(known.facts, asked, with_data)
        missing = set(DEPLOY)
        for number, one in enumerate(decision.plans):
            new = (one.runtime, one.cell) not in seen
            if not new and (not missing or number >= 40):
                continue
            seen.add((one.runtime, one.cell))
            plan = spelt(one, decision, known.facts, asked, with_data, places(known))
            for name in set(fitting(plan, FOLDER)) & set(DEPLOY):
                if new or name in missing:
                    texts[name][f"{host} {plan.runtime} {plan.cell}"] = render(name, plan, FOLDER, 2)
                    missing.discard(name)
        if not texts["tabbyapi"]:
            # It takes forms that few models have.
            asked_for = Wish("hf:turboderp/Llama-3.1-8B-Instruct-exl3:4.0bpw", runtime="tabbyapi")
            for_tabby = decide(known.facts, demand(asked_for, SESSION), rules(SESSION, "tabbyapi"))
            for one in for_tabby.plans[:1]:
                plan = spelt(one, for_tabby, known.facts, demand(asked_for, SESSION), rules(SESSION, "tabbyapi"), places(known))
                texts["tabbyapi"][f"{host} {plan.runtime} {plan.cell}"] = render("tabbyapi", plan, FOLDER, 2)
    return texts


def distinct(name: str) -> dict[str, str]:
    """The same, one for each cell."""
    return {key.partition(" ")[2]: text for key, text in rendered()[name].items()}


@pytest.mark.parametrize("name", sorted(DEPLOY))
def test_every_format_is_written_for_some_machine(name):
    assert rendered()[name]


@pytest.mark.parametrize("name", [name for name in DEPLOY if formats(FOLDER)[name].name.split(".")[1] in ("yaml", "yml")])
def test_yaml_parses(name):
    for text in rendered()[name].values():
        assert all(isinstance(one, dict) for one in yaml.safe_load_all(text))


@pytest.mark.parametrize("name", ["exo", "llama-rpc"])
def test_scripts(name, tmp_path):
    for number, text in enumerate(distinct(name).values()):
        script = tmp_path / f"{number}.sh"
        script.write_text(text)
        if shutil.which("bash"):
            subprocess.run(["bash", "-n", str(script)], check=True)
    if not shutil.which("shellcheck"):
        pytest.skip("shellcheck is not installed here")
    subprocess.run(["shellcheck", "--shell=sh", *map(str, tmp_path.iterdir())], check=True)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed here")
def test_units(tmp_path):
    """Nothing is wrong but that the programs are not installed here."""
    for number, text in enumerate(distinct("systemd").values()):
        (tmp_path / f"unit{number}.service").write_text(text)
    ran = subprocess.run(["systemd-analyze", "verify", *map(str, tmp_path.iterdir())], capture_output=True, text=True, check=False)
    assert [line for line in ran.stderr.splitlines() if not line.endswith("is not executable: No such file or directory")] == []


QUADLET_GENERATOR = os.environ.get("PATHFINDER_QUADLET", "/usr/libexec/podman/quadlet")
QUADLET = {
    "Unit": {"Description", "Wants", "After"},
    "Container": {
        "Image", "ContainerName", "Entrypoint", "Exec", "WorkingDir", "User", "Environment", "Network", "PublishPort", "Volume",
        "AddDevice", "SecurityLabelDisable", "GroupAdd", "AddCapability", "Ulimit", "ShmSize", "SeccompProfile", "PodmanArgs",
    },
    "Service": {"ExecStartPre", "Restart", "RestartSec", "TimeoutStartSec"},
    "Install": {"WantedBy"},
}  # fmt: skip
"""Keys that podman-container.unit(5) lists."""


def sections(text):
    found, at = {}, None
    for line in text.splitlines():
        if line.startswith("["):
            at = line.strip("[]")
            found[at] = {}
        elif line and not line.startswith("#"):
            key, _, value = line.partition("=")
            found[at].setdefault(key, []).append(value)
    return found


def test_quadlets():
    for text in rendered()["quadlet"].values():
        unit = sections(text)
        assert {section: set(keys) - QUADLET[section] for section, keys in unit.items()} == {key: set() for key in QUADLET}
        assert len(unit["Container"]["Image"]) == 1
        made = [line.removeprefix("/usr/bin/mkdir -p ") for line in unit["Service"].get("ExecStartPre", ())]
        bound = [
            one.split(":")[0] for one in unit["Container"].get("Volume", ()) if one.startswith(("%h", "/")) and not one.startswith("/dev")
        ]
        assert [one.strip('"') for one in made] == [one.strip('"') for one in bound], "Podman makes no folder that is not there"


@pytest.mark.skipif(not Path(QUADLET_GENERATOR).exists(), reason="podman is not installed here")
def test_quadlets_by_podman_itself(tmp_path):
    for number, text in enumerate(distinct("quadlet").values()):
        (tmp_path / f"unit{number}.container").write_text(text)
    ran = subprocess.run(
        [QUADLET_GENERATOR, "-dryrun", "-user"], env={"QUADLET_UNIT_DIRS": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr.strip().count("error")) == (0, 0), ran.stderr
    assert ran.stdout.count("ExecStart=") == len(list(tmp_path.iterdir()))


def test_a_container_keeps_to_the_planned_devices_here_and_takes_what_a_cluster_gives():
    """One GPU of eight: by its number in Docker, by the device plug-in in a cluster."""
    key = next(key for key in rendered()["compose"] if key.startswith("profile:cloud-8x-mi300x "))
    service = next(iter(yaml.safe_load(rendered()["compose"][key])["services"].values()))
    assert service["environment"]["ROCR_VISIBLE_DEVICES"] == "0"
    for text in rendered()["kubernetes"].values():
        assert "VISIBLE_DEVICES" not in text


@pytest.mark.parametrize("name", ["compose", "quadlet", "dockerfile"])
def test_containers_are_published_on_this_machine_alone(name):
    for key, text in rendered()[name].items():
        for address, port in re.findall(r"""(?:- "|PublishPort=|-p )((?:[\d.]+:)?)(\d+):\d+""", text):
            assert address == "127.0.0.1:", (key, port)


def test_property_lists():
    for text in rendered()["launchd"].values():
        found = plistlib.loads(text.encode())
        assert found["Label"].startswith("local.pathfinder.")
        assert found["ProgramArguments"][0].startswith("/")
        assert all(not word.startswith("~") for word in (*found["ProgramArguments"], *found["EnvironmentVariables"].values()))


def compose() -> list[str]:
    """The command of Docker Compose 2 or newer; the first one knows an older specification."""
    for command in (["docker", "compose"], ["docker-compose"]):
        if shutil.which(command[0]):
            ran = subprocess.run([*command, "version", "--short"], capture_output=True, text=True, check=False)
            if ran.returncode == 0 and not ran.stdout.strip().startswith(("1.", "v1.")):
                return command
    return []


COMPOSE = compose()


@pytest.mark.skipif(not COMPOSE, reason="Docker Compose 2 is not installed here")
def test_compose_by_its_own_tool(tmp_path):
    """All in one project, as it takes several files, one service each."""
    files = []
    for number, (key, text) in enumerate(distinct("compose").items()):
        file = tmp_path / f"{number}.yaml"
        file.write_text(re.sub(r"^  [a-z0-9-]+:$", f"  service{number}:", text, count=1, flags=re.M))
        files += ["-f", str(file)]
        assert text.count("\n    image:") == 1, key
    ran = subprocess.run([*COMPOSE, *files, "config"], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert len(yaml.safe_load(ran.stdout)["services"]) == len(files) // 2


@pytest.mark.skipif(not COMPOSE, reason="Docker Compose 2 is not installed here")
def test_compose_itself_gives_hostile_words_back(tmp_path):
    plan = hostile([*EVIL, *LINES])
    (tmp_path / "x.yaml").write_text(render("compose", plan, FOLDER))
    ran = subprocess.run([*COMPOSE, "-f", str(tmp_path / "x.yaml"), "config"], capture_output=True, text=True, check=True)
    service = next(iter(yaml.safe_load(ran.stdout)["services"].values()))
    # What it prints is a compose file again, with its dollars doubled.
    assert [interpolated(word) for word in service["command"]] == [*EVIL, *LINES]
    assert interpolated(service["environment"]["V"]) == LINES[-1]


def hadolint():
    import sys

    beside = Path(sys.executable).with_name("hadolint")
    return str(beside) if beside.exists() else shutil.which("hadolint")


@pytest.mark.skipif(not hadolint(), reason="hadolint is not installed here")
def test_dockerfiles(tmp_path):
    for number, text in enumerate(distinct("dockerfile").values()):
        (tmp_path / f"{number}.Dockerfile").write_text(text)
    # DL3007: the matrix says itself which tags move.
    ran = subprocess.run([hadolint(), "--ignore", "DL3007", *map(str, tmp_path.iterdir())], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")


def pods(document):
    """Pod specifications of a document, custom resources too."""
    spec = document["spec"]
    if document["kind"] == "LeaderWorkerSet":
        return [spec["leaderWorkerTemplate"][f"{role}Template"]["spec"] for role in ("leader", "worker")]
    if document["kind"] == "RayService":
        cluster = spec["rayClusterConfig"]
        return [group["template"]["spec"] for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])]
    return []


@pytest.mark.parametrize("name", ["kubernetes", "lws", "kuberay"])
def test_kubernetes_by_its_schemas(name):
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed here").validate
    for text in distinct(name).values():
        for document in yaml.safe_load_all(text):
            for spec in pods(document):
                validate({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}, "spec": spec}, "1.30", strict=True)
            if not pods(document):
                validate(document, "1.30", strict=True)


def test_kubernetes_asks_for_what_the_machine_has():
    text = next(text for key, text in rendered()["kubernetes"].items() if key.startswith("profile:desktop-rtx-4090 "))
    spec = next(yaml.safe_load_all(text))["spec"]["template"]["spec"]
    assert spec["nodeSelector"]["nvidia.com/gpu.compute.minor"] == "9"
    assert spec["containers"][0]["resources"]["limits"] == {"nvidia.com/gpu": "1"}
    assert {"startupProbe", "readinessProbe", "livenessProbe"} <= set(spec["containers"][0])


def test_groups_of_machines():
    for text in rendered()["lws"].values():
        group = yaml.safe_load(text.partition("\n---\n")[0])["spec"]["leaderWorkerTemplate"]
        leader, worker = (group[f"{role}Template"]["spec"]["containers"][0]["args"] for role in ("leader", "worker"))
        assert group["size"] == 2
        assert "$(LWS_GROUP_SIZE)" in leader
        assert worker[: len(leader)] == leader
    for text in rendered()["kuberay"].values():
        serve = yaml.safe_load(yaml.safe_load(text)["spec"]["serveConfigV2"])
        assert serve["applications"][0]["args"]["llm_configs"][0]["engine_kwargs"]["pipeline_parallel_size"] == 2


CONTINUE = {
    "type": "object",
    "required": ["name", "version", "schema", "models"],
    "properties": {
        "name": {"type": "string"},
        "version": {"type": "string"},
        "schema": {"const": "v1"},
        "models": {
            "items": {
                "type": "object",
                "required": ["name", "provider", "model"],
                "additionalProperties": False,
                "properties": {
                    **{key: {"type": "string"} for key in ("name", "provider", "model", "apiBase", "apiKey")},
                    "roles": {"items": {"enum": ["chat", "autocomplete", "embed", "rerank", "edit", "apply", "summarize"]}},
                    "capabilities": {"items": {"enum": ["tool_use", "image_input"]}},
                    "defaultCompletionOptions": {"properties": {"contextLength": {"type": "integer"}, "maxTokens": {"type": "integer"}}},
                },
            }
        },
    },
}
"""What Continue's own schema says of these fields (packages/config-yaml)."""
LITELLM = {
    "required": ["model_list"],
    "additionalProperties": False,
    "properties": {
        "model_list": {
            "items": {
                "required": ["model_name", "litellm_params"],
                "properties": {"litellm_params": {"required": ["model", "api_base"]}},
            }
        }
    },
}
SWAP = {
    "required": ["models"],
    "properties": {
        "models": {
            "additionalProperties": {
                "required": ["cmd"],
                "additionalProperties": False,
                "properties": {
                    **{key: {"type": "string"} for key in ("cmd", "proxy", "checkEndpoint", "useModelName")},
                    "env": {"items": {"pattern": "^[A-Z_]+="}},
                    "ttl": {"type": "integer"},
                },
            }
        }
    },
}
VSCODE = {
    "items": {
        "required": ["name", "vendor", "apiType", "models"],
        "properties": {
            "apiType": {"enum": ["chat-completions", "responses", "messages"]},
            "models": {"items": {"required": ["id", "name", "url", "toolCalling", "vision", "maxInputTokens", "maxOutputTokens"]}},
        },
    }
}


@pytest.mark.parametrize(("name", "schema"), [("continue", CONTINUE), ("litellm", LITELLM), ("llama-swap", SWAP), ("vscode", VSCODE)])
def test_configurations_have_the_documented_fields(name, schema):
    for text in rendered()[name].values():
        jsonschema.validate(yaml.safe_load(text), schema)


TABBY = {
    "network": {"host", "port"},
    "model": {"model_dir", "model_name", "max_seq_len", "cache_size", "tensor_parallel", "gpu_split_auto"},
}
"""Keys of TabbyAPI's config_sample.yml."""
LOCALAI = {
    "name", "backend", "parameters", "context_size", "threads", "gpu_layers", "f16", "mmap", "embeddings",
    "gpu_memory_utilization", "tensor_parallel_size", "max_model_len",
}  # fmt: skip
"""Keys of LocalAI's page on model configuration."""


@pytest.mark.parametrize("devices", ["1", "2"])
def test_tabbyapi_has_the_documented_fields(devices):
    plan = hostile(["x"], runtime="tabbyapi", artifact=Artifact(format="exl3", quant="4.0bpw", path="/models/a b/m"))
    plan = replace(plan, values={**plan.values, "device_count": devices, "context_total": "5000"})
    for text in rendered()["tabbyapi"].values():
        assert {section: set(keys) - TABBY[section] for section, keys in yaml.safe_load(text).items()} == {"network": set(), "model": set()}
    found = yaml.safe_load(render("tabbyapi", plan, FOLDER))
    assert {section: set(keys) - TABBY[section] for section, keys in found.items()} == {"network": set(), "model": set()}
    assert (found["model"]["model_dir"], found["model"]["model_name"]) == ("/models/a b", "m")
    assert found["model"]["cache_size"] == 5120
    assert found["model"]["tensor_parallel"] is (devices == "2")


@pytest.mark.parametrize(("format", "backend"), [("gguf", "llama-cpp"), ("awq", "vllm"), ("mlx", "mlx")])
def test_localai_has_the_documented_fields(format, backend):
    artifact = Artifact(format=format, quant="q", repo="o/r", file="f" if format == "gguf" else None)
    found = yaml.safe_load(render("localai", hostile(["x"], runtime="localai", artifact=artifact), FOLDER))
    assert set(found) <= LOCALAI
    assert found["backend"] == backend
    assert found["parameters"]["model"] == ("huggingface://o/r/f" if format == "gguf" else "o/r")


def test_workflows():
    for text in distinct("github-actions").values():
        flow = yaml.safe_load(text)
        assert set(flow) == {"name", True, "permissions", "jobs"}  # `on` is a boolean to YAML 1.1
        for step in flow["jobs"]["serve"]["steps"]:
            assert set(step) <= {"name", "run", "if"}
            if shutil.which("bash"):
                subprocess.run(["bash", "-n", "-c", step["run"]], check=True)


@pytest.mark.skipif(not shutil.which("actionlint"), reason="actionlint is not installed here")
def test_workflows_by_their_own_tool(tmp_path):
    for number, text in enumerate(distinct("github-actions").values()):
        (tmp_path / f"{number}.yml").write_text(text)
    subprocess.run(["actionlint", "-ignore", "label .* is unknown", *map(str, tmp_path.iterdir())], check=True)


# --- hostile values --------------------------------------------------------------------------------------------------

EVIL = [
    "a b", "$(touch /tmp/x)", "${HOME}", "$(HOME)", "$$", "%h", "`id`", "it's", 'say "x"', "back\\slash", "-rf", "key: value", "- item",
    "#no", "{a: b}", "[x]", "&a", "*a", "!!python/object", "é🦙", "${{ github.token }}", "<key>&amp;",
]  # fmt: skip
LINES = ["a\nb: c", "x\n[Service]\nUser=root", "tab\there"]


def hostile(words, **fields) -> Plan:
    base = {
        "model": "m" + words[-1],
        "runtime": "x",
        "name": "X " + words[-1],
        "cell": "linux-cpu",
        "backend": "cpu",
        "devices": (),
        "verdict": "works",
        "os": "linux",
        "root": "/home/me/.local/share/pathfinder",
        "artifact": Artifact(format="gguf", quant="Q4_K_M", repo="o/" + words[-1], file=words[-1]),
        "launch": (Step(kind="start", title="Serve\n" + words[-1], argv=("/opt/x", *words), env={"V": words[-1]}),),
        "container": (Step(kind="start", title="Same", argv=("docker", "run", "-e", f"V={words[-1]}", "-p", "80:8080", "o/i:1", *words)),),
        "endpoint": Endpoint(url="http://127.0.0.1:80/v1", api="openai", health="http://127.0.0.1:80/h"),
        "node": Node(arch="x86_64", cpus=2),
        "values": {"context": "4096", "context_total": "4096", "threads": "2", "device_count": "1", "task": "chat", "features": ""}
        | {"utilisation": "0.9", "gpu_layers": "0", "models": "/m", "name": words[-1], "tag": words[-1]},
    }
    return Plan(**{**base, **fields})


def keys(value):
    if isinstance(value, dict):
        return {key: keys(item) for key, item in value.items() if not str(key).startswith("m")}
    return [keys(item) for item in value] if isinstance(value, list) else None


WORDS = [EVIL, *([*EVIL[:3], word] for word in (*EVIL, *LINES))]


@pytest.mark.parametrize("words", WORDS, ids=lambda words: repr(words[-1]))
def test_commands_come_back_from_every_format(words, tmp_path):
    plan = hostile(words)

    compose = yaml.safe_load(render("compose", plan, FOLDER))
    service = compose["services"][slug(f"x-{plan.model}")]
    assert [interpolated(word) for word in service["command"]] == words
    assert interpolated(service["environment"]["V"]) == words[-1]
    assert keys(compose) == keys(yaml.safe_load(render("compose", hostile([*words[:-1], "m"], model=plan.model), FOLDER)))

    box = next(yaml.safe_load_all(render("kubernetes", plan, FOLDER)))["spec"]["template"]["spec"]["containers"][0]
    assert [expanded(word) for word in box["args"]] == words
    assert expanded(box["env"][-1]["value"]) == words[-1]

    unit = sections(render("systemd", plan, FOLDER))
    assert [unit_words(line) for line in unit["Service"]["ExecStart"]] == [["/opt/x", *words]]
    assert unit_words(unit["Service"]["Environment"][1], "$") == [f"V={words[-1]}"]
    assert set(unit) == {"Unit", "Service", "Install"}
    assert "User" not in unit["Service"]

    assert [unit_words(line) for line in sections(render("quadlet", plan, FOLDER))["Container"]["Exec"]] == [words]

    if "\n" not in words[-1]:
        lines = render("dockerfile", plan, FOLDER).splitlines()
        assert [json.loads(line[4:]) for line in lines if line.startswith("CMD ")] == [words]
        assert {line.partition(" ")[0] for line in lines if line and not line.startswith("#")} == {"FROM", "ENV", "EXPOSE", "CMD"}

    found = plistlib.loads(render("launchd", replace(plan, os="macos"), FOLDER).encode())
    shell, _, script = found["ProgramArguments"]
    if not Path(shell).exists():
        return
    (tmp_path / "Library" / "Logs").mkdir(parents=True)
    env = {"HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    subprocess.run([shell, "-c", script.replace("/opt/x", "env printf '%s\\0'", 1)], env=env, check=True)
    (log,) = (tmp_path / "Library" / "Logs").iterdir()
    assert log.read_text().removesuffix("\0").split("\0") == words
    assert found["EnvironmentVariables"]["V"] == words[-1]


@pytest.mark.parametrize("words", WORDS, ids=lambda words: repr(words[-1]))
def test_a_workflow_runs_the_command_itself(words, tmp_path):
    if not shutil.which("bash"):
        pytest.skip("no bash here")
    plan = hostile(["%s\\0", *words])
    plan = replace(plan, launch=(replace(plan.launch[0], argv=("/usr/bin/printf", *(plan.launch[0].argv or ())[1:])),))
    text = render("github-actions", plan, FOLDER)
    step = next(step for step in yaml.safe_load(text)["jobs"]["serve"]["steps"] if step["name"] == "Start the server")
    assert "${{" not in step["run"].replace("${{ '${{' }}", "")
    line = step["run"].replace("${{ '${{' }}", "${{")
    subprocess.run(["bash", "-c", line + "\nwait"], cwd=tmp_path, check=True)
    assert (tmp_path / "server.log").read_bytes().decode().split("\0")[:-1] == words


@pytest.mark.parametrize("words", WORDS, ids=lambda words: repr(words[-1]))
@pytest.mark.parametrize("name", ["litellm", "continue", "vscode", "llama-swap", "ray", "localai", "tabbyapi", "ollama", "lws", "exo"])
def test_names_stay_names(name, words):
    """What comes out has the shape it has for a harmless name, or the format says that it cannot."""
    gpu = {"backend": "cuda", "node": Node(arch="x86_64", vendor="nvidia", device_kind="gpu", device_count=1)}
    own = {"ray": "vllm", "lws": "vllm", "ollama": "ollama", "localai": "localai", "tabbyapi": "tabbyapi", "exo": "exo"}
    more = {"runtime": own.get(name, "x")} | (gpu if name in ("ray", "lws") else {})
    try:
        text = render(name, hostile(words, **more), FOLDER)
    except Problem as problem:
        assert problem.exit == 1
        assert name in ("llama-swap", "ollama", "continue")
        return
    calm = render(name, hostile([*words[:-1], "z"], **more), FOLDER)
    assert len(text.splitlines()) == len(calm.splitlines()) or name in ("exo", "vscode") or "\u2028" in text
    if name not in ("ollama", "exo"):
        assert [keys(one) for one in yaml.safe_load_all(text)] == [keys(one) for one in yaml.safe_load_all(calm)]


# --- fitting ---------------------------------------------------------------------------------------------------------


def test_a_format_that_does_not_fit_names_those_that_do():
    plan = hostile(["x"], runtime="vllm", container=())
    for name, why in (("ollama", "it is for ollama"), ("launchd", "it is for macOS"), ("quadlet", "it needs a container")):
        with pytest.raises(Problem) as caught:
            render(name, plan, FOLDER)
        assert caught.value.exit == 1
        assert why in caught.value.says
        assert "systemd" in (caught.value.hint or "")
        assert name not in (caught.value.hint or "").replace(".", "").replace(",", "").split()


def test_every_need_is_a_word_that_is_known():
    plan = replace(hostile(["x"]), deploy=deployment(hostile(["x"])))
    for path in formats(FOLDER).values():
        for word in needed(path) or ():
            unmet((word,), plan)
    assert needs("{# needs: container linux #}\nx") == ("container", "linux")
    assert needs("FROM x") is None
    with pytest.raises(KeyError):
        unmet(("moon",), plan)


def test_the_page_lists_every_format():
    page = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.M)) == set(formats(FOLDER))


def test_where_no_runtime_was_named_the_best_that_suits_is_taken(capsys):
    args = ["setup", "--model", "llama-3-8b", "--host", "profile:desktop-rtx-4090", "--as"]
    assert main([*args, "ollama"]) == 0
    assert re.search(r"^FROM llama3:8b$", capsys.readouterr().out, re.M)
    assert main([*args, "lws", "--nodes", "3"]) == 0
    assert "size: 3" in capsys.readouterr().out
    assert main(["setup", "vllm", *args[1:], "ollama"]) == 1
    assert main([*args, "launchd"]) == 1
    assert suits("markdown", hostile(["x"]), FOLDER)
    capsys.readouterr()


@pytest.mark.parametrize(
    ("text", "name"),
    [("vllm-Llama 3.1/8B", "vllm-llama-3-1-8b"), ("7b", "m-7b"), ("é", "m"), ("a" * 99, "a" * 40), ("x-\n$(y)", "x-y")],
)
def test_names_every_system_takes(text, name):
    assert slug(text) == name


def test_what_a_container_format_adds():
    plan = hostile(["x"], container=(Step(kind="start", title="S", argv=("docker", "run", "--frobnicate", "i")),))
    with pytest.raises(Problem) as caught:
        render("compose", plan, FOLDER)
    assert "--frobnicate" in caught.value.says
