"""scripts/make-models takes the protocol that our client speaks, and fails in words where a service speaks none of them."""
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common

STUB = """
import collections
ABOUT = %r
class Loader:
    def load_service_model(self, service, kind):
        if kind == "paginators-1":
            return {"pagination": {}}
        operation = {"output": {"shape": "Out"}, "http": {"method": ABOUT.get("method", "GET"), "requestUri": "/all/{Name}"}}
        about = {"protocol": ABOUT["protocol"], "apiVersion": "2020-01-01", "jsonVersion": "1.1", "targetPrefix": "T", "endpointPrefix": "e"}
        if ABOUT.get("protocols"):
            about["protocols"] = ABOUT["protocols"]
        return {"metadata": about, "operations": collections.defaultdict(lambda: operation),
                "shapes": {"Out": {"type": "structure", "members": {"Things": {"shape": "Things"}}},
                           "Things": {"type": "list", "member": {"shape": "Text"}}, "Text": {"type": "string"}}}
"""


class MakeModels(unittest.TestCase):
    def make(self, **about):
        with tempfile.TemporaryDirectory() as folder:
            top = pathlib.Path(folder)
            for name in ("scripts", "src/aws/read", "stub/botocore"):
                (top / name).mkdir(parents=True)
            shutil.copy(common.TOP / "scripts/make-models", top / "scripts")
            (top / "stub/botocore/__init__.py").write_text("")
            (top / "stub/botocore/loaders.py").write_text(STUB % about)
            done = subprocess.run([sys.executable, top / "scripts/make-models"], text=True, capture_output=True,
                                  env={**os.environ, "PYTHONPATH": str(top / "stub")})
            made = top / "src/aws/read/models.json"
            return done, json.loads(made.read_text())["network-firewall"] if made.exists() else None

    def test_of_several_protocols_ours_is_taken_whatever_botocore_prefers(self):
        for protocols in (["smithy-rpc-v2-cbor", "json"], ["json", "smithy-rpc-v2-cbor"]):
            done, made = self.make(protocol="smithy-rpc-v2-cbor", protocols=protocols)
            self.assertEqual((done.returncode, made["protocol"], made["target"], made["version"]), (0, "json", "T", "1.1"), done.stderr)

    def test_defect_16_each_service_of_the_models_is_asked_in_a_protocol_that_is_spoken(self):
        for name, service in json.loads((common.TOP / "src/aws/read/models.json").read_text()).items():
            self.assertIn(service["protocol"], ("json", "query", "ec2", "rest-json", "rest-xml"), name)
            self.assertEqual(bool(service["target"]), service["protocol"] == "json", name)
            for operation in service["operations"].values():
                self.assertEqual("path" in operation, service["protocol"].startswith("rest-"), name)

    def test_an_older_botocore_names_one_protocol(self):
        for protocol, version, target in (("query", "2020-01-01", ""), ("ec2", "2020-01-01", ""), ("json", "1.1", "T")):
            done, made = self.make(protocol=protocol)
            self.assertEqual((made["protocol"], made["version"], made["target"]), (protocol, version, target), done.stderr)
            self.assertNotIn("path", made["operations"]["ListFirewalls"])

    def test_a_rest_protocol_has_paths(self):
        made = self.make(protocol="rest-json")[1]
        self.assertEqual(made["operations"]["ListFirewalls"]["path"], "all/{Name}")

    def test_a_protocol_that_the_client_does_not_speak_and_a_rest_call_that_is_no_get_fail_loudly(self):
        for about, words in (({"protocol": "smithy-rpc-v2-cbor", "protocols": ["smithy-rpc-v2-cbor"]}, "speaks smithy-rpc-v2-cbor"),
                             ({"protocol": "rest-json", "method": "POST"}, "is no GET")):
            done, made = self.make(**about)
            self.assertEqual((done.returncode, made), (1, None))
            self.assertIn(words, done.stderr)


if __name__ == "__main__":
    unittest.main()
