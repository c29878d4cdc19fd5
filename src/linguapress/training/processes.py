"""The processes that train one model together: this one alone, or those that ``accelerate launch`` or ``torchrun`` started."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor

from linguapress.errors import MissingExtra
from linguapress.models.devices import device_of


class Processes(Protocol):
    """What a training loop asks of the processes that share its work.

    Attributes:
        index: number of this process; process 0 measures and writes.
        count: number of processes.
        device: where this process computes.
    """

    index: int
    count: int
    device: torch.device

    def totals(self, tensors: Sequence[Tensor]) -> None:
        """Replaces each tensor by its sum over the processes."""
        ...

    def first(self, value: Any) -> Any:
        """The value that process 0 has; every process waits for it."""
        ...


class Alone:
    """One process."""

    def __init__(self, device: str) -> None:
        self.index, self.count, self.device = 0, 1, device_of(device)

    def totals(self, tensors: Sequence[Tensor]) -> None:
        """Leaves the tensors as they are."""

    def first(self, value: Any) -> Any:
        """The value."""
        return value


class Together:
    """One of several processes; accelerate knows how they find each other, and which device is whose."""

    def __init__(self, device: str) -> None:
        try:
            from accelerate import PartialState
        except ImportError as error:
            raise MissingExtra("accelerate", "train") from error
        self.state = PartialState(cpu=device == "cpu")
        self.index, self.count, self.device = self.state.process_index, self.state.num_processes, self.state.device

    def totals(self, tensors: Sequence[Tensor]) -> None:
        """Replaces each tensor by its sum over the processes, all of them in one message."""
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        torch.distributed.all_reduce(flat)
        for tensor, total in zip(tensors, torch.split(flat, [tensor.numel() for tensor in tensors]), strict=True):
            tensor.copy_(total.view_as(tensor))

    def first(self, value: Any) -> Any:
        """The value of process 0."""
        from accelerate.utils import broadcast_object_list

        return broadcast_object_list([value])[0]


def sum_gradients(processes: Processes, weights: Sequence[Tensor]) -> None:
    """Sums the gradients of all processes, of which one may have had no part."""
    for weight in weights:
        weight.grad = torch.zeros_like(weight) if weight.grad is None else weight.grad
    processes.totals([weight.grad for weight in weights if weight.grad is not None])


def processes_of(device: str) -> Processes:
    """This process among those that the launcher announces in the environment.

    Raises:
        MissingExtra: there are several, and accelerate is not installed.
    """
    return Together(device) if int(os.environ.get("WORLD_SIZE", "1")) > 1 else Alone(device)
