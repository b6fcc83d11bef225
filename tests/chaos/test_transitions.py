"""The daemon dies in the middle of transitions that the life in test_failpoints.py does not have: ends
with a restart policy or --rm, removals by force of what is paused, starts that fail, stops of what
waits for its next run. The next daemon makes of it what plugins/engine/container/README.md says.
"""
import os
import signal
import time

import pytest

from test_failpoints import cgroups
from test_faults import QUICK_S, await_state, create, run, state
from test_kill import Gone, engine  # noqa: F401: a fixture

ENDS = ("container_exit_begin", "container_exit_network", "container_exit_process",
        "container_exit_commit")
REMOVALS = ("container_remove_intent", "container_remove_process", "container_remove_storage",
            "container_remove_files", "container_remove_volumes", "container_remove_commit")


@pytest.fixture
def dying(engine, monkeypatch):  # noqa: F811
    """dying(POINT): the daemon starts again, and will die there. dying(): it has; the next starts."""

    def change(point=None):
        if point:
            engine.kill()
            monkeypatch.setenv("HULL_FAILPOINT", point)
            engine.start()
            return
        assert engine.process.wait(20) == -signal.SIGKILL
        monkeypatch.delenv("HULL_FAILPOINT")
        engine.start()

    yield change
    monkeypatch.delenv("HULL_FAILPOINT", raising=False)


def lost(engine, method, path, body=None):  # noqa: F811
    """A request that has no answer: the daemon dies of it, or has before."""
    with pytest.raises(Gone):
        engine.call(method, path, body)


def until(condition):
    deadline = time.monotonic() + 4 * QUICK_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def gone(engine, identity):  # noqa: F811
    return (engine.call("GET", "/containers/%s/json" % identity)[0] == 404
            and not cgroups({identity})
            and not any(os.path.exists("%s/%s/containers/%s" % (engine.root, top, identity))
                        for top in ("data", "exec"))
            and not engine.call("GET", "/volumes")[1]["Volumes"])


@pytest.mark.parametrize("point", ENDS)
def test_an_end_that_the_policy_does_not_want(engine, dying, point):  # noqa: F811
    """running to restarting to running. It says itself how often it ran."""
    dying(point)
    script = "echo run >>/runs; [ $(wc -l </runs) -gt 1 ] && exec sleep 300; exit 3"
    identity = create(engine, "victim", "sh", "-c", script,
                      RestartPolicy={"Name": "on-failure", "MaximumRetryCount": 3})
    try:
        engine.call("POST", "/containers/victim/start")
    except Gone:
        pass
    dying()
    await_state(engine, "victim", "running")
    shown = engine.call("GET", "/containers/victim/json")[1]
    assert shown["RestartCount"] == 1 and not shown["State"]["Error"], shown
    os.kill(shown["State"]["Pid"], 0)
    # An end that was told is told once, and the policy has no more to do.
    assert engine.call("POST", "/containers/victim/stop?t=0")[0] == 204
    assert state(engine, "victim")["Status"] == "exited"
    assert engine.call("DELETE", "/containers/victim")[0] == 204
    assert not cgroups({identity})


@pytest.mark.parametrize("point", ENDS + REMOVALS)
def test_an_end_with_rm(engine, dying, point):  # noqa: F811
    """running to exited to removing to gone, with the anonymous volume."""
    dying(point)
    status, made = engine.call("POST", "/containers/create?name=victim",
                               {"Image": "chaos:base", "Cmd": ["true"], "Volumes": {"/data": {}},
                                "HostConfig": {"AutoRemove": True}})
    assert status == 201, made
    try:
        engine.call("POST", "/containers/victim/start")
    except Gone:
        pass
    dying()
    until(lambda: gone(engine, made["Id"]))


@pytest.mark.parametrize("point", ENDS + REMOVALS)
def test_a_removal_by_force_of_what_is_paused(engine, dying, point):  # noqa: F811
    """paused to exited to removing to gone; before the intent to remove, it has only ended."""
    dying(point)
    status, made = engine.call("POST", "/containers/create?name=victim",
                               {"Image": "chaos:base", "Cmd": ["sleep", "300"],
                                "Volumes": {"/data": {}}})
    assert status == 201, made
    assert engine.call("POST", "/containers/victim/start")[0] == 204
    assert engine.call("POST", "/containers/victim/pause")[0] == 204
    lost(engine, "DELETE", "/containers/victim?force=1&v=1")
    dying()
    if point in ENDS:
        now = await_state(engine, "victim", "exited")
        assert now["ExitCode"] == 137 and now["Pid"] == 0 and not now["Paused"], now
        assert engine.call("DELETE", "/containers/victim?v=1")[0] == 204
    until(lambda: gone(engine, made["Id"]))


@pytest.mark.parametrize("point", ["container_start_intent", "container_start_rootfs",
                                   "container_start_files", "container_start_process",
                                   "container_start_network", *REMOVALS])
def test_a_start_that_fails_with_rm(engine, dying, point):  # noqa: F811
    """created to removing, for there is no such program; or created, when nobody knows that yet."""
    dying(point)
    status, made = engine.call("POST", "/containers/create?name=victim",
                               {"Image": "chaos:base", "Cmd": ["/nosuch"], "Volumes": {"/data": {}},
                                "HostConfig": {"AutoRemove": True}})
    assert status == 201, made
    lost(engine, "POST", "/containers/victim/start")
    dying()
    if point in REMOVALS:
        until(lambda: gone(engine, made["Id"]))
        return
    assert state(engine, "victim")["Status"] == "created"
    status, answer = engine.call("POST", "/containers/victim/start")
    assert status == 400 and "/nosuch" in str(answer), answer
    until(lambda: gone(engine, made["Id"]))


@pytest.mark.parametrize("point", ["image_intent", "image_commit_before", "image_commit_after"])
def test_a_commit_of_what_a_client_has_paused(engine, dying, point):  # noqa: F811
    """paused stays paused: it was not the commit that did it."""
    run(engine, "victim")
    assert engine.call("POST", "/containers/victim/pause")[0] == 204
    dying(point)
    lost(engine, "POST", "/commit?container=victim&repo=made&tag=here")
    dying()
    now = state(engine, "victim")
    assert now["Status"] == "paused" and now["Paused"], now
    assert engine.call("POST", "/containers/victim/unpause")[0] == 204
    assert state(engine, "victim")["Status"] == "running"


def test_what_waits_for_its_next_run(engine):  # noqa: F811
    """restarting: the next daemon runs it at once, unless a client was told that it is stopped."""

    def runs():
        return engine.call("GET", "/containers/victim/json")[1]["RestartCount"]

    def await_longer_delay(count):
        deadline = time.monotonic() + 4 * QUICK_S
        while runs() < count or state(engine, "victim")["Status"] != "restarting":
            assert time.monotonic() < deadline, state(engine, "victim")
            time.sleep(0.02)

    run(engine, "victim", "false", RestartPolicy={"Name": "unless-stopped"})
    await_longer_delay(4)
    before = runs()
    engine.kill()
    engine.start()
    until(lambda: runs() > before)
    await_longer_delay(before + 3)
    assert engine.call("POST", "/containers/victim/stop")[0] == 204
    before, now = runs(), state(engine, "victim")
    assert now["Status"] == "exited" and now["ExitCode"] == 1, now
    for _ in range(2):
        engine.kill()
        engine.start()
        assert state(engine, "victim")["Status"] == "exited" and runs() == before
    assert engine.call("POST", "/containers/victim/start")[0] == 204
    until(lambda: runs() >= 1)
