"""The workflows: actions pinned, rights as few as can be, scripts that no name can slip into."""

import re
import subprocess

import pytest
import yaml
from small_fork import ROOT

FOLDER = ROOT / ".github" / "workflows"
WORKFLOWS = sorted(FOLDER.glob("*.yml"))
# The rights that a job may have, and why the README's readers can trust it with them.
RIGHTS = {("publish", "publish"): {"contents": "write"}, ("weekly", "tell"): {"issues": "write"}}

workflows = pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)


def jobs(path):
    return yaml.safe_load(path.read_text())["jobs"].items()


def steps(path):
    return [step for _, job in jobs(path) for step in job["steps"]]


@workflows
def test_every_action_is_pinned_to_a_commit_and_says_which_version_that_is(path):
    used = re.findall(r"uses: *(.*)", path.read_text())
    assert used or path.stem == "tell"
    pinned = re.compile(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
    assert [line for line in used if not pinned.fullmatch(line)] == []


def test_one_action_has_one_pin():
    used = {line for p in WORKFLOWS for line in re.findall(r"uses: *(.*)", p.read_text())}
    assert len({line.partition("@")[0] for line in used}) == len(used)


@workflows
def test_a_job_reads_unless_it_has_to_write(path):
    whole = yaml.safe_load(path.read_text())["permissions"]
    for name, job in jobs(path):
        allowed = RIGHTS.get((path.stem, name), {"contents": "read"})
        assert job.get("permissions", whole) == allowed, name
        assert 0 < job["timeout-minutes"] <= 60, name


@workflows
def test_a_checkout_leaves_no_token_on_the_disk(path):
    for step in steps(path):
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"]["persist-credentials"] is False


@workflows
def test_scripts_take_names_from_the_environment_and_can_be_parsed(path):
    """A branch called `$(rm -rf ~)` put into a script by ${{ }} would run."""
    for step in steps(path):
        script = step.get("run", "")
        assert "${{" not in script, step
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


@workflows
def test_a_token_is_given_to_steps_that_run_no_package(path):
    """What pip installed never sees the token: it is in no job's environment, only in a step's."""
    for name, job in jobs(path):
        assert "token" not in str(job.get("env", "")).lower(), name
        for step in job["steps"]:
            if "token" in str(step.get("env", "")):
                commands = re.findall(r"^\s*(make|python\S*|pip|\.ci/run)\b", step["run"], re.M)
                assert commands == [], name
