"""diff --terraform: which of several instances an index means. A plan tells of "aws_subnet.s[count.index]" and of "aws_subnet.s[(count.index + 1) % 2]" the same, so the
configuration has to; and where it does not, what may be meant is possible. Of the subnets of a new VPC the first ("[0]", "a") alone gives addresses."""
import json
import os
import pathlib
import resource
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


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.path = pathlib.Path(folder.name)
        (cls.path / "base").mkdir()
        estates.write(base(), cls.path / "base")

    def hosts(self, said, references, keys, own=None, over=(), module="", outputs=None, beside="", files=(), data=(), **more):
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
            root["module_calls"] = {"net": {**({"for_each_expression": {}} if "{}" in module else {}), "module": {"resources": [refer("aws_subnet.s")], "outputs": outputs}}}
        plan = {"format_version": "1.2", "terraform_version": "1.9.8", "configuration": {"root_module": root}, **more,
                "resource_changes": subnets + list(data) + [instance("aws_instance.i" + key, vpc_security_group_ids=["sg-1"]) for key in own or keys]}
        (self.path / "plan.json").write_text(json.dumps(plan))
        words = []
        if said is not None:
            with tempfile.TemporaryDirectory(dir=self.path) as folder:
                for name, text in dict(files).items():
                    (pathlib.Path(folder) / name).parent.mkdir()
                    (pathlib.Path(folder) / name).write_text(text)
                (pathlib.Path(folder) / "main.tf").write_text(beside + 'resource "aws_instance" "i" {\n%s  subnet_id = %s\n}\n' % ("  for_each = %s\n" % over[0] if over else "", said))
                return self.judged(["--source", folder])
        return self.judged(words)

    def judged(self, words):
        done = common.sgproof("diff", "--terraform", self.path / "plan.json", self.path / "base", "--format", "json", *words)
        found = json.loads(done.stdout)
        opens = [x for x in found["opened"] if x["internet"] and x["path"] == "two-way" and x["address"] == NEW and x["from_port"] == 443 and not x["indirect"]]
        return done.returncode, [x["eni_id"].split()[0].removeprefix("aws_instance.i") for x in opens if x["certainty"] == "exact"], {x["certainty"] for x in opens}, found["unknown"]


class Indexes(Case):
    def test_an_index_that_the_configuration_shows_to_be_plain_is_followed(self):
        counted, keyed = ["aws_subnet.s", "count.index"], ["aws_subnet.s", "each.key"]
        for said, references, keys, own, right in (
                ("aws_subnet.s[count.index].id", counted, COUNTED, None, ["[0]"]), ("aws_subnet.s.*.id[count.index]", counted, COUNTED, None, ["[0]"]),
                ("aws_subnet.s[ count.index ].id", counted, COUNTED, None, ["[0]"]), ('"${aws_subnet.s[count.index].id}"', counted, COUNTED, None, ["[0]"]),
                ("aws_subnet.s[each.key].id", keyed, KEYED, None, ['["a"]']),
                ("element(aws_subnet.s[*].id, count.index)", counted, COUNTED, ["[0]", "[1]", "[2]", "[3]"], ["[0]", "[2]"]),
                ("element(aws_subnet.s.*.id, count.index)", counted, COUNTED, ["[0]"], ["[0]"])):
            with self.subTest(said):
                self.assertEqual(self.hosts(said, references, keys, own), (0, right, {"exact"}, []))

    def test_an_index_that_is_an_expression_is_evaluated(self):
        counted, keyed = ["aws_subnet.s", "count.index"], ["aws_subnet.s", "each.key"]
        for said, references, keys, right in (
                ("aws_subnet.s[(count.index + 1) % 2].id", counted, COUNTED, ["[1]"]), ("reverse(aws_subnet.s[*].id)[count.index]", counted, COUNTED, ["[1]"]),
                ("aws_subnet.s[1 - count.index].id", counted, COUNTED, ["[1]"]), ("element(reverse(aws_subnet.s[*].id), count.index)", counted, COUNTED, ["[1]"]),
                ("count.index == 0 ? aws_subnet.s[1].id : aws_subnet.s[0].id", counted, COUNTED, ["[1]"]), ("[for s in aws_subnet.s : s.id][count.index]", counted, COUNTED, ["[0]"]),
                ("[for n, s in aws_subnet.s : s.id if n != count.index][0]", counted, COUNTED, ["[1]"]), ("aws_subnet.s[min(count.index, 9)].id", counted, COUNTED, ["[0]"]), ("aws_subnet.s[parseint(count.index, 10)].id", counted, COUNTED, None),
                ('aws_subnet.s[each.key == "a" ? "b" : "a"].id', keyed, KEYED, ['["b"]']), ('{ for k, s in aws_subnet.s : "x-${k}" => s.id }["x-${each.key}"]', keyed, KEYED, ['["a"]']),
                ('try(aws_subnet.s["c"].id, aws_subnet.s[each.key].id)', keyed, KEYED, ['["a"]']), ("lookup(aws_subnet.s, each.key).id", keyed, KEYED, ['["a"]']),
                ('aws_subnet.s[tolist(toset(["b", "a"]))[0]].id', ["aws_subnet.s"], KEYED, ['["a"]', '["b"]'])):
            with self.subTest(said):
                found = self.hosts(said, references, keys)
                self.assertEqual(found[:3], (0, right, {"exact"}) if right else (3, [], {"possible"}), found)

    def test_an_index_of_which_nothing_tells_is_not_guessed(self):
        counted, keyed, value, named = ["aws_subnet.s", "count.index"], ["aws_subnet.s", "each.key"], ["aws_subnet.s", "each.value"], ["aws_subnet.s", "var.names", "each.key"]
        for said, references, keys in (
                (None, counted, COUNTED), (None, keyed, KEYED), (None, value, KEYED), (None, named, KEYED), ("aws_subnet.s[var.names[each.key]].id", named, KEYED),
                ("aws_subnet.s[lookup(var.names, each.key)].id", named, KEYED), ("aws_subnet.s[each.value].id", value, KEYED), ("aws_subnet.s[parseint(count.index, 10)].id", counted, COUNTED),
                ("tolist(toset(aws_subnet.s[*].id))[count.index]", counted, COUNTED), ("sort(aws_subnet.s[*].id)[count.index]", counted, COUNTED), ("[for s in toset(aws_subnet.s[*].id) : s][count.index]", counted, COUNTED),
                ("aws_subnet.s[count.index].id ?? 1", counted, COUNTED), ("aws_subnet.s[count.index", counted, COUNTED), ("aws_subnet.s[count.index].vpc_id", counted, COUNTED)):
            with self.subTest(said or references):
                status, exact, certainties, unknown = self.hosts(said, references, keys)
                self.assertEqual((status, exact, certainties, len(unknown)), (3, [], {"possible"}, 2))
                self.assertIn("which of 2 its subnet_id is", unknown[0])
                self.assertEqual(said is None, unknown[0].endswith(", --source may"))

    def test_locals_are_evaluated(self):
        """Each as Terraform 1.11 and provider 5.100 applied it."""
        of = {"hosts": {"value": {"a": {"subnet": "b"}, "b": {"subnet": "a"}}}, "more": {"value": False}}
        for beside, said, references, keys, right in (
                ("ids = { for k, s in aws_subnet.s : k => s.id }", "local.ids[each.key]", ["local.ids", "each.key"], KEYED, ['["a"]']),
                ("ids = zipmap(keys(aws_subnet.s), values(aws_subnet.s)[*].id)", 'local.ids["b"]', ['local.ids["b"]', "local.ids"], KEYED, []),
                ("ids = values(aws_subnet.s)[*].id", "local.ids[0]", ["local.ids[0]", "local.ids"], KEYED, ['["a"]', '["b"]']),
                ('ids = merge({ x = aws_subnet.s["b"].id }, { y = aws_subnet.s["a"].id })', "local.ids.y", ["local.ids.y", "local.ids"], KEYED, ['["a"]', '["b"]']),
                ("ids = flatten([[aws_subnet.s[1].id], [[aws_subnet.s[0].id]]])", "local.ids[count.index]", ["local.ids", "count.index"], COUNTED, ["[1]"]),
                ("ids = concat(aws_subnet.s[*].id, [\n# of others\n])", "element(local.ids, count.index)", ["local.ids", "count.index"], COUNTED, ["[0]"]),
                ("one = one(slice(aws_subnet.s, 1, 2)[*].id)", "local.one", ["local.one"], COUNTED, []),
                ("own = var.more ? aws_subnet.s[1].id : aws_subnet.s[0].id", "local.own", ["local.own"], COUNTED, COUNTED),
                ("of = local.first\n  first = coalesce(null, try(aws_subnet.s[7].id, null), aws_subnet.s[0].id)", "local.of", ["local.of"], COUNTED, COUNTED),
                ("sub = { for k, v in var.hosts : k => aws_subnet.s[v.subnet].id }", "local.sub[each.key]", ["local.sub", "each.key"], KEYED, ['["b"]'])):
            with self.subTest(beside):
                found = self.hosts(said, references, keys, beside="locals {\n  %s\n}\nvariable \"more\" {\n}\nvariable \"hosts\" {\n}\n" % beside, variables=of)
                self.assertEqual(found, (0, right, {"exact"} if right else set(), []))
                status, exact, certainties, _ = self.hosts(said, references, keys, variables=of)  # the file that says it is not there
                self.assertEqual((status, exact, certainties), (3, [], {"possible"}))

    def test_a_data_source_that_is_read_later_is_what_its_id_refers_to(self):
        later = {"mode": "data", "type": "aws_subnet", "name": "d", "change": {"actions": ["read"], "before": None, "after": {}, "after_unknown": {"id": True, "vpc_id": True}}}
        for key, id, said, right in (("", "aws_subnet.s[0].id", "data.aws_subnet.d.id", COUNTED), ("[0]", "element(aws_subnet.s[*].id, 1)", "data.aws_subnet.d[0].id", []),
                                     ("", "aws_vpc.v.id", "data.aws_subnet.d.id", None), ("[1]", "aws_subnet.s[0].id", "data.aws_subnet.d[1].id", None)):
            change = {**later, "address": "data.aws_subnet.d" + key, **({"index": int(key[1])} if key else {})}
            found = self.hosts(said, [said, said[:-3], "data.aws_subnet.d"], COUNTED, beside='data "aws_subnet" "d" {\n  id = %s\n}\n' % id, data=[change])
            self.assertEqual(found[:3], (3, [], {"possible"}) if right is None else (0, right, {"exact"} if right else set()), found)

    def test_what_is_not_understood_of_a_local_is_possible(self):
        of = {"hosts": {"value": {"a": {"subnet": "b"}, "b": {"subnet": "a"}}}}
        optional = 'variable "hosts" {\n  type = map(object({ subnet = string, zone = optional(string) }))\n}\n'
        for beside, said, references, keys in (
                ("locals {\n  a = local.b\n  b = local.a\n}\n", "local.a", ["local.a"], COUNTED), ("locals {\n  a = [for s in aws_subnet.s : s.id...]\n}\n", "local.a[0]", ["local.a[0]", "local.a"], COUNTED),
                ("locals {\n  a = jsondecode(file(\"a.json\"))\n}\n", "aws_subnet.s[local.a[count.index]].id", ["aws_subnet.s", "local.a", "count.index"], COUNTED),
                ("locals {\n  a = { for k, s in aws_subnet.s : (s.id) => s.id }\n}\n", "values(local.a)[count.index]", ["local.a", "count.index"], COUNTED),
                ("locals {\n  a = %saws_subnet.s[0].id%s\n}\n" % ("(" * 400, ")" * 400), "local.a", ["local.a"], COUNTED),
                (optional, 'var.hosts[each.key].zone == null ? aws_subnet.s["a"].id : aws_subnet.s["b"].id', ["var.hosts", "each.key", 'aws_subnet.s["a"].id', 'aws_subnet.s["b"].id'], KEYED)):
            with self.subTest(beside[:60]):
                status, exact, certainties, _ = self.hosts(said, references, keys, beside=beside, variables=of)
                self.assertEqual((status, exact, certainties), (3, [], {"possible"}))

    def test_what_refers_to_itself_through_resources_ends(self):
        subnet = lambda n, to: change("aws_subnet.c%d" % n, ["create"], None, {"cidr_block": "10.0.%d.0/24" % (30 + n)}, {"id": True, "vpc_id": True})
        root = {"resources": [refer("aws_subnet.c%d" % n, vpc_id=["aws_subnet.c%d.vpc_id" % (1 - n), "aws_subnet.c%d" % (1 - n)]) for n in range(2)]}
        (self.path / "plan.json").write_text(json.dumps({"format_version": "1.2", "terraform_version": "1.9.8", "configuration": {"root_module": root}, "resource_changes": [subnet(0, 1), subnet(1, 0)]}))
        with tempfile.TemporaryDirectory(dir=self.path) as folder:
            (pathlib.Path(folder) / "main.tf").write_text("".join('resource "aws_subnet" "c%d" {\n  vpc_id = aws_subnet.c%d.vpc_id\n}\n' % (n, 1 - n) for n in range(2)))
            self.assertEqual(self.judged(["--source", folder])[0], 3)

    def test_an_expression_of_another_configuration_than_the_plans_is_not_believed(self):
        for references in (["aws_subnet.s", "count.index"], ["local.other"]):
            self.assertEqual(self.hosts("aws_subnet.s[0].id", references, COUNTED)[:2], (3, []))

    def test_each_value_is_known_where_for_each_is_a_variable_of_the_plan(self):
        for said, references, over, right in (("aws_subnet.s[each.value].id", ["aws_subnet.s", "each.value"], "var.names", ['["b"]']),
                                              ("aws_subnet.s[each.value.subnet].id", ["aws_subnet.s", "each.value.subnet", "each.value"], "var.hosts", ['["b"]'])):
            self.assertEqual(self.hosts(said, references, KEYED, over=[over], variables=MAP), (0, right, {"exact"}, []))
            self.assertEqual(self.hosts(said, references, KEYED, over=[over])[0], 3)  # its value is not told
        done = self.hosts('aws_subnet.s[each.value].id\n  count = 2 # no for_each', ["aws_subnet.s", "each.value"], KEYED, variables=MAP)
        self.assertEqual(done[0], 3)

    def test_an_index_of_a_module_and_of_its_output_is_evaluated(self):
        one, several = {"id": {"expression": {"references": ["aws_subnet.s.id", "aws_subnet.s"]}}}, {"ids": {"expression": {"references": ["aws_subnet.s"]}}}
        output, keyed = ["module.net.ids", "module.net", "count.index"], ["module.net", "each.key"]
        for given, said, references, keys, outputs, right in (
                ("id=aws_subnet.s.id", "module.net[each.key].id", keyed, KEYED, one, ['["a"]']), ("id=aws_subnet.s.id", 'module.net[each.key == "a" ? "b" : "a"].id', keyed, KEYED, one, ['["b"]']),
                ("ids=aws_subnet.s[*].id", "module.net.ids[count.index]", output, COUNTED, several, ["[0]"]), ("ids=aws_subnet.s[*].id", "module.net.ids[1 - count.index]", output, COUNTED, several, ["[1]"]),
                ("ids=reverse(aws_subnet.s[*].id)", "module.net.ids[count.index]", output, COUNTED, several, ["[1]"]), ("ids=cidrsubnets(aws_subnet.s[*].id)", "module.net.ids[count.index]", output, COUNTED, several, None)):
            with self.subTest(given + " " + said):
                module = "module.net{}." if keys is KEYED else "module.net."
                files = {"net/main.tf": 'output "%s" {\n  value = %s\n}\n' % tuple(given.split("="))}
                call = 'module "net" {\n  source = "./net"\n%s}\n' % ('  for_each = toset(["a", "b"])\n' if keys is KEYED else "")
                found = self.hosts(said, references, keys, module=module, outputs=outputs, beside=call, files=files)
                self.assertEqual(found[:3], (0, right, {"exact"}) if right else (3, [], {"possible"}), found)
                for said, files in ((None, {}), (said, {})):
                    self.assertEqual(self.hosts(said, references, keys, module=module, outputs=outputs, beside=call, files=files)[:2], (3, []))


class Bombs(Case):
    """Expressions that would take days or all memory are not evaluated to their end: what rests on them is possible, and it is said."""

    def locals_of(self, first, step, count):
        return "locals {\n  a0 = %s\n%s}\n" % (first, "".join("  a%d = %s\n" % (n, step.replace("X", "local.a%d" % (n - 1))) for n in range(1, count)))

    def test_what_expressions_take_has_an_end(self):
        plain = "aws_subnet.s[0].id"
        many = lambda text: "[for a in range(4000) : %s] == [] ? null : %s" % (text, plain)
        for name, beside, said in (
                ("lists in lists of nothing, in each other 12 times", self.locals_of("[]", "[%s]" % ", ".join(["X"] * 12), 16), "concat(flatten(local.a15), [%s])[0]" % plain),
                ("lists of texts in each other 10 times", self.locals_of('["x"]', "[%s]" % ", ".join(["X"] * 10), 16), "coalescelist(local.a15, [%s])[0]" % plain),
                ("a long text for each", "", many('"%s"' % ("a" * 3000000))), ("a long comment for each", "", many("[for b in range(4) : /* %s */ b]" % ("a" * 3000000))),
                ("texts made for each", self.locals_of('"%s"' % ("a" * 60000), "X", 2), many('[for b in range(4) : "${local.a0}${a}"]')),
                ("lists joined for each", self.locals_of("range(4000)", "concat(X, X, X, X)", 2), many("concat(local.a1)")),
                ("elements compared for each", self.locals_of('[for a in range(4000) : "x${a}"]', "X", 2), many("distinct(local.a0)")),
                ("maps merged for each", self.locals_of('{ for a in range(4000) : "x${a}" => a }', "X", 2), many("merge(local.a0, local.a0)")),
                ("keys of each", self.locals_of('{ for a in range(4000) : "x${a}" => a }', "X", 2), many("keys(local.a0)")),
                ("texts split for each", self.locals_of('"%s"' % ("," * 60000), "X", 2), many('split(",", local.a0)'))):
            with self.subTest(name):
                began = os.times()
                status, exact, certainties, unknown = self.hosts(said, ["aws_subnet.s"], COUNTED, beside=beside)
                self.assertEqual((status, exact, certainties), (3, [], {"possible"}))
                self.assertIn("--source: its expressions take more work or memory", " ".join(unknown))
                self.assertLess(os.times().children_user - began.children_user, 60)  # with sanitizers; without, 3 s
        self.assertLess(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, 900 << 10)

    def test_a_name_is_not_looked_for_among_all_others(self):
        beside = "".join("locals {\n  a%d = 1\n}\n" % n for n in range(100000))
        began = os.times()
        said = "[%s] == [] ? null : aws_subnet.s[0].id" % ", ".join("local.a%d" % n for n in range(99999, 90000, -1))
        self.assertEqual(self.hosts(said, ["aws_subnet.s"], COUNTED, beside=beside)[2], {"exact"})
        self.assertLess(os.times().children_user - began.children_user, 20)

    def test_much_that_is_honest_is_evaluated(self):
        hosts = ["[%d]" % n for n in range(500)]
        status, exact, _, unknown = self.hosts("aws_subnet.s[[for x in local.a0 : x if x == count.index][0] % 2].id", ["aws_subnet.s", "local.a0", "count.index"], COUNTED, hosts, beside=self.locals_of("range(500)", "X", 2))
        self.assertEqual((status, exact, unknown), (0, hosts[::2], []))


if __name__ == "__main__":
    unittest.main()
