"""What audit asks of what stands beside questions, states and verdicts: at the head of the plan, and whose each verdict is.

 11. Is the plan for those vantages and at that speed, and are its counts those of its lines? Is each verdict of the interface and the instance that have its address by
     the documents, and does it name lines that tell of its ports?
It is given `audit` (the program beside it) as a module, and adds to what that found. Names, owners and reasons are not judged."""
import ipaddress
def check_head(audit, root, manifest):
    head, *targets = audit.lines(root / "plan.jsonl")
    for key in ("rate", "host_rate", "tries", "timeout_ms"):
        audit.compare("plan.jsonl: head: " + key, head.get(key), manifest[key])
    audit.compare("plan.jsonl: head: vantages", head.get("vantages"), [{"vantage": v, "learnt": how} for v, how in zip(manifest["vantages"], manifest["vantages_learnt"])])
    if not manifest["canaries"]:
        audit.compare("plan.jsonl: head: targets", head.get("targets"), len(targets))
        audit.compare("plan.jsonl: head: questions", head.get("questions"), sum(len(audit.place(line)[1]) for line in targets))
def check_vantage(audit, document, manifest):
    try:
        plain = [str(ipaddress.ip_address(text)) for text in manifest["vantages"]]
    except ValueError:  # of some ports, or for some addresses only
        return
    if plain:
        audit.compare("verdicts.json: vantage", document["vantage"], ", ".join(plain))
        audit.compare("manifest.json: vantage", manifest["vantage"], ", ".join(plain))
def check_whose(audit, document, rows, before):
    for item in document["verdicts"]:
        lane, ports = audit.place(item)
        what = "verdicts.json: %s: " % audit.name(lane, ports[0])
        _, eni, _ = before.places.get(lane[0], (None, None, None))
        if eni and not before.why:
            audit.compare(what + "eni_id", item["eni_id"], eni["NetworkInterfaceId"])
            audit.compare(what + "instance_id", item["instance_id"], eni.get("Attachment", {}).get("InstanceId"))
        told = set()
        for number in item["observations"]:
            there, seen = audit.place(rows[number - 1]) if type(number) is int and 1 <= number < len(rows) else (None, ())
            told |= set(seen) if there == lane else set()
            audit.contradictions[what + "names line %s, which tells of others" % number] += there != lane or not set(seen) & set(ports)
        audit.contradictions[what + "names no line that tells of %s" % audit.name(lane, ports[0])] += item["observed"] != "unknown" and not set(ports) <= told
def check(audit, root, before, manifest):
    document = audit.parse("verdicts.json", (root / "verdicts.json").read_bytes())
    audit.word(document["schema"], ("sgproof/verdicts/v1",))
    check_head(audit, root, manifest)
    check_vantage(audit, document, manifest)
    check_whose(audit, document, audit.lines(root / "observations.jsonl"), before)
