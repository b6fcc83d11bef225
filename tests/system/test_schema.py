"""Every JSON answer of the API against the published schema of the Engine API 1.51.

engine-api.json holds the schema's responses and the definitions they reach, without prose."""
import http.client
import json
import os
import re
import socket
import time
from urllib.parse import quote

import jsonschema
import pytest

from images import tar_of

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "engine-api.json"), encoding="utf-8") as file:
    PUBLISHED = json.load(file)

# Fields that engines send for older clients, although the schema has them no more.
UNLISTED = {"EventMessage.status", "EventMessage.id", "EventMessage.from"}

# Where a real engine sends null although the schema has a number.
NULLS = {"HostConfig/MemorySwappiness", "ExitCode"}


class Connection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("hull", timeout=60)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(60)
        self.sock.connect(self.path)


def nullable(node):
    """Swagger's x-nullable in the words of JSON schema. A Go engine sends an empty list or map as
    null, and a client takes either."""
    if isinstance(node, list):
        return [nullable(entry) for entry in node]
    if not isinstance(node, dict):
        return node
    made = {key: nullable(value) for key, value in node.items() if key != "x-nullable"}
    if node.get("x-nullable") is True or node.get("type") == "array" or (
            node.get("type") == "object" and "additionalProperties" in node):
        return {"anyOf": [{"type": "null"}, made]}
    return made


DEFINITIONS = nullable(PUBLISHED["definitions"])


def resolve(schema):
    while "$ref" in schema:
        schema = PUBLISHED["definitions"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def fields_of(schema):
    """The properties that a schema names, over allOf; None when any are allowed."""
    schema = resolve(schema)
    found = dict(schema.get("properties", {}))
    for part in schema.get("allOf", []):
        found.update(fields_of(part) or {})
    return found or None


def unlisted(schema, value, path):
    """Fields of an answer that the schema does not have."""
    schema = resolve(schema)
    if isinstance(value, list):
        for entry in value:
            yield from unlisted(schema.get("items", {}), entry, path)
    elif isinstance(value, dict):
        known = fields_of(schema)
        for key, entry in value.items():
            if known is None:
                more = schema.get("additionalProperties")
                if isinstance(more, dict):
                    yield from unlisted(more, entry, path)
            elif key not in known:
                yield path + "." + key
            else:
                yield from unlisted(known[key], entry, path + "." + key)


class Client:
    """Sends requests, holds each answer against the schema, and notes what was seen."""

    def __init__(self, engine):
        self.engine = engine
        self.seen = set()
        self.wrong = []

    def send(self, verb, path, body=None, kind="application/json", version="/v1.51"):
        connection = Connection(self.engine.sock)
        data = body
        if body is not None and not isinstance(body, bytes):
            data = json.dumps(body).encode()
        connection.request(verb, version + path, data, {"Content-Type": kind} if data else {})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.headers.get("Content-Type", ""), text

    def call(self, template, status=200, body=None, query="", **names):
        """One request "VERB /path/{name}"; the answer has the status and the schema of it."""
        verb, path = template.split(" ")
        for key, value in names.items():
            path = path.replace("{%s}" % key, quote(value, safe="/"))
        assert "{" not in path, path
        got, kind, text = self.send(verb, path + query, body)
        assert got == status, "%s %s: %d %s" % (verb, path + query, got, text[:300])
        published = PUBLISHED["responses"][template]
        self.seen.add(template)
        if str(status) not in published:
            self.wrong.append("%s: status %d is not in the schema" % (template, status))
            return None
        schema = published[str(status)]
        if not kind.startswith("application/json"):
            return text
        values = [json.loads(line) for line in text.splitlines()] if b"\n{" in text else [
            json.loads(text)] if text.strip() else []
        for value in values if schema else []:
            self.check(template, schema, value)
        return values[0] if len(values) == 1 else values

    def check(self, template, schema, value):
        full = dict(nullable(schema), definitions=DEFINITIONS)
        for error in jsonschema.Draft4Validator(full).iter_errors(value):
            where = "/".join(str(part) for part in error.absolute_path)
            if error.instance is None and where in NULLS:
                continue
            self.wrong.append("%s: %s: %s" % (template, where, error.message[:300]))
        name = schema.get("$ref", template).rsplit("/", 1)[-1]
        self.wrong += ["%s: the schema has no %s" % (template, path)
                       for path in unlisted(schema, value, name) if path not in UNLISTED]


def served():
    """The endpoints of api/routes.h that answer in JSON, as the schema writes them, but hull's own
    and those of builder and managed plugins, which have nothing to show yet."""
    with open(os.path.join(HERE, "../../api/routes.h"), encoding="utf-8") as file:
        text = file.read()
    for verb, path, service, style in re.findall(
            r'R\((\w+), "([^"]+)",\s*(\w+),\s*\w+,\s*(\w+),', text):
        template = verb + " " + path.replace(":.*}", "}")
        own = template in ("POST /build/prune", "GET /plugins", "GET /plugins/{name}/json")
        if style in ("JSON", "READY", "LINES", "PROGRESS") and "/hull/" not in path and not own:
            yield template


@pytest.fixture(scope="module")
def client(engine):
    made = Client(engine)
    yield made


CREATE = {"Image": "busybox", "Cmd": ["sleep", "60"], "Labels": {"a": "b"},
          "ExposedPorts": {"80/tcp": {}},
          "Volumes": {"/data": {}}, "Env": ["A=1"],
          "Healthcheck": {"Test": ["CMD", "true"], "Interval": 1000000000},
          "HostConfig": {"PortBindings": {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "0"}]},
                         "Memory": 67108864, "Binds": ["schema-volume:/vol"], "Tmpfs": {"/t": ""},
                         "RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 2},
                         "Ulimits": [{"Name": "nofile", "Soft": 100, "Hard": 200}],
                         "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}}}}


def test_system(client):
    for template in ("GET /version", "GET /info", "GET /system/df"):
        client.call(template)
    assert client.call("GET /_ping") == b"OK"


def test_containers(client):
    made = client.call("POST /containers/create", 201, CREATE, query="?name=schema")
    name = made["Id"]
    client.call("GET /containers/{id}/json", id=name)
    client.call("POST /containers/{id}/start", 204, id=name)
    client.call("GET /containers/{id}/json", id=name, query="?size=1")
    client.call("GET /containers/json", query="?all=1&size=1")
    client.call("GET /containers/{id}/top", id=name)
    client.call("GET /containers/{id}/stats", id=name, query="?stream=false")
    client.call("GET /containers/{id}/changes", id=name)
    client.call("POST /containers/{id}/update", id=name,
                body={"Memory": 134217728, "MemorySwap": -1})
    made = client.call("POST /containers/{id}/exec", 201, {"Cmd": ["true"]}, id=name)
    client.call("GET /exec/{id}/json", id=made["Id"])
    client.call("POST /containers/{id}/kill", 204, id=name)
    client.call("POST /containers/{id}/wait", id=name)
    client.call("GET /containers/{id}/json", id=name)
    client.call("GET /system/df")
    made = client.call("POST /commit", 201, {}, query="?container=schema&repo=schema-commit")
    client.call("DELETE /images/{name}", name=made["Id"])
    client.call("DELETE /containers/{id}", 204, id=name, query="?v=1")
    client.call("POST /containers/prune", query="?filters=" + quote('{"label":["schema=1"]}'))
    client.call("GET /events", query="?since=1&until=%d" % time.time())


def test_errors(client):
    for template, status, body in (
            ("GET /containers/{id}/json", 404, None), ("POST /containers/{id}/start", 404, None),
            ("DELETE /containers/{id}", 404, None), ("POST /containers/{id}/wait", 404, None)):
        client.call(template, status, body, id="no-such-one")
    client.call("POST /containers/create", 404, {"Image": "no-such-image"})
    client.call("POST /containers/create", 400, {"Image": "busybox", "HostConfig": {"Memory": 5}})
    client.call("GET /images/{name}/json", 404, name="no-such-image")
    client.call("GET /networks/{id}", 404, id="no-such-network")
    client.call("GET /volumes/{name}", 404, name="no-such-volume")


def test_images(client):
    client.call("GET /images/json", query="?all=1&shared-size=1&digests=1")
    client.call("GET /images/{name}/json", name="busybox")
    client.call("GET /images/{name}/history", name="busybox")
    client.call("POST /images/{name}/tag", 201, name="busybox", query="?repo=schema&tag=1")
    client.call("DELETE /images/{name}", name="schema:1")
    client.call("POST /images/prune", query="?filters=" + quote('{"label":["schema=1"]}'))
    layer = tar_of({"hello": (b"hello\n", 0o644)})
    status, _, text = client.send("POST", "/images/create?fromSrc=-&repo=schema-import", layer,
                                  "application/x-tar")
    assert status == 200, text
    client.seen.add("POST /images/create")
    client.call("DELETE /images/{name}", name="schema-import")
    status, kind, text = client.send("GET", "/images/busybox/get")
    assert status == 200
    status, kind, text = client.send("POST", "/images/load", text, "application/x-tar")
    assert status == 200 and kind.startswith("application/json"), text
    client.seen.add("POST /images/load")


def test_networks(client):
    made = client.call("POST /networks/create", 201, {
        "Name": "schema-network", "Labels": {"a": "b"},
        "Options": {"com.docker.network.driver.mtu": "1400"},
        "IPAM": {"Config": [{"Subnet": "10.219.7.0/24", "Gateway": "10.219.7.1"}]}})
    client.call("GET /networks/{id}", id=made["Id"])
    client.call("GET /networks/{id}", id="bridge")
    client.call("GET /networks")
    client.call("DELETE /networks/{id}", 204, id=made["Id"])
    client.call("POST /networks/prune", query="?filters=" + quote('{"label":["schema=1"]}'))


def test_volumes(client):
    client.call("POST /volumes/create", 201, {"Name": "schema-made", "Labels": {"a": "b"}})
    client.call("GET /volumes/{name}", name="schema-made")
    client.call("GET /volumes")
    client.call("DELETE /volumes/{name}", 204, name="schema-made")
    client.call("POST /volumes/prune", query="?filters=" + quote('{"label":["schema=1"]}'))
    client.engine.hull("volume", "rm", "-f", "schema-volume")


def test_all_answers_fit(client):
    assert client.seen
    assert not client.wrong, "\n".join(sorted(set(client.wrong)))


def test_each_endpoint_was_seen(client):
    missing = [entry for entry in served() if entry not in client.seen]
    assert not missing, "no answer of these was held against the schema: %s" % missing
