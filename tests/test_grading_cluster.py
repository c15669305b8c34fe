"""A class on a Dask cluster of this machine, from which a worker is killed: the same grades."""

import os
import signal
import threading
import time

import pytest

from class_of_submissions import of_class, write
from lstm_checks.grading import rubric
from lstm_checks.grading.run import Class, cluster, graded, local
from lstm_checks.grading.submissions import look

distributed = pytest.importorskip(
    "distributed", reason="Dask is not installed: pip install 'lstm-checks[cluster]'"
)


def grades(course, executors):
    with executors as executor:
        found = [one for one, _ in graded(course, executor, 8, {})]
    return sorted((one["id"], one["score"], one["status"], one["says"]) for one in found)


@pytest.mark.filterwarnings("ignore")
def test_a_cluster_that_loses_a_worker_gives_the_same_grades(tmp_path):
    write(tmp_path / "class", of_class(9))
    course = Class(look(tmp_path / "class", None), rubric.default("cs231n"), 7)
    expected = grades(course, local(1))
    killed = []

    def kill_one(address):
        time.sleep(1.5)  # so that it has begun
        with distributed.Client(address, set_as_default=False) as client:
            pid = next(iter(client.run(os.getpid).values()))
        os.kill(pid, signal.SIGKILL)
        killed.append(pid)

    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(**options, local_directory=str(tmp_path)) as machines:
        address = machines.scheduler_address
        killer = threading.Thread(target=kill_one, args=(address,))
        killer.start()
        found = grades(course, cluster(address))
        killer.join()
    assert killed
    assert found == expected
    assert len(found) == 9
