"""Ports are picked once and kept: stack outputs hold them."""

import json
from dataclasses import asdict

from local.endpoints import Endpoints


def test_ports_stay_the_same_once_picked(tmp_path):
    assert Endpoints.of(tmp_path) == Endpoints.of(tmp_path)


def test_no_two_services_share_a_port(tmp_path):
    ports = list(asdict(Endpoints.of(tmp_path)).values())
    assert len(set(ports)) == len(ports)


def test_a_state_directory_of_an_older_version_keeps_its_ports_and_gets_the_missing_ones(tmp_path):
    older = {name: port for name, port in asdict(Endpoints.of(tmp_path)).items() if name != "registry"}
    (tmp_path / "endpoints.json").write_text(json.dumps(older))

    found = asdict(Endpoints.of(tmp_path))

    assert {name: found[name] for name in older} == older
    assert json.loads((tmp_path / "endpoints.json").read_text()) == found
