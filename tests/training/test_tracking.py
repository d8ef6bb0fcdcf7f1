"""What goes on record with a run, and a registry that cannot be."""

import subprocess

import pytest

from features.workspace import Workspace
from recsys.errors import RegistryError
from training import tracking
from training.tracking import Registry, git_commit


def test_a_registry_that_cannot_be_made_is_refused_at_once(tmp_path):
    nowhere = Workspace(tmp_path / "nowhere", "tables", "GBP", ("basic",), ingested_at=2, now=1)
    with pytest.raises(RegistryError, match=r"mlflow\.db cannot be made"):
        Registry(nowhere)


class TestGitCommit:
    @pytest.fixture
    def checkout(self, tmp_path, monkeypatch):
        file = tmp_path / "training" / "tracking.py"
        file.parent.mkdir()
        file.write_text("one")
        monkeypatch.setattr(tracking, "__file__", str(file))
        return file

    @staticmethod
    def git(file, *arguments):
        name = ("-c", "user.name=ann", "-c", "user.email=ann@example.org")
        return subprocess.run(["git", "-C", file.parent, *name, *arguments], check=True, capture_output=True, text=True)

    def test_it_is_the_whole_commit_and_says_where_files_differ(self, checkout):
        for arguments in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "one"]):
            self.git(checkout, *arguments)
        commit = self.git(checkout, "rev-parse", "HEAD").stdout.strip()
        assert git_commit() == commit
        checkout.write_text("two")
        assert git_commit() == f"{commit}-dirty"

    def test_the_checkout_of_another_project_is_not_taken_for_ours(self, checkout):
        (checkout.parent / "theirs.txt").write_text("theirs")
        for arguments in (["init", "-q"], ["add", "theirs.txt"], ["commit", "-q", "-m", "theirs"]):
            self.git(checkout, *arguments)
        assert git_commit() == ""

    def test_without_a_checkout_it_is_empty(self, checkout):
        assert git_commit() == ""
