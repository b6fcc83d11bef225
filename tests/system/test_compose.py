"""docker-compose drives the daemon: up, ps, logs, exec, run and down of two services."""
import json
import os
import shutil
import subprocess
import time

import pytest

FILE = """
version: "2.4"
services:
  store:
    image: busybox
    command: sh -c 'echo kept > /data/value; echo store is up; exec httpd -f -h /data'
    volumes: ["data:/data"]
    networks:
      back: {aliases: [database]}
    healthcheck:
      test: ["CMD", "wget", "-qO-", "http://127.0.0.1/value"]
      interval: 1s
      retries: 10
    stop_grace_period: 0s
  web:
    image: busybox
    command: sh -c 'wget -qO- http://database/value; exec httpd -f -h /www'
    ports: ["127.0.0.1::80"]
    depends_on:
      store: {condition: service_healthy}
    networks: [front, back]
    stop_grace_period: 0s
networks:
  front: {}
  back: {internal: true}
volumes:
  data: {}
"""


@pytest.fixture
def compose(engine, tmp_path):
    program = shutil.which("docker-compose")
    assert program, "docker-compose is not installed"
    (tmp_path / "docker-compose.yml").write_text(FILE)
    environment = dict(os.environ, DOCKER_HOST="unix://" + engine.sock,
                       COMPOSE_PROJECT_NAME="shop", COMPOSE_HTTP_TIMEOUT="30")

    def run(*args, check=True):
        done = subprocess.run([program, "--ansi", "never", *args], cwd=tmp_path, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              check=False)
        assert not check or done.returncode == 0, "%s: %s%s" % (args, done.stdout, done.stderr)
        return done
    yield run
    run("down", "-v", "-t", "0", check=False)


def test_up_and_down(engine, compose):
    compose("up", "-d")
    shown = compose("ps").stdout
    assert "shop_store_1" in shown and "shop_web_1" in shown and "Up (healthy)" in shown
    web = json.loads(engine.hull("inspect", "shop_web_1").stdout)[0]["NetworkSettings"]
    assert sorted(web["Networks"]) == ["shop_back", "shop_front"]
    # By service name, by alias, and by the container's own name.
    for name in "store", "database", "shop_store_1":
        assert compose("exec", "-T", "web", "wget", "-qO-",
                       "http://%s/value" % name).stdout == "kept\n"
    # web writes what it fetched when it starts.
    deadline = time.monotonic() + 10
    while "kept" not in compose("logs", "web").stdout:
        assert time.monotonic() < deadline, compose("logs").stdout
    assert "store is up" in compose("logs", "store").stdout
    published = compose("port", "web", "80").stdout.strip()
    page = subprocess.run(["curl", "-sf", "--max-time", "5", "http://%s/" % published],
                          capture_output=True, text=True, check=True).stdout
    assert "it works" in page
    ran = compose("run", "--rm", "-T", "web", "wget", "-qO-", "http://store/value")
    assert ran.stdout.endswith("kept\n")

    # Its old client looks at the ContainerConfig of images to keep anonymous volumes.
    old = engine.hull("inspect", "-f", "{{.Id}}", "shop_web_1", "shop_store_1").stdout.split()
    compose("up", "-d", "--force-recreate", "-t", "0")
    new = engine.hull("inspect", "-f", "{{.Id}}", "shop_web_1", "shop_store_1").stdout.split()
    assert not set(old) & set(new)
    assert compose("exec", "-T", "web", "wget", "-qO-", "http://store/value").stdout == "kept\n"
    compose("restart", "-t", "0", "web")
    assert compose("exec", "-T", "web", "cat", "/www/index.html").stdout == "<h1>it works</h1>\n"
    compose("down", "-v", "-t", "0")
    assert "shop_" not in engine.hull("ps", "-a").stdout
    assert "shop_" not in engine.hull("network", "ls").stdout
    assert "shop_" not in engine.hull("volume", "ls").stdout
