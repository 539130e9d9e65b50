"""Every error that a user can meet, and the exit code that the command line gives it.

    UnderstudyError            1
    ├── InputError             2   the request is wrong: option, script, configuration
    ├── MediaError             3   a file of sound or picture cannot be used
    ├── ModelError             4   weights are missing, damaged or unfit
    ├── RejectedError          5   a reviewer said no at a gate
    ├── QualityError           6   the finished master does not hold a limit that was set
    ├── ResourceError         75   disk, memory, time: the only kind that is retried
    │   └── LostError         75   a kept file is gone or damaged: the next run makes it anew, this one cannot
    └── ConsentError          77   a rule of consent says no: never retried, never softened

The message says what is wrong and ends with what to do next.
"""

from __future__ import annotations


class UnderstudyError(Exception):
    """Base of every error raised on purpose.

    message: what is wrong.  remedy: what the user can do next, a sentence.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        self.message = message
        self.remedy = remedy
        super().__init__(f"{message} {remedy}".strip())

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.args, self.__dict__))


class InputError(UnderstudyError, ValueError):
    """The request itself is wrong; nothing was computed."""

    exit_code = 2


class ScriptError(InputError):
    """A mark in the script is wrong at a line and column (both from 1)."""

    def __init__(self, message: str, line: int, column: int, expected: str) -> None:
        self.line = line
        self.column = column
        self.expected = expected
        super().__init__(f"Script line {line}, column {column}: {message}.", f"Expected {expected}.")


class MediaError(UnderstudyError, OSError):
    """A media file cannot be used. path: as the user named it. at: where in it, e.g. 'frame 12'."""

    exit_code = 3

    def __init__(self, path: str, problem: str, remedy: str, at: str = "") -> None:
        self.path = path
        self.at = at
        where = f"{path} ({at})" if at else path
        super().__init__(f"{where}: {problem}.", remedy)

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()


class ModelError(UnderstudyError):
    """Weights or a model backend are missing, damaged or unfit for the job."""

    exit_code = 4


class RejectedError(UnderstudyError):
    """A reviewer looked at a stage and refused it. gate: 'speech', 'model' or 'swap'."""

    exit_code = 5

    def __init__(self, gate: str, notes: str = "") -> None:
        self.gate = gate
        reason = f": {notes.rstrip('.')}" if notes else ""
        remedy = "Change the inputs and run again; finished stages are kept."
        super().__init__(f"Rejected at the {gate} gate{reason}.", remedy)


class QualityError(UnderstudyError):
    """A finished master was measured and does not hold a limit that was set. kept: where it lies, with its report."""

    exit_code = 6

    def __init__(self, problem: str, kept: str, remedy: str) -> None:
        self.kept = kept
        super().__init__(f"The master was refused: {problem}.", f"It lies with its report in {kept}. {remedy}")


class ResourceError(UnderstudyError):
    """The machine ran out of something (disk, memory, a peer); trying again can help."""

    exit_code = 75


class LostError(ResourceError):
    """A file of the store is gone or damaged, and forgotten: whatever made it makes it again in the next run."""


class ConsentError(UnderstudyError):
    """A rule of consent forbids the job.

    rule: its short name, e.g. 'expired'.  subject: the record concerned.  problem: what is wrong, a clause.
    """

    exit_code = 77

    def __init__(self, rule: str, subject: str, problem: str, remedy: str) -> None:
        self.rule = rule
        self.subject = subject
        self.problem = problem
        super().__init__(f"Consent refused ({rule}) for {subject}: {problem}.", remedy)


def _rebuild(kind: type[UnderstudyError], args: tuple[object, ...], state: dict[str, object]) -> UnderstudyError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error
