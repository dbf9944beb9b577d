"""Properties are converted once for each resource; what the SDK asks of the converter is what stands in for it."""

from __future__ import annotations

import inspect
import re
from typing import Any

from google.protobuf import json_format, struct_pb2
from pulumi_policy import policy as sdk

from policy.conversion import OncePerMessage


def struct(**values: Any) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(values)
    return message


def test_a_message_is_converted_once_and_each_message_by_itself() -> None:
    once, one, other = OncePerMessage(), struct(a=1, b=["x"]), struct(a=2)
    assert once.MessageToDict(one) == json_format.MessageToDict(one)
    assert once.MessageToDict(one) is once.MessageToDict(one)
    assert once.MessageToDict(other) == {"a": 2.0}


def test_messages_that_come_and_go_are_never_taken_for_each_other() -> None:
    once = OncePerMessage()
    assert [once.MessageToDict(struct(number=number)) for number in range(1000)] == [{"number": float(n)} for n in range(1000)]


def test_the_sdk_asks_the_converter_for_nothing_else() -> None:
    source = inspect.getsource(sdk)
    assert set(re.findall(r"\bjson_format\.(\w+\([\w.]+\))", source)) >= {"MessageToDict(request.properties)"}
    assert set(re.findall(r"\bjson_format\.(\w+)", source)) == {"MessageToDict"}


def test_what_a_policy_does_to_values_no_other_policy_sees() -> None:
    once, message = OncePerMessage(), struct(held={"a": [1]})
    first = sdk.deserialize_properties(once.MessageToDict(message))
    first["held"]["a"].append(2)
    assert sdk.deserialize_properties(once.MessageToDict(message)) == {"held": {"a": [1.0]}}
