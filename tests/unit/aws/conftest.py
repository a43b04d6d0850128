"""An AWS configuration of the test's own, and nothing from the machine."""

import os

import pytest


@pytest.fixture
def aws_config(tmp_path, monkeypatch):
    """Writes the AWS config file; no credentials come from anywhere else."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    path = tmp_path / "aws-config"
    path.write_text("")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(path))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return path.write_text
