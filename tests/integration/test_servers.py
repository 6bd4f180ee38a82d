"""The test servers themselves: tests of faults are worth what these are."""

import signal
import socket
import subprocess
import sys
from pathlib import Path

import paho.mqtt.client as mqtt
import psutil
import psycopg
import pytest
import redis
import sqlalchemy
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.reasoncodes import ReasonCode

from cloud_service.local_stack.ports import LOOPBACK
from tests.conftest import MosquittoFactory
from tests.support.servers import Mosquitto, Postgres, Redis
from tests.support.waiting import PATIENCE


def connect_code(broker: Mosquitto, user: str | None = None) -> str:
    """The broker's answer to one CONNECT."""
    codes: list[str] = []
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id="test", protocol=mqtt.MQTTv5)
    if user is not None:
        client.username_pw_set(user, "secret")

    def on_connect(client: mqtt.Client, _data: object, _flags: object, code: ReasonCode, _properties: object) -> None:
        codes.append(str(code))
        client.disconnect()

    client.on_connect = on_connect
    client.connect(LOOPBACK, broker.port)
    client.loop_forever(retry_first_connection=False)
    return codes[0]


def test_a_broker_comes_back_on_the_same_port_after_a_kill(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto()
    first = broker.pid
    assert connect_code(broker) == "Success"

    broker.kill()
    assert not psutil.pid_exists(first)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((LOOPBACK, broker.port))

    broker.start()
    assert broker.pid != first
    assert connect_code(broker) == "Success"


def test_a_broker_with_dynamic_security_lets_nobody_in_unnamed(mosquitto: MosquittoFactory) -> None:
    broker = mosquitto({"clients": [], "groups": [], "roles": [], "defaultACLAccess": {}})

    assert connect_code(broker) == "Not authorized"
    assert connect_code(broker, user="stranger") == "Not authorized"


def test_a_server_that_cannot_start_says_why(mosquitto: MosquittoFactory) -> None:
    with pytest.raises(RuntimeError, match="no_such_setting"):
        mosquitto(settings="no_such_setting true")


def test_redis_keeps_what_it_acknowledged_through_a_kill(redis_server: Redis) -> None:
    with redis.Redis.from_url(redis_server.url) as client:
        client.set("capture", "stored")
    redis_server.kill()
    redis_server.start()
    with redis.Redis.from_url(redis_server.url) as client:
        assert client.get("capture") == b"stored"


def test_postgres_comes_back_after_a_kill(postgres: Postgres) -> None:
    name = postgres.create_database()
    engine = sqlalchemy.create_engine(postgres.url(name))
    with engine.begin() as connection:
        connection.execute(sqlalchemy.text("CREATE TABLE capture (id INTEGER)"))
    engine.dispose()

    postgres.kill()
    postgres.start()

    with engine.connect() as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == ["capture"]
    engine.dispose()
    postgres.drop_database(name)


def test_a_database_may_be_copied_from_a_template(postgres: Postgres) -> None:
    template = postgres.create_database()
    with psycopg.connect(postgres.conninfo(template), autocommit=True) as connection:
        connection.execute("CREATE TABLE capture (id INTEGER)")
    copy = postgres.create_database(template)
    with psycopg.connect(postgres.conninfo(copy)) as connection:
        assert connection.execute("SELECT count(*) FROM capture").fetchone() == (0,)
    postgres.drop_database(copy)
    postgres.drop_database(template)


@pytest.mark.parametrize("_again", [1, 2])
def test_each_test_gets_an_empty_database_on_both_kinds(database_url: str, _again: int) -> None:  # a parameter
    engine = sqlalchemy.create_engine(database_url)
    with engine.begin() as connection:
        assert sqlalchemy.inspect(connection).get_table_names() == []
        connection.execute(sqlalchemy.text("CREATE TABLE capture (id INTEGER)"))
    engine.dispose()


def test_a_server_dies_with_the_process_that_started_it(tmp_path: Path) -> None:
    """Even when that one is killed and can tidy nothing."""
    script = (
        "import os, pathlib, sys; from tests.support.servers import Redis;"
        "print(Redis(pathlib.Path(sys.argv[1])).start().pid, flush=True); os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", script, tmp_path], check=False, stdout=subprocess.PIPE)

    assert done.returncode == -signal.SIGKILL
    server_pid = int(done.stdout)
    if psutil.pid_exists(server_pid):
        psutil.Process(server_pid).wait(timeout=PATIENCE)


def test_stopping_what_does_not_run_is_no_error(tmp_path: Path) -> None:
    server = Redis(tmp_path)
    server.stop()
    with pytest.raises(RuntimeError, match="start"):
        server.kill()
