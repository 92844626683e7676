"""The set-up tools, as far as they can be tried without a network, an Odoo or a database server."""

import fcntl
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tools import databases, odoo_source, postgres, run, server, settings, steps, system_packages
from tools import test as test_command


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """Point the tools to an empty cache."""
    monkeypatch.setattr(steps, "CACHE", tmp_path)
    monkeypatch.setattr(steps, "LOGS", tmp_path / "logs")
    return tmp_path


class TestSteps:
    def test_a_step_tells_its_time(self, capsys):
        with steps.step("Something"):
            pass
        assert capsys.readouterr().out == "- Something ... 0.0 s\n"

    def test_a_failing_step_says_so(self, capsys):
        with pytest.raises(ValueError), steps.step("Something"):
            raise ValueError
        assert "FAILED after" in capsys.readouterr().out

    def test_a_failing_command_shows_its_output_and_the_advice(self, cache):
        with pytest.raises(steps.StepFailed, match=r"(?s)what happened.*ended with 3.*Do that\."):
            steps.call([sys.executable, "-c", "print('what happened'); exit(3)"], "name", "Do that.")
        assert (cache / "logs/name.log").read_text() == "what happened\n"

    def test_two_at_once_wait_for_each_other(self, cache):
        with steps.one_at_a_time("x"), (cache / "locks/x").open() as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)


class TestArguments:
    def test_nothing_means_everything(self):
        plain, odoo = test_command.split([])
        assert "tests/tooling" in plain
        assert {"work365_billing", "billdozer_repeating", "tests", "--ignore=tests/tooling"} <= set(odoo)

    def test_what_needs_timesheets_has_a_database_of_its_own(self):
        assert test_command.by_database(["work365_billing", "tests", "work365_billing_timesheet", "-x"]) == {
            settings.ADDONS: ["work365_billing", "tests", "-x"],
            settings.WITH_TIMESHEETS: ["work365_billing_timesheet", "-x"],
        }
        assert list(test_command.by_database(["tests", "-k", "name"])) == [settings.ADDONS]
        assert list(test_command.by_database(["work365_billing_timesheet/tests"])) == [settings.WITH_TIMESHEETS]
        assert test_command.by_database(["tests", "work365_billing_queue_job/tests", "-x"]) == {
            settings.ADDONS: ["tests", "-x"], settings.WITH_QUEUE_JOB: ["work365_billing_queue_job/tests", "-x"]}

    def test_a_path_without_odoo(self):
        assert test_command.split(["tests/tooling/test_tools.py::TestSteps", "-x"]) == (
            ["tests/tooling/test_tools.py::TestSteps", "-x"], None,
        )

    def test_a_path_with_odoo(self):
        plain, odoo = test_command.split(["work365_billing/__manifest__.py", "-k", "name"])
        assert plain is None
        assert odoo[0] == "work365_billing/__manifest__.py"
        assert odoo[-2:] == ["-k", "name"]

    def test_a_folder_with_both_is_shared_out(self):
        plain, odoo = test_command.split(["tests"])
        assert "tests/tooling" in plain
        assert odoo[:2] == ["tests", "--ignore=tests/engine"]

    def test_the_value_of_an_option_is_no_path(self):
        assert test_command.split(["work365_billing", "-k", "tests"])[0] is None

    def test_an_option_alone_goes_to_both(self):
        plain, odoo = test_command.split(["-k", "name"])
        assert plain[-2:] == odoo[-2:] == ["-k", "name"]


class TestOdooSource:
    def odoo(self, folder, version="(19, 0, 0, FINAL, 0, '')"):
        (folder / "odoo").mkdir()
        (folder / "odoo/release.py").write_text(f"version_info = {version}\n")
        return folder

    def test_an_odoo_that_exists(self, tmp_path, monkeypatch):
        monkeypatch.setenv("BILLING_ODOO", str(self.odoo(tmp_path)))
        assert odoo_source.locate() == tmp_path

    def test_another_version_is_refused(self, tmp_path, monkeypatch):
        monkeypatch.setenv("BILLING_ODOO", str(self.odoo(tmp_path, "(18, 0)")))
        with pytest.raises(steps.StepFailed, match="no Odoo 19"):
            odoo_source.locate()

    def test_the_addons_of_a_checkout(self, tmp_path):
        (tmp_path / "addons/account").mkdir(parents=True)
        assert odoo_source.addons_paths(tmp_path) == [tmp_path / "addons"]

    def test_other_systems_are_told_what_to_set(self, monkeypatch):
        monkeypatch.delenv("BILLING_DEBIAN_MIRROR", raising=False)
        monkeypatch.setattr(odoo_source, "_release", lambda: {"ID": "other"})
        with pytest.raises(steps.StepFailed, match="BILLING_ODOO"):
            odoo_source._mirrors(["apt-get"])


class TestServers:
    def test_a_server_that_exists_is_used(self, monkeypatch):
        monkeypatch.setenv("PGHOST", "somewhere")
        monkeypatch.setenv("PGUSER", "me")
        monkeypatch.delenv("PGPORT", raising=False)
        assert postgres.connection() == {"PGHOST": "somewhere", "PGPORT": "5432", "PGUSER": "me"}

    def test_the_superuser_is_refused_as_odoo_would(self, monkeypatch):
        monkeypatch.setenv("PGHOST", "somewhere")
        monkeypatch.setenv("PGUSER", "postgres")
        with pytest.raises(steps.StepFailed, match="PGUSER"):
            postgres.connection()

    def test_the_socket_path_stays_short(self, monkeypatch, tmp_path):
        monkeypatch.setattr(postgres, "HOME", tmp_path / ("x" * 100))
        assert len(str(postgres.socket_dir())) < 80

    def test_a_taken_port_is_passed_over(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            assert server.free_port(port) > port

    def test_a_process_that_is_not_ours_is_left_alone(self):
        with subprocess.Popen(["sleep", "60"]) as stranger:
            assert not run._is_ours(stranger.pid)
            stranger.kill()


class TestDatabases:
    def test_only_other_modules_count_as_core(self):
        assert {"payment_demo", "sale_management"} <= set(databases.core_modules())
        assert not set(databases.ADDONS) & set(databases.core_modules())
        assert "hr_timesheet" in databases.core_modules(settings.WITH_TIMESHEETS)
        assert "hr_timesheet" not in databases.core_modules()

    def test_the_digest_follows_code_and_not_tests(self, tmp_path, monkeypatch):
        addon = tmp_path / "work365_billing"
        (addon / "tests").mkdir(parents=True)
        (addon / "code.py").write_text("1")
        monkeypatch.setattr(databases, "CHECKOUT", tmp_path)
        first = databases.addons_digest()
        (addon / "tests/test_code.py").write_text("1")
        assert databases.addons_digest() == first
        (addon / "code.py").write_text("2")
        assert databases.addons_digest() != first


class TestSummary:
    made = {
        "before": {"contracts": 3, "schedules": {"pending": 5}, "invoices": 1, "amounts": {"EUR": 10.0}, "tasks": {}},
        "after": {
            "contracts": 3,
            "schedules": {"pending": 3, "invoiced": 2},
            "invoices": 3,
            "amounts": {"EUR": 30.0, "USD": 1234.5},
            "tasks": {"Send Invoice": {"Succeeded": 1}, "Charge Invoice": {"Waiting": 2, "In Progress": 3}},
        },
    }

    def test_what_was_made_and_what_is_there(self):
        text = run.describe(json.loads(json.dumps(self.made)))
        assert "made 2 invoices (20.00 EUR, 1,234.50 USD)." in text
        assert "3 contracts, 5 schedules (2 invoiced, 3 pending) and 3 invoices" in text
        assert "What followed them: Charge Invoice: 3 in progress, 2 waiting; Send Invoice: 1 succeeded." in text


def test_missing_programs_are_told_with_their_cost(monkeypatch, capsys):
    monkeypatch.setattr(system_packages.shutil, "which", lambda name: None)
    monkeypatch.setattr(system_packages.os, "geteuid", lambda: 1000)
    system_packages.ensure()
    assert "wkhtmltopdf is missing: invoices cannot be printed" in capsys.readouterr().out


def test_the_summary_line_adds_up(monkeypatch, capsys):
    """One line, also when a step fails."""

    def broken(*_args):
        raise steps.StepFailed("No network.")

    monkeypatch.setattr(test_command.setup, "ready", broken)
    assert test_command.main([]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "0 passed, 1 failed, 0 skipped"


def test_the_tools_need_nothing_but_the_standard_library():
    """They run before anything is installed."""
    code = "import sys; sys.path.insert(0, '.'); import tools.run, tools.test, tools.env"
    root = Path(__file__).resolve().parents[2]
    subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], cwd=root, check=True)
