"""Whom of the world a role's trust policy lets in, and who signs in elsewhere: each role of one account, judged at once.

AWS: id_roles_providers_oidc_secure-by-default, reference_policies_condition_operators (IfExists, ForAllValues) of the IAM user guide."""
import json
import os
import pathlib
import sys
import tempfile
import unittest

sys.path[:0] = [os.path.dirname(__file__), os.path.join(os.path.dirname(__file__), "..")]
import common
from test_access import ACCOUNT, ARN, EVERYTHING, allow, role, user

GITHUB, COGNITO = "token.actions.githubusercontent.com", "cognito-identity.amazonaws.com"
WEB, SAML = "sts:AssumeRoleWithWebIdentity", "sts:AssumeRoleWithSAML"
POOL = {"StringEquals": {COGNITO + ":aud": "eu-west-3:12345678-1234-1234-1234-123456789012"}}


def trusts(principal, action="sts:AssumeRole", condition=None, more=()):
    return {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": principal, "Action": action, **({} if condition is None else {"Condition": condition})}, *more]}


def oidc(address, condition=None):
    return trusts({"Federated": ARN + "oidc-provider/" + address}, WEB, condition)


def github(operator, *values, claim="sub"):
    return oidc(GITHUB, {"StringEquals": {GITHUB + ":aud": "sts.amazonaws.com"}, operator: {GITHUB + ":" + claim: list(values)}})


def everyone(condition=None, more=()):
    return trusts({"AWS": "*"}, condition=condition, more=more)


def deny(action="sts:AssumeRole", **condition):
    return {"Effect": "Deny", "Principal": "*", "Action": action, **({"Condition": condition} if condition else {})}


def token(*denied, principal=None):
    """Anybody of GitHub, but for what is denied."""
    return trusts(principal or {"Federated": ARN + "oidc-provider/" + GITHUB}, WEB, {"StringEquals": {GITHUB + ":aud": "sts.amazonaws.com"}}, more=denied)


def github_of_everyone():
    return trusts("*", WEB, {"StringLike": {GITHUB + ":sub": "repo:our/web:*"}})


HALVES = {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}
NOT_OURS = {"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}


def claims(address, operator, **values):
    return oidc(address, {operator: {address + ":" + claim: value for claim, value in values.items()}})


PULUMI, VERCEL, STREAM = "api.pulumi.com/oidc", "oidc.vercel.com", "oidc-configuration.audit-log.githubusercontent.com"

OPEN = {  # trust policies, and the words for whom they let in
    "github-aud": (oidc(GITHUB, {"StringEquals": {GITHUB + ":aud": "sts.amazonaws.com"}}), "anybody of " + GITHUB),
    "github-any": (github("StringLike", "repo:*"), "anybody of " + GITHUB),
    "github-any-owner": (github("StringLike", "repo:*/web:*"), "anybody of " + GITHUB),
    "github-like-ours": (github("StringLike", "repo:our*/web:*"), "anybody of " + GITHUB),
    "github-one-of-two": (github("StringLike", "repo:our/web:*", "*"), "anybody of " + GITHUB),
    "github-all-values": (github("ForAllValues:StringLike", "repo:our/web:*"), "anybody of " + GITHUB),
    "github-but": (github("StringNotLike", "repo:their/*"), "anybody of " + GITHUB),
    "github-branch": (github("StringEquals", "refs/heads/main", claim="ref"), "anybody of " + GITHUB),
    # A subject that its repository's owner made of other claims: anybody's repository may have the same.
    "github-environment": (github("StringEquals", "environment:prod"), "anybody of " + GITHUB),
    "github-branches": (github("StringLike", "ref:refs/heads/main:*"), "anybody of " + GITHUB),
    "github-owner-behind": (github("StringLike", "environment:prod:repository_owner:o*"), "anybody of " + GITHUB),
    "github-old": (claims("vstoken.actions.githubusercontent.com", "StringLike", sub="environment:*"), "anybody of vstoken"),
    "pulumi-deploys": (claims(PULUMI, "StringLike", sub="pulumi:deploy:org:*"), "anybody of " + PULUMI),
    "pulumi-like-ours": (claims(PULUMI, "StringLike", sub="pulumi:environments:org:our*:env:web"), "anybody of " + PULUMI),
    "pulumi-any": (claims(PULUMI, "StringLike", sub="pulumi:*:org:our:*"), "anybody of " + PULUMI),
    "pulumi-audience": (claims(PULUMI, "StringLike", aud="aws:*"), "anybody of " + PULUMI),
    "vercel-audience": (claims(VERCEL, "StringLike", aud="https://vercel.com/*"), "anybody of " + VERCEL),
    "vercel-like-ours": (claims(VERCEL, "StringLike", aud="https://vercel.com/our*"), "anybody of " + VERCEL),
    "vercel-any": (claims(VERCEL, "StringLike", aud="https://*"), "anybody of " + VERCEL),
    "stream": (claims(STREAM, "StringLike", sub="https://github.com/*"), "anybody of " + STREAM),
    "pools-of-a-region": (claims(COGNITO, "StringLike", aud="eu-west-3:*"), "anybody, by an identity pool of Amazon Cognito of any account,"),
    "gitlab": (oidc("gitlab.com"), "anybody of gitlab.com"),
    "terraform": (oidc("app.terraform.io", {"StringEquals": {"app.terraform.io:aud": "aws.workload.identity"}}), "anybody of app.terraform.io"),
    "terraform-any": (oidc("app.terraform.io", {"StringLike": {"app.terraform.io:sub": "organization:*:project:web:*"}}), "anybody of app.terraform.io"),
    "google": (trusts({"Federated": "accounts.google.com"}, WEB), "anybody of accounts.google.com"),
    "pools": (trusts({"Federated": COGNITO}, WEB), "anybody, by an identity pool of Amazon Cognito of any account,"),
    "guests": (trusts({"Federated": COGNITO}, WEB, {**POOL, "ForAnyValue:StringLike": {COGNITO + ":amr": "unauthenticated"}}), "guests of an identity pool"),
    "federated-any": (trusts({"Federated": "*"}, SAML), "anybody, by any provider,"),
    "everyone": (everyone(), "anybody"),
    "in-a-list": (trusts({"AWS": [ARN + "root", "*"]}), "anybody"),
    "not-bob": ({"Statement": [{"Effect": "Allow", "NotPrincipal": {"AWS": ARN + "user/bob"}, "Action": "sts:AssumeRole"}]}, "anybody"),
    "any-arn": (everyone({"StringLike": {"aws:PrincipalArn": "*"}}), "anybody who meets its conditions"),
    "arn-of-any-account": (everyone({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/deploy"}}), "anybody who meets its conditions"),
    "not-ours": (everyone({"StringNotEquals": {"aws:PrincipalAccount": ACCOUNT}}), "anybody who meets its conditions"),
    "external-id": (everyone({"StringEquals": {"sts:ExternalId": "abc"}}), "anybody who meets its conditions"),
    "own-tag": (everyone({"StringEquals": {"aws:PrincipalTag/team": "web"}}), "anybody who meets its conditions"),
    "with-mfa": (everyone({"Bool": {"aws:MultiFactorAuthPresent": "true"}}), "anybody who meets its conditions"),
    "if-there": (everyone({"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-1"}}), "anybody who meets its conditions"),
    "all-paths": (everyone({"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}), "anybody who meets its conditions"),
    "any-address": (everyone({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}), "anybody who meets its conditions"),
    "both-halves": (everyone({"IpAddress": HALVES}), "anybody who meets its conditions"),
    "any-address-spelled-otherwise": (everyone({"IpAddress": {"aws:SourceIp": "192.0.2.1/0"}}), "anybody who meets its conditions"),
    "any-address-in-parts": (everyone({"IpAddress": {"aws:SourceIp": ["%d.0.0.0/8" % i for i in range(1, 224)]}}), "anybody who meets its conditions"),
    "any-ipv6-address-in-parts": (everyone({"IpAddress": {"aws:SourceIp": ["2%03x::/16" % i for i in range(256)]}}), "anybody who meets its conditions"),
    "all-but-parts": (everyone(more=[deny(NotIpAddress={"aws:SourceIp": ["%d.0.0.0/9" % i for i in range(1, 224)]})]), "anybody"),
    "any-ipv6-address": (everyone({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "2000::/3"]}}), "anybody who meets its conditions"),
    "its-own-account": (everyone({"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}}), "anybody who meets its conditions"),
    "all-but-both-halves": (everyone(more=[deny(NotIpAddress=HALVES)]), "anybody"),
    "all-but-its-own-organization": (everyone(more=[deny(StringNotEquals={"aws:PrincipalOrgID": "${aws:PrincipalOrgID}"})]), "anybody"),
    "tokens-beside-a-deny": (token(deny()), "anybody of " + GITHUB),
    "tokens-beside-a-deny-of-others": (token(deny(**NOT_OURS)), "anybody of " + GITHUB),
    "tokens-denied-in-part": (token(deny("sts:*", Bool={"aws:SecureTransport": "false"})), "anybody of " + GITHUB),
    "everyone-by-token": (trusts("*", WEB), "anybody, by any provider,"),
    "everyone-by-some-token": (trusts({"AWS": "*"}, "sts:AssumeRoleWith*", {"StringEquals": {"sts:RoleSessionName": "a"}}), "anybody, by any provider,"),
    "not-bob-by-token": ({"Statement": [{"Effect": "Allow", "NotPrincipal": {"AWS": ARN + "user/bob"}, "Action": WEB}]}, "anybody, by any provider,"),
    "denied-in-part": (everyone(more=[deny(StringNotEquals={"aws:PrincipalOrgID": "o-1"}, Bool={"aws:SecureTransport": "false"})]), "anybody"),
}
SHUT = {
    "ours": github("StringLike", "repo:our/web:*"),
    "all-of-ours": github("StringLike", "repo:our/*"),
    "ours-by-id": github("StringEquals", "123", claim="repository_owner_id"),
    "ours-if-there": github("StringLikeIfExists", "repo:our/web:*"),
    "owner-ours": github("StringLike", "repository_owner:our:environment:*"),
    "ours-behind": github("StringEquals", "environment:prod:repository_owner:our"),
    "ours-by-ids": github("StringLike", "repo:our@123/web@45:*"),
    "pulumi-ours": claims(PULUMI, "StringLike", sub="pulumi:deploy:org:our:project:web:*"),
    "pulumi-our-environments": claims(PULUMI, "StringLike", sub="pulumi:environments:pulumi.organization.login:our:*"),
    "pulumi-our-audience": claims(PULUMI, "StringEquals", aud="aws:our"),
    "pulumi-our-old-audience": claims(PULUMI, "StringEquals", aud="our"),
    "vercel-ours": claims(VERCEL, "StringEquals", aud="https://vercel.com/our"),
    "vercel-our-projects": claims(VERCEL, "StringLike", sub="owner:our:project:*:environment:production"),
    "our-stream": claims(STREAM, "StringEquals", sub="https://github.com/our"),
    "our-stream-alike": claims(STREAM, "StringLike", sub="https://github.com/our"),
    "addresses-in-parts": everyone({"IpAddress": {"aws:SourceIp": ["203.0.113.0/24"] + ["198.51.%d.0/24" % i for i in range(256)]}}),
    "ours-told-twice": everyone({"IpAddress": {"aws:SourceIp": ["9.0.0.0/8", "9.1.0.0/16"]}}),
    "gitlab-ours": oidc("gitlab.com", {"StringLike": {"gitlab.com:sub": "project_path:our/web:*"}}),
    "terraform-ours": oidc("app.terraform.io", {"StringLike": {"app.terraform.io:sub": "organization:our:*"}}),
    "a-cluster": oidc("oidc.eks.eu-west-3.amazonaws.com/id/ABC"),
    "enterprise": oidc(GITHUB + "/our"),
    "signed-in": trusts({"Federated": COGNITO}, WEB, {**POOL, "ForAnyValue:StringLike": {COGNITO + ":amr": "authenticated"}}),
    "organization": everyone({"StringEquals": {"aws:PrincipalOrgID": "o-1"}}),
    "paths": everyone({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-1/*"}}),
    "arns": everyone({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/deploy*"}}),
    "addresses": everyone({"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}),
    "denied": everyone(more=[deny(StringNotEqualsIfExists={"aws:PrincipalOrgID": "o-1"})]),
    "denied-on-two": everyone(more=[deny(StringNotEqualsIfExists={"aws:PrincipalOrgID": "o-1", "aws:PrincipalAccount": "444455556666"},
                                         BoolIfExists={"aws:PrincipalIsAWSService": "false"})]),
    "its-organization": everyone({"StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}}),
    "tokens-denied": token(deny("sts:AssumeRole*")),
    "tokens-of-others-denied": token(deny(WEB, **NOT_OURS)),
    "everyone-by-our-token": github_of_everyone(),
    "a-service": trusts({"Service": "ec2.amazonaws.com"}),
    "no-such-action": trusts({"AWS": "*"}, "sts:TagSession"),
}


def judged(roles, administrators=None, users=None):
    """least-privilege: what it says of each role, by name, and the control."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / ACCOUNT / "global"
        path.mkdir(parents=True)
        (path / "get-account-authorization-details.json").write_text(json.dumps({
            "UserDetailList": [user("zoe", allow("s3:GetObject"), groups=[])] if users is None else users, "GroupDetailList": [], "RoleDetailList": list(roles), "Policies": []}))
        words = []
        if administrators is not None:
            (pathlib.Path(folder) / "intent").write_text(json.dumps(
                {"schema": "sgproof/intent/v1", "platform": "p", "default": "deny", "rules": [], "administrators": administrators}))
            words = ["--intent", pathlib.Path(folder) / "intent"]
        done = common.sgproof("account", folder, "--format", "json", "--pack", "sec-002", *words)
    assert done.returncode in (0, 1, 3, 4), done.stderr
    control = next(c for p in json.loads(done.stdout)["packs"] for c in p["controls"] if c["id"] == "sec-002/least-privilege")
    said = {e["subject"].split("/")[-1]: (e["result"], e["detail"]) for e in control["evidence"] if ":role/" in e["subject"]}
    return said, control


class Strangers(unittest.TestCase):
    maxDiff = None

    def test_a_role_that_lets_strangers_in_fails_and_says_whom(self):
        for may, words in ((EVERYTHING, "may do more than read"), (allow("s3:GetObject"), "may read")):
            roles = [role(name, may, trusts=one) for name, (one, _) in OPEN.items()] + [role(name, may, trusts=one) for name, one in SHUT.items()]
            said, control = judged(roles)
            self.assertEqual({name for name in said}, set(OPEN))
            for name, (_, whom) in OPEN.items():
                self.assertEqual(said[name][0], "fail")
                self.assertTrue(said[name][1].startswith("its trust policy lets " + whom), said[name])
                self.assertIn("and it %s: role %s: policy p0 allows" % (words, name), said[name][1])
            self.assertEqual([text.split(" by ")[0] for text in control["missing"]], ["who signs in to %srole/signed-in" % ARN] if may == EVERYTHING else [])

    def test_whom_a_trust_policy_that_is_not_understood_lets_in_is_not_known(self):
        odd = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sts:AssumeRole", "condition": {}}]}
        for may in (EVERYTHING, allow("s3:GetObject")):
            for users in (None, []):
                said, control = judged([role("odd", may, trusts=odd)], users=users)
                self.assertEqual((said, control["result"], control["missing"]), ({}, "not-evaluated", ["the trust policy of role odd"]))

    def test_everyone_by_saml_is_whoever_signs_in_there(self):
        for one in (trusts("*", SAML), {"Statement": [{"Effect": "Allow", "NotPrincipal": {"AWS": ARN + "user/bob"}, "Action": SAML}]}):
            said, _ = judged([role("staff", EVERYTHING, trusts=one)])
            self.assertEqual(said["staff"][0], "fail")
            self.assertTrue(said["staff"][1].startswith("who signs in to it by any SAML provider may do more than read"), said)

    def test_a_role_that_may_nothing_harms_nobody(self):
        self.assertEqual(judged([role(name, trusts=one) for name, (one, _) in OPEN.items()])[0], {})

    def test_a_pool_that_may_have_guests_is_not_evaluated(self):
        said, control = judged([role("pool", EVERYTHING, trusts=trusts({"Federated": COGNITO}, WEB, POOL))])
        self.assertEqual((said, control["result"]), ({}, "not-evaluated"))
        self.assertIn("whether guests are let in by the identity pool that the trust policy of %srole/pool names" % ARN, control["missing"][0])

    def test_who_signs_in_elsewhere_reads_unless_the_intent_names_the_role(self):
        center = "saml-provider/AWSSSO_0123456789abcdef_DO_NOT_DELETE"
        made = role("AWSReservedSSO_Admin_0123456789abcdef", EVERYTHING, trusts=trusts({"Federated": ARN + center}, [SAML, "sts:TagSession"]))
        roles = [{**made, "Arn": ARN + "role/aws-reserved/sso.amazonaws.com/" + made["RoleName"]},
                 role("partner", allow("s3:PutObject"), trusts=trusts({"Federated": ARN + "saml-provider/idp"}, SAML)),
                 role("look", allow("s3:Get*"), trusts=trusts({"Federated": ARN + "saml-provider/idp"}, SAML)),
                 role("web", EVERYTHING, trusts=trusts({"Federated": ARN + "saml-provider/idp"}, WEB))]
        said, control = judged(roles)
        self.assertEqual({name: one[0] for name, one in said.items()}, {made["RoleName"]: "fail", "partner": "fail"})
        self.assertTrue(said["partner"][1].startswith("who signs in to it by %ssaml-provider/idp may do more than read, and it is not among" % ARN), said)
        said, control = judged(roles, [ARN + "role/partner", ARN + "role/aws-reserved/*"])
        self.assertEqual(({name: one[0] for name, one in said.items()}, control["result"]), ({made["RoleName"]: "pass", "partner": "pass"}, "pass"))

    def test_who_signs_in_by_a_token_that_may_be_of_people_is_not_evaluated_unless_the_intent_names_the_role(self):
        google, pool = {"StringEquals": {"accounts.google.com:aud": "123.apps.googleusercontent.com"}}, SHUT["signed-in"]
        people = {"login": (allow("s3:PutObject"), oidc("login.example.com/realms/staff")), "google": (EVERYTHING, trusts({"Federated": "accounts.google.com"}, WEB, google)),
                  "pool": (EVERYTHING, pool)}
        fine = {"reads": (allow("s3:Get*"), oidc("login.example.com")), "cluster": (EVERYTHING, SHUT["a-cluster"]), "builds": (EVERYTHING, SHUT["ours"]),
                "enterprise": (EVERYTHING, SHUT["enterprise"]), "app": (allow("s3:PutObject"), pool)}
        said, control = judged([role(name, may, trusts=one) for name, (may, one) in {**people, **fine}.items()])
        self.assertEqual((said, control["result"]), ({}, "not-evaluated"))
        self.assertEqual([next((name for name in people if "role/%s by " % name in text), text) for text in control["missing"]], list(people))
        said, control = judged([role(name, may, trusts=one) for name, (may, one) in people.items()], [ARN + "role/*"])
        self.assertEqual(({name: one[0] for name, one in said.items()}, control["result"]), (dict.fromkeys(people, "pass"), "pass"))


if __name__ == "__main__":
    unittest.main()
