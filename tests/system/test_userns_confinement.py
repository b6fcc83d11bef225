"""What a container may not do, once more with a user namespace: the tests of test_security.py and
test_attacks.py with a daemon whose containers have one."""
import os

import pytest

from engine import Engine
from test_attacks import (  # noqa: F401
    canary, container, tools, test_exec_as_nobody_there_is, test_hostile_dev,
    test_image_volumes_stay_in_the_image, test_mounts_below_proc, test_old_ways_into_the_kernel,
    test_who_enters_shows_nothing)
from test_security import (  # noqa: F401
    probe, test_confinement_of_a_user, test_confinement_of_exec, test_default_confinement,
    test_mounts_over_proc, test_no_new_privileges, test_passwd_is_a_link_to_the_host,
    test_symlinks_in_place_of_folders, test_sysctl_of_the_host, test_users_that_are_none,
    test_working_directory_through_a_descriptor)


@pytest.fixture(scope="module")
def engine():
    made = Engine("--userns-remap", "auto", bridge="htc%d" % (os.getpid() % 100000))
    made.load_busybox()
    yield made
    made.stop()


def test_they_have_one(engine):
    """Or all of the above shows nothing new."""
    done = engine.hull("run", "--rm", "busybox", "cat", "/proc/self/uid_map")
    assert int(done.stdout.split()[1]) >= 65536
