"""The doctor names what is missing, what was seen, and what to do about it."""

import resource
import socket
from dataclasses import asdict

import pytest

from local.doctor import MachineLacksError, examine, require, show
from local.endpoints import Endpoints
from local.lifecycle import ROOT


def finding(name, state):
    return next(found for found in examine(ROOT, state) if found.name == name)


def test_each_finding_says_what_was_seen_and_how_to_get_it(tmp_path):
    assert all(found.seen and (found.present or found.remedy) for found in examine(ROOT, tmp_path))


def test_a_port_of_the_stack_that_somebody_took_is_named_with_the_process(tmp_path, capsys):
    ports = asdict(Endpoints.of(tmp_path))
    assert finding("ports", tmp_path).present
    with socket.create_server(("127.0.0.1", ports["blob"])):
        found = finding("ports", tmp_path)
        assert not found.present
        assert f"{ports['blob']} (blob) by process " in found.seen
        assert show([found]) == 1
        with pytest.raises(MachineLacksError, match="ports"):
            require([found])
    assert "for other ports" in capsys.readouterr().out


def test_a_stack_without_ports_is_asked_for_none_and_gets_none(tmp_path):
    assert finding("ports", tmp_path).present
    assert list(tmp_path.iterdir()) == []


def test_too_few_open_files_are_found(tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (512, hard))
    try:
        assert not finding("open files", tmp_path).present
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert finding("open files", tmp_path).present


def test_pods_find_their_addresses_on_this_machine(tmp_path):
    assert finding("loopback", tmp_path).present
