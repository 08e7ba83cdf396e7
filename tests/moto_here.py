"""Moto's server on loopback, which stands where AWS stands, and what tests connect to it with.

What it holds belongs to the process and not to the server: a bucket has a name of its own in each file of tests, and who counts
what there is begins with `emptied`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

if TYPE_CHECKING:
    from workflow_orchestrator.storage import S3Storage

REGION = "eu-central-1"


@contextmanager
def moto_server() -> Iterator[str]:
    """The server's address, on a free port."""
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def emptied(address: str) -> str:
    """The same address, with nothing behind it."""
    urlopen(Request(f"{address}/moto-api/reset", method="POST")).close()
    return address


def client_of(service: str, address: str, **settings: Any) -> Any:
    """A client of boto3, for a test's own look at what arrived."""
    import boto3

    how = {"region_name": REGION, "aws_access_key_id": "key", "aws_secret_access_key": "secret", **settings}
    return boto3.client(service, endpoint_url=address, **how)


def connection_to(address: str, *, login: str = "key", password: str = "secret", region: str = REGION) -> str:
    """An Airflow connection as a variable of the environment has it."""
    extra = {"endpoint_url": address, "region_name": region}
    return json.dumps({"conn_type": "aws", "login": login, "password": password, "extra": extra})


@contextmanager
def connected(address: str, name: str) -> Iterator[None]:
    """An Airflow connection of this name, for a while."""
    variable = f"AIRFLOW_CONN_{name.upper()}"
    os.environ[variable] = connection_to(address)
    try:
        yield
    finally:
        del os.environ[variable]


@contextmanager
def s3_storage(address: str, name: str, bucket: str, prefix: str = "some/prefix") -> Iterator[S3Storage]:
    """A new bucket as the platform's storage, reached through the Amazon provider's hook over a connection of this name."""
    from workflow_orchestrator.storage import S3Storage

    with connected(address, name):
        storage = S3Storage(bucket, prefix, name)
        storage.hook.create_bucket(bucket, region_name=REGION)
        yield storage
