"""What principals reach by IAM, by brute force: random accounts, and each question asked of each action on each resource of a small world.

Knows nothing of patterns as sets, of witnesses or of who shares what: a level is what some action on some resource shows, and who becomes
whom is tried pair by pair until nothing moves. The world holds a resource that no policy names beside each that one does."""
import functools
import json
import pathlib
import re

LEVELS = ["none", "read", "unknown", "write", "escalates", "administrator"]
NONE, READ, UNKNOWN, WRITE, ESCALATES, ADMIN = range(6)
LISTED = json.loads((pathlib.Path(__file__).resolve().parent.parent.parent / "rules/packs/actions.json").read_text())["services"]
ACTIONS = [(service + ":" + name, level) for service in ("iam", "s3", "sts", "lambda", "sqs", "glue") for level, names in LISTED[service].items()
           for name in names.split()]
PLACE = {name: i for i, (name, _) in enumerate(ACTIONS)}
CHANGES = sum(1 << i for i, (_, level) in enumerate(ACTIONS) if level not in ("List", "Read"))
IAM = sum(1 << i for i, (name, _) in enumerate(ACTIONS) if name.startswith("iam:"))
OWN = sum(1 << PLACE["iam:" + name] for name in (
    "ChangePassword CreateLoginProfile UpdateLoginProfile DeleteLoginProfile CreateAccessKey UpdateAccessKey DeleteAccessKey EnableMFADevice "
    "DeactivateMFADevice ResyncMFADevice UploadSSHPublicKey UpdateSSHPublicKey DeleteSSHPublicKey UploadSigningCertificate "
    "UpdateSigningCertificate DeleteSigningCertificate CreateServiceSpecificCredential UpdateServiceSpecificCredential "
    "ResetServiceSpecificCredential DeleteServiceSpecificCredential").split())
OTHER = "999999999999"


@functools.lru_cache(None)
def regex(pattern, any_case):
    return re.compile("".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern), re.S | (re.I if any_case else 0))


@functools.lru_cache(None)
def mask(pattern):
    return sum(1 << i for i, (name, _) in enumerate(ACTIONS) if regex(pattern, True).fullmatch(name))


def bit(name):
    return 1 << PLACE[name]


# ---- Random accounts

ACTION_PATTERNS = ["*", "iam:*", "s3:*", "s3:Get*", "s3:PutObject", "s3:GetObject", "S3:list*", "sts:*", "sts:AssumeRole", "iam:Get*", "iam:Put*",
                   "iam:Attach*", "iam:*Policy*", "iam:PassRole", "lambda:*", "lambda:CreateFunction", "lambda:InvokeFunction", "lambda:UpdateFunctionCode",
                   "iam:PutUserPolicy", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutGroupPolicy", "iam:CreatePolicyVersion", "iam:SetDefaultPolicyVersion",
                   "iam:CreateAccessKey", "iam:*LoginProfile", "iam:AddUserToGroup", "iam:UpdateAssumeRolePolicy", "iam:CreateUser", "iam:CreateRole",
                   "iam:DeleteUserPermissionsBoundary", "iam:PutRolePermissionsBoundary", "iam:ChangePassword", "iam:*MFADevice", "glue:UpdateDevEndpoint"]


def resource_patterns(account):
    iam = "arn:aws:iam::%s:" % account
    return (["*"] * 6 + ["arn:aws:*", "arn:aws:s3:::*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/x", "arn:aws:s3:::b/?", iam + "*", "arn:aws:iam::%s:role/x" % OTHER,
            "arn:aws:iam::*:user/${aws:username}", iam + "mfa/${aws:username}", iam + "mfa/*", iam + "role/r?", iam + "*/r0"] +
            [iam + name for name in ("user/*", "user/ann", "user/bob", "role/*", "role/r0", "role/r1", "role/r2", "group/*", "group/g0", "policy/*", "policy/m0", "policy/m1")])


def world(account):
    iam = "arn:aws:iam::%s:" % account
    return ["zzz", "arn:aws:s3:::b/x", "arn:aws:s3:::b/", "arn:aws:s3:::b/y", "arn:aws:s3:::b/new-one", "arn:aws:s3:::new", "arn:aws:sqs:new", "arn:aws:iam::%s:role/x" % OTHER,
            "arn:aws:iam::%s:new" % OTHER, "arn:aws:iam::%s:user/ann" % OTHER, "arn:aws:iam::%s:user/bob" % OTHER, "arn:aws:iam::%s:user/new" % OTHER, iam + "new", iam + "new/r0", iam + "role/rx", iam + "mfa/ann", iam + "mfa/bob", iam + "mfa/new"] + [
            iam + name for name in ("user/ann", "user/bob", "user/new", "role/r0", "role/r1", "role/r2", "role/new", "group/g0", "group/g1", "group/new",
                                    "policy/m0", "policy/m1", "policy/cap", "policy/new")] + [
            # What two patterns have in common, where no name of AWS's would be: "*" stands for any text.
            iam + kind + tail for kind in ("user", "role", "group", "mfa", "policy", "new") for tail in ("/new/r0", "/new:user/ann", "/new:user/bob")]


def statement(rng, account):
    one = {"Effect": rng.choice(["Allow", "Allow", "Allow", "Deny"])}
    one[rng.choice(["Action"] * 7 + ["NotAction"])] = rng.sample(ACTION_PATTERNS, rng.choice([1, 1, 2, 3]))
    one[rng.choice(["Resource"] * 9 + ["NotResource"])] = rng.sample(resource_patterns(account), rng.choice([1, 1, 2]))
    if rng.random() < 0.15:
        one["Condition"] = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}
    return one


def document(rng, account, most=2):
    return {"Version": rng.choice(["2012-10-17"] * 4 + ["2008-10-17"]), "Statement": [statement(rng, account) for _ in range(rng.randint(1, most))]}


def trust(rng, account):
    iam = "arn:aws:iam::%s:" % account
    wholes = [{"AWS": iam + "root"}, {"AWS": iam + "root"}, {"AWS": account}, {"AWS": iam + "user/ann"}, {"AWS": [iam + "role/r1", iam + "role/r2"]}, "*",
              {"Service": "lambda.amazonaws.com"}, {"Service": ["glue.amazonaws.com", "ec2.amazonaws.com"]}, {"AWS": "arn:aws:iam::%s:root" % OTHER},
              {"AWS": "arn:aws:sts::%s:assumed-role/r0/session" % account}]
    made = [{"Effect": "Allow", "Principal": rng.choice(wholes), "Action": rng.choice(["sts:AssumeRole"] * 5 + ["sts:*", "sts:AssumeRoleWithSAML"])} for _ in range(rng.randint(1, 2))]
    if rng.random() < 0.2:
        made.append({"Effect": "Deny", "Principal": rng.choice([wholes[0], wholes[3], "*"]), "Action": "sts:AssumeRole"})
    for one in made:
        if rng.random() < 0.15:
            one["Condition"] = {"StringEquals": {"sts:ExternalId": "x"}}
    return {"Version": "2012-10-17", "Statement": made}


def random_account(rng, account):
    iam = "arn:aws:iam::%s:" % account
    inline = lambda most: [{"PolicyName": "p%d" % i, "PolicyDocument": document(rng, account)} for i in range(rng.randint(0, most))]
    attached = lambda: [{"PolicyArn": iam + "policy/" + name} for name in ("m0", "m1") if rng.random() < 0.25]
    bound = lambda: {"PermissionsBoundary": {"PermissionsBoundaryArn": iam + "policy/" + rng.choice(["m0", "m1", "cap"])}} if rng.random() < 0.25 else {}
    return {
        "UserDetailList": [{"UserName": n, "Arn": iam + "user/" + n, "GroupList": [g for g in ("g0", "g1") if rng.random() < 0.3], "UserPolicyList": inline(2),
                            "AttachedManagedPolicies": attached(), **bound()} for n in ("ann", "bob")],
        "GroupDetailList": [{"GroupName": n, "Arn": iam + "group/" + n, "GroupPolicyList": inline(1), "AttachedManagedPolicies": attached()} for n in ("g0", "g1")],
        "RoleDetailList": [{"RoleName": n, "Arn": iam + "role/" + n, "RolePolicyList": inline(1), "AssumeRolePolicyDocument": trust(rng, account),
                            "AttachedManagedPolicies": attached(), **bound()} for n in ("r0", "r1", "r2")],
        "Policies": [{"PolicyName": n, "Arn": iam + "policy/" + n, "PolicyVersionList": [
            {"VersionId": "v%d" % v, "IsDefaultVersion": v == 1, "Document": document(rng, account, 1)} for v in range(1, rng.choice([2, 3]))]} for n in ("m0", "m1", "cap")]}


# ---- What they come to

class Account:
    def __init__(self, account, details, controls=()):
        """`controls`: by level, statements of the service control policies there; a level without any that allows limits nothing."""
        self.account, self.details, self.controls = account, details, [one for level in controls for one in level]
        self.ceiling = -1
        for level in controls:
            if any(one["Effect"] == "Allow" for one in level):
                self.ceiling &= functools.reduce(lambda a, b: a | b, (self.actions(one) for one in level if one["Effect"] == "Allow"))
        self.iam = "arn:aws:iam::%s:" % account
        self.world = world(account)
        self.users, self.roles, self.groups = details["UserDetailList"], details["RoleDetailList"], details["GroupDetailList"]
        self.all = [*self.users, *self.roles, *self.groups]
        self.policies = {p["Arn"]: p for p in details["Policies"]}
        self.kind = {p["Arn"]: "user" if "UserName" in p else "role" if "RoleName" in p else "group" for p in self.all}
        self.group = {g["GroupName"]: g for g in self.groups}
        self.name = lambda p: p.get("UserName") or p.get("RoleName") or p.get("GroupName")

    def default(self, arn):
        return next(v["Document"] for v in self.policies[arn]["PolicyVersionList"] if v["IsDefaultVersion"])

    def held(self, principal):
        """What reaches it: (ARN of who holds it, ARN of the policy or None, document)."""
        inline = principal.get("UserPolicyList") or principal.get("RolePolicyList") or principal.get("GroupPolicyList") or []
        made = [(principal["Arn"], None, p["PolicyDocument"]) for p in inline]
        made += [(principal["Arn"], p["PolicyArn"], self.default(p["PolicyArn"])) for p in principal["AttachedManagedPolicies"]]
        return made + [one for g in principal.get("GroupList", []) for one in self.held(self.group[g])]

    def documents(self, principal):
        return [document for _, _, document in self.held(principal)]

    def attached(self, principal):
        return [p["PolicyArn"] for p in principal["AttachedManagedPolicies"]] + [a for g in principal.get("GroupList", []) for a in self.attached(self.group[g])]

    def speaks(self, one, version, principal, resource):
        """Whether a statement speaks of a resource; None where that hangs on a variable that nobody knows."""
        negated = "NotResource" in one
        user = self.kind[principal["Arn"]] == "user"
        hit = False
        for pattern in one["NotResource" if negated else "Resource"]:
            if "${" in pattern:
                widest = (one["Effect"] == "Allow") != negated
                if version != "2012-10-17" and (not widest or ":iam:" in pattern):  # those letters themselves
                    continue
                if not user and not widest:
                    continue
                pattern = pattern.replace("${aws:username}", principal["UserName"] if user else "*")
            hit = hit or bool(regex(pattern, False).fullmatch(resource))
        return hit != negated

    def actions(self, one):
        negated = "NotAction" in one
        found = 0
        for pattern in one["NotAction" if negated else "Action"]:
            found |= mask(pattern)
        return (1 << len(ACTIONS)) - 1 & ~found if negated else found

    def masks(self, principal, documents, boundary):
        """By resource, what is allowed and what is denied for certain: the boundary is applied."""
        allowed, denied = {}, {}
        for resource in self.world:
            sets = {"Allow": 0, "Deny": 0, "limit": 0}
            for d in documents:
                for one in d["Statement"]:
                    if (one["Effect"] == "Allow" or "Condition" not in one) and self.speaks(one, d["Version"], principal, resource):
                        sets[one["Effect"]] |= self.actions(one)
            for one in boundary["Statement"] if boundary else []:
                if (one["Effect"] == "Allow" or "Condition" not in one) and self.speaks(one, boundary["Version"], principal, resource):
                    sets["limit" if one["Effect"] == "Allow" else "Deny"] |= self.actions(one)
            for one in self.controls:
                if one["Effect"] == "Deny" and "Condition" not in one and self.speaks(one, "2012-10-17", principal, resource):
                    sets["Deny"] |= self.actions(one)
            sets["Allow"] &= self.ceiling
            allowed[resource] = sets["Allow"] & (sets["limit"] if boundary else -1) & ~sets["Deny"]
            denied[resource] = (sets["Deny"], sets["limit"] if boundary else -1, sets["Allow"])
        return allowed, denied

    def base(self, principal, masks):
        allowed, denied = masks
        deny, limit, allow = denied[self.iam + "new"]
        raising = 0
        for name in ("AttachUserPolicy", "PutUserPolicy", "AttachRolePolicy", "PutRolePolicy", "AttachGroupPolicy", "PutGroupPolicy", "CreatePolicyVersion"):
            raising |= bit("iam:" + name)
        if allow & IAM == IAM and limit & IAM == IAM and raising & ~deny:
            return ADMIN
        level = NONE
        for resource, some in allowed.items():
            if resource.startswith(self.iam + "role/"):
                some &= ~bit("sts:AssumeRole")
            level = max(level, READ if some else NONE)
            some &= CHANGES
            tail = resource.split("/")[-1]
            if ":user/" in resource and self.kind[principal["Arn"]] == "user" and tail == principal["UserName"]:
                some &= ~OWN
            if ":mfa/" in resource:
                some &= ~bit("iam:CreateVirtualMFADevice")
                if self.kind[principal["Arn"]] == "user" and tail == principal["UserName"]:
                    some &= ~bit("iam:DeleteVirtualMFADevice")
            level = max(level, WRITE if some else NONE)
        return level

    def trusts(self, role, who):
        """What the trust policy gives: nothing, "policy" (its own policy must too), "named", "session" (a role's, which its boundary does not limit) or "everyone"."""
        given, arn = set(), who["Arn"]
        for one in role["AssumeRolePolicyDocument"]["Statement"]:
            if not regex(one["Action"], True).fullmatch("sts:AssumeRole") or (one["Effect"] == "Deny" and "Condition" in one):
                continue
            named = one["Principal"] if one["Principal"] == "*" else one["Principal"].get("AWS", [])
            for name in [named] if isinstance(named, str) else named:
                root = name in (self.iam + "root", self.account)
                session = self.kind[arn] == "role" and name.startswith("arn:aws:sts::%s:assumed-role/%s/" % (self.account, who["RoleName"]))
                me = name == arn or session
                if one["Effect"] == "Deny" and (root or name == "*" or me):
                    return set()
                if one["Effect"] == "Allow":
                    given |= {"policy"} if root else {"everyone"} if name == "*" else {"session"} if session else {"named"} if me else set()
        return given

    def assumes(self, who, role):
        allowed, denied = self.has[self.key(who)]
        action, arn = bit("sts:AssumeRole"), role["Arn"]
        given = self.trusts(role, who)
        deny, limit, _ = denied[arn]
        if not given or deny & action or not self.ceiling & action:
            return False
        group = self.kind[who["Arn"]] == "group"
        return (("policy" in given or "everyone" in given) and bool(allowed[arn] & action)) or (not group and "everyone" in given) or (
            "session" in given) or (not group and "named" in given and (self.kind[who["Arn"]] == "user" or bool(limit & action)))

    def services(self, role):
        found = set()
        for one in role["AssumeRolePolicyDocument"]["Statement"]:
            if one["Effect"] == "Allow" and isinstance(one["Principal"], dict) and regex(one["Action"], True).fullmatch("sts:AssumeRole"):
                named = one["Principal"].get("Service", [])
                found |= {n.split(".")[0] for n in ([named] if isinstance(named, str) else named)}
        return found

    def somewhere(self, allowed, action):
        return any(some & bit(action) for some in allowed.values())

    def launches(self, who, role, passes):
        allowed = self.has[self.key(who)][0]
        some = lambda *actions: all(self.somewhere(allowed, a) for a in actions)
        ways = {("lambda", True): [("lambda:CreateFunction", "lambda:InvokeFunction"), ("lambda:CreateFunction", "lambda:CreateEventSourceMapping"), ("lambda:CreateFunction", "lambda:AddPermission")],
                ("lambda", False): [("lambda:UpdateFunctionCode",), ("lambda:UpdateFunctionConfiguration",)],
                ("glue", True): [("glue:CreateDevEndpoint",), ("glue:CreateJob", "glue:StartJobRun"), ("glue:CreateJob", "glue:CreateTrigger"), ("glue:UpdateJob",)],
                ("glue", False): [("glue:UpdateDevEndpoint",), ("glue:StartJobRun",)]}
        # Of EC2 the world has no actions: what is allowed of everything is allowed of them.
        return any(some(*way) for service in self.services(role) for way in ways.get((service, passes), [])) or (
            "ec2" in self.services(role) and self.somewhere(allowed, "sqs:DeleteQueue"))

    def raise_itself(self, who, allowed):
        """Whether what is allowed lets one write one's own policies."""
        can = lambda action, arn: allowed[arn] & bit("iam:" + action)
        puts = lambda kind, arn: can("Put%sPolicy" % kind, arn) or can("Attach%sPolicy" % kind, arn)
        user = self.kind[who["Arn"]] == "user"
        return bool(puts("User" if user else "Role", who["Arn"]) or any(puts("Group", self.group[g]["Arn"]) for g in who.get("GroupList", [])) or
                    (user and any(can("AddUserToGroup", g["Arn"]) and (puts("Group", g["Arn"]) or any(can("CreatePolicyVersion", a) for a in self.attached(g)))
                              for g in self.groups)) or
                    any(can("CreatePolicyVersion", arn) for arn in self.attached(who)))

    @staticmethod
    def key(who):
        return who["Arn"] + who.get("#", "")

    def freed(self, p):
        """What a principal is with each set of limits off that it can take off, one after the other: (held, whether the boundary is on)."""
        found = [(self.held(p), "PermissionsBoundary" in p)]
        for held, capped in found:
            allowed = self.masks(p, [d for _, _, d in held], self.default(p["PermissionsBoundary"]["PermissionsBoundaryArn"]) if capped else None)[0]
            can = lambda action, on: allowed[on] & bit("iam:" + action)
            names = {"user": "User", "role": "Role", "group": "Group"}
            kind, then = names[self.kind[p["Arn"]]], []
            if capped and (can("Delete%sPermissionsBoundary" % kind, p["Arn"]) or can("Put%sPermissionsBoundary" % kind, p["Arn"]) or
                           can("CreatePolicyVersion", p["PermissionsBoundary"]["PermissionsBoundaryArn"])):
                then.append((held, False))
            for i, (holder, policy, document) in enumerate(held):
                if not any(s["Effect"] == "Deny" and "Condition" not in s for s in document["Statement"]):
                    continue
                on, off = names[self.kind[holder]], held[:i] + held[i + 1:]
                spared = held[:i] + [(holder, policy, {**document, "Statement": [s for s in document["Statement"] if s["Effect"] == "Allow"]})] + held[i + 1:]
                if not (capped and policy == p["PermissionsBoundary"]["PermissionsBoundaryArn"]):
                    if can("Put%sPolicy" % on, holder) if policy is None else can("CreatePolicyVersion", policy):
                        then.append((spared, capped))
                    if can("Delete%sPolicy" % on, holder) if policy is None else can("Detach%sPolicy" % on, holder):
                        then.append((off, capped))
                if on == "Group" and can("RemoveUserFromGroup", holder):
                    then.append(([one for one in held if one[0] != holder], capped))
            found.extend(one for one in then if one not in found)
        return found

    def becomes(self, p, t):
        to, allowed = t["Arn"], self.has[p["Arn"]][0]
        can = lambda action: allowed[to] & bit("iam:" + action)
        if self.kind[to] == "user":
            return can("CreateAccessKey") or can("CreateLoginProfile") or can("UpdateLoginProfile")
        return self.assumes(p, t) or can("UpdateAssumeRolePolicy") or (can("PassRole") and self.launches(p, t, True))

    def by_other_versions(self, p):
        """What it is, or another that it becomes, by another version of a policy: (principal, documents, boundary)."""
        for t in [*self.users, *self.roles]:
            if t["Arn"] != p["Arn"] and not self.becomes(p, t):
                continue
            capped = t.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
            for policy in sorted({*self.attached(t), *([capped] if capped else [])}):
                for version in self.policies[policy]["PolicyVersionList"]:
                    if not version["IsDefaultVersion"] and self.has[p["Arn"]][0][policy] & bit("iam:SetDefaultPolicyVersion"):
                        yield (t, [version["Document"] if of == policy else d for _, of, d in self.held(t)],
                               version["Document"] if capped == policy else self.default(capped) if capped else None)
        capped = p.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        for g in self.groups if self.kind[p["Arn"]] == "user" else ():
            if g["GroupName"] in p.get("GroupList", []) or not self.has[p["Arn"]][0][g["Arn"]] & bit("iam:AddUserToGroup"):
                continue
            for policy in sorted(set(self.attached(g))):
                for version in self.policies[policy]["PolicyVersionList"]:
                    if not version["IsDefaultVersion"] and self.has[p["Arn"]][0][policy] & bit("iam:SetDefaultPolicyVersion"):
                        yield (p, [d for _, of, d in self.held(p) if of != policy] + [version["Document"]],
                               version["Document"] if capped == policy else self.default(capped) if capped else None)

    def levels(self):
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": ["*"], "Resource": ["*"]}]}
        only = lambda documents, effect: [{**d, "Statement": [s for s in d["Statement"] if s["Effect"] == effect]} for d in documents]
        self.has, level, raised = {}, {}, {}
        freed = []  # what principals are with less in their way: (principal, documents, boundary)
        cap = lambda reached: min(reached, ESCALATES)
        for p in self.all:
            boundary = self.default(p["PermissionsBoundary"]["PermissionsBoundaryArn"]) if "PermissionsBoundary" in p else None
            documents = self.documents(p)
            self.has[p["Arn"]] = self.masks(p, documents, boundary)
            level[p["Arn"]] = self.base(p, self.has[p["Arn"]])
            raised[p["Arn"]] = cap(self.base(p, self.masks(p, [everything, *only(documents, "Deny")], boundary)))
            if self.kind[p["Arn"]] != "group" and level[p["Arn"]] != ADMIN:
                for n, (held, capped) in enumerate(self.freed(p)[1:]):
                    one = {**p, "#": "#%d" % n}
                    documents, boundary = [d for _, _, d in held], boundary if capped else None
                    self.has[self.key(one)] = self.masks(p, documents, boundary)
                    level[self.key(one)] = self.base(p, self.has[self.key(one)])
                    raised[self.key(one)] = cap(self.base(p, self.masks(p, [everything, *only(documents, "Deny")], boundary)))
                    freed.append((one, documents, boundary))
        for p in [*self.users, *self.roles]:
            if level[p["Arn"]] != ADMIN:
                for n, (one, documents, boundary) in enumerate(self.by_other_versions(p)):
                    one = {**one, "#": "#v%d of %s" % (n, p["Arn"]), "before": p["Arn"]}
                    self.has[self.key(one)] = self.masks(one, documents, boundary)
                    level[self.key(one)] = self.base(one, self.has[self.key(one)])
                    raised[self.key(one)] = cap(self.base(one, self.masks(one, [everything, *only(documents, "Deny")], boundary)))
                    freed.append((one, documents, boundary))
        as_they_are = [(p, self.documents(p), self.default(p["PermissionsBoundary"]["PermissionsBoundaryArn"]) if "PermissionsBoundary" in p else None)
                       for p in [*self.users, *self.roles]]
        for p, documents, boundary in [*as_they_are, *freed]:
            arn, allowed = self.key(p), self.has[self.key(p)][0]
            if level[arn] == ADMIN:
                continue
            can = lambda action, on: allowed[on] & bit("iam:" + action)
            found = [level[arn]]
            if self.raise_itself(p, allowed):
                found.append(raised[arn])
            for new in self.world:
                if new.startswith(self.iam + "user/") and can("CreateUser", new) and (can("PutUserPolicy", new) or can("AttachUserPolicy", new)) and (
                        can("CreateAccessKey", new) or can("CreateLoginProfile", new) or can("UpdateLoginProfile", new)):
                    found.append(ESCALATES)
                if new.startswith(self.iam + "role/") and can("CreateRole", new) and (can("PutRolePolicy", new) or can("AttachRolePolicy", new)):
                    found.append(ESCALATES)
            for t in [*self.users, *self.roles]:
                to, user = t["Arn"], self.kind[t["Arn"]] == "user"
                puts = "User" if user else "Role"
                if to != p["Arn"] and (can("Put%sPolicy" % puts, to) or can("Attach%sPolicy" % puts, to) or any(can("CreatePolicyVersion", a) for a in self.attached(t))):
                    if user and (can("CreateAccessKey", to) or can("CreateLoginProfile", to) or can("UpdateLoginProfile", to)):
                        found.append(raised[to])
                    if not user and (self.assumes(p, t) or can("UpdateAssumeRolePolicy", to) or (can("PassRole", to) and self.launches(p, t, True))):
                        found.append(raised[to])
            level[arn] = max(found)
        moved = True
        while moved:
            moved = False
            for one, _, _ in freed:
                before = one.get("before", one["Arn"])
                if cap(level[self.key(one)]) > level[before]:
                    level[before], moved = cap(level[self.key(one)]), True
            for s in [*self.all, *(one for one, _, _ in freed)]:
                allowed = self.has[self.key(s)][0]
                can = lambda action, on: allowed[on] & bit("iam:" + action)
                for t in self.all:
                    to, kind, reached = t["Arn"], self.kind[t["Arn"]], NONE
                    changed = cap(level[to])
                    if kind == "role":
                        if self.assumes(s, t):
                            reached = level[to]
                        if can("UpdateAssumeRolePolicy", to) or (can("PassRole", to) and self.launches(s, t, True)) or self.launches(s, t, False):
                            reached = max(reached, changed)
                    if kind == "user" and (can("CreateAccessKey", to) or can("CreateLoginProfile", to) or can("UpdateLoginProfile", to)):
                        reached = changed
                    if kind == "group" and self.kind[s["Arn"]] == "user" and can("AddUserToGroup", to):
                        reached = min(changed, raised[self.key(s)])
                    if reached > level[self.key(s)]:
                        level[self.key(s)], moved = reached, True
        return {p["Arn"]: LEVELS[level[p["Arn"]]] for p in [*self.users, *self.roles]}
