"""dockerode and testcontainers, as npm has them, in front of hulld.

They are no packages of Debian: npm puts them into a folder that goes again. HULL_TEST_NODE_FOLDER
names a folder where they are already.
"""
import os
import shutil
import subprocess

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = ["dockerode@4.0.12", "testcontainers@10.28.0"]


def install(folder):
    """None, or why there are no packages."""
    if not shutil.which("node") or not shutil.which("npm"):
        return "node and npm are not installed"
    try:
        done = subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts",
                               *PACKAGES], cwd=folder, capture_output=True, text=True, check=False,
                              stdin=subprocess.DEVNULL, timeout=240)
    except subprocess.TimeoutExpired:
        return "npm has no end after 240 seconds"
    return None if done.returncode == 0 else "npm can't install: " + done.stderr.strip()[-200:]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    given = os.environ.get("HULL_TEST_NODE_FOLDER")
    if given:
        yield given
        return
    made = str(tmp_path_factory.mktemp("node"))
    reason = install(made)
    if reason:
        pytest.skip(reason)
    yield made
    shutil.rmtree(made, ignore_errors=True)


def node(folder, script, *args, **env):
    return subprocess.run(["node", os.path.join(HERE, script), *args], cwd=folder,
                          env={**os.environ, **env}, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=90)


def test_dockerode(engine, folder):
    done = node(folder, "scenario.js", engine.sock)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(done.stdout.splitlines()) == 10, done.stdout


def test_testcontainers(engine, folder):
    """Without its reaper, whose image is not here."""
    done = node(folder, "scenario-testcontainers.js", DOCKER_HOST="unix://" + engine.sock,
                TESTCONTAINERS_RYUK_DISABLED="true")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.split() == ["waits", "health", "failing", "files", "network", "restart"]
    assert engine.hull("ps", "-aq", "--filter", "label=org.testcontainers").stdout == ""
