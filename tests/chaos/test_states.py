"""One container, 50 clients: all that changes a container at the same time, over and over. Every
answer is one that docker may give, every look shows a legal state, the events tell a legal life
(the table of plugins/engine/container/README.md), and nothing is left behind.

HULL_CHAOS_STORM_S says for how long (default 4 seconds; tools/chaos asks for more), HULL_CHAOS_SEED
makes the choices of the clients repeat.
"""
import http.client
import json
import os
import random
import socket
import threading
import time
import urllib.parse

from test_failpoints import cgroups, documents
from test_kill import SEED, engine, host_state  # noqa: F401: a fixture

CLIENTS = 50
SECONDS = float(os.environ.get("HULL_CHAOS_STORM_S", "4"))
NAMES = ("contested", "renamed")

# What docker answers to each request, by the published API; 200 and 201 have a body.
CREATE, START, STOP, RESTART, KILL, PAUSE, UNPAUSE, REMOVE, FORCE, RENAME, EXEC, LOOK, UPDATE = range(13)
STATUS = {
    CREATE: {201, 409}, START: {204, 304, 404, 409}, STOP: {204, 304, 404},
    RESTART: {204, 404, 409}, KILL: {204, 404, 409}, PAUSE: {204, 404, 409},
    UNPAUSE: {204, 404, 500}, REMOVE: {204, 404, 409}, FORCE: {204, 404, 409},
    RENAME: {204, 400, 404, 409}, EXEC: {201, 404, 409}, LOOK: {200, 404}, UPDATE: {200, 404},
}
# (state, event) -> state: the life of one id as its events tell it.
LIFE = {
    ("", "create"): "created",
    ("created", "start"): "running", ("exited", "start"): "running",
    ("running", "pause"): "paused", ("paused", "unpause"): "running",
    ("running", "die"): "exited", ("paused", "die"): "exited",
    ("created", "destroy"): "gone", ("exited", "destroy"): "gone",
}
CHANGES = {event for _, event in LIFE}


class Client(threading.Thread):
    def __init__(self, engine, seed, until):
        super().__init__()
        self.engine, self.random, self.until = engine, random.Random(seed), until
        self.seen, self.problems = {}, []

    def ask(self, what, method, path, body=None):
        began = time.monotonic()
        status, answer = self.engine.call(method, path, body)
        took = time.monotonic() - began
        self.seen[what, status] = self.seen.get((what, status), 0) + 1
        if status not in STATUS[what]:
            self.problems.append("%s %s: %s %s" % (method, path, status, answer))
        # stop waits for a second at most before it kills; nothing else waits for anything.
        if took > 8:
            self.problems.append("%s %s: %.1f s" % (method, path, took))
        return status, answer

    def look(self, name):
        status, shown = self.ask(LOOK, "GET", "/containers/%s/json" % name)
        if status != 200:
            return
        state = shown["State"]
        status, running = state["Status"], state["Status"] in ("running", "paused")
        legal = (status in ("created", "running", "paused", "restarting", "exited", "removing") and
                 state["Running"] == (running or status == "restarting") and
                 state["Paused"] == (status == "paused") and
                 state["Restarting"] == (status == "restarting") and
                 (state["Pid"] > 0) == running and shown["Name"].strip("/") in NAMES)
        if not legal:
            self.problems.append("an illegal state: %s %s" % (shown["Name"], state))

    def execute(self, name):
        status, made = self.ask(EXEC, "POST", "/containers/%s/exec" % name, {"Cmd": ["true"]})
        if status != 201:
            return
        status, answer = self.engine.call("POST", "/exec/%s/start" % made["Id"], {"Detach": True})
        # Its container may end at any moment of it, for which docker has several words.
        if status not in (200, 404, 409) and "exec failed" not in str(answer):
            self.problems.append("exec start: %s %s" % (status, answer))

    def create(self):
        """One that stays, one that goes when it ends, or one that ends and comes back."""
        mode = self.random.choice(("none", "bridge"))
        cmd, host = self.random.choice((
            (["sleep", "300"], {}), (["sleep", "300"], {"AutoRemove": True}),
            (["usleep", "20000"], {"RestartPolicy": {"Name": "always"}})))
        self.ask(CREATE, "POST", "/containers/create?name=contested",
                 {"Image": "chaos:base", "Cmd": cmd, "StopSignal": "SIGKILL",
                  "HostConfig": {"NetworkMode": mode, **host}})

    def step(self):
        name = self.random.choice(NAMES)
        path = "/containers/" + name
        what = self.random.choice((CREATE, START, START, START, STOP, RESTART, KILL, PAUSE, UNPAUSE,
                                   UNPAUSE, REMOVE, FORCE, RENAME, EXEC, EXEC, LOOK, LOOK, UPDATE))
        if what == CREATE:
            self.create()
        elif what == LOOK:
            self.look(name)
        elif what == EXEC:
            self.execute(name)
        elif what == UPDATE:
            self.ask(UPDATE, "POST", path + "/update", {"PidsLimit": 100})
        elif what == RENAME:
            other = NAMES[1 - NAMES.index(name)]
            self.ask(RENAME, "POST", "%s/rename?name=%s" % (path, other))
        elif what in (REMOVE, FORCE):
            self.ask(what, "DELETE", path + ("?force=1" if what == FORCE else ""))
        elif what == KILL:
            signal = self.random.choice(("SIGKILL", "SIGCHLD"))
            self.ask(KILL, "POST", path + "/kill?signal=" + signal)
        else:
            action = {START: "start", STOP: "stop?t=1", RESTART: "restart?t=1", PAUSE: "pause",
                      UNPAUSE: "unpause"}[what]
            self.ask(what, "POST", path + "/" + action)

    def run(self):
        try:
            while time.monotonic() < self.until:
                self.step()
        except Exception as problem:  # pylint: disable=broad-except
            self.problems.append("%s: %s" % (type(problem).__name__, problem))


class Listener(threading.Thread):
    """The events of all containers, in the order in which they are told."""

    def __init__(self, engine):
        super().__init__()
        self.connection = http.client.HTTPConnection("localhost", timeout=60)
        self.sock = self.connection.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(engine.sock)
        filters = urllib.parse.quote(json.dumps({"type": {"container": True}}))
        self.connection.request("GET", "/events?filters=" + filters)
        self.answer = self.connection.getresponse()
        self.told = {}

    def run(self):
        for line in self.answer:
            event = json.loads(line)
            if event["Action"] in CHANGES:
                self.told.setdefault(event["Actor"]["ID"], []).append(event["Action"])

    def finish(self, engine):
        """{id: [event ...]} when the last of them has come."""
        made = engine.call("POST", "/containers/create", {"Image": "chaos:base", "Cmd": ["true"]})
        last = made[1]["Id"]
        assert engine.call("DELETE", "/containers/" + last)[0] == 204
        deadline = time.monotonic() + 5
        while self.told.get(last) != ["create", "destroy"]:
            assert time.monotonic() < deadline, "events are missing"
            time.sleep(0.02)
        self.sock.shutdown(socket.SHUT_RDWR)
        self.join()
        return self.told


def check_life(identity, events):
    state = ""
    for at, event in enumerate(events):
        after = LIFE.get((state, event))
        assert after, "%s: %s in state %r after %s" % (identity[:12], event, state, events[:at][-8:])
        state = after
    return state


def warm_up(engine):  # noqa: F811
    """What the daemon makes for itself is there from now on."""
    assert engine.call("POST", "/containers/create?name=warm",
                       {"Image": "chaos:base", "Cmd": ["sleep", "300"]})[0] == 201
    assert engine.call("POST", "/containers/warm/start")[0] == 204
    assert engine.call("DELETE", "/containers/warm?force=1")[0] == 204


def test_a_storm_on_one_container(engine):  # noqa: F811
    print("seed", SEED)
    warm_up(engine)
    before = {**host_state(engine.root, engine.bridge), "documents": documents(engine.root)}
    listener = Listener(engine)
    listener.start()
    began = time.monotonic()
    clients = [Client(engine, SEED + at, began + SECONDS) for at in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    problems = [problem for client in clients for problem in client.problems]
    assert not problems, "\n".join(sorted(set(problems))[:30])
    seen = {key for client in clients for key in client.seen}
    # A storm that never got anywhere would prove nothing.
    for what in (CREATE, START, STOP, RESTART, KILL, PAUSE, UNPAUSE, FORCE, RENAME):
        assert any(status < 300 for asked, status in seen if asked == what), (what, sorted(seen))
    assert time.monotonic() - began < SECONDS + 5
    for container in engine.call("GET", "/containers/json?all=1")[1]:
        assert engine.call("DELETE", "/containers/%s?force=1" % container["Id"])[0] == 204
    told = listener.finish(engine)
    for identity, events in told.items():
        assert check_life(identity, events) == "gone", events[-8:]
    assert not cgroups(set(told))
    assert {**host_state(engine.root, engine.bridge), "documents": documents(engine.root)} == before
    runs = os.path.join(engine.root, "exec", "containers")
    assert not (os.listdir(runs) if os.path.isdir(runs) else [])
