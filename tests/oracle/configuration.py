"""The configuration of a plan as *.tf files: what its JSON tells of expressions, written as Terraform's own syntax."""
import json
import pathlib


def widest(references):
    """Those that are no part of another: ["aws_x.y.id", "aws_x.y"] are one."""
    return [r for r in references if not any(o != r and o.startswith((r + ".", r + "[")) for o in references)]


def block(lines, expressions, indent):
    for key, said in expressions.items():
        if isinstance(said, list):
            for one in said:
                lines.append("%s%s {" % (indent, key))
                block(lines, one, indent + "  ")
                lines.append(indent + "}")
        elif "references" in said:
            lines.append("%s%s = [%s]" % (indent, key, ", ".join(widest(said["references"]))))
        else:
            lines.append("%s%s = %s" % (indent, key, json.dumps(said.get("constant_value"))))


def write(module, folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for one in module.get("resources", []):
        lines.append('resource "%s" "%s" {' % tuple(one["address"].split(".")))
        block(lines, one.get("expressions", {}), "  ")
        lines.append("}")
    for name, call in module.get("module_calls", {}).items():
        lines += ['module "%s" {' % name, '  source = "./%s"' % name]
        block(lines, call.get("expressions", {}), "  ")
        lines.append("}")
        write(call["module"], folder / name)
    for name, output in module.get("outputs", {}).items():
        lines.append('output "%s" {' % name)
        block(lines, {"value": output["expression"]}, "  ")
        lines.append("}")
    (folder / "main.tf").write_text("\n".join(lines) + "\n")


def write_indexes(module, folder):
    """Only what says which of several instances is meant ("text" beside the references), as `terraform.make` makes it."""
    folder.mkdir(exist_ok=True)
    lines = []
    for one in module.get("resources", []):
        said = {k: e["text"] for k, e in one.get("expressions", {}).items() if "text" in e}
        if said:
            lines += ['resource "%s" "%s" {' % tuple(one["address"].split("."))] + ["  %s = %s" % pair for pair in said.items()] + ["}"]
    for name, call in module.get("module_calls", {}).items():
        lines += ['module "%s" {' % name, '  source = "./%s"' % name, "}"]
        write_indexes(call["module"], folder / name)
    (folder / "main.tf").write_text("\n".join(lines) + "\n")
