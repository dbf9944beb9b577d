"""kill -9 of the service, of a release, and of both: a release goes on or is given up, and never works beside another."""

import os
import signal
import time

import psutil
import pytest

pytestmark = pytest.mark.flow
OTHER = f"sha256:{'1' * 64}"


def until(holds):
    ends = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.02)


def alive(pid):
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def working(tools):
    """Pids of the release in progress: of its `make`, and of what that started."""
    until(lambda: "began" in tools.did())
    return [effect.get("child", effect["pid"]) for effect in tools.effects()]


def test_a_release_in_progress_is_watched_on_and_the_next_follows(served, site, tools):
    tools.plan(seconds=8)
    first, second = served.start(), served.start(OTHER)
    [pid] = working(tools)
    site.kill("devops")
    assert alive(pid)
    site.start("devops")
    assert served.build(first)["status"] == "inProgress"
    tools.plan()
    assert [served.wait(run_id)["result"] for run_id in (first, second)] == ["succeeded", "succeeded"]
    assert tools.did() == ["began", "ended"] * 2


def test_a_release_that_ended_while_the_service_was_dead_is_not_run_again(served, site, tools):
    tools.plan(seconds=0.5, code=2)
    run_id = served.start()
    working(tools)
    site.kill("devops")
    until(lambda: "ended" in tools.did())
    until((site.cloud.state / "devops" / str(run_id) / "outcome.json").exists)
    site.start("devops")
    assert served.wait(run_id)["result"] == "failed"
    assert served.issues(run_id) == ["Make exited with code '2'."]
    assert tools.did() == ["began", "ended"]


@pytest.mark.parametrize("with_service", [True, False])
def test_a_killed_release_has_failed_and_what_it_left_ends_before_the_next_begins(served, site, tools, with_service):
    tools.plan(seconds=60, orphan=True)
    first, second = served.start(), served.start(OTHER)
    leftovers = working(tools)
    [job] = [process.ppid() for process in map(psutil.Process, leftovers) if process.name() == "make"] or [
        psutil.Process(leftovers[-1]).ppid()
    ]
    tools.plan()
    if with_service:
        site.kill("devops")
    os.kill(job, signal.SIGKILL)
    if with_service:
        assert all(alive(pid) for pid in leftovers)
        site.start("devops")
    assert served.wait(first)["result"] == "failed"
    assert not any(alive(pid) for pid in leftovers)
    [issue] = served.issues(first)
    assert issue.startswith("We stopped hearing from agent local.")
    assert served.wait(second)["result"] == "succeeded"
    assert [effect["digest"] for effect in tools.effects() if effect["did"] == "ended"] == [OTHER]


def test_a_cancellation_outlives_the_service(served, site, tools):
    tools.plan(seconds=60)
    run_id = served.start()
    working(tools)
    os.kill(site.processes["devops"].pid, signal.SIGSTOP)
    with site.cloud.store.transaction() as connection:
        connection.execute("update devops_runs set status = 'cancelling' where id = ?", (run_id,))
    site.kill("devops")
    site.start("devops")
    assert served.wait(run_id)["result"] == "canceled"
    assert tools.did() == ["began", "interrupted"]


def test_a_run_that_was_noted_but_never_began_is_started(served, site, tools):
    site.kill("devops")
    with site.cloud.store.transaction() as connection:
        change = "insert into devops_runs(parameters, requester, status, queued, started, pid, born) values (?,?,?,?,?,?,?)"
        row = (f'{{"digest": "{OTHER}"}}', "handler", "inProgress", 1.0, 1.0, 1 << 22, 1.0)
        run_id = connection.execute(change, row).lastrowid
    site.start("devops")
    assert served.wait(run_id)["result"] == "succeeded"
    assert tools.did() == ["began", "ended"]
