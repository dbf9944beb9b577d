"""Pods are processes from pulled images: they get ready, are replaced without a gap, crash with a reason, and leave nothing."""

import os
import signal
import threading

import psutil
import pytest

from local.provider.awaits import NotReadyError
from local.resources import Resource
from local.services.containers.addresses import group_address
from local.services.containers.models import DEPLOYMENT, GROUP, STATEFUL_SET
from tests.local.services.containers.conftest import PORT, REGISTRY, Cluster, answer, until

pytestmark = pytest.mark.flow


def test_a_deployment_gets_ready_and_its_service_answers(cluster):
    made, url = cluster.deploy("plain", VERSION="1"), cluster.serve("plain", "plain")
    cluster.ready(made)
    until(lambda: answer(url) == "1")
    cluster.remove(made)
    assert answer(url) == "refused"


def test_a_rolling_update_loses_no_request(cluster):
    made, url = cluster.deploy("rolling", VERSION="1"), cluster.serve("rolling", "rolling")
    cluster.ready(made)
    until(lambda: answer(url) == "1")
    seen, over = [], threading.Event()

    def ask():
        while not over.is_set():
            seen.append(answer(url))

    asking = threading.Thread(target=ask)
    asking.start()
    made = cluster.deploy("rolling", VERSION="2")
    cluster.ready(made)
    until(lambda: seen[-1] == "2")
    over.set()
    asking.join()
    assert set(seen) == {"1", "2"}
    cluster.remove(made)


def test_a_selector_that_moves_takes_the_traffic_along(cluster):
    one, two = cluster.deploy("one", VERSION="1"), cluster.deploy("two", VERSION="2")
    url = cluster.serve("moving", "one")
    for made in (one, two):
        cluster.ready(made)
    until(lambda: answer(url) == "1")
    cluster.serve("moving", "two")
    until(lambda: answer(url) == "2")
    for made in (one, two):
        cluster.remove(made)


def test_a_deployment_that_never_gets_ready_fails_at_its_deadline_and_leaves_the_old_pods_serving(cluster):
    url = cluster.serve("never", "never")
    cluster.ready(cluster.deploy("never", VERSION="1"))
    worse = cluster.deploy("never", VERSION="2", NEVER="yes", deadline=2)
    with pytest.raises(NotReadyError, match="exceeded its progress deadline of 2 s"):
        cluster.ready(worse)
    assert answer(url) == "1"
    cluster.remove(worse)


def test_a_crash_is_shown_with_its_last_words_and_tried_again(cluster):
    made = cluster.deploy("crash", CRASH="yes")
    until(lambda: [pod for pod in cluster.pods(made) if pod.restarts >= 2])
    (pod,) = cluster.pods(made)
    assert (pod.reason, pod.ready) == ("CrashLoopBackOff", False)
    assert "the reason of the crash" in pod.message
    cluster.remove(made)


def test_an_image_that_is_not_there_is_named(cluster):
    made = Cluster(cluster.site, cluster.image[:-4] + "0000").deploy("absent")
    until(lambda: any(pod.reason in {"ErrImagePull", "ImagePullBackOff"} for pod in cluster.pods(made)))
    (pod,) = cluster.pods(made)
    assert "not found" in pod.message
    cluster.remove(made)


@pytest.mark.parametrize("puller", ["principal-of-kubelet", "principal-of-id-scoring"])
def test_without_the_role_to_pull_a_pod_and_a_container_group_do_not_start(cluster, puller):
    site = cluster.site
    site.unassign("AcrPull")
    for name in {"principal-of-kubelet", "principal-of-id-scoring"} - {puller}:
        site.assign(name, "AcrPull", REGISTRY)
    barred = {"principal-of-kubelet": DEPLOYMENT, "principal-of-id-scoring": GROUP}[puller]
    for kind, made in {DEPLOYMENT: cluster.deploy("pulled"), GROUP: cluster.group("pulled")}.items():
        until(lambda made=made: cluster.pods(made) and (cluster.pods(made)[0].ready or cluster.pods(made)[0].message))
        assert ("unauthorized" in cluster.pods(made)[0].message) is (kind == barred)
        cluster.remove(made)
    site.assign(puller, "AcrPull", REGISTRY)


def test_a_stateful_pod_keeps_its_name_and_its_disk(cluster):
    def deploy(version: str) -> Resource:
        template = cluster.template("disk", VERSION=version, DISK="/data")
        template["spec"]["containers"][0]["volumeMounts"] = [{"name": "state", "mountPath": "/data"}]
        claims = [{"metadata": {"name": "state"}}]
        spec = {"replicas": 1, "template": template, "volumeClaimTemplates": claims}
        return cluster.put(STATEFUL_SET, "disk", metadata={"name": "disk", "namespace": "shop"}, spec=spec)

    disk = cluster.site.cloud.state / "containers" / "disks" / "shop" / "state-disk-0" / "starts"
    made = deploy("1")
    cluster.ready(made)
    first = cluster.pods(made)[0].pid
    made = deploy("2")
    cluster.ready(made)
    assert [pod.name for pod in cluster.pods(made)] == ["disk-0"]
    assert not psutil.pid_exists(first)
    assert disk.read_text() == "2"
    cluster.remove(made)


def test_a_container_group_answers_on_its_own_address(cluster):
    group = cluster.group("aci-test")
    url = f"http://{group_address(cluster.site.cloud.endpoints, group.id)}:{PORT}"
    until(lambda: answer(url) == "qa")
    cluster.site.cloud.resources.delete(group.id)
    until(lambda: answer(url) == "refused")


def test_a_host_killed_hard_leaves_no_second_pod_and_brings_its_pods_back(cluster):
    made, url = cluster.deploy("kept", VERSION="1"), cluster.serve("kept", "kept")
    cluster.ready(made)
    before = cluster.pods(made)[0].pid
    cluster.site.kill("containers")
    assert psutil.pid_exists(before)
    cluster.site.start("containers")
    until(lambda: not psutil.pid_exists(before))
    until(lambda: cluster.pods(made) and answer(url) == "1")
    assert cluster.pods(made)[0].pid != before
    cluster.remove(made)


def test_a_dead_process_is_started_again_at_once(cluster):
    made = cluster.deploy("killed", VERSION="1")
    cluster.ready(made)
    os.kill(cluster.pods(made)[0].pid, signal.SIGKILL)
    until(lambda: cluster.pods(made)[0].restarts == 1 and cluster.pods(made)[0].ready)
    cluster.remove(made)
