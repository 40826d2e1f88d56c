"""Differences of an address that several interfaces are said to have: what any of them lets in counts, on each side, once."""
import json
import os
import sys
import unittest

sys.path[:0] = [os.path.join(os.path.dirname(__file__), ".."), os.path.dirname(__file__)]
import common
from test_constructs_gates import world
from test_load_balancers import interface
from test_shared_addresses import shared
from test_snapshots import permission
from test_world import V4, documents, each, folder


def alone(*admitted, number=1):
    """V4 on one interface, whose group admits these ports."""
    made = world()
    made["SecurityGroups"] = [{"GroupId": "sg-%d" % number, "VpcId": "vpc-1", "IpPermissions": [permission("tcp", ports, ["0.0.0.0/0"]) for ports in admitted]}]
    made["NetworkInterfaces"] = [interface(str(number), "10.0.0.%d" % number, groups=["sg-%d" % number], public=V4, instance="i-%d" % number)]
    made["Reservations"] = [{"Instances": [{"InstanceId": "i-%d" % number, "State": {"Name": "running"}}]}]
    return folder(documents(made))


SSH, WEB = (22, 22), (443, 443)


class SharedDiff(unittest.TestCase):
    maxDiff = None

    def diff(self, before, after):
        """{kind: [(port, interface)]}"""
        done = common.sgproof("diff", before, after, "--format", "json")
        self.assertEqual(done.returncode, 3, done.stdout + done.stderr)
        self.told = json.loads(done.stdout)
        found = {}
        for one in [one for one in common.moved(self.told) if one["internet"]]:
            found.setdefault(one["change"], []).append((one["from_port"], one["eni_id"]))
        return found

    @each([((), (SSH,)), ((SSH,), ()), ((SSH,), (SSH,)), ((SSH,), (WEB,))])
    def test_nothing_moves_where_nothing_did(self, first, second):
        self.assertEqual(self.diff(shared(first, second), shared(first, second)), {})

    def test_what_the_second_interface_lets_in_as_well_opens(self):
        self.assertEqual(self.diff(shared((SSH,), ()), shared((SSH,), (WEB,))), {"opened": [(443, "eni-2")]})
        one = [one for one in self.told["opened"] if one["internet"]][0]
        self.assertEqual((one["certainty"], one["causes"][0]["id"]), ("possible", "sg-2:0"))

    def test_what_the_second_interface_no_longer_lets_in_closes(self):
        self.assertEqual(self.diff(shared((SSH,), (WEB,)), shared((SSH,), ())), {"closed": [(443, "eni-2")]})

    def test_what_moves_from_one_of_them_to_the_other_neither_opens_nor_closes(self):
        self.assertEqual(self.diff(shared((SSH,), ()), shared((), (SSH,))), {})

    def test_what_both_begin_to_let_in_opens_once(self):
        self.assertEqual(self.diff(shared((), ()), shared((SSH,), (SSH,))), {"opened": [(22, "eni-1")]})

    def test_what_one_of_them_goes_on_letting_in_does_not_close(self):
        self.assertEqual(self.diff(shared((SSH,), (SSH,)), shared((), (SSH,))), {})

    def test_an_interface_that_is_said_to_have_the_address_too_opens_what_it_lets_in_and_makes_the_rest_possible(self):
        self.assertEqual(self.diff(alone(SSH), shared((SSH,), (WEB,))), {"opened": [(443, "eni-2")], "altered": [(22, "eni-1")]})
        self.assertEqual(self.told["altered"][0]["certainty"], "possible")
        self.assertEqual(self.diff(shared((SSH,), (WEB,)), alone(SSH)), {"closed": [(443, "eni-2")], "altered": [(22, "eni-1")]})

    def test_what_is_possible_by_both_is_altered_once(self):
        self.assertEqual(self.diff(alone(SSH), shared((SSH,), (SSH,))), {"altered": [(22, "eni-1")]})

    def test_an_address_that_goes_to_the_second_interface_alone(self):
        self.assertEqual(self.diff(shared((SSH,), (WEB,)), alone(WEB, number=2)), {"closed": [(22, "eni-1")], "altered": [(443, "eni-2")]})

    @each([(("running", "stopped"), ("running", "running"), {"opened": [(443, "eni-2")]}), (("running", "running"), ("stopped", "running"), {"closed": [(22, "eni-1")]})])
    def test_one_that_sleeps_lets_nothing_in_today(self, before, after, moved):
        self.assertEqual(self.diff(shared((SSH,), (WEB,), before), shared((SSH,), (WEB,), after)), moved)

    def test_whatever_the_order_of_the_interfaces(self):
        self.diff(shared((SSH,), ()), shared((SSH,), (WEB,)))
        first = self.told
        made = json.loads((shared((SSH,), (WEB,)) / "NetworkInterfaces.json").read_text())
        after = shared((SSH,), (WEB,))
        (after / "NetworkInterfaces.json").write_text(json.dumps({"NetworkInterfaces": made["NetworkInterfaces"][::-1]}))
        self.diff(shared((SSH,), ()), after)
        self.assertEqual((self.told["opened"], self.told["closed"], self.told["altered"]), (first["opened"], first["closed"], first["altered"]))


if __name__ == "__main__":
    unittest.main()
