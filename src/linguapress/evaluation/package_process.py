"""The process in which the package ``llmlingua`` runs: started when first asked, started anew after a crash, ended at exit."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from multiprocessing.util import Finalize  # unlike atexit, also runs where a process of a pool ends
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any

from linguapress.errors import MissingExtra, ModelNotFound
from linguapress.evaluation.parity_models import portable
from linguapress.evaluation.reference import FOLDER, opened
from linguapress.models.embedded import EMBEDDED, model_folder
from linguapress.models.stored import copy_dense

PATIENCE = 900.0  # seconds for one answer; the first one of each model waits for its loading too
_LAST_WORDS = 300  # characters


class PackageFailed(RuntimeError):
    """The package stopped with an error, crashed, or gave no answer in time."""


class PackageNotUsable(MissingExtra):
    """An interpreter that has no ``llmlingua``, or not all that it needs."""

    def __init__(self, python: str, reason: str) -> None:
        """Names the interpreter and what went wrong."""
        need = "--reference-python names the interpreter of an environment with llmlingua 0.2.2 and all that it needs"
        ImportError.__init__(self, f"{python} cannot run llmlingua ({reason.strip()}); {need}")


class PackageProcess:
    """Requests in, answers out; see :mod:`linguapress.evaluation.package_worker`."""

    def __init__(self, python: str, lm: str, patience: float = PATIENCE) -> None:
        """Starts nothing yet.

        Args:
            python: interpreter of an environment that has ``llmlingua``.
            lm: causal language model: ``"lm"`` (embedded) or a folder.
            patience: seconds to wait for one answer.
        """
        self.python, self.lm, self.patience = python, lm, patience
        self._lock, self._lines = Lock(), SimpleQueue[str]()
        self._process: subprocess.Popen[str] | None = None
        self._scratch: Path | None = None

    @property
    def pid(self) -> int | None:
        """Number of the process; None while there is none."""
        return self._process.pid if self._process else None

    def ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to a request.

        Raises:
            PackageFailed: there is none; the next request is served all the same.
            PackageNotUsable: there will never be one.
            ModelNotFound: the language model is no folder.
        """
        with self._lock:
            process = self._process or self._started()
            try:
                answer = self._exchanged(process, json.dumps(request) + "\n")
            except BaseException:  # after an interrupt, too: the next request would get this one's answer
                self._end()
                raise
        if "unusable" in answer:
            raise PackageNotUsable(self.python, answer["unusable"])
        if "error" in answer:
            raise PackageFailed(answer["error"])
        return answer

    def end(self) -> None:
        """Ends the process, if there is one; the next request starts another."""
        with self._lock:
            self._end()

    def _exchanged(self, process: subprocess.Popen[str], line: str = "") -> dict[str, Any]:
        assert process.stdin, "started with a pipe"
        try:
            if line:
                process.stdin.write(line)
                process.stdin.flush()
            answer: dict[str, Any] = json.loads(self._lines.get(timeout=self.patience))
        except Empty as error:
            raise PackageFailed(f"no answer in {self.patience:g} seconds") from error
        except (OSError, ValueError) as error:  # a broken pipe; the empty line that stands for the end
            raise PackageFailed(f"its process ended: {self._last_words()}") from error
        return answer

    def _started(self) -> subprocess.Popen[str]:
        import torch

        self._scratch = self._scratch or _folder()
        threads, worker = torch.get_num_threads(), Path(__file__).with_name("package_worker.py")
        command = [self.python, str(worker), "--threads", str(threads), *self._models(self._scratch)]
        try:
            with (self._scratch / "stderr.txt").open("wb") as errors:
                process = opened(command, threads, errors)
        except OSError as error:
            raise PackageNotUsable(self.python, str(error)) from error
        self._process, self._lines = process, SimpleQueue()
        Thread(target=_pass_on, args=(process, self._lines), daemon=True).start()
        Finalize(self, _stop, (process,), exitpriority=20)  # before its folder goes
        try:
            self._exchanged(process)
        except PackageFailed as error:
            self._end()
            raise PackageNotUsable(self.python, str(error)) from error
        return process

    def _models(self, scratch: Path) -> list[str]:
        """Arguments that name both models, which are made readable for the package where that has not been done."""
        keep, lm, source = scratch / FOLDER, scratch / "lm", Path(model_folder(self.lm))
        if not (source / "config.json").is_file():
            raise ModelNotFound(f"the package reads the language model from a folder, got {self.lm!r}; name a folder, or lm")
        if not keep.exists():
            copy_dense(EMBEDDED, keep)
        return ["--keep", str(keep), "--lm", str(lm if lm.exists() else portable(source, lm))]

    def _last_words(self) -> str:
        assert self._scratch, "made before the process"
        words = (self._scratch / "stderr.txt").read_text("utf-8", "replace").split()
        return " ".join(words)[-_LAST_WORDS:] or "it left no message"

    def _end(self) -> None:
        if self._process:
            _stop(self._process)
        self._process = None


def _folder() -> Path:
    """A folder that goes when this process does."""
    scratch = tempfile.TemporaryDirectory(prefix="linguapress-package-", ignore_cleanup_errors=True)
    Finalize(scratch, scratch.cleanup, exitpriority=10)
    return Path(scratch.name)


def _pass_on(process: subprocess.Popen[str], lines: SimpleQueue[str]) -> None:
    """Hands over the lines of a process, and an empty one at their end."""
    assert process.stdout, "started with a pipe"
    with suppress(ValueError):  # closed while it was read
        for line in process.stdout:
            lines.put(line)
    lines.put("")


def _stop(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        try:
            if pipe:
                pipe.close()
        except OSError:  # what was not yet written has nobody to read it
            continue


@cache
def process_of(python: str, lm: str) -> PackageProcess:
    """The one that all methods share."""
    return PackageProcess(python, lm)
