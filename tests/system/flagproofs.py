"""What shows that a flag does what it says, for each flag of cli-flags.tsv.

CREATE: for create and run: the arguments, and what inspect shows of them.
SEEN: for the rest: a script of the shell and what it has to print (a regular expression). There are
a running container `up` and a stopped one `down`, a volume `vol`, a network `net` and the folder
$DIR, in which is file.txt.
"""

HOST, CONFIG = ("HostConfig",), ("Config",)
NET = ("NetworkSettings", "Networks")

CREATE = {
    "add-host": ("a:10.0.0.1", HOST + ("ExtraHosts",), ["a:10.0.0.1"]),
    "annotation": ("k=v", HOST + ("Annotations",), {"k": "v"}),
    "attach": ("stderr", CONFIG + ("AttachStdout",), False),
    "cap-add": ("net_admin", HOST + ("CapAdd",), ["CAP_NET_ADMIN"]),
    "cap-drop": ("chown", HOST + ("CapDrop",), ["CAP_CHOWN"]),
    "cgroup-parent": ("/some/where", HOST + ("CgroupParent",), "/some/where"),
    "cgroupns": ("private", HOST + ("CgroupnsMode",), "private"),
    "cidfile": ("$DIR/cid-$N", HOST + ("ContainerIDFile",), "$DIR/cid-$N"),
    "cpu-period": ("20000", HOST + ("CpuPeriod",), 20000),
    "cpu-quota": ("30000", HOST + ("CpuQuota",), 30000),
    "cpu-rt-period": ("1000000", HOST + ("CpuRealtimePeriod",), 1000000),
    "cpu-rt-runtime": ("9500", HOST + ("CpuRealtimeRuntime",), 9500),
    "cpu-shares": ("77", HOST + ("CpuShares",), 77),
    "cpus": ("1.5", HOST + ("NanoCpus",), 1500000000),
    "cpuset-cpus": ("0", HOST + ("CpusetCpus",), "0"),
    "cpuset-mems": ("0", HOST + ("CpusetMems",), "0"),
    "device": ("/dev/null:/dev/x:rw", HOST + ("Devices",),
               [{"PathOnHost": "/dev/null", "PathInContainer": "/dev/x",
                 "CgroupPermissions": "rw"}]),
    "device-cgroup-rule": ("c 1:3 mr", HOST + ("DeviceCgroupRules",), ["c 1:3 mr"]),
    "device-read-bps": ("/dev/null:1kb", HOST + ("BlkioDeviceReadBps",),
                        [{"Path": "/dev/null", "Rate": 1024}]),
    "device-read-iops": ("/dev/null:9", HOST + ("BlkioDeviceReadIOps",),
                         [{"Path": "/dev/null", "Rate": 9}]),
    "device-write-bps": ("/dev/null:1mb", HOST + ("BlkioDeviceWriteBps",),
                         [{"Path": "/dev/null", "Rate": 1048576}]),
    "device-write-iops": ("/dev/null:8", HOST + ("BlkioDeviceWriteIOps",),
                          [{"Path": "/dev/null", "Rate": 8}]),
    "disable-content-trust": (None, CONFIG + ("Image",), "busybox"),
    "dns": ("10.1.1.1", HOST + ("Dns",), ["10.1.1.1"]),
    "dns-option": ("ndots:2", HOST + ("DnsOptions",), ["ndots:2"]),
    "dns-search": ("example.org", HOST + ("DnsSearch",), ["example.org"]),
    "domainname": ("example.org", CONFIG + ("Domainname",), "example.org"),
    "entrypoint": ("/bin/true", CONFIG + ("Entrypoint",), ["/bin/true"]),
    "env": ("A=b", CONFIG + ("Env", 0), "A=b"),
    "env-file": ("$DIR/env", CONFIG + ("Env", 0), "FROM=file"),
    "expose": ("80-81", CONFIG + ("ExposedPorts",), {"80/tcp": {}, "81/tcp": {}}),
    "group-add": ("extra", HOST + ("GroupAdd",), ["extra"]),
    "health-cmd": ("true", CONFIG + ("Healthcheck", "Test"), ["CMD-SHELL", "true"]),
    "health-interval": ("2s", CONFIG + ("Healthcheck", "Interval"), 2000000000),
    "health-retries": ("7", CONFIG + ("Healthcheck", "Retries"), 7),
    "health-start-interval": ("3s", CONFIG + ("Healthcheck", "StartInterval"), 3000000000),
    "health-start-period": ("1m", CONFIG + ("Healthcheck", "StartPeriod"), 60000000000),
    "health-timeout": ("4s", CONFIG + ("Healthcheck", "Timeout"), 4000000000),
    "hostname": ("named", CONFIG + ("Hostname",), "named"),
    "init": (None, HOST + ("Init",), True),
    "interactive": (None, CONFIG + ("OpenStdin",), True),
    "ip": ("10.213.4.9", NET + ("net", "IPAMConfig", "IPv4Address"), "10.213.4.9",
           ["--network", "net"]),
    "ip6": ("fd00:213:4::9", NET + ("net", "IPAMConfig", "IPv6Address"), "fd00:213:4::9",
            ["--network", "net"]),
    "ipc": ("shareable", HOST + ("IpcMode",), "shareable"),
    "isolation": ("default", HOST + ("Isolation",), "default"),
    "label": ("k=v", CONFIG + ("Labels",), {"k": "v"}),
    "label-file": ("$DIR/env", CONFIG + ("Labels",), {"FROM": "file"}),
    "link": ("up:alias", HOST + ("Links", 0), "/up:@NAME/alias"),
    "log-driver": ("none", HOST + ("LogConfig", "Type"), "none"),
    "log-opt": ("max-size=2m", HOST + ("LogConfig", "Config"), {"max-size": "2m"}),
    "mac-address": ("02:42:0a:00:00:99", NET + ("bridge", "MacAddress"), "02:42:0a:00:00:99"),
    "memory": ("64m", HOST + ("Memory",), 67108864),
    "memory-reservation": ("32m", HOST + ("MemoryReservation",), 33554432),
    "memory-swap": ("-1", HOST + ("MemorySwap",), -1),
    "memory-swappiness": ("7", HOST + ("MemorySwappiness",), 7),
    "mount": ("type=tmpfs,target=/t,tmpfs-size=1m", HOST + ("Mounts",),
              [{"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"SizeBytes": 1048576}}]),
    "name": ("chosen-$N", ("Name",), "/chosen-$N"),
    "network": ("net", HOST + ("NetworkMode",), "net"),
    "network-alias": ("other", NET + ("net", "Aliases"), ["other"], ["--network", "net"]),
    "no-healthcheck": (None, CONFIG + ("Healthcheck", "Test"), ["NONE"]),
    "oom-kill-disable": (None, HOST + ("OomKillDisable",), True),
    "oom-score-adj": ("77", HOST + ("OomScoreAdj",), 77),
    "pid": ("host", HOST + ("PidMode",), "host"),
    "pids-limit": ("55", HOST + ("PidsLimit",), 55),
    "platform": ("linux/amd64", CONFIG + ("Image",), "busybox"),
    "privileged": (None, HOST + ("Privileged",), True),
    "publish": ("127.0.0.1:8123:80", HOST + ("PortBindings",),
                {"80/tcp": [{"HostIp": "127.0.0.1", "HostPort": "8123"}]}),
    "publish-all": (None, HOST + ("PublishAllPorts",), True),
    "pull": ("never", CONFIG + ("Image",), "busybox"),
    "quiet": (None, CONFIG + ("Image",), "busybox"),
    "read-only": (None, HOST + ("ReadonlyRootfs",), True),
    "restart": ("on-failure:3", HOST + ("RestartPolicy",),
                {"Name": "on-failure", "MaximumRetryCount": 3}),
    "rm": (None, HOST + ("AutoRemove",), True),
    "runtime": ("runc", HOST + ("Runtime",), "runc"),
    "security-opt": ("systempaths=unconfined", HOST + ("MaskedPaths",), []),
    "shm-size": ("1m", HOST + ("ShmSize",), 1048576),
    "stop-signal": ("SIGUSR1", CONFIG + ("StopSignal",), "SIGUSR1"),
    "stop-timeout": ("3", CONFIG + ("StopTimeout",), 3),
    "sysctl": ("net.core.somaxconn=9", HOST + ("Sysctls",), {"net.core.somaxconn": "9"}),
    "tmpfs": ("/t:size=1m", HOST + ("Tmpfs",), {"/t": "size=1m"}),
    "tty": (None, CONFIG + ("Tty",), True),
    "ulimit": ("nofile=5:6", HOST + ("Ulimits",), [{"Name": "nofile", "Soft": 5, "Hard": 6}]),
    "use-api-socket": (None, HOST + ("Mounts", 0, "Target"), "/var/run/docker.sock"),
    "user": ("me", CONFIG + ("User",), "me"),
    "userns": ("host", HOST + ("UsernsMode",), "host"),
    "uts": ("host", HOST + ("UTSMode",), "host"),
    "volume": ("vol:/v:ro", HOST + ("Binds",), ["vol:/v:ro"]),
    "volume-driver": ("local", HOST + ("VolumeDriver",), "local"),
    "volumes-from": ("down:ro", HOST + ("VolumesFrom",), ["down:ro"]),
    "workdir": ("/w", CONFIG + ("WorkingDir",), "/w"),
}
# What the host need not have: then this is said.
CREATE_REFUSABLE = {
    "storage-opt": ("size=1g", "prjquota|pquota|quota"),
    "gpus": ("2", 'could not select device driver ""'),
    "blkio-weight": ("300", "I/O weight .*discarded"),
    "blkio-weight-device": ("/dev/null:300", "I/O weight_device .*discarded"),
    "kernel-memory": ("64m", "kernel memory limit .*discarded"),
}

NEW = "id=$(hull create %s busybox true); "
SEEN = {
    "run": {
        "detach": ("hull wait $(hull run -d busybox sh -c 'exit 4')", "^4$"),
        "detach-keys": ("hull run -d --detach-keys=zzz busybox; hull run --rm --detach-keys=zzz "
                        "busybox true", "Invalid detach keys .*zzz"),
        "sig-proxy": ("hull run --rm --sig-proxy=false busybox echo done", "^done$"),
    },
    "attach": {
        "detach-keys": ("hull attach --detach-keys=zzz up", "Invalid detach keys .*zzz"),
        "no-stdin": ("id=$(hull run -di busybox cat); echo in | timeout 20 hull attach --no-stdin "
                     "$id & sleep 0.3; hull stop -t 0 $id; wait", "^(?!in)[0-9a-f]+$"),
        "sig-proxy": ("id=$(hull run -d --init busybox sleep 100); hull attach --sig-proxy=false "
                      "$id & p=$!; sleep 0.3; kill -TERM $p; wait $p; hull inspect -f "
                      "'{{.State.Running}}' $id; hull rm -f $id >/dev/null", "(?m)^true$"),
    },
    "commit": {
        "author": ("hull commit -a Me up c:1; hull inspect -f '{{.Author}}' c:1", "(?m)^Me$"),
        "change": ("hull commit -c 'ENV A=b' up c:2; hull inspect -f '{{.Config.Env}}' c:2", "A=b"),
        "message": ("hull commit -m why up c:3; hull history c:3", "why"),
        "pause": ("id=$(hull run -d busybox sleep 100); hull commit -p=false $id c:4 >/dev/null; "
                  "hull events --since 1m --until 0s --filter event=pause --filter container=$id; "
                  "echo none; hull rm -f $id >/dev/null", "^none$"),
    },
    "cp": {
        "archive": ("chown 7:8 $DIR/owned; hull cp -a $DIR/owned up:/tmp/o1; hull exec up stat -c "
                    "%u:%g /tmp/o1", "^7:8$"),
        "follow-link": ("hull cp -L $DIR/link up:/tmp/l1; hull exec up cat /tmp/l1", "^content$"),
        "quiet": ("hull cp -q $DIR/file.txt up:/tmp/q1; hull exec up ls /tmp/q1", "^/tmp/q1$"),
    },
    "events": {
        "filter": ("hull tag busybox e:1; hull rm $(hull create busybox); hull events --since 10m "
                   "--until 0s --filter type=image",
                   r"(?s) image tag (?!.*container create)"),
        "format": ("hull tag busybox e:2; hull events --since 10m --until 0s --format "
                   "'{{.Type}}.{{.Action}}'", "image.tag"),
        "since": ("hull tag busybox e:3; hull events --since 10m --until 0s --filter event=tag", "image tag"),
        "until": ("timeout 10 hull events --since 0s --until 0s; echo ended $?", "ended 0"),
    },
    "exec": {
        "detach": ("hull exec -d up touch /tmp/d1; until hull exec up ls /tmp/d1 2>/dev/null; do "
                   ":; done", "^/tmp/d1$"),
        "detach-keys": ("hull exec --detach-keys=zzz up true", "Invalid detach keys .*zzz"),
        "env": ("hull exec -e A=b up sh -c 'echo $A'", "^b$"),
        "env-file": ("hull exec --env-file $DIR/env up sh -c 'echo $FROM'", "^file$"),
        "interactive": ("echo in | hull exec -i up cat", "^in$"),
        "privileged": ("hull exec --privileged up grep CapEff /proc/1/status /proc/self/status | "
                       "awk '{print $2}' | sort -u | wc -l", "^2$"),
        "tty": ("hull exec -t up tty", "^/dev/pts/0"),
        "user": ("hull exec -u me up id -u", "^1000$"),
        "workdir": ("hull exec -w /tmp up pwd", "^/tmp$"),
    },
    "export": {"output": ("hull export -o $DIR/e.tar down; tar tf $DIR/e.tar", "bin/busybox")},
    "history": {
        "format": ("hull history --format '{{.Comment}}|{{.CreatedBy}}' busybox", r"^\|test$"),
        "human": ("hull history -H=false busybox", r"(?m)CREATED AT.*SIZE.*\n\S+ +2026-01-01T00"),
        "no-trunc": ("hull history --no-trunc busybox", "sha256:[0-9a-f]{64}"),
        "platform": ("hull history --platform linux/s390x busybox", r"\(linux/s390x\)"),
        "quiet": ("hull history -q busybox", "^[0-9a-f]{12}$"),
    },
    "images": {
        "all": ("hull images -a", "(?m)^busybox"),
        "digests": ("hull images --digests", "TAG +DIGEST"),
        "filter": ("hull images --filter reference=nothing* -q; echo none", "^none$"),
        "format": ("hull images --format '{{.Repository}}:{{.Tag}}' busybox", "^busybox:latest$"),
        "no-trunc": ("hull images --no-trunc busybox", "sha256:[0-9a-f]{64}"),
        "quiet": ("hull images -q busybox", "^[0-9a-f]{12}$"),
    },
    "import": {
        "change": ("tar c -C $DIR file.txt | hull import -c 'CMD x' - i:1 >/dev/null; hull inspect "
                   "-f '{{.Config.Cmd}}' i:1", "x"),
        "message": ("tar c -C $DIR file.txt | hull import -m why - i:2; hull history i:2", "why"),
        "platform": ("tar c -C $DIR file.txt | hull import --platform linux/arm64 - i:3 >/dev/null;"
                     " hull inspect -f '{{.Architecture}}' i:3", "^arm64$"),
    },
    "info": {"format": ("hull info -f '{{.OSType}}'", "^linux$")},
    "version": {"format": ("hull version -f '{{.Server.Os}}'", "^linux$")},
    "inspect": {
        "format": ("hull inspect -f '{{.Name}}' up", "^/up$"),
        "size": ("hull inspect -s -f '{{.SizeRootFs}}' up", r"^\d+$"),
        "type": ("hull inspect --type volume up; hull inspect --type container -f '{{.Name}}' up",
                 r"(?s)no such volume|No such volume"),
    },
    "container inspect": {
        "format": ("hull container inspect -f '{{.Name}}' up", "^/up$"),
        "size": ("hull container inspect -s -f '{{.SizeRw}}' up", r"^\d+$"),
    },
    "image inspect": {
        "format": ("hull image inspect -f '{{.Os}}' busybox", "^linux$"),
        "platform": ("hull image inspect --platform linux/amd64 -f '{{.Os}}' busybox; hull image "
                     "inspect --platform arm64 busybox", r"(?s)linux.*\(linux/arm64\)"),
    },
    "network inspect": {
        "format": ("hull network inspect -f '{{.Driver}}' net", "^bridge$"),
        "verbose": ("hull network inspect -v -f '{{.Name}}' net", "^net$"),
    },
    "volume inspect": {"format": ("hull volume inspect -f '{{.Driver}}' vol", "^local$")},
    "kill": {"signal": ("id=$(hull run -d --init busybox sleep 100); hull kill -s INT $id; hull wait "
                        "$id", "(?m)^130$")},
    "load": {
        "input": ("hull save -o $DIR/l1.tar busybox; hull load -i $DIR/l1.tar",
                  "^Loaded image: busybox:latest$"),
        "platform": ("hull save busybox | hull load --platform linux/arm64; hull save busybox | "
                     "hull load --platform linux/amd64",
                     r"(?s)no image for linux/arm64 in the archive.*Loaded image: busybox"),
        "quiet": ("hull save busybox | hull load -q", "^Loaded image: busybox:latest$"),
    },
    "logs": {
        "details": ("hull logs --details down", r"^ ?\S* ?one"),
        "follow": ("hull logs -f down", "(?s)^one\ntwo$"),
        "since": ("hull logs --since 1h down; echo; hull logs --since 0s down; echo end",
                  "(?s)^one\ntwo\n\nend$"),
        "tail": ("hull logs -n 1 down", "^two$"),
        "timestamps": ("hull logs -t down", r"^20\d\d-\d\d-\d\dT\S+Z one"),
        "until": ("hull logs --until 10m down; echo end", "^end$"),
    },
    "ps": {
        "all": ("hull ps -a", r"(?m) down$"),
        "filter": ("hull ps -a --filter name=^/down$ --format '{{.Names}}'", "^down$"),
        "format": ("hull ps --filter name=up --format '{{.Names}} {{.State}}'", "^up running$"),
        "last": ("hull create --name last1 busybox; hull ps -n 1 --format '{{.Names}}'", "last1$"),
        "latest": ("hull create --name last2 busybox; hull ps -l --format '{{.Names}}'", "last2$"),
        "no-trunc": ("hull ps -a --no-trunc", "[0-9a-f]{64}"),
        "quiet": ("hull ps -q --filter name=up", "^[0-9a-f]{12}$"),
        "size": ("hull ps -s", r"SIZE\n(?s:.*)\(virtual "),
    },
    "restart": {
        "signal": ("id=$(hull run -d busybox sh -c 'trap \"echo usr; exit 3\" USR1; while :; do "
                   "sleep 0.05; done'); sleep 0.2; hull restart -s USR1 $id >/dev/null; hull logs "
                   "$id; hull rm -f $id >/dev/null", "^usr$"),
        "timeout": ("id=$(hull run -d busybox sh -c 'trap \"\" TERM; sleep 100'); timeout 8 hull "
                    "restart -t 0 $id >/dev/null; echo $?; hull rm -f $id >/dev/null", "^0$"),
    },
    "stop": {
        "signal": ("id=$(hull run -d --init busybox sleep 100); hull stop -s INT $id; hull inspect -f "
                   "'{{.State.ExitCode}}' $id", "(?m)^130$"),
        "timeout": ("id=$(hull run -d busybox sh -c 'trap \"\" TERM; sleep 100'); timeout 8 hull "
                    "stop -t 0 $id; hull inspect -f '{{.State.ExitCode}}' $id", "(?m)^137$"),
    },
    "rm": {
        "force": ("id=$(hull run -d busybox sleep 100); hull rm -f $id", "^[0-9a-f]{64}$"),
        "link": ("hull create --name linked --link up:far busybox >/dev/null; hull rm -l "
                 "/linked/far; hull inspect -f '{{.HostConfig.Links}}' linked",
                 r"(?s)^/linked/far\n\[\]$"),
        "volumes": ("id=$(hull create -v /anonymous busybox); v=$(hull inspect -f '{{(index .Mounts"
                    " 0).Name}}' $id); hull rm -v $id; hull volume inspect $v", "no such volume"),
    },
    "rmi": {
        "force": ("hull tag busybox r:1; id=$(hull create r:1); hull rmi -f r:1", "Untagged: r:1"),
        "no-prune": ("hull tag busybox r:2; hull rmi --no-prune r:2", "^Untagged: r:2$"),
    },
    "save": {
        "output": ("hull save -o $DIR/s.tar busybox; tar tf $DIR/s.tar", "manifest.json"),
        "platform": ("hull save --platform linux/amd64 busybox | tar t; hull save --platform "
                     "linux/arm/v6 busybox | tar t",
                     r"(?s)manifest.json.*\(linux/arm/v6\)|\(linux/arm/v6\).*manifest.json"),
    },
    "start": {
        "attach": ("id=$(hull create busybox echo here); hull start -a $id", "^here$"),
        "detach-keys": ("id=$(hull create busybox true); hull start -a --detach-keys=zzz $id",
                        "Invalid detach keys .*zzz"),
        "interactive": ("id=$(hull create -i busybox cat); echo in | hull start -ai $id", "^in$"),
    },
    "stats": {
        "all": ("hull stats -a --no-stream --format '{{.Name}}'", "(?m)^down$"),
        "format": ("hull stats --no-stream --format '{{.Name}}|{{.PIDs}}' up", r"^up\|\d+$"),
        "no-stream": ("timeout 10 hull stats --no-stream up", "CPU %"),
        "no-trunc": ("hull stats --no-stream --no-trunc up", "[0-9a-f]{64}"),
    },
    "update": {
        "blkio-weight": (NEW % "" + "hull update --blkio-weight 300 $id; hull inspect -f "
                         "'{{.HostConfig.BlkioWeight}}' $id", "(?m)^300$"),
        "cpu-period": (NEW % "" + "hull update --cpu-period 20000 $id; hull inspect -f "
                       "'{{.HostConfig.CpuPeriod}}' $id", "(?m)^20000$"),
        "cpu-quota": (NEW % "" + "hull update --cpu-quota 20000 $id; hull inspect -f "
                      "'{{.HostConfig.CpuQuota}}' $id", "(?m)^20000$"),
        "cpu-rt-period": (NEW % "" + "hull update --cpu-rt-period 900000 $id; hull inspect -f "
                          "'{{.HostConfig.CpuRealtimePeriod}}' $id", "(?m)^900000$"),
        "cpu-rt-runtime": (NEW % "" + "hull update --cpu-rt-runtime 9500 $id; hull inspect -f "
                           "'{{.HostConfig.CpuRealtimeRuntime}}' $id", "(?m)^9500$"),
        "cpu-shares": (NEW % "" + "hull update -c 77 $id; hull inspect -f "
                       "'{{.HostConfig.CpuShares}}' $id", "(?m)^77$"),
        "cpus": (NEW % "" + "hull update --cpus 0.5 $id; hull inspect -f "
                 "'{{.HostConfig.NanoCpus}}' $id", "(?m)^500000000$"),
        "cpuset-cpus": (NEW % "" + "hull update --cpuset-cpus 0 $id; hull inspect -f "
                        "'{{.HostConfig.CpusetCpus}}' $id", "(?m)^0$"),
        "cpuset-mems": (NEW % "" + "hull update --cpuset-mems 0 $id; hull inspect -f "
                        "'{{.HostConfig.CpusetMems}}' $id", "(?m)^0$"),
        "memory": (NEW % "" + "hull update -m 64m --memory-swap -1 $id; hull inspect -f "
                   "'{{.HostConfig.Memory}}' $id", "(?m)^67108864$"),
        "memory-reservation": (NEW % "" + "hull update --memory-reservation 32m $id; hull inspect "
                               "-f '{{.HostConfig.MemoryReservation}}' $id", "(?m)^33554432$"),
        "memory-swap": (NEW % "-m 64m" + "hull update --memory-swap 128m $id; hull inspect -f "
                        "'{{.HostConfig.MemorySwap}}' $id", "(?m)^134217728$"),
        "pids-limit": (NEW % "" + "hull update --pids-limit 9 $id; hull inspect -f "
                       "'{{.HostConfig.PidsLimit}}' $id", "(?m)^9$"),
        "restart": (NEW % "" + "hull update --restart always $id; hull inspect -f "
                    "'{{.HostConfig.RestartPolicy.Name}}' $id", "(?m)^always$"),
    },
    "container prune": {
        "filter": ("id=$(hull create --label once busybox); hull container prune -f --filter "
                   "label=once | head -2", "^Deleted Containers:\n[0-9a-f]{64}$"),
        "force": ("hull container prune -f --filter label=nothing", "^Total reclaimed space: 0B$"),
    },
    "image prune": {
        "all": ("hull tag busybox pruned:1; hull image prune -af --filter label=nothing",
                "^Total reclaimed space: 0B$"),
        "filter": ("hull image prune -f --filter label=nothing", "^Total reclaimed space: 0B$"),
        "force": ("hull image prune -f --filter until=900h", "^Total reclaimed space: "),
    },
    "network connect": {
        "alias": ("id=$(hull create busybox); hull network connect --alias a1,a2 net $id; hull "
                  "inspect -f '{{.NetworkSettings.Networks.net.Aliases}}' $id", r"\[a1 a2"),
        "driver-opt": ("id=$(hull create busybox); hull network connect --driver-opt "
                       "com.docker.network.endpoint.ifname=odd0 net $id; hull inspect -f "
                       "'{{.NetworkSettings.Networks.net.DriverOpts}}' $id", "ifname:odd0"),
        "gw-priority": ("id=$(hull create busybox); hull network connect --gw-priority 5 net $id; "
                        "hull inspect -f '{{.NetworkSettings.Networks.net.GwPriority}}' $id",
                        "^5$"),
        "ip": ("id=$(hull create busybox); hull network connect --ip 10.213.4.77 net $id; hull "
               "inspect -f '{{.NetworkSettings.Networks.net.IPAMConfig.IPv4Address}}' $id",
               r"^10\.213\.4\.77$"),
        "ip6": ("id=$(hull create busybox); hull network connect --ip6 fd00:213:4::77 net $id; hull"
                " inspect -f '{{.NetworkSettings.Networks.net.IPAMConfig.IPv6Address}}' $id",
                "^fd00:213:4::77$"),
        "link": ("id=$(hull create busybox); hull network connect --link up:far net $id; hull "
                 "inspect -f '{{.NetworkSettings.Networks.net.Links}}' $id", r"^\[up:far\]$"),
    },
    "network create": {
        "attachable": ("hull network create --attachable n1 >/dev/null; hull network inspect -f "
                       "'{{.Attachable}}' n1; hull network rm n1", "^true"),
        "aux-address": ("hull network create --subnet 10.213.5.0/24 --aux-address r=10.213.5.9 n2 "
                        ">/dev/null; hull network inspect -f '{{.IPAM.Config}}' n2; hull network rm"
                        " n2", "r:10.213.5.9"),
        "config-from": ("hull network create --config-only n15 >/dev/null; hull network create "
                        "--config-from n15 n16 >/dev/null; hull network inspect -f "
                        "'{{.ConfigFrom.Network}}' n16; hull network rm n16 n15", "^n15"),
        "config-only": ("hull network create --config-only n17 >/dev/null; hull network inspect -f "
                        "'{{.ConfigOnly}}' n17; hull network rm n17", "^true"),
        "driver": ("hull network create -d nodriver n3", 'nodriver'),
        "gateway": ("hull network create --subnet 10.213.5.0/24 --gateway 10.213.5.7 n4 >/dev/null;"
                    " hull network inspect -f '{{(index .IPAM.Config 0).Gateway}}' n4; hull network"
                    " rm n4", r"^10\.213\.5\.7"),
        "internal": ("hull network create --internal n5 >/dev/null; hull network inspect -f "
                     "'{{.Internal}}' n5; hull network rm n5", "^true"),
        "ip-range": ("hull network create --subnet 10.213.5.0/24 --ip-range 10.213.5.64/26 n6 "
                     ">/dev/null; hull network inspect -f '{{(index .IPAM.Config 0).IPRange}}' n6; "
                     "hull network rm n6", r"^10\.213\.5\.64/26"),
        "ipam-driver": ("hull network create --ipam-driver nodriver n7", "nodriver"),
        "ipam-opt": ("hull network create --ipam-opt a=b n8 >/dev/null; hull network inspect -f "
                     "'{{.IPAM.Options}}' n8; hull network rm n8", r"^map\[a:b\]"),
        "ipv4": ("hull network create --ipv4=true n9 >/dev/null; hull network inspect -f "
                 "'{{.EnableIPv4}}' n9; hull network rm n9", "^true"),
        "ipv6": ("hull network create --ipv6 --subnet fd00:213:5::/64 n10 >/dev/null; hull network "
                 "inspect -f '{{.EnableIPv6}}' n10; hull network rm n10", "^true"),
        "label": ("hull network create --label a=b n11 >/dev/null; hull network inspect -f "
                  "'{{.Labels}}' n11; hull network rm n11", r"^map\[a:b\]"),
        "opt": ("hull network create -o com.docker.network.bridge.enable_icc=false n12 >/dev/null; "
                "hull network inspect -f '{{.Options}}' n12; hull network rm n12",
                "enable_icc:false"),
        "scope": ("hull network create --scope local n13 >/dev/null; hull network inspect -f "
                  "'{{.Scope}}' n13; hull network rm n13", "^local"),
        "subnet": ("hull network create --ipv6 --subnet 10.213.5.0/24,fd00:213:5::/64 n14 "
                   ">/dev/null; hull network inspect -f '{{range .IPAM.Config}}{{.Subnet}} "
                   "{{end}}' n14; hull network rm n14", "^10.213.5.0/24 fd00:213:5::/64 "),
    },
    "network disconnect": {
        "force": ("id=$(hull create --network net busybox); hull network disconnect -f net $id; "
                  "hull inspect -f '{{len .NetworkSettings.Networks}}' $id", "^0$")},
    "network ls": {
        "filter": ("hull network ls --filter name=net --format '{{.Name}}'", "^net$"),
        "format": ("hull network ls --format '{{.Name}}={{.Scope}}'", "(?m)^net=local$"),
        "no-trunc": ("hull network ls --no-trunc -q", "^[0-9a-f]{64}"),
        "quiet": ("hull network ls -q", "^[0-9a-f]{12}\n"),
    },
    "network prune": {
        "filter": ("hull network create --label once p1 >/dev/null; hull network prune -f --filter "
                   "label=once", "^Deleted Networks:\np1$"),
        "force": ("hull network prune -f --filter label=nothing; echo end", "^end$"),
    },
    "network rm": {"force": ("hull network rm -f nothing; echo $?", "^0$")},
    "system df": {
        "format": ("hull system df --format '{{.Type}} {{.TotalCount}}'", r"(?m)^Local Volumes \d"),
        "verbose": ("hull system df -v", "VOLUME NAME +LINKS +SIZE"),
    },
    "system prune": {
        "all": ("hull system prune -af --filter label=nothing", "^Total reclaimed space: 0B$"),
        "filter": ("id=$(hull create --label twice busybox); hull system prune -f --filter "
                   "label=twice | head -2", "^Deleted Containers:\n[0-9a-f]{64}$"),
        "force": ("hull system prune -f --filter label=nothing", "^Total reclaimed space: 0B$"),
        "volumes": ("hull system prune -f --volumes --filter label=nothing",
                    "^Total reclaimed space: 0B$"),
    },
    "volume create": {
        "driver": ("hull volume create -d nodriver v1", "nodriver"),
        "label": ("hull volume create --label a=b v2; hull volume inspect -f '{{.Labels}}' v2; hull"
                  " volume rm v2", r"(?m)^map\[a:b\]$"),
        "opt": ("hull volume create -o type=tmpfs -o device=tmpfs v3; hull volume inspect -f "
                "'{{.Options}}' v3; hull volume rm v3", "type:tmpfs"),
    },
    "volume ls": {
        "filter": ("hull volume ls --filter name=vol -q", "^vol$"),
        "format": ("hull volume ls --format '{{.Name}}={{.Driver}}'", "(?m)^vol=local$"),
        "quiet": ("hull volume ls -q", "(?m)^vol$"),
    },
    "volume prune": {
        "all": ("hull volume create --label once v4; hull volume prune -af --filter label=once",
                "Deleted Volumes:\nv4"),
        "filter": ("hull volume prune -f --filter label=nothing", "^Total reclaimed space: 0B$"),
        "force": ("hull volume prune -f --filter label=nothing", "^Total reclaimed space: 0B$"),
    },
    "volume rm": {"force": ("hull volume rm -f nothing; echo $?", "0$")},
}

# Refused by name: flag, and what says so. Nothing else may be refused.
REFUSED = {
    "images": {"tree"},
    "start": {"checkpoint", "checkpoint-dir"},
    "network create": {"ingress"},
    "volume create": {"availability", "group", "limit-bytes", "required-bytes", "scope", "secret",
                      "sharing", "topology-preferred", "topology-required", "type"},
    "volume ls": {"cluster"},
}
# Refused by the daemon, with what is said.
LINK_LOCAL = "LinkLocalIPs are not supported"
REFUSED_LATER = {
    ("create", "link-local-ip"): ("hull create --network net --link-local-ip 169.254.7.7 busybox",
                                  LINK_LOCAL),
    ("run", "link-local-ip"): ("hull run --rm --network net --link-local-ip 169.254.7.7 busybox",
                               LINK_LOCAL),
    ("network connect", "link-local-ip"): ("hull network connect --link-local-ip 169.254.8.8 net "
                                           "down", LINK_LOCAL),
    ("rmi", "platform"): ("hull rmi --platform linux/amd64 busybox", "removing single platforms"),
    ("pull", "all-tags"): ("hull pull -a nowhere/x", "pulling .*nowhere/x is not supported yet"),
    ("pull", "platform"): ("hull pull --platform linux/arm nowhere/x", "is not supported yet"),
    ("pull", "quiet"): ("hull pull -q nowhere/x", "is not supported yet"),
    ("pull", "disable-content-trust"): ("hull pull --disable-content-trust=false nowhere/x",
                                        "--disable-content-trust=false .*not supported"),
}
# What hull has besides.
MORE = {
    "logs": {"truncate"},
    "run": {"health-http", "health-on-failure", "health-tcp"},
    "create": {"health-http", "health-on-failure", "health-tcp"},
}
