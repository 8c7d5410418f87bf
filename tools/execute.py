"""Run the chapters in parallel and keep their outputs in the build's cache.

`jupyter-book build` then finds every notebook executed already. The cache knows a notebook by
its code cells only; here it is also tied to the package and the pins, so that a change of
either runs all chapters again.
"""

import argparse
import hashlib
import os
import shutil
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

import nbformat
from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from jupyter_cache.executors.utils import single_nb_execution

from helpers.data import cifar

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "_build"
CACHE = BUILD / ".jupyter_cache"
TIMEOUT = 900  # seconds for one cell

# One thread per chapter: they run side by side, and sums come out the same everywhere.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONPATH": str(ROOT / "src"),
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",
}


def key(root=ROOT):
    """Return a hash of everything the chapters' outputs depend on besides their own code.

    With photos on the machine the chapters show more, and they show which photos.
    """
    files = [p for p in (root / "src").rglob("*") if p.is_file()]
    files = [p for p in files if "__pycache__" not in p.parts and ".egg-info" not in str(p)]
    digest = hashlib.sha256()
    for path in [*sorted(files), root / "requirements.txt"]:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    digest.update((cifar.provenance() if cifar.is_here() else "no photos").encode())
    return digest.hexdigest()


def forget_if_stale(current):
    """Delete outputs and parsed pages that were made with another package or other pins."""
    stamp = CACHE / "KEY"
    if not stamp.exists() or stamp.read_text() != current:
        shutil.rmtree(CACHE, ignore_errors=True)
        shutil.rmtree(BUILD / ".doctrees", ignore_errors=True)
        CACHE.mkdir(parents=True)
        stamp.write_text(current)


def run(path):
    """Execute one notebook in its own folder; return (executed notebook, seconds, error or "")."""
    notebook = nbformat.read(path, as_version=4)
    result = single_nb_execution(
        notebook,
        cwd=str(path.parent),
        timeout=TIMEOUT,
        allow_errors=False,
        extra_arguments=["--log-level=ERROR"],
    )
    return result.nb, result.time, result.exc_string or ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: notebooks/*.ipynb")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    os.environ.update(ENVIRONMENT)
    paths = [p.resolve() for p in options.notebooks] or sorted((ROOT / "notebooks").glob("*.ipynb"))

    forget_if_stale(key())
    cache = get_cache(CACHE)
    waiting = []
    for path in paths:
        try:
            cache.match_cache_notebook(nbformat.read(path, as_version=4))
        except KeyError:
            waiting.append(path)
    if not waiting:
        print(f"Chapters: all {len(paths)} unchanged since they last ran")
        return 0

    workers = max(1, min(options.workers, len(waiting)))
    print(f"Chapters: {len(waiting)} of {len(paths)} to run, {workers} at a time", flush=True)
    start, failed = time.monotonic(), []
    with ProcessPoolExecutor(workers) as pool:
        jobs = {pool.submit(run, path): path for path in waiting}
        for done, job in enumerate(as_completed(jobs), 1):
            path = jobs[job]
            notebook, seconds, error = job.result()
            if error:
                failed.append((path, error))
            else:
                bundle = CacheBundleIn(notebook, str(path), data={"execution_seconds": seconds})
                cache.cache_notebook_bundle(bundle, check_validity=False, overwrite=True)
            state = "FAILED after" if error else "ran in"
            print(f"  [{done}/{len(waiting)}] {path.name} {state} {seconds:.0f} s", flush=True)
    print(f"Chapters: {time.monotonic() - start:.0f} s in all")
    for path, error in failed:
        print(f"\n{path.name} does not run:\n{error}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
