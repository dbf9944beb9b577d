"""Aliases of API versions go, those that a component sets stay."""

from __future__ import annotations

import inspect
import re

import pulumi
import pulumi_azure_native as azure

from infra.aliases import without_versions

OF_THE_SDK = [
    "azure-native:network/v20230201:VirtualNetwork",
    "azure-native:network/v20240101preview:VirtualNetwork",
]
OTHER = ["azure-native:insights:ActionGroup", "azure-native:network:VirtualNetwork", "kubernetes:apps/v1beta2:Deployment"]


def kept(aliases: list[str | pulumi.Alias]) -> object:
    resource = pulumi.Resource.__new__(pulumi.CustomResource)
    args = pulumi.ResourceTransformationArgs(resource, "t", "n", {}, pulumi.ResourceOptions(aliases=aliases))
    result = without_versions(args)
    assert result is not None
    return result.opts.aliases


def test_an_alias_from_a_kind_of_an_api_version_goes():
    assert kept([pulumi.Alias(type_=token) for token in OF_THE_SDK]) is None


def test_an_alias_of_a_renamed_kind_of_an_own_name_or_of_an_urn_stays():
    own = [*(pulumi.Alias(type_=token) for token in OTHER), pulumi.Alias(name="before"), "urn:pulumi:dev::p::t::n"]
    assert kept([*own, pulumi.Alias(type_=OF_THE_SDK[0])]) == own


def test_the_sdk_names_api_versions_as_the_pattern_expects():
    """Otherwise a change of the tokens would bring all aliases back and nobody would notice."""
    tokens = re.findall(r'Alias\(type_="([^"]+)"\)', inspect.getsource(azure.network.VirtualNetwork))
    assert len(tokens) > 20
    assert kept([pulumi.Alias(type_=token) for token in tokens]) is None
