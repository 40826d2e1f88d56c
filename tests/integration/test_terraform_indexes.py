"""diff --terraform: which of several instances an index means. A plan tells of "aws_subnet.s[count.index]" and of "aws_subnet.s[(count.index + 1) % 2]" the same, so the
configuration has to; and where it does not, what may be meant is possible. Of the subnets of a new VPC the first ("[0]", "a") alone gives addresses."""
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from oracle import estates
from test_terraform import change, instance, refer
from test_terraform_siblings import NEW, base

COUNTED, KEYED = ["[0]", "[1]"], ['["a"]', '["b"]']
MAP = {"hosts": {"value": {"a": {"subnet": "b"}, "b": {"subnet": "a"}}}, "names": {"value": {"a": "b", "b": "a"}}}


class Indexes(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        (cls.path / "base").mkdir()
        estates.write(base(), cls.path / "base")

    def hosts(self, said, references, keys, own=None, over=(), module="", outputs=None, files=(), hosts="", **more):
        """(exit status, the hosts that 443 opens at exactly, the certainties, what is unknown), of hosts whose subnet_id `said` writes."""
        subnets = [change(module + "aws_subnet.s" + key, ["create"], None, {"vpc_id": "vpc-1", "cidr_block": "10.0.%d.0/24" % (9 + n), "map_public_ip_on_launch": n == 0}, {"id": True}) for n, key in enumerate(keys)]
        if "{}" in module:
            for one, key in zip(subnets, keys):
                one.update(address=module.format(key) + "aws_subnet.s", module_address=module.format(key)[:-1], type="aws_subnet", name="s")
        entry = refer("aws_instance.i", subnet_id=references)
        if over:
            entry["for_each_expression"] = {"references": list(over)}
        root = {"resources": [entry] + ([] if module else [refer("aws_subnet.s")])}
        if module:
            root["module_calls"] = {"net": {"module": {"resources": [refer("aws_subnet.s")], "outputs": outputs}}}
        plan = {"format_version": "1.2", "terraform_version": "1.9.8", "configuration": {"root_module": root}, **more,
                "resource_changes": subnets + [instance("aws_instance.i" + key, vpc_security_group_ids=["sg-1"]) for key in own or keys]}
        (self.path / "plan.json").write_text(json.dumps(plan))
        words = []
        if said is not None:
            with tempfile.TemporaryDirectory(dir=self.path) as folder:
                (pathlib.Path(folder) / "main.tf").write_text('resource "aws_instance" "i" {\n%s  subnet_id = %s\n}\n' % ("  for_each = %s\n" % over[0] if over else "", said))
                return self.judged(["--source", folder])
        return self.judged(words)

    def judged(self, words):
        done = common.sgproof("diff", "--terraform", self.path / "plan.json", self.path / "base", "--format", "json", *words)
        found = json.loads(done.stdout)
        opens = [x for x in found["opened"] if x["internet"] and x["path"] == "two-way" and x["address"] == NEW and x["from_port"] == 443 and not x["indirect"]]
        return done.returncode, [x["eni_id"].split()[0].removeprefix("aws_instance.i") for x in opens if x["certainty"] == "exact"], {x["certainty"] for x in opens}, found["unknown"]

    def test_an_index_that_the_configuration_shows_to_be_plain_is_followed(self):
        counted, keyed = ["aws_subnet.s", "count.index"], ["aws_subnet.s", "each.key"]
        for said, references, keys, own, right in (
                ("aws_subnet.s[count.index].id", counted, COUNTED, None, ["[0]"]), ("aws_subnet.s.*.id[count.index]", counted, COUNTED, None, ["[0]"]),
                ("aws_subnet.s[*].id[ count.index ]", counted, COUNTED, None, ["[0]"]), ('"${aws_subnet.s[count.index].id}"', counted, COUNTED, None, ["[0]"]),
                ("aws_subnet.s[each.key].id", keyed, KEYED, None, ['["a"]']),
                ("element(aws_subnet.s[*].id, count.index)", counted, COUNTED, ["[0]", "[1]", "[2]", "[3]"], ["[0]", "[2]"]),
                ("element(aws_subnet.s.*.id, count.index)", counted, COUNTED, ["[0]"], ["[0]"])):
            with self.subTest(said):
                self.assertEqual(self.hosts(said, references, keys, own), (0, right, {"exact"}, []))

    def test_an_index_that_is_an_expression_or_of_which_nothing_tells_is_not_guessed(self):
        counted, keyed, value = ["aws_subnet.s", "count.index"], ["aws_subnet.s", "each.key"], ["aws_subnet.s", "each.value"]
        for said, references, keys in (
                (None, counted, COUNTED), (None, keyed, KEYED), (None, value, KEYED), (None, ["aws_subnet.s", "var.names", "each.key"], KEYED),
                ("aws_subnet.s[(count.index + 1) % 2].id", counted, COUNTED), ("reverse(aws_subnet.s[*].id)[count.index]", counted, COUNTED),
                ("aws_subnet.s[1 - count.index].id", counted, COUNTED), ("element(reverse(aws_subnet.s[*].id), count.index)", counted, COUNTED),
                ("count.index == 0 ? aws_subnet.s[1].id : aws_subnet.s[0].id", counted, COUNTED), ("[for s in aws_subnet.s : s.id][count.index]", counted, COUNTED),
                ('aws_subnet.s[each.key == "a" ? "b" : "a"].id', keyed, KEYED), ("aws_subnet.s[var.names[each.key]].id", ["aws_subnet.s", "var.names", "each.key"], KEYED),
                ("aws_subnet.s[lookup(var.names, each.key)].id", ["aws_subnet.s", "var.names", "each.key"], KEYED), ("aws_subnet.s[each.value].id", value, KEYED)):
            with self.subTest(said or references):
                status, exact, certainties, unknown = self.hosts(said, references, keys)
                self.assertEqual((status, exact, certainties, len(unknown)), (3, [], {"possible"}, 2))
                self.assertIn("which of 2 its subnet_id is", unknown[0])
                self.assertEqual(said is None, unknown[0].endswith(", --source may"))

    def test_each_value_is_known_where_for_each_is_a_variable_of_the_plan(self):
        for said, references, over, right in (("aws_subnet.s[each.value].id", ["aws_subnet.s", "each.value"], "var.names", ['["b"]']),
                                              ("aws_subnet.s[each.value.subnet].id", ["aws_subnet.s", "each.value.subnet", "each.value"], "var.hosts", ['["b"]'])):
            self.assertEqual(self.hosts(said, references, KEYED, over=[over], variables=MAP), (0, right, {"exact"}, []))
            self.assertEqual(self.hosts(said, references, KEYED, over=[over])[0], 3)  # its value is not told
        done = self.hosts('aws_subnet.s[each.value].id\n  count = 2 # no for_each', ["aws_subnet.s", "each.value"], KEYED, variables=MAP)
        self.assertEqual(done[0], 3)

    def test_an_index_of_a_module_and_of_its_output_is_followed(self):
        one = {"id": {"expression": {"references": ["aws_subnet.s.id", "aws_subnet.s"]}}}
        self.assertEqual(self.hosts("module.net[each.key].id", ["module.net", "each.key"], KEYED, module="module.net{}.", outputs=one), (0, ['["a"]'], {"exact"}, []))
        self.assertEqual(self.hosts(None, ["module.net", "each.key"], KEYED, module="module.net{}.", outputs=one)[0], 3)
        several = {"ids": {"expression": {"references": ["aws_subnet.s"]}}}
        output = ["module.net.ids", "module.net", "count.index"]
        self.assertEqual(self.hosts("module.net.ids[count.index]", output, COUNTED, module="module.net.", outputs=several), (0, ["[0]"], {"exact"}, []))
        self.assertEqual(self.hosts("module.net.ids[1 - count.index]", output, COUNTED, module="module.net.", outputs=several)[:2], (3, []))
        self.assertEqual(self.hosts(None, output, COUNTED, module="module.net.", outputs=several)[:2], (3, []))


if __name__ == "__main__":
    unittest.main()
