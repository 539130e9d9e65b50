"""The layers of the code, kept by machine: who may import whom, and who may touch files and Prefect."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(path for top in ("flows", "tasks", "av_models") for path in (ROOT / top).rglob("*.py"))

# A module may import from layers to the right of its own, and from its own.
MODELS = ("speech", "alignment", "face", "swap", "lips", "forensics")
MAY_IMPORT = {
    "flows": {"flows", "tasks", "io", *MODELS, "runtime", "domain"},
    "tasks": {"tasks", "io", *MODELS, "runtime", "domain"},
    **{model: {*MODELS, "runtime", "domain"} for model in MODELS},
    "runtime": {"runtime", "domain"},
    "io": {"io", "domain"},
    "domain": {"domain"},
}
CONTAINERS = {
    *("av", "moviepy", "ffmpeg", "PIL", "c2pa", "fsspec", "opentimelineio", "soundfile", "yaml"),
    *("pysubs2", "matplotlib", "jinja2"),
}
HEAVY = CONTAINERS | {
    *(
        "torch",
        "cv2",
        "dlib",
        "onnxruntime",
        "onnx",
        "librosa",
        "scipy",
        "soxr",
        "perth",
        "pocketsphinx",
        "cryptography",
    ),
    *("insightface", "face_alignment", "numba", "skimage"),
}
MOST_LINES = 350


def layer_of(module: str) -> str:
    """'av_models.io.store' -> 'io', 'tasks.speech' -> 'tasks', anything else -> ''."""
    parts = module.split(".")
    if parts[0] == "av_models":
        return parts[1] if len(parts) > 1 else "domain"
    return parts[0] if parts[0] in ("flows", "tasks") else ""


def module_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path, at_import_only: bool = False) -> Iterator[str]:
    """Every module that a file imports, in full. at_import_only: what runs when the file itself is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in _executed(tree.body) if at_import_only else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(path, node)
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.relative_to(ROOT).with_suffix("").parts[: -node.level]
    return ".".join((*package, *([node.module] if node.module else [])))


def _executed(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements outside functions and outside `if TYPE_CHECKING`."""
    for node in body:
        yield node
        if isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.dump(node.test):
            yield from _executed([*node.body, *node.orelse])
        elif isinstance(node, ast.Try | ast.With | ast.ClassDef):
            yield from _executed(node.body)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports_run_downwards(path: Path) -> None:
    own = layer_of(module_of(path))
    reached = {layer_of(name) for name in imports(path)} - {""}
    assert reached <= MAY_IMPORT[own], f"{module_of(path)} reaches up to {sorted(reached - MAY_IMPORT[own])}"


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_prefect_and_containers_stay_where_they_belong(path: Path) -> None:
    own, reached = layer_of(module_of(path)), {name.split(".")[0] for name in imports(path)}
    assert "prefect" not in reached or own in ("flows", "tasks")
    assert not reached & CONTAINERS or own == "io", f"opens files itself: {sorted(reached & CONTAINERS)}"


def test_domain_needs_the_standard_library_only() -> None:
    for path in (ROOT / "av_models" / "domain").glob("*.py"):
        foreign = {name.split(".")[0] for name in imports(path)} - set(sys.stdlib_module_names) - {"av_models"}
        assert not foreign, f"{path.name} imports {sorted(foreign)}"


@pytest.mark.parametrize("start", ["flows.cli", "flows.produce", "flows.review", "flows.deploy"])
def test_heavy_libraries_are_imported_where_they_are_used(start: str) -> None:
    seen, waiting = set(), [start]
    while waiting:
        module = waiting.pop()
        path = _file_of(module)
        if path is None or module in seen:
            continue
        seen.add(module)
        reached = set(imports(path, at_import_only=True))
        heavy = {name.split(".")[0] for name in reached} & HEAVY
        assert not heavy, f"importing {start} imports {sorted(heavy)} through {module}"
        waiting += reached
    if start == "flows.cli":
        light = {name.split(".")[0] for module in seen for name in imports(_file_of(module), at_import_only=True)}  # type: ignore[arg-type]
        assert not light & {"prefect", "pydantic", "numpy", "rich"}


def _file_of(module: str) -> Path | None:
    base = ROOT.joinpath(*module.split("."))
    return next((path for path in (base.with_suffix(".py"), base / "__init__.py") if path.is_file()), None)


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MOST_LINES
