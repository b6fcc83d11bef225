"""SIGHUP: the configuration is read again, as dockerd does it."""
import json
import os
import signal
import subprocess
import time

import pytest

from engine import Engine


class Reloaded:
    """A daemon with a file, and what its log says from each signal on."""

    def __init__(self, folder):
        self.file = str(folder / "hulld.json")
        self.write('{"debug": false, "labels": ["a=b"], "shutdown-timeout": 7}')
        self.engine = Engine("--config-file", self.file, "--log-driver", "json-file",
                             bridge="hth%d" % (os.getpid() % 100000))

    def write(self, text):
        with open(self.file, "w") as file:
            file.write(text)

    def reload(self, text):
        """What is logged until it is done."""
        self.write(text)
        log = self.engine.root + "/hulld.log"
        before = os.path.getsize(log)
        self.engine.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while True:
            with open(log) as file:
                file.seek(before)
                said = file.read()
            if "configuration reloaded" in said or "configuration not reloaded" in said:
                return said
            assert time.monotonic() < deadline, said
            time.sleep(0.02)

    def info(self, *keys):
        shown = json.loads(self.engine.hull("info", "-f", "{{json .}}").stdout)
        return [shown[key] for key in keys]


@pytest.fixture(scope="module")
def daemon(tmp_path_factory):
    made = Reloaded(tmp_path_factory.mktemp("reload"))
    yield made
    made.engine.stop()


def test_what_can_change(daemon):
    said = daemon.reload(json.dumps({
        "debug": True, "labels": ["c=d", "e=f"], "default-runtime": "other", "mtu": 1400,
        "runtimes": {"other": {"path": "/usr/bin/crun"}}, "shutdown-timeout": 9}))
    for key in "debug", "labels", "default-runtime", "runtimes", "shutdown-timeout":
        assert 'msg="setting changed" setting=%s ' % key in said
    assert 'msg="a setting needs a restart of the daemon to change" setting=mtu' in said
    assert daemon.info("Debug", "Labels", "DefaultRuntime") == [True, ["c=d", "e=f"], "other"]
    assert "other" in daemon.info("Runtimes")[0]
    # What the file does not say any more stays, false is said.
    said = daemon.reload('{"debug": false}')
    assert daemon.info("Debug", "Labels", "DefaultRuntime") == [False, ["c=d", "e=f"], "other"]
    assert said.count("setting changed") == 1


def test_the_event(daemon):
    began = str(time.time())
    daemon.reload('{"labels": ["g=h"], "insecure-registries": []}')
    done = daemon.engine.docker("events", "--since", began, "--until", str(time.time() + 1),
                                "--filter", "type=daemon", "--format", "{{json .}}")
    event = json.loads(done.stdout)
    actor = event["Actor"]
    assert event["Type"] == "daemon" and event["Action"] == "reload" and event["scope"] == "local"
    assert actor["ID"] == daemon.info("ID")[0]
    assert actor["Attributes"].items() >= {
        "name": os.uname().nodename, "labels": '["g=h"]', "debug": "false", "live-restore": "true",
        "default-runtime": "other", "shutdown-timeout": "9", "insecure-registries": "[]"}.items()


@pytest.mark.parametrize("text, why", [
    ('{"labels": ["x=y"]', "unable to configure the daemon with file"),
    ('{"labels": ["x=y", "x=z"]}', "conflict labels for x=z and x=y"),
    ('{"labels": ["x=y"], "nosuch": 1}', "nosuch"),
    ('{"labels": ["x=y"], "log-driver": "local"}', "both as a flag and in the configuration file: "
                                                   "log-driver"),
    ('{"labels": ["x=y"], "default-runtime": "nosuch"}', "default runtime 'nosuch' does not exist"),
    ('{"labels": ["x=y"], "log-level": "loud"}', "loud"),
    ('{"labels": ["x=y"], "authorization-plugins": ["../evil"]}', "invalid plugin name"),
])
def test_a_bad_file_changes_nothing(daemon, text, why):
    before = daemon.info("Labels", "Debug", "DefaultRuntime", "Plugins")
    said = daemon.reload(text)
    assert "configuration not reloaded: all settings stay" in said and why in said
    assert daemon.info("Labels", "Debug", "DefaultRuntime", "Plugins") == before


def test_a_container_does_not_notice(daemon):
    daemon.engine.load_busybox()
    daemon.reload('{"default-runtime": "runc"}')
    name = daemon.engine.hull("run", "-d", "busybox", "sleep", "60").stdout.strip()
    client = subprocess.Popen(daemon.engine.command("wait", name), stdout=subprocess.PIPE)
    daemon.reload('{"labels": ["later=1"]}')
    daemon.engine.hull("kill", name)
    assert client.communicate(timeout=10)[0] == b"137\n"
