"""Documents held against docs/schemas, by Python's jsonschema."""
import functools
import json
import pathlib
import sys
import unittest

TOP = pathlib.Path(__file__).resolve().parent.parent
FOLDER = TOP / "docs/schemas"
sys.path += map(str, TOP.glob(".venv/lib/python3*/site-packages"))  # behind the system's own
try:
    import jsonschema
except ImportError:
    raise unittest.SkipTest("python3-jsonschema is not installed") from None


@functools.cache
def schema(name):
    return json.loads((FOLDER / (name + ".json")).read_text())


@functools.cache
def validator(name):
    return jsonschema.Draft202012Validator(schema(name))


def wrong(document, name=None):
    """What its schema refuses of a document, or None; `name` where it does not say which it is."""
    name = name or document["schema"].split("/")[1]
    error = jsonschema.exceptions.best_match(validator(name).iter_errors(document))
    return None if error is None else "%s: %s at %s" % (name, error.message[:300], "/".join(map(str, error.absolute_path)))


def wrong_of(text):
    """The same of what was printed, where it is JSON of ours: a document, or lines of a plan or observations."""
    if text.startswith('{\n "schema": "sgproof/'):
        return wrong(json.loads(text))
    if text.startswith('{"schema": "sgproof/plan/'):
        return next(filter(None, (wrong(json.loads(line), "plan") for line in text.splitlines())), None)
    if text.startswith('{"address": ') and '"state": ' in text.partition("\n")[0]:
        return next(filter(None, (wrong(json.loads(line), "observations") for line in text.splitlines())), None)
    return None
