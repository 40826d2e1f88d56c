#!/usr/bin/env python3
"""A VPC as namespaces: one an instance, and a router between them that has the network ACLs; asks from one of them.

    unshare --mount --net --pid --fork --kill-child=KILL tests/lab/inside_lab.py DOCUMENTS.json TRUTH.json INSTANCE COMMAND...

The nftables rules are written here from the documents, and nothing of sgproof is used. The truth makes the network differ:
"undeclared" [{from, address, port}] listens and is let through behind AWS's back, "latent" [{address, port}] has no listener.
Exit status 77: no such namespaces here. All is gone when the process ends.
"""
import ctypes
import json
import os
import socket
import subprocess
import sys

ROUTER4, ROUTER6 = "192.0.2.1", "2001:db8:fffe::1"
LIBC = ctypes.CDLL(None, use_errno=True)
NEWNET = 0x40000000


def run(*words, stdin=None):
    done = subprocess.run(words, input=stdin, text=True, capture_output=True)
    if done.returncode != 0:
        sys.stderr.write("%s: %s\n" % (" ".join(words), done.stderr))
        sys.exit(77)


def enter(namespace):
    with open("/run/netns/" + namespace) as file:
        if LIBC.setns(file.fileno(), NEWNET) != 0:
            sys.exit(77)


def ip_batch(lines):
    run("ip", "-batch", "-", stdin="\n".join(lines) + "\n")


def addresses(eni):
    return [a["PrivateIpAddress"] for a in eni["PrivateIpAddresses"]] + [a["Ipv6Address"] for a in eni["Ipv6Addresses"]]


def family(cidr):
    return "ip6" if ":" in cidr else "ip"


def match(protocol, low, high):
    name = {"6": "tcp", "17": "udp"}.get(protocol, protocol)
    if name == "-1":
        return ""
    return "meta l4proto %s" % name if low in (None, -1) or name.startswith("icmp") or name == "1" else "%s dport %d-%d" % (name, low, high)


def group_chains(documents, eni, truth):
    """Inbound and outbound rules of an instance's groups; a reference stands for the addresses of the group's members."""
    members = {}
    for one in documents["NetworkInterfaces"]:
        for reference in one["Groups"]:
            members.setdefault(reference["GroupId"], []).extend(addresses(one))
    groups = {group["GroupId"]: group for group in documents["SecurityGroups"]}
    text = ""
    for hook, key, side in (("input", "IpPermissions", "saddr"), ("output", "IpPermissionsEgress", "daddr")):
        lines = ["ct state established,related accept", "meta l4proto icmpv6 icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"]
        for wrong in truth["undeclared"]:
            if hook == "input" and wrong["address"] in addresses(eni):
                lines.append("%s saddr %s tcp dport %d accept" % (family(wrong["from"]), wrong["from"], wrong["port"]))
        for reference in eni["Groups"]:
            for rule in groups[reference["GroupId"]][key]:
                peers = [r["CidrIp"] for r in rule["IpRanges"]] + [r["CidrIpv6"] for r in rule["Ipv6Ranges"]]
                peers += [address for pair in rule["UserIdGroupPairs"] for address in members.get(pair["GroupId"], [])]
                lines += ["%s %s %s %s accept" % (family(p), side, p, match(rule["IpProtocol"], rule.get("FromPort"), rule.get("ToPort"))) for p in peers]
        text += "chain %s { type filter hook %s priority 0; policy drop;\n%s\n}\n" % (hook, hook, "\n".join(lines))
    return "table inet lab {\n%s}\n" % text


def acl_chains(documents, truth):
    """What leaves a subnet, then what enters one: an ACL is asked where packets change subnets."""
    out, into, chains = [], [], ""
    for subnet in documents["Subnets"]:
        acl = next(a for a in documents["NetworkAcls"] if any(s["SubnetId"] == subnet["SubnetId"] for s in a["Associations"]))
        name = subnet["SubnetId"].replace("-", "_")
        for egress, side, way in ((True, "daddr", "out"), (False, "saddr", "in")):
            lines = []
            for wrong in truth["undeclared"]:
                f = family(wrong["address"])
                lines += ["%s daddr %s %s saddr %s tcp dport %d accept" % (f, wrong["address"], f, wrong["from"], wrong["port"]),
                          "%s saddr %s %s daddr %s tcp sport %d accept" % (f, wrong["address"], f, wrong["from"], wrong["port"])]
            for entry in sorted((e for e in acl["Entries"] if e["Egress"] == egress), key=lambda e: e["RuleNumber"]):
                cidr, ports = entry.get("Ipv6CidrBlock") or entry["CidrBlock"], entry.get("PortRange", {})
                lines.append("%s %s %s %s %s" % (family(cidr), side, cidr, match(entry["Protocol"], ports.get("From"), ports.get("To")),
                                                 "accept" if entry["RuleAction"] == "allow" else "drop"))
            chains += "chain %s_%s {\n%s\ndrop\n}\n" % (way, name, "\n".join(lines))
        for cidr in (subnet["CidrBlock"], *(b["Ipv6CidrBlock"] for b in subnet["Ipv6CidrBlockAssociationSet"])):
            f = family(cidr)
            out.append("%s saddr %s %s daddr != %s goto out_%s" % (f, cidr, f, cidr, name))
            into.append("%s daddr %s %s saddr != %s goto in_%s" % (f, cidr, f, cidr, name))
    # An accept ends a base chain only: what one lets out, the next lets in.
    return "table inet lab {\n%schain out { type filter hook forward priority 0; policy accept;\n%s\n}\nchain in { type filter hook forward priority 1; " \
           "policy accept;\n%s\n}\n}\n" % (chains, "\n".join(out), "\n".join(into))


def raise_network(documents, truth):
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "tmpfs", "tmpfs", "/run")
    os.makedirs("/run/netns", exist_ok=True)
    run("ip", "netns", "add", "router")
    enter("router")
    for setting, value in (("ipv4/ip_forward", 1), ("ipv6/conf/all/forwarding", 1), ("ipv4/icmp_ratelimit", 0), ("ipv6/icmp/ratelimit", 0)):
        with open("/proc/sys/net/" + setting, "w") as file:
            file.write(str(value))
    lines, inner = ["link set lo up"], {}
    for number, eni in enumerate(documents["NetworkInterfaces"]):
        name, link = eni["NetworkInterfaceId"], "v%d" % number
        run("ip", "netns", "add", name)
        macs = ["02:00:00:00:%02x:%02x" % (number, side) for side in (1, 2)]
        lines += ["link add %s address %s type veth peer name eth0 address %s netns %s" % (link, macs[0], macs[1], name), "link set %s up" % link,
                  "addr add %s/32 dev %s" % (ROUTER4, link), "addr add %s/128 dev %s nodad" % (ROUTER6, link)]
        inner[name] = ["link set lo up", "link set eth0 up"]
        for address in addresses(eni):
            length = 128 if ":" in address else 32
            lines += ["route add %s/%d dev %s" % (address, length, link), "neigh replace %s lladdr %s dev %s nud permanent" % (address, macs[1], link)]
            inner[name].append("addr add %s/%d dev eth0%s" % (address, length, " nodad" if length == 128 else ""))
        for router in (ROUTER4, ROUTER6):
            inner[name] += ["neigh replace %s lladdr %s dev eth0 nud permanent" % (router, macs[0]), "route add default via %s dev eth0 onlink" % router]
    ip_batch(lines)
    run("nft", "-f", "-", stdin=acl_chains(documents, truth))
    for eni in documents["NetworkInterfaces"]:
        enter(eni["NetworkInterfaceId"])
        with open("/proc/sys/net/ipv4/icmp_ratelimit", "w") as file:
            file.write("0")
        ip_batch(inner[eni["NetworkInterfaceId"]])
        run("nft", "-f", "-", stdin=group_chains(documents, eni, truth))


def listen(documents, truth):
    """Every TCP port that an inbound rule names, on each address of its members; the kernel takes the connections."""
    groups, held = {group["GroupId"]: group for group in documents["SecurityGroups"]}, []
    for eni in documents["NetworkInterfaces"]:
        enter(eni["NetworkInterfaceId"])
        ports = {p for g in eni["Groups"] for r in groups[g["GroupId"]]["IpPermissions"] if r["IpProtocol"] == "tcp" for p in range(r["FromPort"], r["ToPort"] + 1)}
        for address in addresses(eni):
            down = {one["port"] for one in truth["latent"] if one["address"] == address}
            for port in sorted(ports | {one["port"] for one in truth["undeclared"] if one["address"] == address}):
                if port in down:
                    continue
                one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
                one.bind((address, port))
                one.listen(128)
                held.append(one)
    return held


def main():
    with open(sys.argv[1]) as file:
        documents = json.load(file)
    truth = json.loads(sys.argv[2])
    raise_network(documents, truth)
    held = listen(documents, truth)
    enter(sys.argv[3])
    done = subprocess.run(sys.argv[4:])
    del held
    sys.exit(done.returncode)


main()
