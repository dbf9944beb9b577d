"""Aliases of the SDK that no state of this program can hold."""

from __future__ import annotations

import re

import pulumi

OF_A_VERSION = re.compile(r"azure-native:\w+/v\d{8}(preview)?:")
"""Kinds named with an API version; this program has always named the kinds without one."""


def without_versions(args: pulumi.ResourceTransformationArgs) -> pulumi.ResourceTransformationResult:
    """Take away the SDK's aliases from versioned kinds: 2,640 for this program, each resolved by seven outputs.

    An alias that a component sets when a resource is renamed or moved stays.
    """
    kept = [alias for alias in args.opts.aliases or () if not _of_a_version(alias)]
    args.opts.aliases = kept or None
    return pulumi.ResourceTransformationResult(args.props, args.opts)


def _of_a_version(alias: object) -> bool:
    return isinstance(alias, pulumi.Alias) and isinstance(alias.type_, str) and bool(OF_A_VERSION.match(alias.type_))
