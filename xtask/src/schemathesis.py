"""Hooks for Schemathesis: values that exist beside those that it makes up, which would hardly ever name an app.

A stream of events never ends, so what would open one is refused instead: AppEvents is called up to its parameters,
AppLogs without `follow`.
"""

import random
import zlib

import schemathesis

HEADERS = {"Version": "v1", "Language": "en"}

# Who calls now and then, in place of a user: programs, one of which may only look.
OTHERS = [("key:robot", "full"), ("key:watch", "read-only")]

KNOWN = {
    # As fake_machine.rs names them, and one that an AppInstall may have made.
    "app_id": [f"blog{number:04}" for number in range(40)] + ["fresh"],
    "app_name": ["wordpress", "redis"],
    "app_version": ["latest"],
    "customer_app_name": ["fresh"],
    # Both lead to this machine, see schemathesis.rs.
    "domain": ["blog.example.org", "shop.example.org"],
    "name": ["alice", "robot"],
    "days": ["30"],
    # A folder of one package, see schemathesis.rs. What is fetched from elsewhere is fetched in the background.
    "source": ["@catalog@"],
    "position": ["1"],
    "trusted": ["true", "false"],
    "catalog": ["store"],
    "password": ["correct horse battery staple"],
    "scope": ["full", "read-only"],
    "data": ["keep", "delete"],
    "service": ["wordpress", "database"],
}

# The names of catalogs are others than those of people and programs.
CATALOGS = ["store", "other"]

# What only some kinds of sources have: with all of it made up, no source would be one.
OF_SOURCES = ["branch", "sha256", "key"]

NO_STREAM = {"/AppEvents": ("last_event_id", "none"), "/AppLogs": ("follow", "false")}


@schemathesis.hook
def map_case(context, case):
    """Decides by what was made up, so that a failure is found again by its seed."""
    places = [place for place in (case.query, case.body) if isinstance(place, dict)]
    text = repr((case.path, case.headers, places))
    chance = random.Random(zlib.crc32(text.encode("utf-8", "backslashreplace")))
    for name, value in HEADERS.items():
        if chance.random() < 0.97:
            case.headers[name] = value
    if chance.random() < 0.05:
        case.headers["X-Appmanage-Caller"], case.headers["X-Appmanage-Scope"] = chance.choice(OTHERS)
    for place in places:
        for name, values in KNOWN.items():
            if name == "name" and case.path.startswith("/Catalog"):
                values = CATALOGS
            if name in place and chance.random() < 0.5:
                place[name] = chance.choice(values)
        for name in OF_SOURCES:
            if name in place and chance.random() < 0.8:
                del place[name]
    if case.path in NO_STREAM:
        name, value = NO_STREAM[case.path]
        case.query[name] = value
        for place in places:
            place[name] = value
    return case
