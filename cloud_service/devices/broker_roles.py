"""Who may do what at the broker: the settings file of Mosquitto's dynamic security plugin (2.0.11).

One role and one client a device, both named like it; the client may only connect with its own name as client id.
Whatever no role grants is denied. The rules themselves come from `shared.topics`, nothing is written down twice.
"""

import base64
import hashlib
import secrets
from collections.abc import Iterable, Mapping
from typing import Any

from shared.topics import Access, AccessRule, DeviceAddress, device_rules, ingest_rules

ADMIN = "admin"
CONTROL_TOPIC = "$CONTROL/dynamic-security/v1"
RESPONSE_TOPIC = f"{CONTROL_TOPIC}/response"

_SALT_BYTES, _HASH_BYTES = 12, 64  # what the plugin itself uses
# Every password here is random with 192 bits or more, so stretching adds nothing; the plugin's own count keeps the
# broker's only thread free when many devices come back at once.
_ITERATIONS = 101

Json = dict[str, Any]


def dynamic_security_document(admin_password: str, ingest_passwords: Mapping[str, str]) -> Json:
    """What `dynamic-security.json` holds before the first device: the administrator and the ingest replicas.

    Devices come later, over the control topic (`BrokerAdmin`); the plugin writes them into the file itself.

    Args:
        admin_password: of the user `admin`, who may use the control topic and nothing else.
        ingest_passwords: by replica ("ingest-0"), which is user name and client id.
    """
    return {
        "defaultACLAccess": {
            "publishClientSend": False,
            "publishClientReceive": False,
            "subscribe": False,
            "unsubscribe": True,
        },
        "clients": [
            # No client id: two administrators at a time must not throw each other out.
            {"username": ADMIN, "roles": [{"rolename": ADMIN}], **_hashed(admin_password)},
            *({**_client(name), **_hashed(password)} for name, password in ingest_passwords.items()),
        ],
        "groups": [],
        "roles": [
            {"rolename": ADMIN, "acls": _acls(_admin_rules())},
            *({"rolename": name, "acls": _acls(ingest_rules(name))} for name in ingest_passwords),
        ],
    }


def with_devices(document: Json, passwords: Mapping[DeviceAddress, str]) -> Json:
    """The document with these devices in it already: for a broker that has not started yet, and many devices.

    Over the control topic the plugin writes its whole file anew for each of them.
    """
    clients = [{**_client(address.device), **_hashed(password)} for address, password in passwords.items()]
    roles = [{"rolename": address.device, "acls": _acls(device_rules(address))} for address in passwords]
    return document | {"clients": [*document["clients"], *clients], "roles": [*document["roles"], *roles]}


def device_commands(address: DeviceAddress, password: str) -> list[Json]:
    """The control commands that make a device's role and client anew, whether or not there was one before."""
    return [
        *removal_commands(address.device),
        {"command": "createRole", "rolename": address.device, "acls": _acls(device_rules(address))},
        {"command": "createClient", "password": password, **_client(address.device)},
    ]


def removal_commands(device: str) -> list[Json]:
    """The control commands that take a device's client and role away; a live connection of it is cut."""
    return [
        {"command": "deleteClient", "username": device},
        {"command": "deleteRole", "rolename": device},
    ]


def _admin_rules() -> tuple[AccessRule, ...]:
    everything = f"{CONTROL_TOPIC}/#"  # "/#" also matches the topic above it (MQTT 5, 4.7.1.2)
    return (
        AccessRule(Access.PUBLISH, everything),
        AccessRule(Access.SUBSCRIBE, everything),
        AccessRule(Access.RECEIVE, everything),
    )


def _client(name: str) -> Json:
    return {"username": name, "clientid": name, "roles": [{"rolename": name}]}


def _acls(rules: Iterable[AccessRule]) -> list[Json]:
    return [{"acltype": str(rule.access), "topic": rule.topic_filter, "priority": 0, "allow": True} for rule in rules]


def _hashed(password: str) -> Json:
    """PBKDF2 with HMAC-SHA-512 (RFC 8018), as the plugin's file wants it."""
    salt = secrets.token_bytes(_SALT_BYTES)
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ITERATIONS, _HASH_BYTES)
    return {
        "password": base64.b64encode(key).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": _ITERATIONS,
    }
