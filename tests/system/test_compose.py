"""docker-compose drives the daemon: two services as they should be, and what files can ask for."""
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


BASE = """
version: "2.4"
services:
  common:
    image: busybox:${TAG}
    environment: {FROM_BASE: "yes"}
    stop_grace_period: 0s
"""
WIDE = """
version: "2.4"
services:
  main:
    extends: {file: base.yml, service: common}
    command: sh -c 'test -e /data/value || echo kept > /data/value; exec httpd -f -h /data'
    env_file: app.env
    environment:
      GREETING: ${GREETING}
      DEFAULT: ${NOPE:-fallback}
    volumes: ["data:/data", "outer:/outer", "memory:/memory", "./conf:/conf:ro"]
    healthcheck: {test: ["CMD", "wget", "-qO-", "http://127.0.0.1/value"], interval: 1s}
    ulimits: {nofile: {soft: 1000, hard: 2000}}
    sysctls: {net.core.somaxconn: 200}
    tmpfs: ["/scratch:size=1m"]
    init: true
    ipc: shareable
    hostname: chosen
    restart: "on-failure:3"
    mem_limit: 64m
    networks: {back: {aliases: [database]}, beside: {}}
  side:
    extends: {file: base.yml, service: common}
    command: sleep 300
    network_mode: service:main
    pid: service:main
    ipc: service:main
    depends_on: {main: {condition: service_healthy}}
  beside:
    extends: {file: base.yml, service: common}
    command: sleep 300
    network_mode: container:before
  alone:
    extends: {file: base.yml, service: common}
    command: sleep 300
    network_mode: none
  bridged:
    extends: {file: base.yml, service: common}
    command: sleep 300
    network_mode: bridge
  hosted:
    extends: {file: base.yml, service: common}
    command: sleep 300
    network_mode: host
  worker:
    extends: {file: base.yml, service: common}
    command: sh -c 'echo working; exec sleep 300'
    networks: [back]
  extra:
    extends: {file: base.yml, service: common}
    command: sleep 300
    profiles: [debug]
    networks: [back]
networks:
  back: {}
  beside: {external: true, name: wide_beside}
volumes:
  data: {}
  memory: {driver: local, driver_opts: {type: tmpfs, device: tmpfs, o: size=2m}}
  outer: {external: true, name: wide_outer}
"""
OVERRIDE = """
version: "2.4"
services:
  main: {environment: {NEW: "1"}, labels: {changed: "yes"}}
"""
SECRET = """
version: "3.9"
services:
  reader: {image: busybox, command: cat /run/secrets/word, network_mode: none, secrets: [word]}
secrets:
  word: {file: ./secret}
"""


def runner(engine, folder, project):
    program = shutil.which("docker-compose")
    assert program, "docker-compose is not installed"
    environment = dict(os.environ, DOCKER_HOST="unix://" + engine.sock,
                       COMPOSE_PROJECT_NAME=project, COMPOSE_HTTP_TIMEOUT="30")

    def run(*args, check=True):
        done = subprocess.run([program, "--ansi", "never", *args], cwd=folder, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              check=False)
        assert not check or done.returncode == 0, "%s: %s%s" % (args, done.stdout, done.stderr)
        return done
    return run


@pytest.fixture
def compose(engine, tmp_path):
    (tmp_path / "docker-compose.yml").write_text(FILE)
    run = runner(engine, tmp_path, "shop")
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


@pytest.fixture
def wide(engine, tmp_path):
    """All that a file can ask for, and what it takes as given."""
    for name, text in (("docker-compose.yml", WIDE), ("base.yml", BASE), ("over.yml", OVERRIDE),
                       (".env", "TAG=latest\nGREETING=from-dotenv\n"), ("secret", "hush\n"),
                       ("app.env", "A=two words\nGREETING=file\n"), ("secrets.yml", SECRET)):
        (tmp_path / name).write_text(text)
    (tmp_path / "conf").mkdir()
    engine.hull("network", "create", "wide_beside")
    engine.hull("volume", "create", "wide_outer")
    engine.hull("run", "-d", "--name", "before", "--network", "none", "busybox", "sleep", "300")
    run = runner(engine, tmp_path, "wide")
    yield run
    run("down", "-v", "-t", "0", "--remove-orphans", check=False)
    engine.hull("rm", "-f", "before")
    engine.hull("volume", "rm", "wide_outer")
    engine.hull("network", "rm", "wide_beside")


def namespace(engine, service, kind):
    return engine.hull("exec", "wide_%s_1" % service, "readlink", "/proc/self/ns/" + kind).stdout


def test_what_a_file_can_ask_for(engine, wide):
    wide("up", "-d", "--scale", "worker=2")
    names = engine.hull("ps", "--format", "{{.Names}}", "--filter", "name=wide_").stdout.split()
    assert len(names) == 8 and "wide_worker_2" in names and "wide_extra_1" not in names
    shown = wide("exec", "-T", "main", "sh", "-c", "env; ulimit -n; hostname; cat "
                 "/proc/sys/net/core/somaxconn; grep -E '/scratch|/memory' /proc/mounts").stdout
    for text in ("A=two words\n", "GREETING=from-dotenv\n", "DEFAULT=fallback\n",
                 "FROM_BASE=yes\n", "\n1000\n", "\nchosen\n", "\n200\n", "size=1024k",
                 "tmpfs /memory tmpfs rw,relatime,size=2048k"):
        assert text in shown, (text, shown)
    for kind in "net", "pid", "ipc":
        assert namespace(engine, "side", kind) == namespace(engine, "main", kind)
    assert namespace(engine, "beside", "net") == engine.hull(
        "exec", "before", "readlink", "/proc/self/ns/net").stdout
    assert namespace(engine, "hosted", "net") == os.readlink("/proc/self/ns/net") + "\n"
    assert "sleep 300" in wide("top", "side").stdout
    assert wide("exec", "-T", "--index", "2", "worker", "wget", "-qO-",
                "http://database/value").stdout == "kept\n"
    assert engine.hull("inspect", "-f", "{{json .HostConfig.RestartPolicy}}",
                       "wide_main_1").stdout == '{"Name":"on-failure","MaximumRetryCount":3}\n'

    # a change makes a new container with the old volumes; no change does nothing
    wide("exec", "-T", "main", "sh", "-c", "echo changed > /data/value; touch /outer/mark")
    ids = [engine.hull("inspect", "-f", "{{.Id}}", "wide_main_1").stdout]
    for _ in range(2):
        wide("-f", "docker-compose.yml", "-f", "over.yml", "up", "-d", "-t", "0", "main")
        ids.append(engine.hull("inspect", "-f", "{{.Id}}", "wide_main_1").stdout)
    assert ids[0] != ids[1] == ids[2]
    assert wide("exec", "-T", "main", "sh", "-c", "cat /data/value; ls /outer; echo $NEW"
                ).stdout == "changed\nmark\n1\n"
    wide("--profile", "debug", "up", "-d", "extra")
    assert "wide_extra_1" in wide("--profile", "debug", "ps").stdout
    assert wide("run", "--rm", "-T", "-e", "Q=1", "worker", "sh", "-c",
                "echo q=$Q").stdout == "q=1\n"

    wide("pause", "worker")
    assert wide("ps", "worker").stdout.count("Paused") == 2
    wide("unpause", "worker")
    wide("kill", "worker")
    assert wide("ps", "worker").stdout.count("Exit 137") == 2
    assert wide("logs", "--tail", "1", "worker").stdout.count("working") == 2
    wide("rm", "-f", "worker")
    done = wide("-f", "secrets.yml", "run", "--rm", "-T", "reader")
    assert done.stdout == "hush\n"
    wide("down", "-v", "--rmi", "local", "--remove-orphans", "-t", "0")
    assert engine.hull("ps", "-a", "--filter", "name=wide_", "-q").stdout == ""
    assert "wide_data" not in engine.hull("volume", "ls").stdout
    assert "wide_outer" in engine.hull("volume", "ls").stdout
    assert "wide_back" not in engine.hull("network", "ls").stdout
    engine.hull("inspect", "before", "busybox")
