"""Where services answer, beside botocore's endpoint rules worked out anew: every region of every partition, those that are not there yet, and what is like none, with and without FIPS and dual
stack."""
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), "..")]
import common

PYTHON = common.python_with_moto()
WORK_OUT = """
import itertools, json, sys
import botocore.endpoint_provider, botocore.exceptions, botocore.loaders
services, loader, cases = json.loads(sys.argv[1]), botocore.loaders.Loader(), []
partitions = loader.load_data("partitions")
for service in services:
    provider = botocore.endpoint_provider.EndpointProvider(loader.load_service_model(service, "endpoint-rule-set-1"), partitions)
    of_old = "UseGlobalEndpoint" in provider.ruleset.parameters
    for region in [region for partition in partitions["partitions"] for region in partition["regions"] if "global" not in region] + json.loads(sys.argv[2]):
        for fips, dual, old in itertools.product((False, True), (False, True), (False, True)[:1 + of_old]):
            case = {"ask": service + " " + region + " fips" * fips + " dual" * dual, **({"environment": {"AWS_STS_REGIONAL_ENDPOINTS": "legacy"}} if old else {})}
            try:
                found = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual, **({"UseGlobalEndpoint": old} if of_old else {}))
                signed_for = [s.get("signingRegion", region) for s in found.properties.get("authSchemes", []) if s["name"] == "sigv4"] or [region]
                case["url"] = found.url + ("" if signed_for[0] == region else " " + signed_for[0])
            except botocore.exceptions.EndpointProviderError:
                case["error"] = "no"
            cases.append(case)
print(json.dumps([botocore.__version__, cases]))
"""

NEWER = ["eu-west-9", "us-north-2", "mx-central-3", "il-south-1", "cn-south-9", "us-gov-central-1", "us-iso-north-1", "us-isob-south-2", "eu-isoe-north-1", "us-isof-west-7", "eusc-de-west-2",
         "eusc-fr-north-1", "nz-north-1", "us-gov-x", "x", "cn-1"]


@unittest.skipUnless(PYTHON, "moto, boto3 and awscli are not installed, and could not be")
class EndpointRules(unittest.TestCase):
    def test_every_region_of_every_partition_is_where_botocore_has_it(self):
        table = json.loads((common.TOP / "src/aws/read/endpoints.json").read_text())
        services = [service for service in table["services"] if service != "globalaccelerator"]  # is asked in one region only
        done = subprocess.run([PYTHON, "-c", WORK_OUT, json.dumps(services), json.dumps(NEWER)], text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        version, cases = json.loads(done.stdout)
        self.assertGreater(len(cases), 2000)
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(cases, file)
            file.flush()
            done = subprocess.run([os.path.join(os.path.dirname(common.SGPROOF), "test_client"), "endpoints", file.name], text=True, capture_output=True)
        other = [line for line in done.stderr.splitlines() if "http" in line]
        print("%s beside %s: %d of %d places differ" % (table["source"], version, len(other), len(cases)), file=sys.stderr)
        if table["source"] == "botocore " + version:
            self.assertEqual((done.returncode, other), (0, []), done.stdout)
        # Between two versions of botocore AWS moves some places, and none that are asked without FIPS or dual stack.
        self.assertLess(len(other), len(cases) / 20, other)
        moved = tuple("organizations %s:" % region for region in NEWER)  # which 1.44.8 asks in one region of each partition
        self.assertEqual([line for line in other if " fips:" not in line and " dual:" not in line and not line.startswith(moved)], [])


if __name__ == "__main__":
    unittest.main()
