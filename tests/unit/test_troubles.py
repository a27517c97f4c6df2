import errno
import os
import pwd
import stat
import subprocess
import sys

import pytest

from fossilvit.errors import SpecimenError, UserError
from fossilvit.running import environment, troubles

WRITE = "import sys; from fossilvit.store import files; from fossilvit.running import commands; "
WRITE += "sys.exit(commands.run(lambda: files.write_json(sys.argv[1], {})))"


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (UserError("The sentence."), "The sentence."),
        (SpecimenError("It is bad."), "It is bad."),
        (OSError(errno.ENOSPC, "No space left on device", "x.npy"), "x.npy: No space left on device; free some space"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "x.npy"), "x.npy: Disk quota exceeded; free some space there"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error; remove the cause and run again"),
        (
            OSError(errno.EMFILE, "Too many open files", "x"),
            "x: Too many open files; allow more open files (ulimit -n)",
        ),
        (OSError(errno.ELOOP, "Too many levels of symbolic links", "x"), "remove the links that lead in a circle"),
        (OSError("the process at work ended; run again"), "the process at work ended; run again; nothing half-written"),
        (MemoryError(), "There is too little memory (MemoryError); close other programs"),
        (
            MemoryError("Unable to allocate 7 GiB\nfor an array"),
            "There is too little memory (Unable to allocate 7 GiB);",
        ),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "There is too little memory ("),
        (
            BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable"),
            "You may start no more processes or threads",
        ),
        (
            RuntimeError("can't start new thread"),
            "You may start no more processes or threads here (can't start new thr",
        ),
        (RuntimeError("Resource temporarily unavailable"), "You may start no more processes or threads here"),
        (
            RuntimeError("cannot cache function 'f': no locator available for file 'x.py'"),
            "export XDG_CACHE_HOME=FOLDER.",
        ),
    ],
    ids=lambda value: str(value)[:40].replace("\n", " "),
)
def test_a_mistake_or_a_fault_of_the_machine_is_one_sentence(error, words):
    sentence = troubles.describe(error)
    assert words in sentence and "\n" not in sentence and sentence.endswith(".")


@pytest.mark.parametrize(
    "error", [KeyError("x"), RuntimeError("dictionary changed size"), ValueError(), TypeError("x")]
)
def test_a_bug_has_no_sentence(error):
    assert troubles.describe(error) is None
    with pytest.raises(type(error)):
        troubles.end(error)


def test_an_end_is_a_sentence():
    with pytest.raises(SystemExit, match="^Error: The sentence.$"):
        troubles.end(UserError("The sentence."))


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.ENOSPC, "No space left on device")])
def test_a_fault_while_a_command_is_imported_is_one_sentence(error, capsys):
    environment.tell(type(error), error, None)
    said = capsys.readouterr().err
    assert said.startswith("Error: ") and said.count("\n") == 1


def test_a_ctrl_c_while_a_command_is_imported_needs_no_words(capsys):
    environment.tell(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert capsys.readouterr().err == ""


def test_what_may_be_written_or_made_is_no_trouble(tmp_path):
    (tmp_path / "x").touch()
    assert troubles.unwritable([str(tmp_path), str(tmp_path / "x"), str(tmp_path / "new/folder")]) is None


@pytest.fixture
def said(monkeypatch):
    """What is said of files that this user may not write, be he root or not."""

    def say(*paths):
        access = lambda path, mode: bool(os.stat(path).st_mode & stat.S_IWUSR)  # noqa: E731
        monkeypatch.setattr(os, "access", access)
        return troubles.unwritable(map(str, paths))

    return say


def test_a_folder_of_ones_own_that_may_not_be_written_is_named(said, tmp_path):
    (tmp_path / "data").mkdir(0o555)
    assert said(tmp_path, tmp_path / "data/renders/x") == (
        f"{tmp_path}/data may not be written; change its permissions, or work elsewhere: --directory FOLDER."
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make files of another user")
@pytest.mark.parametrize(("owner", "name"), [(1, pwd.getpwuid(1).pw_name), (54321, "the user 54321")])
def test_of_a_file_of_another_user_the_owner_is_named_and_how_to_share_it(said, tmp_path, owner, name):
    path = tmp_path / "x.log"
    path.touch(0o444)
    os.chown(path, owner, owner)
    sentence = said(path)
    assert sentence.startswith(
        f"{path} may not be written, because it belongs to {name}; to share it, let {name} give it"
    )
    assert "chgrp -R GROUP" in sentence and "umask 002" in sentence


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_to_an_ordinary_user_files_of_the_system_belong_to_another():
    assert "/etc/passwd may not be written, because it belongs to root" in troubles.unwritable(["/etc/passwd"])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
@pytest.mark.parametrize("where", ["x.json", "new/x.json"])
def test_a_write_that_is_denied_names_the_folder(tmp_path, where):
    tmp_path.chmod(0o555)
    done = subprocess.run([sys.executable, "-c", WRITE, tmp_path / where], capture_output=True, text=True)
    assert done.stderr == (
        f"Error: {tmp_path} may not be written; change its permissions, or work elsewhere: --directory FOLDER.\n"
    )


def test_a_file_that_may_not_be_read_is_not_said_to_be_written(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    (tmp_path / "x").touch()
    sentence = troubles.describe(PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "x")))
    assert sentence.startswith(f"{tmp_path}/x: Permission denied; change its permissions and run again")
