"""The script of the atlas is what its sources and the packages of its lock file make."""

from fossilvit.provenance.recipes import PAGE
from tests.browser.conftest import npm


def test_the_committed_script_is_what_its_sources_make(web):
    done = npm(web, "run", "build")
    assert done.returncode == 0, done.stdout
    made = {path.name: path.read_bytes() for path in (web / "dist").iterdir()}
    committed = {path.name: path.read_bytes() for path in (PAGE / "dist").iterdir()}
    assert made.keys() == committed.keys()
    different = [name for name in made if made[name] != committed[name]]
    assert not different, f"{different} are not what the sources make: run make page"


def test_the_sources_have_no_type_errors(web):
    done = npm(web, "run", "check")
    assert done.returncode == 0, done.stdout
