"""Downloads against a local server that is slow, cuts off, lies, or is not there."""

import hashlib
import io
import random
import re
import tarfile
import threading
import time
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from helpers.download import Archive, fetch, is_unpacked_from

FILES = {
    "data_batch_1.bin": random.Random(0).randbytes(300_000),  # several chunks, compressed too
    "test_batch.bin": b"test" * 5000,
    "batches.meta.txt": b"dog\ncat\n",
}


def tar_of(files, extra=()):
    """The bytes of a tar.gz with the files in a folder, and extra TarInfo members before them."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for info, content in extra:
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for name, content in files.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def describe(content, url):
    """The Archive that fits these bytes."""
    return Archive(
        name="CIFAR-10",
        url=url,
        size=len(content),
        md5=hashlib.md5(content).hexdigest(),
        sha256=hashlib.sha256(content).hexdigest(),
        sha1={n: hashlib.sha1(FILES[n]).hexdigest() for n in FILES if n.endswith(".bin")},
        extras=("batches.meta.txt",),
    )


class Server(ThreadingHTTPServer):
    """Answers the k-th request by the k-th of `answers` (the last one again when they run out)."""

    daemon_threads = True
    answers = ()
    requests = 0


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        answer = self.server.answers[min(self.server.requests, len(self.server.answers) - 1)]
        self.server.requests += 1
        with suppress(OSError):  # the client hangs up on an endless answer, as it should
            answer(self)
        self.close_connection = True

    def log_message(self, *_):
        pass


def start(handler, length=None):
    handler.send_response(200)
    if length is not None:
        handler.send_header("Content-Length", str(length))
    handler.end_headers()


def sends(content, *, announced=None, pieces=1, pause=0.0):
    """An answer with this content, in pieces, announcing its own or another length."""

    def answer(handler):
        start(handler, len(content) if announced is None else announced)
        step = -(-len(content) // pieces)
        for i in range(0, len(content), step):
            handler.wfile.write(content[i : i + step])
            handler.wfile.flush()
            time.sleep(pause)

    return answer


def never_stops(handler):
    start(handler)
    while True:
        handler.wfile.write(b"x" * 65536)


def goes_silent(handler):
    start(handler, 1000)
    handler.wfile.write(b"x" * 10)
    handler.wfile.flush()
    time.sleep(1.5)


@pytest.fixture
def server():
    server = Server(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def url(server):
    return f"http://127.0.0.1:{server.server_port}/cifar-10-binary.tar.gz"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "cache" / "cifar-10-batches-bin"


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix != ".json"}


def left_behind(folder):
    """Everything in the cache, hidden or not."""
    return sorted(str(p.relative_to(folder.parent)) for p in folder.parent.rglob("*"))


def test_a_good_answer_is_unpacked_checked_and_leaves_no_archive_behind(server, url, folder):
    content = tar_of(FILES)
    server.answers = [sends(content)]
    assert fetch(describe(content, url), folder) == folder
    assert contents(folder) == FILES
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_progress_is_shown_while_it_lasts(server, url, folder, capsys):
    server.answers = [sends(GOOD, pieces=3, pause=0.15)]
    fetch(describe(GOOD, url), folder)
    assert re.search(r"CIFAR-10: +[1-9]\d*%", capsys.readouterr().err)


def test_a_second_call_asks_nobody(server, url, folder):
    content = tar_of(FILES)
    server.answers = [sends(content)]
    for _ in range(2):
        fetch(describe(content, url), folder)
    assert server.requests == 1


def test_an_archive_left_by_an_interrupted_run_is_not_downloaded_again(server, url, folder):
    content = tar_of(FILES)
    server.answers = [sends(content)]
    folder.parent.mkdir()
    (folder.parent / "cifar-10-binary.tar.gz").write_bytes(content)
    fetch(describe(content, url), folder)
    assert contents(folder) == FILES
    assert server.requests == 0


def test_a_slow_server_is_waited_for_as_long_as_it_keeps_sending(server, url, folder):
    content = tar_of(FILES)
    server.answers = [sends(content, pieces=8, pause=0.25)]
    fetch(describe(content, url), folder, attempts=1, timeout=1.0)  # 2 s in all
    assert contents(folder) == FILES


def test_two_failures_and_then_a_good_answer_succeed(server, url, folder):
    content = tar_of(FILES)
    broken = sends(content[: len(content) // 2], announced=len(content))
    server.answers = [lambda handler: handler.send_error(503), broken, sends(content)]
    fetch(describe(content, url), folder, attempts=3)
    assert contents(folder) == FILES
    assert server.requests == 3


GOOD = tar_of(FILES)
TAMPERED = GOOD[:-20] + bytes(b ^ 1 for b in GOOD[-20:])


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (lambda h: h.send_error(404), ConnectionError, "the server answered 404 Not Found"),
        (sends(GOOD[:100], announced=len(GOOD)), ConnectionError, "the connection broke off"),
        (goes_silent, ConnectionError, "the server did not answer in time"),
        (sends(GOOD[:100]), ValueError, rf"has {len(GOOD):,} bytes, but the server sent 100\."),
        (sends(b"<html>Please log in</html>"), ValueError, "but the server sent 26"),
        (never_stops, ValueError, rf"has {len(GOOD):,} bytes, but the server sent more"),
        (sends(TAMPERED), ValueError, "the archive's md5 is .*, but what the server sent has"),
    ],
    ids=["404", "cut off", "silent", "truncated", "another page", "endless", "tampered"],
)
def test_a_bad_answer_gives_one_error_with_a_remedy_and_leaves_nothing(
    server, url, folder, answer, error, message
):
    server.answers = [answer]
    patience = 0.5 if answer is goes_silent else 30.0
    with pytest.raises(error, match=message) as caught:
        fetch(describe(GOOD, url), folder, attempts=1, timeout=patience)
    assert str(caught.value).startswith(f"CIFAR-10 could not be downloaded from {url} in 1 attempt")
    assert "name its folder in HELPERS_DATA" in str(caught.value)
    assert caught.value.__suppress_context__  # one error, not a chain of them
    assert left_behind(folder) == []


def test_no_network_says_so(folder):
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as unused:
        port = unused.server_port  # closed again below: nobody listens there
    archive = describe(GOOD, f"http://127.0.0.1:{port}/cifar-10-binary.tar.gz")
    with pytest.raises(ConnectionError, match=r"is this machine online\?.*HELPERS_DATA"):
        fetch(archive, folder, attempts=1)
    assert left_behind(folder) == []


def test_the_sha256_is_checked_besides_the_md5(server, url, folder):
    server.answers = [sends(GOOD)]
    archive = replace(describe(GOOD, url), sha256="0" * 64)
    with pytest.raises(ValueError, match=r"(?i)sha256 hash .* does not match"):
        fetch(archive, folder, attempts=1)
    assert left_behind(folder) == []


def test_an_archive_without_a_wanted_file_leaves_no_folder(server, url, folder):
    content = tar_of({n: FILES[n] for n in FILES if n != "test_batch.bin"})
    server.answers = [sends(content)]
    with pytest.raises(ValueError, match=r"the archive lacks test_batch\.bin"):
        fetch(describe(content, url), folder, attempts=1)
    assert not folder.exists()
    assert not list(folder.parent.glob(".unpacking-*"))


def test_something_that_is_no_tar_leaves_no_folder(server, url, folder):
    server.answers = [sends(b"not a tar" * 100)]
    with pytest.raises(ValueError, match="the archive cannot be unpacked"):
        fetch(describe(b"not a tar" * 100, url), folder, attempts=1)
    assert not folder.exists()


def test_only_wanted_plain_files_are_unpacked_wherever_the_archive_says_they_go(
    server, url, folder, tmp_path
):
    link = tarfile.TarInfo("cifar-10-batches-bin/data_batch_1.bin")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    hostile = [
        (tarfile.TarInfo("../../escaped.bin"), b"x"),
        (tarfile.TarInfo(str(tmp_path / "absolute.bin")), b"x"),
        (tarfile.TarInfo("cifar-10-batches-bin/run_me.py"), b"x"),
        (tarfile.TarInfo("../../test_batch.bin"), b"x"),
        (link, b""),
    ]
    content = tar_of(FILES, extra=hostile)
    server.answers = [sends(content)]
    fetch(describe(content, url), folder)
    assert contents(folder) == FILES
    assert not any(path.is_symlink() for path in folder.iterdir())
    assert [path.name for path in tmp_path.iterdir()] == ["cache"]


def test_a_cache_that_cannot_be_written_is_named(server, url, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    server.answers = [sends(GOOD)]
    with pytest.raises(OSError, match=r"CIFAR-10 could not be stored in .*cache.*HELPERS_DATA"):
        fetch(describe(GOOD, url), tmp_path / "cache" / "cifar-10-batches-bin", attempts=1)


def test_two_at_once_both_get_the_whole_folder(server, url, folder):
    server.answers = [sends(GOOD, pieces=4, pause=0.05)]
    seen = []

    def work():
        seen.append(contents(fetch(describe(GOOD, url), folder, attempts=2)))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [FILES] * 4
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]


def test_files_are_recognised_by_checksums_known_beforehand_or_noted_when_unpacked(
    server, url, folder
):
    server.answers = [sends(GOOD)]
    archive = describe(GOOD, url)
    fetch(archive, folder)
    unknown = replace(archive, sha1={name: "0" * 40 for name in archive.sha1})
    other = replace(unknown, sha256="0" * 64)
    assert is_unpacked_from(unknown, folder)  # by the note
    assert not is_unpacked_from(other, folder)  # the note is about another archive
    (folder / "origin.json").write_text("not json")
    assert is_unpacked_from(archive, folder)  # by what was known beforehand
    assert not is_unpacked_from(unknown, folder)
    (folder / "test_batch.bin").write_bytes(b"test" * 4999 + b"tesT")
    assert not is_unpacked_from(archive, folder)
    (folder / "test_batch.bin").unlink()
    assert not is_unpacked_from(archive, folder)
