"""Fixtures of the distillation tests; its helpers stand in fake_service.py."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import pytest_socket

sys.path.insert(0, str(Path(__file__).parent))

from fake_service import Service, passage


@pytest.fixture
def service(socket_enabled):
    pytest_socket.socket_allow_hosts(["127.0.0.1"], allow_unix_socket=True)
    running = Service()
    yield running
    running.close()


@pytest.fixture
def source(tmp_path):
    """A file of thirty passages of two sources."""
    path = tmp_path / "texts.jsonl"
    rows = [{"text": passage(number), "source": "town" if number % 3 else "city"} for number in range(1, 31)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path
