"""The settings file for the broker's plugin."""

import base64
import hashlib

from cloud_service.devices.broker_roles import device_commands, dynamic_security_document
from shared.topics import DeviceAddress, device_rules

ADDRESS = DeviceAddress("north", "scope-1")


def test_everything_is_denied_that_no_role_grants() -> None:
    access = dynamic_security_document("a", {})["defaultACLAccess"]
    assert access == {
        "publishClientSend": False,
        "publishClientReceive": False,
        "subscribe": False,
        "unsubscribe": True,
    }


def test_passwords_stand_there_only_as_salted_hashes() -> None:
    document = dynamic_security_document("the admin's word", {"ingest-0": "the ingest's word"})
    assert "word" not in str(document["clients"]).replace("password", "")
    client = document["clients"][1]
    key = hashlib.pbkdf2_hmac(
        "sha512", b"the ingest's word", base64.b64decode(client["salt"]), client["iterations"], 64
    )
    assert base64.b64decode(client["password"]) == key


def test_equal_passwords_have_different_hashes() -> None:
    first, second = dynamic_security_document("x", {"ingest-0": "same", "ingest-1": "same"})["clients"][1:]
    assert first["password"] != second["password"]


def test_a_replica_is_bound_to_its_client_id_and_the_admin_to_the_control_topic() -> None:
    document = dynamic_security_document("x", {"ingest-3": "y"})
    admin, replica = document["clients"]
    assert (replica["username"], replica["clientid"]) == ("ingest-3", "ingest-3")
    assert "clientid" not in admin
    admin_role = next(role for role in document["roles"] if role["rolename"] == "admin")
    assert {acl["topic"] for acl in admin_role["acls"]} == {"$CONTROL/dynamic-security/v1/#"}


def test_a_devices_role_is_what_the_topics_say() -> None:
    role = next(command for command in device_commands(ADDRESS, "pw") if command["command"] == "createRole")
    granted = {(acl["acltype"], acl["topic"]) for acl in role["acls"] if acl["allow"]}
    assert granted == {(str(rule.access), rule.topic_filter) for rule in device_rules(ADDRESS)}
