"""Each row of ../shared/field/semantics.md with its own input: what was silently wrong in November 2026, and what was right beside it."""
import concurrent.futures
import json
import os
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(__file__), ".."))
import common
from test_world import reach

FIELD = common.TOP.parent / "shared/field/semantics"
V4, V6, FRONT = "198.51.100.7", "2600:1f18:1:1::10", "198.51.100.20"
# Folder: exit status, {address: how TCP is reached}, the port, {(target, port, certainty)} behind load balancers and services, words that the output holds.
ROWS = {
    "00-base": (0, {V4: "exact"}, 443, set(), []),
    "01-denyigw": (0, {V6: "no"}, 443, set(), []),
    "02-alb-internal-v6-open": (0, {V6: "exact"}, 443, set(), []),
    "04-private-gua": (0, {V6: "no"}, 443, set(), []),
    "05-tgw-eni-v6": (0, {V6: "no"}, 443, set(), []),
    "06-gwlbe-eni-v6": (0, {V6: "no"}, 443, set(), []),
    "07-status-associated": (3, {V4: "possible"}, 443, set(), ["eni-1 is associated"]),
    "07-status-attaching": (3, {V4: "possible"}, 443, set(), ["eni-1 is attaching"]),
    "07-status-available": (3, {V4: "possible"}, 443, set(), ["eni-1 is available, and its attachment is attached"]),
    "07-status-detaching": (3, {V4: "possible"}, 443, set(), ["eni-1 is detaching"]),
    "08-carrier": (0, {"155.146.10.111": "possible"}, 443, set(), ["the carrier gateway of vpc-1, by which its CarrierIp is reached, is not modelled"]),
    "10-bpa-on": (0, {V4: "no"}, 443, set(), []),
    "11-bpa-excl-create-complete": (0, {V4: "exact"}, 443, set(), []),
    "11-bpa-excl-create-failed": (0, {V4: "possible"}, 443, set(), ["an exclusion of arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1 from VPC Block Public Access is create-failed"]),
    "11-bpa-excl-delete-in-progress": (0, {V4: "possible"}, 443, set(), ["an exclusion of arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1 from VPC Block Public Access is"]),
    "11-bpa-excl-disable-complete": (0, {V4: "no"}, 443, set(), []),
    "11-bpa-excl-disable-in-progress": (0, {V4: "possible"}, 443, set(), ["an exclusion of arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1 from VPC Block Public Access is"]),
    "11-bpa-excl-update-failed": (0, {V4: "possible"}, 443, set(), ["an exclusion of arn:aws:ec2:us-east-1:111122223333:vpc/vpc-1 from VPC Block Public Access is update-failed"]),
    "12-bpa-excl-notallowed": (0, {V4: "possible"}, 443, set(), ["exclusions from VPC Block Public Access are not-allowed"]),
    "14-bpa-shared-vpc-owner-blocks": (0, {V4: "no"}, 443, set(), []),
    "16-bpa-reservations-flat": (0, {V4: "no"}, 443, set(), []),
    "17-bpa-subnet-state": (0, {V4: "no"}, 443, set(), []),
    "18-bpa-other-region": (3, {V4: "possible"}, 443, set(), ["missing: VpcBlockPublicAccessOptions of 111122223333/us-east-1 (no such document in the snapshot)"]),
    "19-bpa-subnet-egress-vpc-bidir": (0, {V4: "possible"}, 443, set(), ["the exclusions of subnet-a and vpc-1 from VPC Block Public Access differ"]),
    "20-alb-plain": (0, {FRONT: "exact"}, 443, {("10.0.2.30", 80, "possible")}, []),
    "21-alb-rule-of-other-listener": (3, {FRONT: "exact"}, 443, {("10.0.2.30", 80, "exact"), ("10.0.2.30", 80, "possible")}, ["missing: rules of listener 443/HTTPS of load balancer web"]),
    "22-alb-weight0": (0, {FRONT: "exact"}, 80, {("10.0.2.30", 80, "possible")}, []),
    "23-alb-sg-no-egress": (0, {FRONT: "exact"}, 80, set(), []),
    "25-classic-missing-instance": (3, {FRONT: "exact"}, 80, set(), ["missing: the interface of target i-gone of classic load balancer old"]),
    "26-ipv6-tg": (0, {FRONT: "exact", "2600:1f18:1:1::20": "exact", "2600:1f18:1:2::30": "no"}, 80, {("2600:1f18:1:2::30", 80, "possible")}, []),
    "27-alb-icmp": (0, {FRONT: "exact"}, 80, set(), ['"protocol": "icmp"']),
    "28-tg-ip-other-vpc": (3, {FRONT: "exact"}, 80, {("10.9.2.30", 80, "possible")}, ["missing: the interface of target 10.9.2.30 of target group tg1"]),
    "29-lambda": (0, {FRONT: "exact"}, 80, set(), ["the Lambda function behind target group tg1"]),
    "30-nlb-plain": (0, {FRONT: "exact"}, 80, set(), ["whether network load balancer nl answers ICMP is not documented"]),
    "31-nlb-udp-listener": (0, {FRONT: "no"}, 443, set(), ['"protocol": "udp"', "whether network load balancer nl answers ICMP is not documented"]),
    "32-nlb-int-with-ga": (0, {}, 80, {("10.0.1.20", 80, "possible")}, ["AWS Global Accelerator by eni-ga, whose own documents are not read"]),
    "33-cloudfront-vpc-origin": (0, {}, 443, {("10.0.2.30", 80, "possible")}, ["CloudFront VPC origin by eni-cf, whose own documents are not read"]),
    "34-eice": (0, {}, 443, set(), ["whom IAM lets open tunnels by it is not judged"]),
    "40-sg-icmpv6": (0, {V4: "no", V6: "no"}, 443, set(), ['"protocol": "icmpv6"', '"protocol": "icmp"']),
    "41-sg-all-with-ports": (0, {V4: "exact"}, 443, set(), []),
    "42-esp": (3, {V4: "possible"}, 443, set(), ["unread: 111122223333/us-east-1/describe-security-groups"]),
    "42-icmp_-1-0": (0, {V4: "no"}, 443, set(), ['"protocol": "icmp"']),
    "42-icmp_0-65535": (3, {V4: "possible"}, 443, set(), ["unread: 111122223333/us-east-1/describe-security-groups"]),
    "42-icmp_3--1": (0, {V4: "no"}, 443, set(), ['"protocol": "icmp"']),
    "42-icmpv6_null": (0, {V4: "no"}, 443, set(), []),
    "42-tcp_-1--1": (0, {V4: "exact"}, 443, set(), []),
    "42-tcp_0-0": (0, {V4: "no"}, 443, set(), []),
    "42-udp_null": (0, {V4: "no"}, 443, set(), ['"protocol": "udp"']),
    "42-upper_TCP": (0, {V4: "exact"}, 80, set(), []),
    "43-nacl-deny-first": (0, {V4: "no"}, 443, set(), []),
    "44-nacl-noephemeral": (0, {V4: "exact"}, 443, set(), ['"client_ports": "443"']),
    "45-nacl-proto-icmp-v6": (0, {V6: "no"}, 443, set(), []),
    "46-nacl-1-v6": (0, {V6: "no"}, 443, set(), []),
    "47-nacl-portrange-null": (0, {V4: "exact"}, 443, set(), []),
    "48-nacl-all-with-portrange": (0, {V4: "exact"}, 443, set(), []),
    "50-split-route": (0, {V4: "exact"}, 443, set(), []),
    "51-blackhole-specific": (0, {V4: "exact"}, 443, set(), []),
    "52-filtered-route": (0, {V4: "exact+possible"}, 443, set(), ["replies are routed to eni-x, which is filtered, a kind of target that is not known"]),
    "53-advertised-same-dest": (0, {V4: "exact"}, 443, set(), []),
    "53b-advertised-same-dest-alphabetical": (0, {V4: "exact"}, 443, set(), []),
    "54-eigw": (0, {V6: "no"}, 443, set(), ["inbound-only"]),
    "57-edge-vpce": (0, {V4: "possible"}, 443, set(), ["edge route rtb-e:10.0.1.0/24 to vpce-1: what it lets through is not modelled"]),
    "58-edge-blackhole": (0, {V4: "possible"}, 443, set(), ["edge route rtb-e:10.0.1.0/24 to eni-x: what it lets through is not modelled"]),
    "59-two-enis": (0, {V4: "exact"}, 443, set(), ["eni-s is a secondary interface of i-1"]),
    "60-evs": (0, {V4: "possible"}, 443, set(), ["eni-1 is of type evs (Amazon EVS, to which security groups do not apply): what reaches it is not modelled"]),
    "61-nat": (0, {V4: "no"}, 443, set(), []),
    "62-sg-ref-only": (0, {V4: "no"}, 443, set(), []),
    "63-pl": (0, {V4: "exact"}, 443, set(), ["120.52.22.96/27"]),
    "64-pl-missing": (3, {V4: "possible"}, 443, set(), ["missing: entries of prefix list pl-3b927c52"]),
    "65-two-eips": (0, {V4: "exact", "198.51.100.8": "exact"}, 443, set(), []),
    "66-stopped": (0, {V4: "exact"}, 443, set(), ['"dormant": true']),
    "67-eip-detached": (0, {V4: "exact"}, 443, set(), ['"dormant": true']),
    "68-igw-detached": (0, {V4: "no"}, 443, set(), []),
    "69-addresses-nomatch": (3, {V4: "exact"}, 443, set(), ["missing: the interface that Elastic IP address 198.51.100.200 is associated with"]),
    "70-target-nacl-out-443-only": (0, {FRONT: "exact"}, 80, set(), []),
    "72-lambda-eni-v6": (0, {V6: "no"}, 443, set(), []),
    "74-participant-no-igw": (3, {V4: "possible"}, 443, set(), ["missing: internet gateway igw-1 of vpc-1"]),
    "75-participant-no-rt": (3, {V4: "possible"}, 443, set(), ["missing: network ACL of subnet subnet-a"]),
    "78-local-replaced": (0, {V4: "exact"}, 443, set(), ["replies are routed to eni-mb: what it lets through is not modelled"]),
    "79-assumptions-in-text": (0, {V4: "exact"}, 443, set(), []),
    "80-two-igw": (0, {V4: "possible"}, 443, set(), ["igw-1 is detaching from vpc-1"]),
    "81-nlb-eni-deny": (3, {V4: "possible"}, 443, set(), ["missing: load balancer app/web/zzz"]),
    "92-bpa-ingress-localzone": (0, {V4: "possible"}, 443, set(), ["whether block-ingress of VPC Block Public Access holds in the Local Zone of subnet-a"]),
    "93-bpa-excl-gwlbe": (0, {V4: "possible"}, 443, set(), ["replies are routed to vpce-1: what it lets through is not modelled"]),
}


def behind(output):
    return {(i["private_address"], x["from_port"], x["certainty"]) for i in output["indirect"] for x in i["exposures"]}


@unittest.skipUnless(FIELD.is_dir(), "../shared/field/semantics is not here")
class FieldRows(unittest.TestCase):
    maxDiff = None

    def test_every_row_has_its_answer(self):
        self.assertEqual({path.name for path in FIELD.iterdir() if path.is_dir()}, set(ROWS))

    def test_each_row_is_answered_as_aws_has_it(self):
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            answers = list(pool.map(lambda name: common.sgproof("compute", FIELD / name, "--format", "json"), ROWS))
        for (name, (status, direct, port, indirect, words)), done in zip(ROWS.items(), answers):
            with self.subTest(row=name):
                output = json.loads(done.stdout)
                self.assertEqual((done.returncode, {a: reach(output, a, port) for a in {e["address"] for e in output["endpoints"]}}, behind(output)), (status, direct, indirect))
                for word in words:
                    self.assertIn(word, done.stdout)


if __name__ == "__main__":
    unittest.main()
