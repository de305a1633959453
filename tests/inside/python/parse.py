"""Parses statements with sqlfluff. Reads a JSON list of texts, prints a list: null, or what it does not understand."""

import json
import sys

from sqlfluff.core import FluffConfig, Linter

linter = Linter(config=FluffConfig(overrides={"dialect": "snowflake"}))


def trouble(text: str) -> str | None:
    parsed = linter.parse_string(text)
    found = [violation.desc() for violation in parsed.violations]
    tree = parsed.root_variant().tree if parsed.root_variant() else None
    found += [segment.raw for segment in tree.recursive_crawl("unparsable")] if tree else ["not parsed at all"]
    return "; ".join(found) or None


json.dump([trouble(text) for text in json.load(sys.stdin)], sys.stdout)
