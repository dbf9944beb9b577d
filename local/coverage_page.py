"""Writes docs/local-cloud.md: `python -m local.coverage_page > docs/local-cloud.md`; a test compares the page."""

from __future__ import annotations

import sys

from local.provider.coverage import rows

PAGE = """# The local cloud

Azure on one machine: the far end of the wire for the real engine and the real clients. One supervisor per stack runs a Kafka broker,
the HTTPS services and the resource provider; the event handler and the scoring service are pods of the service `containers`. All listen on loopback, all state is under `.local/<stack>/`.

| file | what it holds |
|---|---|
| `cloud.db` | one SQLite file: resources, blobs' rows, events and deliveries, jobs and runs |
| `blobs/`, `volumes/`, `eventhubs/` | contents of blobs and volumes, the broker's log |
| `endpoints.json` | ports, picked once and kept, since stack outputs hold them |
| `pulumi/` | the engine's backend, passphrase and logs; your stack file is copied, never written |
| `logs/` | one log a process; `access.jsonl`: each request with principal, User-Agent, action and whether a role allows it |
| `keyvault/<vault>/` | a PEM file a version: private key and certificate |
| `registry/` | blobs of images, contexts and logs of builds |
| `containers/` | unpacked images; `disks/forecasting/state-event-handler-0`: the handler's durable inbox and its heartbeat |
| `devops/<run>/` | log and result of each release |
| `run.json`, `events.jsonl`, `report.html` | what the last `make up` or `make demo` came to |

**An event arises from a request.** A blob's row and its storage event are one transaction; Event Grid delivers what is in that outbox
to where a subscription resource says, by its filter, retry and dead letter. Nothing watches directories.

**Creating a resource makes it exist.** The provider writes it to `cloud.db`, where the services look; deleting it makes it stop.
A kind without a row in the table below is refused by name, as are missing required properties, unknown properties and enums, bad
names, missing parents and references, new vaults under the name of a deleted one. Outputs that Azure would not know at preview are unknown at the first preview.

**Clients are aimed by environment variables alone** (`local/environment.py`). Every HTTP call carries a token that names an identity
of the stack, and is refused in the service's own words (403) unless a role assignment of the stack allows it;
`logs/access.jsonl` holds both answers. Kafka clients log in with the same tokens; the broker asks the identity service what a token
may send, receive or manage, and a role that is given or taken shows within 2 seconds. Only Resource Manager, which makes hubs, and
what reads the bus for reports and waits go in by a key of the local cloud's own, `eventhubs.key`, and are asked for no role.

`uv run local-cloud up | down | status [--json] | logs NAME | pulumi -- ARGS | run -- COMMAND | chaos --duplicate on` act on a stack (`--stack dev`).

## Kinds that exist here

{kinds}
"""


def page() -> str:
    """Return the whole page."""
    return PAGE.format(kinds="\n".join(rows()))


if __name__ == "__main__":
    sys.stdout.write(page())
