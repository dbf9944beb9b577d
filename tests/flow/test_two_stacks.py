"""`dev` and `prod` stand beside each other on one machine, and one of them going leaves the other alone."""

from dataclasses import asdict, replace

import pytest

from local.flow.down import down
from local.flow.up import stand_platform
from local.lifecycle import healthy, running, stop
from local.progress import Progress
from tests.flow.conftest import homed

pytestmark = [pytest.mark.flow, pytest.mark.slow]


def test_production_stands_beside_development_and_stays_when_that_goes(tmp_path):
    with homed(tmp_path) as dev:
        prod = replace(dev, stack="prod")
        try:
            stacks = {options.stack: stand_platform(options, Progress()) for options in (dev, prod)}
            ports = [set(asdict(cloud.endpoints).values()) for cloud, _ in stacks.values()]
            assert ports[0].isdisjoint(ports[1])
            names = {stack: applied.outputs.lake_account for stack, (_, applied) in stacks.items()}
            assert names == {"dev": "dlsmlopsforecastingdev", "prod": "dlsmlopsforecasting"}
            accounts = {
                stack: cloud.resources.of_type("Microsoft.Storage/storageAccounts") for stack, (cloud, _) in stacks.items()
            }
            assert all(found.name.endswith("dev") for found in accounts["dev"])
            assert not any(found.name.endswith("dev") for found in accounts["prod"])

            assert down(dev) == 0

            assert running(dev.state) is None
            assert all(healthy(prod.state).values())
            again = stand_platform(prod, Progress())[1]
            assert again.outcome.empty
        finally:
            stop(prod.state)
