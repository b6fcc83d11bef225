"""Networks that are a configuration alone, and networks made from one."""
import json

import pytest

from engine import Engine

OPERATOR = ("configuration network can only contain network specific fields. Network operator "
            "fields like [ ingress | internal | attachable | scope ] are not supported.")
TWICE = "a configuration network cannot depend on another configuration network"
SAID = ("user specified configurations are not supported if the network depends on a configuration "
        "network")
OPTIONS = ("network driver options are not supported if the network depends on a configuration "
           "network")
IN_USE = 'error while removing network: configuration network "conf" is in use'
NO_ENDPOINT = "cannot create endpoint on configuration-only network"


@pytest.fixture(scope="module")
def engine():
    made = Engine()
    made.load_busybox()
    yield made
    made.stop()


@pytest.fixture
def conf(engine):
    engine.hull("network", "create", "--config-only", "--subnet", "10.212.4.0/24", "--ip-range",
                "10.212.4.128/25", "--aux-address", "x=10.212.4.130", "-o",
                "com.docker.network.bridge.name=hlconf0", "--label", "a=b", "conf")
    yield "conf"
    engine.hull("rm", "-f", "one", "two", check=False)
    engine.hull("network", "rm", "made", check=False)
    engine.hull("network", "rm", "conf", check=False)


def inspect(engine, name):
    return json.loads(engine.hull("network", "inspect", name).stdout)[0]


def test_a_configuration_is_a_record_alone(engine, conf):
    found = inspect(engine, conf)
    assert found["ConfigOnly"] is True and found["ConfigFrom"] == {"Network": ""}
    assert (found["Driver"], found["Scope"]) == ("null", "local")
    assert found["IPAM"] == {"Driver": "default", "Options": {}, "Config": [
        {"Subnet": "10.212.4.0/24", "IPRange": "10.212.4.128/25",
         "AuxiliaryAddresses": {"x": "10.212.4.130"}}]}
    assert found["Options"] == {"com.docker.network.bridge.name": "hlconf0"}
    # Its addresses are reserved by nobody.
    engine.hull("network", "create", "--config-only", "--subnet", "10.212.4.0/24", "conf2")
    engine.hull("network", "rm", "conf2")
    listed = engine.hull("network", "ls", "--format", "{{.Name}} {{.Driver}} {{.Scope}}").stdout
    assert "conf null local" in listed.splitlines()


def test_a_network_takes_it_over_and_carries_traffic(engine, conf):
    engine.hull("network", "create", "--internal", "--config-from", conf, "made")
    found = inspect(engine, "made")
    assert found["ConfigFrom"] == {"Network": conf} and found["ConfigOnly"] is False
    assert (found["Driver"], found["Internal"]) == ("bridge", True)
    assert found["IPAM"]["Config"][0]["Subnet"] == "10.212.4.0/24"
    assert found["Labels"] == {"a": "b"}
    assert found["Options"] == {"com.docker.network.bridge.name": "hlconf0"}
    engine.hull("run", "-d", "--name", "one", "--network", "made", "busybox", "sleep", "60")
    engine.hull("run", "--rm", "--network", "made", "busybox", "ping", "-c1", "-W5", "one")
    address = engine.hull("inspect", "-f", "{{.NetworkSettings.Networks.made.IPAddress}}", "one")
    assert 128 <= int(address.stdout.strip().split(".")[3]) != 130


@pytest.mark.parametrize("flags,text", [
    (["--config-only", "--internal"], OPERATOR),
    (["--config-only", "--attachable"], OPERATOR),
    (["--config-only", "--scope", "local"], OPERATOR),
    (["--config-only", "--config-from", "conf"], TWICE),
    (["--config-from", "conf", "--subnet", "10.212.5.0/24"], SAID),
    (["--config-from", "conf", "--ipv6"], SAID),
    (["--config-from", "conf", "--label", "q=r"], SAID),
    (["--config-from", "conf", "--ipam-opt", "q=r"], SAID),
    (["--config-from", "conf", "-o", "a=b"], OPTIONS),
    (["--config-from", "nope"], 'configuration network "nope" does not exist'),
    (["--config-from", "bridge"], 'configuration network "bridge" does not exist'),
])
def test_what_is_refused(engine, conf, flags, text):
    failed = engine.hull("network", "create", *flags, "made", check=False)
    assert failed.returncode != 0 and text in failed.stderr
    assert engine.hull("network", "inspect", "made", check=False).returncode != 0


def test_no_container_joins_one(engine, conf):
    engine.hull("create", "--name", "one", "--network", conf, "busybox", "true")
    failed = engine.hull("start", "one", check=False)
    assert failed.returncode != 0 and NO_ENDPOINT in failed.stderr
    engine.hull("run", "-d", "--name", "two", "busybox", "sleep", "60")
    failed = engine.hull("network", "connect", conf, "two", check=False)
    assert failed.returncode != 0 and NO_ENDPOINT in failed.stderr


def test_removal_waits_for_the_networks_made_from_it(engine, conf):
    engine.hull("network", "create", "--config-from", conf, "made")
    failed = engine.hull("network", "rm", conf, check=False)
    assert failed.returncode != 0 and IN_USE in failed.stderr
    # As with docker, what is pruned is what was made.
    assert engine.hull("network", "prune", "-f").stdout.split() == ["Deleted", "Networks:", "made"]
    assert inspect(engine, conf)["ConfigOnly"] is True
    engine.hull("network", "rm", conf)


def test_after_a_kill_it_is_what_it_was(engine, conf):
    engine.hull("network", "create", "--config-from", conf, "made")
    before = inspect(engine, conf), inspect(engine, "made")
    engine.kill()
    engine.start()
    assert (inspect(engine, conf), inspect(engine, "made")) == before
    failed = engine.hull("network", "rm", conf, check=False)
    assert failed.returncode != 0 and IN_USE in failed.stderr
    engine.hull("network", "rm", "made")
    # The addresses are free again, and the configuration serves once more.
    engine.hull("network", "create", "--config-from", conf, "made")
