"""The licences of all that is linked into `tabmap` for a target: what `cargo metadata` says on its standard input, as one text."""

import json
import pathlib
import sys

metadata = json.load(sys.stdin)
packages = {package["id"]: package for package in metadata["packages"]}
needs = {
    node["id"]: [one["pkg"] for one in node["deps"] if any(kind["kind"] is None for kind in one["dep_kinds"])]
    for node in metadata["resolve"]["nodes"]
}
root = metadata["resolve"]["root"]
linked, waiting = set(), [root]
while waiting:
    one = waiting.pop()
    if one not in linked:
        linked.add(one)
        waiting.extend(needs[one])

print("tabmap is built from these libraries.")
print("Beside them it holds Rust's standard library (MIT OR Apache-2.0) and musl (MIT).")
for package in sorted((packages[one] for one in linked - {root}), key=lambda one: (one["name"], one["version"])):
    folder = pathlib.Path(package["manifest_path"]).parent
    texts = [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and path.name.upper().startswith(("LICENSE", "LICENCE", "COPYING", "NOTICE", "UNLICENSE"))
    ]
    print(f"\n{'=' * 100}\n{package['name']} {package['version']}: {package['license'] or 'see below'}")
    print("By " + ", ".join(package["authors"]) if package["authors"] else package["repository"] or "")
    for path in texts:
        print(f"\n--- {path.name}\n{path.read_text(errors='replace').rstrip()}")
