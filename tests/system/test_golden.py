"""Requests that a real engine refused, sent again: the same status and the same message.

golden-errors.json was recorded on Docker Engine 28.5.2, API 1.51; ids stand as ID64 and ID12."""
import json
import os
import re

import pytest

from engine import busybox_layer
from images import archive
from test_schema import Client

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden-errors.json"),
          encoding="utf-8") as file:
    GOLDEN = json.load(file)

# Where hull's answer is the better one: the fault is the client's, or the message says more.
OURS = {
    "containers/archive_get_no_path": (400, "bad parameter: path cannot be empty"),
    "containers/archive_put_garbage": (400, "unexpected EOF: the archive is cut off"),
    "containers/create_bad_mount": (400, "invalid mode: zz"),
    "containers/resize_bad": (400, 'invalid value "x" for h: expected an integer'),
    "networks/create_empty_name": (400, "invalid JSON: Name is missing"),
    "plugins/enable_missing": (501, "managed plugins is not supported by hull yet"),
    "plugins/remove_missing": (501, "managed plugins is not supported by hull yet"),
}


def stage_image(engine):
    engine.load(archive("built:1", [busybox_layer()], {"Cmd": ["sh"], "Labels": {"built": "1"}}))


@pytest.fixture(scope="module")
def stage(engine):
    """The containers, networks and volumes that the requests name."""
    hull = engine.hull
    os.makedirs(engine.root + "/bind", exist_ok=True)
    hull("network", "create", "--subnet", "172.28.5.0/24", "net1")
    hull("volume", "create", "vol1")
    hull("run", "-d", "--name", "full", "--network", "net1", "-v", "vol1:/vol", "-v",
         engine.root + "/bind:/bind:ro", "busybox", "sleep", "300")
    hull("network", "connect", "bridge", "full")
    for name in ("c1", "c1b", "lg"):
        hull("run", "-d", "--name", name, "busybox", "sleep", "300")
    hull("create", "--name", "c127", "busybox", "nosuchcmd")
    hull("create", "--name", "c126", "busybox", "/etc/passwd")
    hull("create", "--name", "c2net", "--network", "nonet", "busybox", "true", check=False)
    stage_image(engine)
    hull("run", "-d", "--name", "user", "built:1", "sleep", "300")
    yield engine
    hull("unpause", "c1", check=False)
    hull("rm", "-f", "full", "c1", "c1b", "lg", "c127", "c126", "c2net", "user", check=False)
    hull("network", "rm", "net1")
    hull("volume", "rm", "vol1")
    hull("rmi", "built:1", check=False)


def enter(engine, state):
    """Bring c1 and the user of the image built:1 into the state that a request was made in."""
    engine.hull("unpause", "c1", check=False)
    engine.hull("start", "c1", "user")
    if state == "paused":
        engine.hull("pause", "c1")
    elif state == "stopped":
        engine.hull("kill", "c1")
        engine.hull("wait", "c1")
    elif state == "apart":
        engine.hull("network", "disconnect", "bridge", "full")
    elif state == "image-stopped":
        engine.hull("kill", "user")
        engine.hull("wait", "user")


def normal(text):
    return re.sub(r"\b[0-9a-f]{12}\b", "ID12", re.sub(r"\b[0-9a-f]{64}\b", "ID64", text))


@pytest.mark.parametrize("case", GOLDEN, ids=[case["name"] for case in GOLDEN])
def test_refusal(stage, case):
    if case["state"] != "running" or case is GOLDEN[0]:
        enter(stage, case["state"])
    body = case["text"].encode() if "text" in case else case.get("body")
    try:
        status, _, text = Client(stage).send(case["method"], case["path"], body,
                                             case.get("type", "application/json"), version="")
    finally:
        if case["state"] != "running":
            enter(stage, "running")
    message = normal(json.loads(text)["message"])
    assert (status, message) == OURS.get(case["name"], (case["status"], case["message"]))


# --- shapes of answers ------------------------------------------------------------------------

with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "golden-shapes.json"),
          encoding="utf-8") as file:
    SHAPES = json.load(file)

# Fields that an engine sends in some cases only.
SOMETIMES = {
    "/Containerd",  # names the parts of an engine that hull does not have
    "/IPAM/Config[]/IPRange", "/IPAM/Config[]/AuxiliaryAddresses", "[]/IPAM/Config[]/IPRange",
    "[]/IPAM/Config[]/AuxiliaryAddresses",  # only when they were given
    "/memory_stats/failcnt",  # cgroup v1
    "/networks/*/endpoint_id", "/networks/*/instance_id",
    "/Containers[]/SizeRootFs", "/Containers[]/SizeRw",  # when it is not 0
    "/Containers[]/Mounts[]/Driver", "/Containers[]/Mounts[]/Name",  # of a volume
    "/ProcessConfig/user",  # when one was given
}


def differences(want, got, path=""):
    """Where the keys or the types of an answer differ from the recorded ones. null stands for any
    value, as it does for Go's clients."""
    if want is None or got is None:
        return
    if isinstance(want, dict):
        if not isinstance(got, dict):
            yield "%s: %r is no object" % (path, got)
        elif "*" in want:
            for value in got.values():
                yield from differences(want["*"], value, path + "/*")
        else:
            for key in set(want) ^ set(got):
                if path + "/" + key not in SOMETIMES:
                    yield "%s/%s: %s" % (path, key, "missing" if key in want else "unknown")
            for key in set(want) & set(got):
                yield from differences(want[key], got[key], path + "/" + key)
    elif isinstance(want, list):
        if not isinstance(got, list):
            yield "%s: %r is no list" % (path, got)
        for value in got if want and isinstance(got, list) else []:
            yield from differences(want[0], value, path + "[]")
    else:
        kind = {bool: "boolean", int: "number", float: "number", str: "string",
                dict: "object", list: "list"}[type(got)]
        if kind != want:
            yield "%s: %s, not %s" % (path, kind, want)


ANSWERS = [
    ("containers/inspect_created", "GET", "/containers/c127/json", None),
    ("containers/inspect_running", "GET", "/containers/c1/json", None),
    ("containers/inspect_exited", "GET", "/containers/gone/json", None),
    ("containers/list_running", "GET", "/containers/json", None),
    ("containers/stats_no_stream", "GET", "/containers/c1/stats?stream=0", None),
    ("containers/top", "GET", "/containers/c1/top", None),
    ("containers/update", "POST", "/containers/c1/update", {"CpuShares": 512}),
    ("containers/create_min", "POST", "/containers/create?name=gone2", {"Image": "busybox"}),
    ("containers/wait_exited", "POST", "/containers/gone/wait", None),
    ("exec/create", "POST", "/containers/full/exec", {"Cmd": ["sleep", "30"]}),
    ("images/inspect_imported", "GET", "/images/imported/json", None),
    ("images/list", "GET", "/images/json", None),
    ("images/history_imported", "GET", "/images/imported/history", None),
    ("networks/inspect_bridge", "GET", "/networks/bridge", None),
    ("networks/inspect_with_container", "GET", "/networks/net1", None),
    ("networks/list", "GET", "/networks", None),
    ("volumes/create", "POST", "/volumes/create", {"Name": "vol1"}),
    ("volumes/inspect", "GET", "/volumes/vol1", None),
    ("volumes/list", "GET", "/volumes", None),
    ("system/version", "GET", "/version", None),
    ("system/info", "GET", "/info", None),
    ("system/df", "GET", "/system/df", None),
    ("system/df_volume", "GET", "/system/df?type=volume", None),
    ("system/df_containers", "GET", "/system/df?type=container", None),
]


@pytest.fixture(scope="module")
def actors(stage):
    """A container that has ended and an image that was imported."""
    stage.hull("run", "--name", "gone", "busybox", "true")
    with open(stage.root + "/imported.tar", "wb") as tar:
        tar.write(busybox_layer())
    stage.hull("import", stage.root + "/imported.tar", "imported")
    yield stage
    stage.hull("rm", "-f", "gone", "gone2", check=False)
    stage.hull("rmi", "imported")


@pytest.mark.parametrize("name,verb,path,body", ANSWERS, ids=[entry[0] for entry in ANSWERS])
def test_shape(actors, name, verb, path, body):
    status, _, text = Client(actors).send(verb, path, body)
    assert status in (200, 201), text
    found = list(differences(SHAPES[name]["shape"], json.loads(text)))
    assert not found, "\n".join(found)


@pytest.mark.parametrize("state", ["exec/inspect_running", "exec/inspect_exited"])
def test_shape_of_exec(actors, state):
    client = Client(actors)
    command = ["sleep", "30"] if state.endswith("running") else ["true"]
    made = json.loads(client.send("POST", "/containers/full/exec", {"Cmd": command})[2])
    client.send("POST", "/exec/%s/start" % made["Id"], {"Detach": state.endswith("running")})
    shown = json.loads(client.send("GET", "/exec/%s/json" % made["Id"])[2])
    assert shown["Running"] == state.endswith("running")
    found = list(differences(SHAPES[state]["shape"], shown))
    assert not found, "\n".join(found)
