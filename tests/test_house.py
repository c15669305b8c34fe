"""What the house promises about itself: who imports whom, and what is loaded when asked for."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from lstm_checks.adapters import NAMES

ROOT = Path(__file__).parent.parent
KIT = ROOT / "checks" / "lstm_checks"
REFERENCE = ROOT / "reference" / "lstm_reference"
RIGHT = str(ROOT / "examples" / "right_lstm.py")


def imports(path):
    """The full names that a file imports, those inside functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def violations(folder, *forbidden, except_for=()):
    return [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in sorted(folder.rglob("*.py"))
        if path.name not in except_for
        for name in imports(path)
        if any(name == one or name.startswith(one + ".") for one in forbidden)
    ]


def test_the_walk_sees_imports():
    assert "lstm_checks.laws.registry.EVERY" in set(imports(KIT / "cli.py"))


def test_the_reference_imports_no_check():
    assert violations(REFERENCE, "lstm_checks") == []


def test_no_law_imports_an_adapter_a_report_or_the_command_line():
    kit = "lstm_checks"
    above = (
        "adapters", "report", "cli", "api", "items", "pytest_plugin", "bench", "worker",
        "launch.process", "launch.local", "engine.ladder", "engine.search", "engine.outcome",
    )  # fmt: skip
    assert violations(KIT / "laws", *(f"{kit}.{one}" for one in above)) == []


def test_torch_is_imported_in_its_own_files_alone():
    assert violations(REFERENCE, "torch", except_for=("torch_lstm.py",)) == []
    elsewhere = violations(KIT, "torch", except_for=("torch.py",))
    assert [one for one in elsewhere if "/bench/" not in one] == []


def test_bundled_adapters_stand_alone():
    for name in NAMES:
        kit = [one for one in imports(KIT / "adapters" / f"{name}.py") if "lstm" in one]
        assert [one for one in kit if one.partition(".")[0] != "lstm_bridge"] == []


def test_what_adapters_share_needs_numpy_alone():
    assert violations(KIT / "adapters" / "lstm_bridge", "lstm_checks", "lstm_reference") == []
    code = (
        f"import sys; sys.path.insert(0, {str(KIT / 'adapters')!r}); import lstm_bridge\n"
        "assert not {'torch', 'jax', 'tensorflow', 'lstm_checks'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_the_worker_knows_neither_the_reference_nor_the_laws():
    assert violations(KIT / "worker", "lstm_reference", "lstm_checks") == []
    modules = [path.stem for path in (KIT / "worker").glob("[!_]*.py")]
    assert "host" in modules
    assert "serve" in modules
    code = (
        f"import sys\nfrom lstm_checks.worker import {', '.join(modules)}, __main__\n"
        "kit = [m for m in sys.modules if m.startswith('lstm_checks.')]\n"
        "kit = [m for m in kit if not m.startswith('lstm_checks.worker')]\n"
        "loaded = [m for m in sys.modules if m.startswith(('lstm_reference', 'hypothesis', "
        "'torch', 'rich', 'pytest'))]\n"
        "assert not kit + loaded, kit + loaded\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


@pytest.mark.parametrize("name", ["lstm_checks", "lstm_checks.pytest_plugin", "lstm_checks.cli"])
def test_importing_the_package_loads_no_numpy(name):
    code = f"import sys, {name}; assert 'numpy' not in sys.modules and 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_check_of_a_numpy_subject_does_not_import_torch(tmp_path):
    code = (
        "import sys, lstm_checks\n"
        f"assert lstm_checks.check({RIGHT!r}, level='quick').passed\n"
        "assert 'torch' not in sys.modules and 'matplotlib' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
