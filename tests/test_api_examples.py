"""Every example of the OpenAPI document is what the document says of it."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from drf_spectacular.generators import SchemaGenerator

from config.api_examples import EXAMPLES


@pytest.fixture(scope="module")
def schemas() -> dict[str, Any]:
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    found: dict[str, Any] = document["components"]["schemas"]
    return found


def _plain(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable` in the words of JSON Schema; references point into the same set."""
    if isinstance(schema, list):
        return [_plain(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {key: _plain(value) for key, value in schema.items() if key not in ("nullable", "example")}
    if "$ref" in inner:
        inner["$ref"] = inner["$ref"].replace("#/components/schemas/", "#/$defs/")
    return {"anyOf": [inner, {"type": "null"}]} if schema.get("nullable") is True else inner


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_example_fits_its_component(name: str, schemas: dict[str, Any]) -> None:
    component = schemas.get(f"{name}Request") or schemas[name]
    jsonschema.validate(EXAMPLES[name], {**_plain(component), "$defs": _plain(schemas)})


def test_every_body_that_goes_over_the_wire_has_one(schemas: dict[str, Any]) -> None:
    document = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    without = {
        name
        for route in document["paths"].values()
        for operation in route.values()
        for name in _bodies(operation)
        if "example" not in schemas[name] and not name.endswith("Page")
    }
    assert without == set()


def _bodies(operation: dict[str, Any]) -> list[str]:
    answers = [answer for answer in operation["responses"].values() if "content" in answer]
    asked = [operation["requestBody"]] if "requestBody" in operation else []
    kinds = [kind for body in (*answers, *asked) for kind in body["content"].values()]
    return [kind["schema"]["$ref"].rsplit("/", 1)[1] for kind in kinds if "$ref" in kind["schema"]]
