"""Downloads against a local server that is slow, cuts off, lies, or is not there."""

import hashlib
import io
import random
import re
import subprocess
import sys
import tarfile
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from helpers.data.download import fetch

FILES = {
    "data_batch_1.bin": random.Random(0).randbytes(300_000),  # several chunks, compressed too
    "test_batch.bin": b"test" * 5000,
    "batches.meta.txt": b"dog\ncat\n",
}


def tar_of(files):
    """The bytes of a tar.gz with the files in a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


GOOD = tar_of(FILES)
TAMPERED = GOOD[:-20] + bytes(b ^ 1 for b in GOOD[-20:])


def sha256(content):
    return hashlib.sha256(content).hexdigest()


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
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def left_behind(folder):
    """Everything in the cache, hidden or not."""
    return sorted(str(p.relative_to(folder.parent)) for p in folder.parent.rglob("*"))


def test_a_good_answer_is_unpacked_and_a_second_call_asks_nobody(server, url, folder, capsys):
    server.answers = [sends(GOOD, pieces=3, pause=0.15)]
    for _ in range(2):
        assert fetch(url, folder, sha256=sha256(GOOD)) == folder
    assert contents(folder) == FILES
    assert [path.name for path in folder.parent.iterdir()] == [folder.name]  # no archive is left
    assert server.requests == 1
    assert re.search(r"[1-9]\d*%", capsys.readouterr().err)  # progress while it lasts


def test_a_slow_server_is_waited_for_as_long_as_it_keeps_sending(server, url, folder):
    server.answers = [sends(GOOD, pieces=8, pause=0.25)]
    fetch(url, folder, sha256=sha256(GOOD), attempts=1, timeout=1.0)  # 2 s in all
    assert contents(folder) == FILES


def test_two_failures_and_then_a_good_answer_succeed(server, url, folder):
    broken = sends(GOOD[: len(GOOD) // 2], announced=len(GOOD))
    server.answers = [lambda handler: handler.send_error(503), broken, sends(GOOD)]
    fetch(url, folder, sha256=sha256(GOOD), attempts=3)
    assert contents(folder) == FILES
    assert server.requests == 3


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda h: h.send_error(404), "404"),
        (sends(GOOD[:100], announced=len(GOOD)), "broken|IncompleteRead"),
        (goes_silent, "timed out"),
        (sends(GOOD[:100]), "SHA256 hash"),
        (sends(b"<html>Please log in</html>"), "SHA256 hash"),
        (sends(TAMPERED), "SHA256 hash"),
    ],
    ids=["404", "cut off", "silent", "truncated", "another page", "tampered"],
)
def test_a_bad_answer_gives_one_error_with_a_remedy_and_leaves_nothing(
    server, url, folder, answer, message
):
    server.answers = [answer]
    patience = 0.5 if answer is goes_silent else 30.0
    with pytest.raises(OSError, match=message) as caught:
        fetch(url, folder, sha256=sha256(GOOD), attempts=1, timeout=patience)
    assert str(caught.value).startswith(f"wanted {url} in {folder.parent}, received ")
    assert "name its folder in HELPERS_DATA" in str(caught.value)
    assert caught.value.__suppress_context__  # one error, not a chain of them
    assert left_behind(folder) == []


def test_no_network_gives_the_same_error(folder):
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as unused:
        port = unused.server_port  # closed again below: nobody listens there
    with pytest.raises(OSError, match=r"received ConnectionError, .*HELPERS_DATA"):
        fetch(f"http://127.0.0.1:{port}/a.tar.gz", folder, sha256=sha256(GOOD), attempts=1)
    assert left_behind(folder) == []


def test_something_that_is_no_tar_leaves_no_folder(server, url, folder):
    server.answers = [sends(b"not a tar" * 100)]
    with pytest.raises(OSError, match="received ReadError"):
        fetch(url, folder, sha256=sha256(b"not a tar" * 100), attempts=1)
    assert left_behind(folder) == []


def test_a_cache_that_cannot_be_written_is_named(server, url, tmp_path):
    (tmp_path / "cache").write_text("a file where the folder should be")
    server.answers = [sends(GOOD)]
    with pytest.raises(OSError, match=r"wanted .* in .*cache, received FileExistsError"):
        fetch(url, tmp_path / "cache" / "cifar-10-batches-bin", sha256=sha256(GOOD), attempts=1)


def test_three_processes_at_once_all_get_the_whole_folder(server, url, folder):
    server.answers = [sends(GOOD, pieces=4, pause=0.05)]
    code = (
        "from pathlib import Path\n"
        f"from {fetch.__module__} import fetch\n"
        f"folder = fetch({url!r}, Path({str(folder)!r}), sha256={sha256(GOOD)!r})\n"
        "print(*sorted((path.name, path.stat().st_size) for path in folder.iterdir()))"
    )
    command = [sys.executable, "-c", code]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    seen = [process.communicate()[0].strip() for process in running]
    assert seen == [" ".join(str((n, len(FILES[n]))) for n in sorted(FILES))] * 3
    assert contents(folder) == FILES
    assert left_behind(folder) == sorted(
        ["cifar-10-batches-bin", *(f"cifar-10-batches-bin/{n}" for n in FILES)]
    )
