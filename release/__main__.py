"""The release, read from top to bottom: where it stands, what is in QA, what is in production, what handles events."""

from __future__ import annotations

import pulumi

from release.components.certificate import Certificate, CertificateArgs
from release.components.cluster import Cluster, ClusterArgs
from release.components.handler import Handler, HandlerArgs
from release.components.qa import Qa, QaArgs
from release.components.slots import Slots, SlotsArgs
from release.platform_stack import Platform
from release.settings import Settings

settings = Settings.load(pulumi.Config())
platform = Platform.of(pulumi.get_stack())

cluster = Cluster("cluster", ClusterArgs(platform=platform))
qa = Qa("qa", QaArgs(platform=platform, settings=settings))
certificate = Certificate("certificate", CertificateArgs(platform=platform, options=cluster.options))
slots_args = SlotsArgs(platform=platform, settings=settings, certificate=certificate, options=cluster.options)
slots = Slots("slots", slots_args)
handler = Handler("handler", HandlerArgs(platform=platform, settings=settings, options=cluster.options))

pulumi.export("qaDigest", qa.digest)
pulumi.export("blueDigest", slots.digests["blue"])
pulumi.export("greenDigest", slots.digests["green"])
pulumi.export("active", slots.active)
pulumi.export("handlerDigest", handler.digest)
pulumi.export("qa_url", qa.url)
pulumi.export("blue_url", slots.urls["blue"])
pulumi.export("green_url", slots.urls["green"])
pulumi.export("production_url", slots.production_url)
