"""Answers drawn from the service models, in XML and JSON, of every operation that is asked: our documents beside what botocore's parser makes of the same bytes.

ANSWERS: how many; ANSWERS_SEED: the seed. Names come from src/aws/read/models.json, types and names from botocore's own models."""
import datetime
import json
import os
import random
import subprocess
import sys
import unittest
from xml.sax.saxutils import escape

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..")]
import common

PYTHON = common.python_with_moto()
ANSWERS = int(os.environ.get("ANSWERS", "10000"))
SEED = common.seed("ANSWERS_SEED")
MODELS = {}
# Of our models what the botocore that is here knows too: another version may lack a member.
KNOWN = """
import json, sys
import botocore.loaders
ours, loader = json.load(open(sys.argv[1])), botocore.loaders.Loader()
for service, about in ours.items():
    theirs = loader.load_service_model(service, "service-2")
    about["operations"] = {name: how for name, how in about["operations"].items() if name in theirs["operations"]}
    for name, shape in about["shapes"].items():
        if shape[0] == "s":
            shape[1] = {member: value for member, value in shape[1].items() if member in theirs["shapes"].get(name, {}).get("members", {})}
print(json.dumps(ours))
"""
PARSE = """
import datetime, json, sys
import botocore.loaders, botocore.model, botocore.parsers

def plain(value):
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat()
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    return [plain(one) for one in value] if isinstance(value, list) else value

loader, parsers, models = botocore.loaders.Loader(), {}, {}
factory = botocore.parsers.ResponseParserFactory()
factory.set_parser_defaults(blob_parser=lambda value: value)  # the CLI prints it as it came
for line in sys.stdin:
    one = json.loads(line)
    service = one["service"]
    if service not in models:
        models[service] = botocore.model.ServiceModel(loader.load_service_model(service, "service-2"), service)
    parser = parsers.setdefault(one["protocol"], factory.create_parser(one["protocol"]))
    shape = models[service].operation_model(one["operation"]).output_shape
    parsed = parser.parse({"status_code": 200, "headers": {}, "body": one["body"].encode()}, shape)
    parsed.pop("ResponseMetadata", None)
    print(json.dumps(plain(parsed)))
"""


class Draw:
    def __init__(self, drawn, shapes, json_protocol):
        self.random, self.shapes, self.json = drawn, shapes, json_protocol

    def scalar(self, kind):
        r = self.random
        if kind == "boolean":
            return r.random() < 0.5
        if kind == "integer":
            return r.choice([0, 1, -1, r.randint(-2 ** 31, 2 ** 31), r.randint(0, 2 ** 53)])
        if kind == "number":
            return r.choice([0.5, -2.25, round(r.random() * 1000, 3), 4])
        if kind == "timestamp":
            seconds = r.randint(0, 4 * 10 ** 9)
            if self.json:
                return r.choice([seconds, seconds + 0.25, seconds + 0.001])
            text = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")
            return text + r.choice(["Z", ".000Z", ".250Z", ".123456Z"])
        text = "".join(r.choice("abcXYZ019 -_./:<>&\"'\u00e9\u4e16\U0001f600") for _ in range(r.randint(0, 12)))
        return "x" + text.replace("%", "") if kind == "policy" else text

    def value(self, name, depth):
        """(of XML, of JSON) of a shape."""
        shape = self.shapes.get(name)
        if shape is None:
            value = self.scalar(name)
            return escape(json.dumps(value) if isinstance(value, (bool, int, float)) else value), value
        some = 0 if depth > 6 else self.random.choice([0, 1, 1, 2, 3])
        if shape[0] == "s":
            chosen = [(wire, self.value(inner, depth + 1)) for wire, inner in shape[1].values() if self.random.random() < (0.5 if depth < 5 else 0.2)]
            return "".join("<%s>%s</%s>" % (wire, xml, wire) for wire, (xml, _) in chosen), {wire: value for wire, (_, value) in chosen}
        if shape[0] == "l":
            items = [self.value(shape[2], depth + 1) for _ in range(some)]
            return "".join("<%s>%s</%s>" % (shape[1], xml, shape[1]) for xml, _ in items), [value for _, value in items]
        entries = {"k%d" % i: self.value(shape[3], depth + 1) for i in range(some)}
        return ("".join("<entry><%s>%s</%s><%s>%s</%s></entry>" % (shape[1], key, shape[1], shape[2], xml, shape[2]) for key, (xml, _) in entries.items()),
                {key: value for key, (_, value) in entries.items()})

    def output(self, about):
        """As value, with every list that pages split and something in it."""
        members = self.shapes[about["output"]][1]
        chosen = {}
        while not chosen:
            chosen = {name: (wire, self.value(shape, 1)) for name, (wire, shape) in members.items() if name in about["lists"] or self.random.random() < 0.6}
        return ("".join("<%s>%s</%s>" % (wire, xml, wire) for wire, (xml, _) in chosen.values()), {wire: value for wire, (_, value) in chosen.values()})


def draw(drawn, service, operation):
    about = MODELS[service]
    how = about["operations"][operation]
    in_json = "json" in about["protocol"]
    xml, value = Draw(drawn, about["shapes"], in_json).output(how)
    if in_json:
        body = json.dumps(value, ensure_ascii=drawn.random() < 0.5)
    elif how.get("holder"):
        body = "<%s>%s</%s>" % (how["holder"], xml, how["holder"])
    else:
        body = "<%s>%s</%s>" % (how["wrapper"], xml, how["wrapper"]) if how["wrapper"] else xml
        body = "<%sResponse>%s<requestId>r</requestId></%sResponse>" % (operation, body, operation)
    for more in ("<IsTruncated>%s</IsTruncated>", "<isTruncated>%s</isTruncated>", '"IsTruncated": %s', '"isTruncated": %s'):
        body = body.replace(more % "true", more % "false")  # one that announces a page without its mark is a failure (test_read_untold.py)
    return {"service": service, "operation": operation, "protocol": about["protocol"], "body": body}


def expected(asked, parsed):
    """What we print of it: of a call with pages the lists alone."""
    how = MODELS[asked["service"]]["operations"][asked["operation"]]
    inner = parsed.get(how["holder"], {}) if how.get("holder") else parsed
    kept = {name: inner.get(name, []) for name in how["lists"]} if how["lists"] else inner
    return {how["holder"]: kept} if how.get("holder") else kept


@unittest.skipUnless(PYTHON, "moto, boto3 and awscli are not installed, and could not be")
class Answers(unittest.TestCase):
    maxDiff = None

    def test_documents_are_what_botocores_parser_makes_of_the_same_bytes(self):
        known = subprocess.run([PYTHON, "-c", KNOWN, str(common.TOP / "src/aws/read/models.json")], text=True, capture_output=True)
        self.assertEqual(known.returncode, 0, known.stderr)
        MODELS.update(json.loads(known.stdout))
        drawn = random.Random(SEED)
        services = sorted(MODELS)
        asked = [draw(drawn, service, operation) for service in services for operation in sorted(MODELS[service]["operations"])]
        for service in drawn.choices(services, k=max(0, ANSWERS - len(asked))):
            asked.append(draw(drawn, service, drawn.choice(sorted(MODELS[service]["operations"]))))
        lines = "".join(json.dumps(one) + "\n" for one in asked)
        theirs = subprocess.run([PYTHON, "-c", PARSE], input=lines, text=True, capture_output=True)
        ours = subprocess.run([os.path.join(os.path.dirname(common.SGPROOF), "answers")], input=lines, text=True, capture_output=True)
        self.assertEqual((theirs.returncode, ours.returncode), (0, 0), theirs.stderr + ours.stderr)
        for one, their, our in zip(asked, theirs.stdout.splitlines(), ours.stdout.splitlines(), strict=True):
            self.assertEqual(json.loads(our), expected(one, json.loads(their)), "ANSWERS_SEED=%d: %s" % (SEED, json.dumps(one)))


if __name__ == "__main__":
    unittest.main()
