"""Flags of run and create: each works as docker has it, or is refused by name."""
import json
import os

import pytest


def run(engine, *flags, client="hull", command=("true",), check=True):
    return engine.run(client, "run", "--rm", "--network", "none", *flags, "busybox", *command,
                      check=check)


REFUSED = [
    (["--cpuset-cpus", "4000"], 125, "Requested CPUs are not available - requested 4000"),
    (["--cpuset-mems", "4000"], 125, "Requested memory nodes are not available"),
    (["--cpus", "0.001"], 125, "Range of CPUs is from 0.01 to"),
    (["--log-opt", "max-file=65"], 125, "hull keeps at most 64 files"),
    (["--log-opt", "bogus=1"], 125, "unknown log opt 'bogus' for json-file log driver"),
    (["--cpu-rt-runtime", "9", "--cpu-rt-period", "5"], 125, "cannot be higher than"),
    (["--device", "/dev/nope"], 127, "no such file or directory"),
    (["--device-read-bps", "/dev/nope:1mb"], 127, "stat /dev/nope: no such file or directory"),
    (["--device", "hulltest.example/no=thing"], 125,
     "unresolvable CDI devices hulltest.example/no=thing"),
    (["--gpus", "all"], 125, 'could not select device driver "" with capabilities: [[gpu]]'),
    (["--pid", "bad"], 125, "--pid: invalid PID mode"),
    (["--uts", "container:x"], 125, "--uts: invalid UTS mode"),
    (["--userns", "bad"], 125, "--userns: invalid USER mode"),
    (["--cgroupns", "bad"], 125, "--cgroupns: invalid CGROUP mode"),
    (["--storage-opt", "bogus=1"], 125, "Unknown option bogus"),
    (["--storage-opt", "size=much"], 125, "invalid size: 'much'"),
    (["--userns", "auto", "--privileged"], 125, "incompatible with user namespaces"),
    (["--security-opt", "bogus"], 125, 'Invalid --security-opt: "bogus"'),
    (["--security-opt", "bogus=1"], 125, 'invalid --security-opt 2: "bogus=1"'),
    (["--security-opt", "no-new-privileges=maybe"], 125, "invalid --security-opt 2"),
    (["--security-opt", "seccomp=/nope"], 125, "opening seccomp profile (/nope) failed"),
    (["--security-opt", "label=type:x"], 125, "label=type:x"),
    (["--isolation", "hyperv"], 125, "linux only supports 'default'"),
    (["--memory-swappiness", "150"], 125, "Valid memory swappiness range is 0-100"),
    (["--mac-address", "zz"], 125, "zz is not a valid mac address"),
    (["--mac-address", "1:2:3:4:5:6"], 125, "1:2:3:4:5:6 is not a valid mac address"),
    (["--mac-address", "01:02:03:04:05-06"], 125, "01:02:03:04:05-06 is not a valid mac address"),
    (["--device", ""], 125, "bad format for path: \n"),
    (["--device", "a:/b:c"], 125, "bad mode specified: c"),
    (["--device", "/dev/null:rr"], 125, "rr is not an absolute path"),
    (["--sysctl", "bogus"], 125, "flag: sysctl 'bogus' is not allowed"),
    (["--storage-opt", "bogus"], 125, "invalid storage option"),
    (["--mount", ""], 125, 'invalid argument "" for "--mount" flag: EOF'),
    (["--mount", "type=volume,source=a"], 125, "target is required"),
    (["--mount", "type=,target=/x"], 125, "type is required"),
    (["--mount", "target"], 125, "invalid field 'target' must be a key=value pair"),
    (["--mount", "foo=bar"], 125, "unexpected key 'foo' in 'foo=bar'"),
    (["--mount", "type=bind,src=/tmp,dst=/x,volume-nocopy"], 125,
     "cannot mix 'volume-*' options with mount type 'bind'"),
    (["--mount", "type=tmpfs,dst=/x,tmpfs-mode=9"], 125, "invalid value for tmpfs-mode: 9"),
    (["--mount", "type=bind,src=/tmp,dst=/x,bind-recursive=readonly"], 125,
     "option 'bind-recursive=readonly' requires 'readonly'"),
    (["--mount", "type=volume,\"target=/x"], 125,
     "parse error on line 1, column 23: extraneous or missing \" in quoted-field"),
    (["--mount", "type=volume,tar\"get=/x"], 125,
     "parse error on line 1, column 16: bare \" in non-quoted-field"),
    (["--network", "name=n,foo=q"], 125, '"name=n,foo=q" for "--network" flag: invalid field key foo'),
    (["--network", "name=n,alias"], 125, 'for "--network" flag: invalid field alias'),
    (["--network", "name=n,gw-priority=zz"], 125, "invalid gw-priority (zz): invalid syntax"),
    (["--network", "name=n,gw-priority=99999999999999999999"], 125, "value out of range"),
    (["--network", "name=n,driver-opt=zz"], 125, "invalid key value pair format in driver options"),
    (["--network", "alias=n"], 125, "network name/id is not specified"),
    (["--pull", "never", "--platform", "linux/s390x"], 125, "was found but its platform"),
]


@pytest.mark.parametrize("flags,status,text", REFUSED, ids=lambda value: str(value)[:40])
def test_refused(engine, flags, status, text):
    done = run(engine, *flags, check=False)
    assert done.returncode == status, done.stderr
    assert text in done.stderr


# What docker's command line says itself, and what the daemon says before there is a container.
NETWORKS_OF_ONE_REFUSED = [
    ("--network a1 --network a1", 'network "a1" is specified multiple times'),
    ("--network a1 --network host",
     "conflicting options: cannot attach both user-defined and non-user-defined network-modes"),
    ("--network name=a1,alias=x --network-alias y",
     "conflicting options: cannot specify both --network-alias and per-network alias"),
    ("--network name=a1,ip=1.2.3.4 --ip 1.2.3.5",
     "conflicting options: cannot specify both --ip and per-network IPv4 address"),
    ("--network name=a1,mac-address=zz", "zz is not a valid mac address"),
    ("--network host --network-alias x",
     "network-scoped aliases are only supported for user-defined networks"),
    ("--network-alias x", "network-scoped aliases are only supported for user-defined networks"),
    ("--network=", "no name set for network"),
    ("--network a1 --ip 10.99.0.1",
     "invalid config for network a1: invalid endpoint settings:\n"
     "no configured subnet contains IP address 10.99.0.1"),
    ("--network a1 --ip6 fd00::1", "no configured subnet contains IP address fd00::1"),
    ("--network a1 --ip bad", "invalid IPv4 address: bad"),
    ("--network a1 --ip fd00::5", "invalid IPv4 address: fd00::5"),
    ("--network a1 --ip6 10.215.7.5", "invalid IPv6 address: 10.215.7.5"),
    ("--network name=a1,link-local-ip=169.254.1.2", "LinkLocalIPs are not supported"),
    ("--network host --ip 1.2.3.4",
     "user specified IP address is supported on user defined networks only"),
    ("--network container:", "invalid container format container:<name|id>"),
    ("--link nosuch", "could not get container for nosuch: No such container: nosuch"),
]


@pytest.fixture(scope="module")
def a1(engine):
    engine.hull("network", "create", "--subnet", "10.215.7.0/24", "a1")
    yield
    engine.hull("network", "rm", "a1")


@pytest.mark.parametrize("client", ["hull", "docker"])
@pytest.mark.parametrize("flags,text", NETWORKS_OF_ONE_REFUSED, ids=lambda value: str(value)[:40])
def test_networks_of_one_refused(engine, a1, client, flags, text):
    """By both, in the same words, and no container is left."""
    done = engine.run(client, "run", "-d", "--name", "refused", *flags.split(), "busybox", "true",
                      check=False)
    assert done.returncode == 125 and text in done.stderr, done.stderr
    assert done.stdout == "" and "Unable to find image" not in done.stderr
    assert engine.hull("rm", "refused", check=False).returncode == 1


def test_addresses_are_checked_before_a_stopped_one_is_connected(engine, a1):
    engine.hull("create", "--name", "stopped", "--network", "none", "busybox")
    engine.hull("network", "disconnect", "none", "stopped")
    try:
        for flags, text in ((("--ip6", "fd00::1"), "no configured subnet contains IP address fd00::1"),
                            (("--ip", "10.99.0.1"), "subnet contains IP address 10.99.0.1"),
                            (("--ip", "0.0.0.0"), "invalid IPv4 address: 0.0.0.0")):
            done = engine.hull("network", "connect", *flags, "a1", "stopped", check=False)
            assert done.returncode == 1 and text in done.stderr, done.stderr
        engine.hull("network", "connect", "--ip", "10.215.7.9", "a1", "stopped")
    finally:
        engine.hull("rm", "-f", "stopped")


def test_one_that_does_not_start(engine):
    """Its id is told all the same, and what it tried."""
    for flags, text in ((("--network", "container:itself"), "cannot join own network namespace"),
                        (("--network", "nosuch"), "network nosuch not found"),
                        (("--dns", "127.0.0.1", "--network", "nosuch"),
                         "WARNING: Localhost DNS (127.0.0.1) may fail in containers.\n")):
        done = engine.hull("run", "-d", "--name", "itself", *flags, "busybox", "true", check=False)
        name = engine.hull("inspect", "-f", "{{.Id}}", "itself").stdout
        engine.hull("rm", "-f", "itself")
        assert done.returncode == 125 and text in done.stderr and done.stdout == name, done


def test_settings_of_an_interface_in_lower_case(engine, a1):
    """docker's command line of some versions makes all of a field lower case."""
    out = engine.hull("run", "--rm", "--network", "name=a1,driver-opt=com.docker.network.endpoint."
                      "sysctls=net.ipv4.conf.ifname.log_martians=1", "busybox", "cat",
                      "/proc/sys/net/ipv4/conf/eth0/log_martians").stdout
    assert out == "1\n"


NETWORKS_REFUSED = [
    (["--subnet", "bogus"], "invalid subnet bogus: invalid CIDR block notation"),
    (["--subnet", "10.0.0.0/8", "--subnet", "10.1.0.0/16"], "multiple overlapping subnet"),
    (["--gateway", "10.0.0.1"], "every ip-range or gateway must have a corresponding subnet"),
    (["--subnet", "10.9.0.0/16", "--ip-range", "bogus"], "invalid CIDR address: bogus"),
    (["--subnet", "10.9.0.0/16", "--gateway", "10.8.0.1"], "no matching subnet for gateway 10.8."),
    (["--aux-address", "x=10.8.0.1"], "no matching subnet for aux-address 10.8.0.1"),
    (["--driver", "none"], 'plugin "none" not found'),
    (["--ipam-driver", "null"], "ipv4 pool is empty"),
]


@pytest.mark.parametrize("flags,text", NETWORKS_REFUSED, ids=lambda value: str(value)[:40])
def test_networks_refused(engine, flags, text):
    done = engine.hull("network", "create", *flags, "bad", check=False)
    assert done.returncode == 1 and text in done.stderr, done.stderr


def test_gateways_and_ranges_go_to_their_subnets(engine):
    """Whatever the order in which they are named."""
    engine.hull("network", "create", "--ipv6", "--subnet", "10.213.9.0/24", "--subnet",
                "fd00:213:9::/64", "--gateway", "fd00:213:9::7", "--gateway", "10.213.9.7",
                "--aux-address", "printer=10.213.9.8", "paired")
    try:
        made = json.loads(engine.hull("network", "inspect", "paired").stdout)[0]["IPAM"]["Config"]
        assert {row["Subnet"]: row["Gateway"] for row in made} == {
            "10.213.9.0/24": "10.213.9.7", "fd00:213:9::/64": "fd00:213:9::7"}
        assert made[0]["AuxiliaryAddresses"] == {"printer": "10.213.9.8"}
    finally:
        engine.hull("network", "rm", "paired")


@pytest.mark.parametrize("client", ["hull", "docker"])
def test_security_options(engine, client, tmp_path):
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps({
        "defaultAction": "SCMP_ACT_ALLOW",
        "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO"}]}, indent=1))
    done = run(engine, "--security-opt", "seccomp=%s" % profile, client=client,
               command=("mkdir", "/x"), check=False)
    assert done.returncode == 1 and "Operation not permitted" in done.stderr
    for value, wanted in (("", "1"), ("=true", "1"), (":true", "1"), (":false", "0")):
        done = run(engine, "--security-opt", "no-new-privileges" + value, client=client,
                   command=("grep", "NoNewPrivs", "/proc/self/status"))
        assert done.stdout.split()[1] == wanted
    mounts = run(engine, "--security-opt", "systempaths=unconfined", client=client,
                 command=("cat", "/proc/mounts")).stdout
    assert " /proc/" not in mounts
    assert " /proc/" in run(engine, client=client, command=("cat", "/proc/mounts")).stdout


def test_writable_cgroups(engine):
    assert " ro," in run(engine, command=("grep", "/sys/fs/cgroup", "/proc/mounts")).stdout
    mounts = run(engine, "--security-opt", "writable-cgroups=true",
                 command=("grep", " /sys/fs/cgroup/", "/proc/mounts"), check=False).stdout
    assert " ro," not in mounts.replace("tmpfs ro,", "")


def test_device_folder(engine):
    """Every node of the folder, and nothing but nodes."""
    names = sorted(run(engine, "--device", "/dev/net:/dev/inside",
                       command=("ls", "/dev/inside")).stdout.split())
    assert names == sorted(os.listdir("/dev/net"))


def test_cdi(engine):
    os.makedirs("/etc/cdi", exist_ok=True)
    path = "/etc/cdi/hulltest-%d.yaml" % os.getpid()
    with open(path, "w") as file:
        file.write('cdiVersion: 0.6.0\nkind: hulltest.example/thing\ndevices:\n'
                   '  - name: "0"\n    containerEdits:\n      env: [THING=zero]\n'
                   '      deviceNodes: [{path: /dev/thing, hostPath: /dev/null}]\n'
                   '      mounts: [{hostPath: /etc/passwd, containerPath: /etc/thing, '
                   'options: [ro]}]\n      additionalGids: [4242]\n'
                   '  - name: hooked\n    containerEdits:\n'
                   '      hooks: [{hookName: prestart, path: /bin/true}]\n'
                   'containerEdits: {env: [ALL=yes]}\n')
    try:
        for client in ("hull", "docker"):
            done = run(engine, "--device", "hulltest.example/thing=0", client=client, command=(
                "sh", "-c", "echo $THING $ALL $(stat -c %t:%T /dev/thing) $(id -G); "
                            "echo >/dev/thing && grep -c root /etc/thing; echo >/etc/thing"),
                check=False)
            assert done.stdout.split()[:3] == ["zero", "yes", "1:3"]
            assert "4242" in done.stdout and "Read-only" in done.stderr
        done = run(engine, "--device", "hulltest.example/thing=hooked", check=False)
        assert done.returncode == 125 and "containerEdits.hooks are not supported" in done.stderr
    finally:
        os.unlink(path)


@pytest.mark.parametrize("client", ["hull", "docker"])
def test_links(engine, client):
    """An alias in hosts that follows the other's address, docker's variables, rm --link."""
    engine.run(client, "run", "-d", "--name", "db", "-e", "FOO=bar", "--expose", "80", "busybox",
               "sleep", "600")
    engine.run(client, "run", "-d", "--name", "web", "--link", "db:the-db", "busybox", "sleep",
               "600")
    try:
        address = engine.hull("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "db").stdout
        env = engine.hull("exec", "web", "env").stdout.split()
        assert "THE_DB_PORT=tcp://%s:80" % address.strip() in env
        assert "THE_DB_PORT_80_TCP_ADDR=" + address.strip() in env
        assert "THE_DB_NAME=/web/the-db" in env and "THE_DB_ENV_FOO=bar" in env
        engine.hull("exec", "web", "ping", "-c1", "-w5", "the-db")
        shown = engine.hull("inspect", "-f", "{{json .HostConfig.Links}}", "web").stdout
        assert json.loads(shown) == ["/db:/web/the-db"]
        # another takes the address, and db gets a new one: web's file follows
        engine.hull("stop", "-t", "0", "db")
        engine.hull("run", "-d", "--name", "other", "busybox", "sleep", "600")
        engine.hull("start", "db")
        engine.hull("exec", "web", "ping", "-c1", "-w5", "the-db")
        hosts = engine.hull("exec", "web", "cat", "/etc/hosts").stdout
        address = engine.hull("inspect", "-f", "{{.NetworkSettings.IPAddress}}", "db").stdout
        assert address.strip() + "\tthe-db " in hosts
        engine.run(client, "rm", "--link", "web/the-db")
        assert "the-db" not in engine.hull("exec", "web", "cat", "/etc/hosts").stdout
    finally:
        engine.hull("rm", "-f", "db", "web", "other", check=False)


def test_link_errors(engine):
    done = engine.hull("create", "--link", "nope", "busybox", check=False)
    assert "could not get container for nope: No such container: nope" in done.stderr
    engine.hull("create", "--name", "idle", "busybox")
    engine.hull("create", "--name", "wants", "--link", "idle:x", "busybox")
    try:
        done = engine.hull("start", "wants", check=False)
        assert "Cannot link to a non running container: /idle AS /wants/x" in done.stderr
        done = engine.hull("create", "--network", "host", "--link", "idle", "busybox", check=False)
        assert "host type networking can't be used with links" in done.stderr
    finally:
        engine.hull("rm", "-f", "idle", "wants")


@pytest.mark.parametrize("client", ["hull", "docker"])
def test_exec_privileged(engine, client):
    engine.hull("run", "-d", "--name", "plain", "--network", "none", "busybox", "sleep", "600")
    try:
        caps = [engine.run(client, "exec", *flag, "plain", "grep", "CapEff",
                           "/proc/self/status").stdout.split()[1] for flag in ([], ["--privileged"])]
        host = open("/proc/1/status").read().split("CapBnd:")[1].split()[0]
        assert caps == ["00000000a80425fb", host]
    finally:
        engine.hull("rm", "-f", "plain")


def test_mac_address(engine):
    """As an old client gives it, and as a new one does."""
    done = engine.hull("run", "--rm", "--mac-address", "02:42:ac:11:00:99", "busybox", "cat",
                       "/sys/class/net/eth0/address")
    assert done.stdout.strip() == "02:42:ac:11:00:99"
    done = engine.hull("run", "--network", "host", "--mac-address", "02:42:ac:11:00:99",
                       "busybox", check=False)
    assert "conflicting options: mac-address and the network mode" in done.stderr


def test_storage_opt_needs_a_filesystem_with_project_quotas(engine):
    """tests/vm has one. What had been made before the refusal is taken back."""
    done = run(engine, "--storage-opt", "size=10m", "--name", "limited", check=False)
    assert done.returncode == 125, done
    assert "--storage-opt is supported only for overlay over" in done.stderr
    assert engine.hull("inspect", "limited", check=False).returncode != 0
    run(engine, "--name", "limited", "--rm")


def test_kernel_memory_is_discarded_with_a_warning(engine):
    done = engine.hull("create", "--kernel-memory", "64m", "busybox")
    assert "does not support kernel memory limit" in done.stderr
    shown = engine.hull("inspect", "-f", "{{json .HostConfig}}", done.stdout.strip()).stdout
    assert '"KernelMemory"' not in shown
    engine.hull("rm", done.stdout.strip())
