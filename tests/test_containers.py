"""`docker run` commands: every option known is understood, every other is named, and every recipe of the matrix is understood."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathfinder.data import store
from pathfinder.errors import Problem
from pathfinder.telling.containers import is_run, options, parse, shm_bytes
from pathfinder.types.deploy import Container, Mount, Port

WORD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=12)
NAME = st.text("abcdefgh", min_size=1, max_size=8)


def test_a_command_is_read_option_by_option():
    line = "docker run --rm -d --gpus=all --ipc=host -p 127.0.0.1:8000:80/udp -v ~/m x:/data:ro -v cache:/c -e A=b=c --device /dev/kfd"
    argv = [word.replace("~/m", "~/m x") for word in line.replace("~/m x", "~/m").split()]
    box = parse([*argv, "--shm-size", "16G", "--entrypoint", "/s", "--ulimit", "memlock=-1", "image:1", "-c", "--name", ""])
    assert box == Container(
        image="image:1",
        args=("-c", "--name", ""),
        entrypoint="/s",
        env={"A": "b=c"},
        ports=(Port(host=8000, container=80, protocol="udp", address="127.0.0.1"),),
        mounts=(Mount(source="~/m x", target="/data", read_only=True), Mount(source="cache", target="/c", named=True)),
        devices=("/dev/kfd",),
        gpus=("all",),
        ulimits=("memlock=-1",),
        ipc="host",
        shm_size="16G",
        detached=True,
    )


@pytest.mark.parametrize(
    ("said", "gpus", "count"), [("all", ("all",), None), ("2", None, 2), ('"device=GPU-1,GPU-2"', ("GPU-1", "GPU-2"), None)]
)
def test_gpus(said, gpus, count):
    box = parse(["docker", "run", "--gpus", said, "x"])
    assert (box.gpus, box.gpu_count) == (gpus, count)


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--frobnicate", "x"], "--frobnicate"),
        (["-p", "web:80", "x"], "web:80"),
        (["-v", "nowhere", "x"], "nowhere"),
        (["-e", "HOME", "x"], "HOME"),
        (["--gpus", "some", "x"], "some"),
        (["--rm"], "no image"),
    ],
)
def test_what_is_not_known_is_named(words, named):
    with pytest.raises(Problem) as caught:
        parse(["docker", "run", *words])
    assert caught.value.exit == 1
    assert named in caught.value.says


def test_only_docker_run_is_one():
    assert is_run(("sudo", "docker", "run", "x"))
    assert not is_run(("docker", "pull", "x"))
    assert not is_run(None)
    with pytest.raises(Problem):
        parse(["docker", "model", "run", "x"])


@given(
    args=st.lists(WORD, max_size=6),
    devices=st.lists(NAME.map("/dev/{}".format), max_size=3),
    mounts=st.lists(st.tuples(NAME.map("/{} x".format), NAME.map("/{}".format), st.booleans()), max_size=3),
    ports=st.lists(st.tuples(st.integers(1, 65535), st.integers(1, 65535)), max_size=3),
    gpus=st.one_of(st.none(), st.just(("all",)), st.lists(NAME, min_size=1, max_size=3).map(tuple)),
    privileged=st.booleans(),
)
def test_options_are_read_back(args, devices, mounts, ports, gpus, privileged):
    box = Container(
        image="owner/image:1",
        args=tuple(args),
        devices=tuple(devices),
        mounts=tuple(Mount(source=source, target=target, read_only=ro) for source, target, ro in mounts),
        ports=tuple(Port(host=host, container=container) for host, container in ports),
        gpus=gpus,
        privileged=privileged,
    )
    assert parse(["docker", "run", *options(box), box.image, *box.args]) == box


@pytest.mark.parametrize(("said", "size"), [("32g", 32 << 30), ("16G", 16 << 30), ("64mb", 64 << 20), ("100", 100), ("some", None)])
def test_sizes(said, size):
    assert shm_bytes(said) == size


def test_every_container_of_the_matrix_is_understood():
    seen = 0
    for runtime in store.matrix():
        for cell in store.whole(runtime.id).cells:
            for step in (*cell.container, *cell.launch):
                argv = [word for item in step.argv or () for word in ((item,) if isinstance(item, str) else item.argv)]
                if step.kind == "start" and is_run(argv):
                    seen += 1
                    assert parse([word.replace("{port}", "8080") for word in argv]).image
    assert seen > 50
