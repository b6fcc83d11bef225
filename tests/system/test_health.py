"""Health checks of the kinds tcp and http, and what may follow a failure."""
import json
import time

import pytest


def state(engine, name):
    return json.loads(engine.hull("inspect", name).stdout)[0]["State"]


def until(engine, name, check, seconds=10):
    deadline = time.monotonic() + seconds
    while not check(state(engine, name)):
        assert time.monotonic() < deadline, state(engine, name)
        time.sleep(0.05)
    return state(engine, name)


@pytest.fixture
def container(engine):
    def start(*flags, command=("sleep", "600")):
        engine.hull("run", "-d", "--name", "checked", "--health-interval", "100ms",
                    "--health-retries", "2", *flags, "busybox", *command)
        return "checked"
    yield start
    engine.hull("rm", "-f", "checked", check=False)


@pytest.mark.parametrize("network", ["none", "bridge", "host"])
def test_tcp(engine, container, network):
    """The port is looked for where the container is, on its loopback, by no program of its own."""
    name = container("--network", network, "--health-tcp", "47821",
                     command=("sh", "-c", "trap 'exit' TERM; nc -l -p 47821 -e true; sleep 600"))
    log = until(engine, name, lambda s: s["Health"]["Status"] == "healthy")["Health"]["Log"]
    assert any("port 47821: ok" in entry["Output"] for entry in log)
    # nc serves one: then the port is closed
    log = until(engine, name, lambda s: s["Health"]["Status"] == "unhealthy")["Health"]["Log"]
    assert "port 47821: Connection refused" in log[-1]["Output"] and log[-1]["ExitCode"] == 1
    assert len(log) <= 5


def test_http(engine, container):
    name = container("--health-http", "http://localhost:8080/index.html",
                     command=("httpd", "-f", "-p", "8080", "-h", "/www"))
    log = until(engine, name, lambda s: s["Health"]["Status"] == "healthy")["Health"]["Log"]
    assert log[-1]["Output"].startswith("HTTP/1.") and " 200 " in log[-1]["Output"]
    engine.hull("exec", name, "rm", "/www/index.html")
    log = until(engine, name, lambda s: s["Health"]["Status"] == "unhealthy")["Health"]["Log"]
    assert " 404 " in log[-1]["Output"]


def test_silent_server(engine, container):
    """A server that takes connections and says nothing runs into the time limit."""
    name = container("--health-http", "http://127.0.0.1:8080", "--health-timeout", "200ms",
                     command=("sh", "-c", "nc -ll -p 8080 -e sleep 600"))
    log = until(engine, name, lambda s: s["Health"]["Status"] == "unhealthy")["Health"]["Log"]
    assert "exceeded timeout" in log[-1]["Output"] and log[-1]["ExitCode"] == -1


@pytest.mark.parametrize("action,status", [("stop", "exited"), ("kill", "exited"),
                                           ("restart", "running")])
def test_on_failure(engine, container, action, status):
    name = container("--health-cmd", "false", "--health-on-failure", action, "--stop-timeout", "0",
                     "--network", "none")
    started = state(engine, name)["StartedAt"]
    if status == "exited":
        assert until(engine, name, lambda s: s["Status"] == status)["ExitCode"] == 137
    else:
        until(engine, name, lambda s: s["Status"] == status and s["StartedAt"] != started)
    events = engine.hull("events", "--since", "60s", "--until", "0s", "-f", "container=" + name,
                         "--format", "{{.Action}}").stdout
    assert "health_status: unhealthy" in events


@pytest.mark.parametrize("flags,text", [
    (["--health-tcp", "x"], "Healthcheck.Test: expected TCP and a port"),
    (["--health-http", "https://localhost"], "Healthcheck.Test"),
    (["--health-http", "http://example.org/"], "numeric address or localhost"),
    (["--health-cmd", "true", "--health-tcp", "80"], "only one of"),
    (["--health-cmd", "true", "--health-on-failure", "panic"], "OnFailure"),
    (["--health-cmd", "true", "--health-interval", "10us"], "cannot be less than 1ms"),
])
def test_refused(engine, flags, text):
    done = engine.hull("create", *flags, "busybox", check=False)
    assert done.returncode != 0 and text in done.stderr
