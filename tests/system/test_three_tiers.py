"""The example that everybody knows: a page takes votes and hands them to redis, a worker moves them to
postgresql, a page shows the counts. Two networks: visitors are in front, the stores at the back."""
import json
import os
import shutil
import subprocess
import time

import pytest

from engine import busybox_layer
from images import archive
from packages import layer, unpacked

ACCOUNTS = (b"root:x:0:0:root:/root:/bin/sh\npostgres:x:70:70::/var/lib/postgresql:/bin/sh\n", 0o644)
GROUPS = (b"root:x:0:\npostgres:x:70:\n", 0o644)
DATABASE = b"""#!/bin/sh
set -e
data=/var/lib/postgresql/data
bin=/usr/lib/postgresql/15/bin
if [ ! -f $data/PG_VERSION ]; then
    mkdir -p $data
    chown -R postgres /var/lib/postgresql
    su postgres -c "$bin/initdb -D $data -A trust --no-locale -E UTF8 --no-sync --no-instructions"
    echo 'host all all samenet trust' >>$data/pg_hba.conf
fi
mkdir -p /run/postgresql
chown postgres /run/postgresql
exec su postgres -c "exec $bin/postgres -D $data -c listen_addresses='*' \
    -k /run/postgresql -c fsync=off"
"""
WORKER = b"""#!/bin/sh
until psql -qh db -U postgres -c 'create table if not exists votes (voter text, choice text)'; do
    sleep 0.1
done
echo worker is ready
while true; do
    vote=$(redis-cli -h redis --raw blpop votes 0 | tail -n 1)
    psql -qh db -U postgres -v choice="$vote" <<'END'
insert into votes values ('visitor', :'choice');
END
done
"""
VOTE = b"""#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
redis-cli -h redis rpush votes "$QUERY_STRING"
"""
RESULT = b"""#!/bin/sh
printf 'Content-Type: text/plain\r\n\r\n'
psql -Ath db -U postgres -c 'select choice, count(*) from votes group by 1 order by 1'
"""
FILE = """
version: "2.4"
services:
  redis:
    image: shop-redis
    networks: [back]
    healthcheck: {test: [CMD, redis-cli, ping], interval: 0.2s, retries: 50}
    stop_grace_period: 5s
  db:
    image: shop-db
    networks: [back]
    volumes: ["records:/var/lib/postgresql"]
    healthcheck: {test: [CMD, psql, -qh, localhost, -U, postgres, -c, ""], interval: 0.3s, retries: 50}
    stop_grace_period: 5s
  worker:
    image: shop-web
    command: [sh, /worker]
    networks: [back]
    init: true
    depends_on: {db: {condition: service_healthy}, redis: {condition: service_healthy}}
    stop_grace_period: 0s
  web:
    image: shop-web
    networks: [front, back]
    ports: ["127.0.0.1::80"]
    depends_on: [worker]
    stop_grace_period: 0s
  visitor:
    image: busybox
    command: [sleep, "1000"]
    networks: [front]
    stop_grace_period: 0s
networks:
  front: {}
  back: {internal: true}
volumes:
  records: {}
"""


@pytest.fixture(scope="module")
def images(engine):
    """shop-redis, shop-db and shop-web, from Debian's packages."""
    folder = unpacked("redis-server", "postgresql-15")
    base = busybox_layer()
    postgres = "/usr/lib/postgresql/15"
    redis = layer(folder, ["/usr/bin/redis-server", "/usr/bin/redis-cli"])
    database = layer(folder, [
        postgres + "/bin/postgres", postgres + "/bin/initdb", postgres + "/bin/psql",
        postgres + "/lib/plpgsql.so", postgres + "/lib/dict_snowball.so",
        "/usr/share/postgresql/15/[a-z]*.*", "/usr/share/postgresql/15/timezonesets",
        "/usr/share/postgresql/15/extension/plpgsql*", "/usr/share/postgresql/15/tsearch_data",
        "/usr/share/zoneinfo/UTC"],
        {"etc/passwd": ACCOUNTS, "etc/group": GROUPS, "database": (DATABASE, 0o755),
         "bin/psql": (b"#!/bin/sh\nexec /usr/lib/postgresql/15/bin/psql \"$@\"\n", 0o755)})
    web = layer(folder, [postgres + "/bin/psql", "/usr/bin/redis-cli"], {
        "bin/psql": (b"#!/bin/sh\nexec /usr/lib/postgresql/15/bin/psql \"$@\"\n", 0o755),
        "worker": (WORKER, 0o755), "www/cgi-bin/vote": (VOTE, 0o755),
        "www/cgi-bin/result": (RESULT, 0o755)})
    engine.load(archive("shop-redis:latest", [base, redis], {
        "Cmd": ["redis-server", "--protected-mode", "no", "--save", ""]}))
    engine.load(archive("shop-db:latest", [base, database], {
        "Cmd": ["/database"], "StopSignal": "SIGINT"}))
    engine.load(archive("shop-web:latest", [base, web], {
        "Cmd": ["httpd", "-f", "-h", "/www"]}))
    yield
    for name in "shop-redis", "shop-db", "shop-web":
        engine.hull("rmi", "-f", name)


def page(address, path):
    return subprocess.run(["curl", "-sf", "--max-time", "10", "http://%s/%s" % (address, path)],
                          capture_output=True, text=True, check=True).stdout


def check_votes(engine, prefix, address, before):
    """Two votes go in by the published port and come out of the database."""
    counts = dict(before)
    for choice in "cats", "dogs", "dogs":
        page(address, "cgi-bin/vote?" + choice)
        counts[choice] = counts.get(choice, 0) + 1
    wanted = "".join("%s|%d\n" % item for item in sorted(counts.items()))
    deadline = time.monotonic() + 10
    while page(address, "cgi-bin/result") != wanted:
        assert time.monotonic() < deadline, engine.hull("logs", prefix + "worker" + suffix(prefix))
        time.sleep(0.05)
    return counts


def suffix(prefix):
    return "_1" if prefix.endswith("_") else ""


def check_apart(engine, prefix):
    """Who is in front reaches the page, and neither the database nor its name."""
    visitor, db = (prefix + name + suffix(prefix) for name in ("visitor", "db"))
    shown = engine.hull("exec", visitor, "wget", "-qO-", "http://web/cgi-bin/result").stdout
    assert "cats|" in shown
    for name in "db", "redis":
        assert engine.hull("exec", visitor, "nslookup", name, check=False).returncode != 0
    networks = json.loads(engine.hull("inspect", db).stdout)[0]["NetworkSettings"]["Networks"]
    assert len(networks) == 1
    inside = list(networks.values())[0]["IPAddress"]
    tried = engine.hull("exec", visitor, "nc", "-w", "1", inside, "5432", check=False)
    assert tried.returncode != 0
    worker = prefix + "worker" + suffix(prefix)
    assert engine.hull("exec", worker, "nc", "-w", "5", inside, "5432").returncode == 0


def test_compose(engine, images, tmp_path):
    program = shutil.which("docker-compose")
    assert program, "docker-compose is not installed"
    (tmp_path / "docker-compose.yml").write_text(FILE)
    environment = dict(os.environ, DOCKER_HOST="unix://" + engine.sock,
                       COMPOSE_PROJECT_NAME="shop", COMPOSE_HTTP_TIMEOUT="60")

    def compose(*args, check=True):
        done = subprocess.run([program, "--ansi", "never", *args], cwd=tmp_path, env=environment,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=90,
                              check=False)
        assert not check or done.returncode == 0, "%s: %s%s" % (args, done.stdout, done.stderr)
        return done.stdout.strip()

    try:
        compose("up", "-d")
        counts = check_votes(engine, "shop_", compose("port", "web", "80"), {})
        check_apart(engine, "shop_")
        # The volume outlives the containers, and what comes up next goes on counting.
        compose("down", "-t", "5")
        assert "shop_" not in engine.hull("ps", "-a").stdout + engine.hull("network", "ls").stdout
        compose("up", "-d")
        check_votes(engine, "shop_", compose("port", "web", "80"), counts)
    finally:
        compose("down", "-v", "-t", "0", check=False)
    for kind in (["ps", "-a"], ["network", "ls"], ["volume", "ls"]):
        assert "shop_" not in engine.hull(*kind).stdout


def up(engine):
    """What the compose file says, by hand."""
    engine.hull("network", "create", "front")
    engine.hull("network", "create", "--internal", "back")
    for name, options in {
            "redis": ["--health-cmd", "redis-cli ping"],
            "db": ["-v", "records:/var/lib/postgresql", "--stop-signal", "INT", "--health-cmd",
                   "psql -qh localhost -U postgres -c ''"]}.items():
        engine.hull("run", "-d", "--name", name, "--network", "back", "--health-interval", "0.3s",
                    "--health-retries", "50", *options, "shop-" + name)
    deadline = time.monotonic() + 20
    for name in "redis", "db":
        while engine.hull("inspect", "-f", "{{.State.Health.Status}}",
                          name).stdout.strip() != "healthy":
            assert time.monotonic() < deadline, engine.hull("logs", name)
            time.sleep(0.1)
    engine.hull("run", "-d", "--init", "--name", "worker", "--network", "back", "shop-web", "sh",
                "/worker")
    engine.hull("create", "--name", "web", "--network", "front", "-p", "127.0.0.1::80", "shop-web")
    engine.hull("network", "connect", "back", "web")
    engine.hull("start", "web")
    engine.hull("run", "-d", "--name", "visitor", "--network", "front", "busybox", "sleep", "1000")
    return engine.hull("port", "web", "80").stdout.strip()


def down(engine, check=True):
    engine.hull("stop", "-t", "5", "db", check=check)
    engine.hull("rm", "-f", "web", "worker", "visitor", "redis", "db", check=check)
    engine.hull("network", "rm", "front", "back", check=check)


def test_by_hand(engine, images):
    try:
        counts = check_votes(engine, "", up(engine), {})
        check_apart(engine, "")
        down(engine)
        check_votes(engine, "", up(engine), counts)
        down(engine)
    finally:
        down(engine, check=False)
        engine.hull("volume", "rm", "-f", "records", check=False)
