"""The part of SARIF 2.1.0 that reviews use, as a schema: see sections 3.13 to 3.58 of the standard
(OASIS, "Static Analysis Results Interchange Format")."""

from typing import Any

TEXT = {"type": "string"}
LEVEL = {"enum": ["none", "note", "warning", "error"]}


def _object(required: tuple[str, ...], **properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _list(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


MESSAGE = _object(("text",), text=TEXT)
LINE = {"type": "integer", "minimum": 1}
LOCATION = _object(
    ("physicalLocation",),
    physicalLocation=_object(
        ("artifactLocation",),
        artifactLocation=_object(
            ("uri",),
            uri={"type": "string", "pattern": "^[!#-;=?-Z_a-z~%]+$"},
            uriBaseId=TEXT,
        ),
        region=_object(("startLine",), startLine=LINE, endLine=LINE),
    ),
)
RESULT = _object(
    ("ruleId", "level", "message", "locations"),
    ruleId=TEXT,
    level=LEVEL,
    rank={"type": "number", "minimum": 0, "maximum": 100},
    message=MESSAGE,
    locations=_list(LOCATION),
    partialFingerprints={"type": "object", "additionalProperties": TEXT},
    suppressions=_list(
        _object(("kind",), kind={"enum": ["inSource", "external"]}, justification=TEXT)
    ),
    properties={"type": "object"},
)
RUN = _object(
    ("tool", "results"),
    tool=_object(
        ("driver",),
        driver=_object(("name",), name=TEXT, version=TEXT, rules=_list(_object(("id",), id=TEXT))),
    ),
    results=_list(RESULT),
    invocations=_list(
        _object(
            ("executionSuccessful",),
            executionSuccessful={"type": "boolean"},
            toolExecutionNotifications=_list(
                _object(("message",), level=LEVEL, message=MESSAGE),
            ),
        )
    ),
)
SARIF = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    **_object(
        ("$schema", "version", "runs"),
        **{"$schema": TEXT, "version": {"const": "2.1.0"}, "runs": _list(RUN)},
    ),
}
"""What a log may hold; stricter than the standard, which knows much more."""
