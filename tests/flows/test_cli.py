"""The command line: quick to answer, clear when it refuses, and orderly when it is interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from flows.cli import app, main

FLOW = [sys.executable, "-m", "flows.cli"]


@pytest.fixture
def media(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNDERSTUDY_MEDIA", str(tmp_path / "media"))
    return tmp_path / "media"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*FLOW, *arguments], capture_output=True, text=True, check=False)


def test_help_loads_nothing_heavy() -> None:
    program = (
        "import sys; from typer.testing import CliRunner; from flows.cli import app;"
        "result = CliRunner().invoke(app, ['run', 'produce', '--help']); assert '--lips' in result.stdout;"
        "heavy = {'prefect', 'torch', 'numpy', 'cv2', 'av', 'yaml', 'httpx'} & set(sys.modules);"
        "sys.exit(' '.join(sorted(heavy)) or None)"
    )
    answer = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stderr) == (0, "")


def test_help_names_every_command() -> None:
    text = CliRunner().invoke(app, ["--help"]).stdout
    assert all(name in text for name in ("run", "ui", "consent", "verify", "voices", "doctor"))


def test_voices_for_programs(media: Path) -> None:
    voices = json.loads(CliRunner().invoke(app, ["voices", "--json"]).stdout)
    assert "espeak-default" in [voice["name"] for voice in voices]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["--script", "nowhere.txt"], 2, "nowhere.txt"),
        (["--script", "Hello.", "--set", "sed=1"], 2, "did you mean 'seed'"),
        (["--script", "Hello.", "--actor", "nobody.mp4"], 3, "nobody.mp4"),
        (["--script", "Hello.", "--set", "purpose.use=deception"], 77, "forbidden-use"),
    ],
)
def test_refuses_before_a_server_is_started(
    media: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, told: str
) -> None:
    result = CliRunner().invoke(app, ["run", "produce", *arguments])
    assert result.exit_code == code
    assert told in result.stderr and "Traceback" not in result.stderr
    assert not (media / "prefect" / "server.json").exists()


def test_json_is_one_line_also_when_it_fails(media: Path) -> None:
    result = CliRunner().invoke(app, ["run", "produce", "--script", "nowhere.txt", "--json"])
    answer = json.loads(result.stdout)
    assert result.stdout.count("\n") == 1
    assert (answer["ok"], answer["exit_code"], result.exit_code) == (False, 2, 2)


def test_unknown_choice_is_a_usage_error(media: Path) -> None:
    result = run("run", "produce", "--script", "Hello.", "--lips", "sing")
    assert result.returncode == 2 and "keep" in result.stderr


def test_other_commands_show_one_message(
    media: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["flow", "consent", "revoke", "nobody", "--reason", "test"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 77
    assert capsys.readouterr().err.startswith("Error: Consent refused (missing) for nobody")


def test_a_run_from_the_command_line(prefect_api: str, media: Path, tmp_path: Path) -> None:
    result = subprocess.run(
        [*FLOW, "run", "produce", "--script", "Hello.", "--until", "speech", "--out", str(tmp_path / "out"), "--json"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PREFECT_API_URL": prefect_api},
    )
    assert (result.returncode, result.stderr) == (0, "")
    answer = json.loads(result.stdout)
    assert (answer["ok"], answer["until"], answer["master"]) == (True, "speech", None)
    assert Path(answer["page"]).is_file() and (tmp_path / "out" / "speech" / "001.wav").is_file()


def test_interrupted_while_it_works(prefect_api: str, media: Path, tmp_path: Path) -> None:
    """Ctrl-C after the first stage was announced."""
    command = [*FLOW, "run", "produce", "--script", "Hello there.", "--out", str(tmp_path / "out")]
    environment = os.environ | {"PREFECT_API_URL": prefect_api}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    assert "script" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    output, said = process.communicate()
    assert process.returncode == 130
    assert "Run the same command again to go on" in said and "Traceback" not in said and output == ""
    assert not (tmp_path / "out").exists() and list(tmp_path.glob(".*.part")) == []


_STOPPED_MIDWAY = """
import signal
from flows.running import _reported, _stoppable

class Server:
    def leave(self): ...

def call():
    with _stoppable(Server(), as_json=False):
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise ValueError("Task run is not set") from None

raise SystemExit(_reported(call, print, as_json=False, debug=False))
"""


def test_what_prefect_says_of_a_task_that_ctrl_c_ended_is_no_error() -> None:
    """Stopped between two of its steps Prefect raises what it missed, in place of the interruption."""
    ended = subprocess.run([sys.executable, "-c", _STOPPED_MIDWAY], capture_output=True, text=True, check=False)
    assert ended.returncode == 130, ended.stderr
    assert "Interrupted." in ended.stderr and "should not happen" not in ended.stderr


def test_ctrl_c_while_the_stages_are_still_being_loaded_is_an_interruption() -> None:
    half_loaded = "import sys, types; sys.modules['tasks.progress'] = types.ModuleType('tasks.progress')"
    ended = subprocess.run(
        [sys.executable, "-c", half_loaded + _STOPPED_MIDWAY], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 130, ended.stderr
    assert "Interrupted." in ended.stderr and "should not happen" not in ended.stderr
