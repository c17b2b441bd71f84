"""What the fuzz run leaves out, loaded by SCHEMATHESIS_HOOKS."""

import schemathesis


@schemathesis.hook
def filter_body(context, body):
    """Keys that are refused on purpose, whatever a schema says; test/process/bad-bodies.test.ts sends them."""
    return not reaches_prototype(body)


def reaches_prototype(value):
    if isinstance(value, dict):
        constructor = value.get("constructor")
        if "__proto__" in value or (isinstance(constructor, dict) and "prototype" in constructor):
            return True
        return any(reaches_prototype(child) for child in value.values())
    if isinstance(value, list):
        return any(reaches_prototype(child) for child in value)
    return False
