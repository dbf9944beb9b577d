"""A container registry and an Azure DevOps project as the handler sees them, with a ledger of the runs started there."""

import hashlib
import json
import threading
from collections import deque
from urllib.parse import parse_qs, unquote

REGISTRY = "/subscriptions/s/resourceGroups/rg-mlops/providers/Microsoft.ContainerRegistry/registries/crmlops"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIGURATION = "application/vnd.oci.image.config.v1+json"
LABELS = {
    "mlops.model": "demand",
    "mlops.model-version": "3",
    "mlops.data-version": "silver/features@7",
    "mlops.run": "r-1",
    "org.opencontainers.image.revision": "0a1b2c",
}


def digest_of(content):
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Registry:
    """Documents by digest, behind the token exchange of Azure's registries; `answers` come before anything else."""

    def __init__(self):
        self.documents = {}
        self.answers = deque()
        self.exchanged = []

    def push(self, labels=LABELS, kind=CONFIGURATION):
        """An image with labels (None for a configuration without any); returns its digest."""
        configuration = self.add({"architecture": "amd64", "config": {} if labels is None else {"Labels": labels}}, kind)
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": configuration, "layers": []}
        return self.add(manifest, MANIFEST)["digest"]

    def add(self, document, kind):
        content = json.dumps(document).encode()
        digest = digest_of(content)
        self.documents[digest] = (kind, content)
        return {"mediaType": kind, "digest": digest, "size": len(content)}

    def exchange(self, path, form):
        given = {name: values[0] for name, values in parse_qs(form.decode()).items()}
        self.exchanged.append((path.rpartition("/")[2], given.get("access_token") or given["refresh_token"]))
        # Neither part is checked but for the claim that tells when the token ends.
        refresh = "e30.eyJleHAiOjQwMDAwMDAwMDB9.e30"
        return 200, {}, {"refresh_token": refresh} if path.endswith("exchange") else {"access_token": "acr"}

    def get(self, path, authorization):
        if authorization != "Bearer acr":
            challenge = 'Bearer realm="https://here/oauth2/token",service="here",scope="repository:scoring:pull"'
            return 401, {"WWW-Authenticate": challenge}, {"errors": [{"code": "UNAUTHORIZED"}]}
        if self.answers:
            return self.answers.popleft()
        digest = unquote(path.rpartition("/")[2])
        if not path.startswith("/v2/scoring/") or digest not in self.documents:
            return 404, {}, {"errors": [{"code": "MANIFEST_UNKNOWN", "message": "manifest is not found"}]}
        kind, content = self.documents[digest]
        length = {"Content-Range": f"bytes 0-{len(content) - 1}/{len(content)}"}
        status = 206 if "/blobs/" in path else 200
        return status, {"Docker-Content-Digest": digest, "Content-Type": kind, **length}, content


class DevOps:
    """The project contoso/shop: its pipelines, and the parameters of its `runs` by id.

    While `open` is not set, a run that was started is not answered; `answers` come before a start.
    """

    def __init__(self):
        self.pipelines = [{"id": 7, "name": "release"}]
        self.runs = {}
        self.answers = deque()
        self.open = threading.Event()
        self.open.set()

    def call(self, method, path, query, body):
        asked = path.removeprefix("/contoso/shop/_apis/").split("/")
        assert query["api-version"] == ["7.1"]
        match method, asked:
            case "GET", ["build", "definitions"]:
                wanted = query["name"][0].lower()
                found = [item for item in self.pipelines if item["name"].lower() == wanted]
                return 200, {}, {"count": len(found), "value": found}
            case "GET", ["build", "builds"]:
                assert query["definitions"] == ["7"]
                assert query["queryOrder"] == ["queueTimeDescending"]
                found = [{"id": number, "templateParameters": told} for number, told in self.runs.items()][::-1]
                found = found[: int(query["$top"][0])]
                return 200, {}, {"count": len(found), "value": found}
            case "POST", ["pipelines", "7", "runs"]:
                return self._start(body)
        return 404, {}, {"$id": "1", "message": "Not found.", "typeKey": "NotFoundException"}

    def _start(self, body):
        if self.answers:
            return self.answers.popleft()
        number = len(self.runs) + 41
        self.runs[number] = body["templateParameters"]
        self.open.wait(30)
        return 200, {}, {"id": number, "state": "inProgress"}
