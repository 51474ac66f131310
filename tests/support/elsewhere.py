"""A device that computes on the CPU and that PyTorch takes for another one, as it does a GPU.

On a machine without a GPU, code that mixes devices works all the same: everything is on the CPU. Here tensors of the
device `elsewhere` are tensors of PyTorch's own kind, with storages, views and strides, whose memory the CPU can reach
and PyTorch does not know that it can. So an operation on tensors of two devices, `numpy()` on one of this device and
an index from the wrong side end as on a GPU, with PyTorch's own checks and messages where it has them, while numbers
are computed, so that no branch that looks at one is left out. As on Apple's GPUs, there is no fp64.

What it cannot show: what a real device rounds differently or computes at another time, and how fast it is.
"""

import contextlib
import ctypes
import operator
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

import pytest
import torch
from torch import Tensor
from torch.utils._pytree import tree_flatten, tree_map_only
from torch.utils.backend_registration import _DummyBackendModule, _setup_privateuseone_for_python_backend

from atalho import precision
from atalho.inspection import memory
from atalho.runs import provenance

NAME: Final = "elsewhere"
MEMORY: Final = 64 * 2**30
"""Bytes that the device says it has, all free."""

_CPU, _EXTENSION = 1, 12  # the devices of DLPack; to PyTorch the second is the private one
_REFUSED = (torch.float64, torch.complex128)
_SCALARS_OF_THE_CPU: Final = {"aten::fill_", "aten::masked_fill_", "aten::masked_fill", "aten::_index_put_impl_"}
"""Not elementwise by their tags, and yet PyTorch accepts a CPU tensor of no dimensions beside those of a GPU."""
_INDICES_OF_THE_CPU: Final = {"aten::_index_put_impl_", "aten::index"}
_MIXED = "Expected all tensors to be on the same device, but found at least two devices, {first} and {second}! ({name})"


class _Module(_DummyBackendModule):
    """What `torch.elsewhere` answers."""

    def mem_get_info(self, _device: object = None) -> tuple[int, int]:
        return MEMORY, MEMORY

    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]

    def get_device_name(self, _device: object = None) -> str:
        return NAME

    def synchronize(self, _device: object = None) -> None:
        pass

    def get_rng_state(self, _device: object = None) -> Tensor:
        return torch.get_rng_state()  # of its own it has none: generators are refused

    def set_rng_state(self, state: Tensor, _device: object = None) -> None:
        pass


class _Header(ctypes.Structure):
    """How DLPack's description of a tensor begins."""

    _fields_ = (("data", ctypes.c_void_p), ("device", ctypes.c_int32), ("number", ctypes.c_int32))


_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype, _pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)


def _moved(tensor: Tensor, device: int) -> Tensor:
    """The same memory, as a tensor of another device."""
    described = torch._C._to_dlpack(tensor)
    _Header.from_address(_pointer(described, b"dltensor")).device = device
    moved: Tensor = torch._C._from_dlpack(described)
    # DLPack has strides of its own for dimensions of length 1, which decide the memory format.
    return (
        moved
        if moved.stride() == tensor.stride()
        else _native(torch.ops.aten.as_strided.default)(moved, tensor.shape, tensor.stride(), moved.storage_offset())
    )


def _here(tensor: Tensor) -> Tensor:
    return _moved(tensor, _CPU) if tensor.device.type == NAME else tensor


def _there(tensor: Tensor) -> Tensor:
    if tensor.dtype in _REFUSED:
        raise TypeError(f"The device {NAME} has no {tensor.dtype}, as Apple's GPUs have none. Use float32.")
    return _moved(tensor, _EXTENSION)


def _native(op: Any) -> Callable[..., Any]:
    """Views, by PyTorch's own kernel: it looks at shapes and strides alone, and keeps the storage."""
    keys = torch._C.DispatchKeySet(torch._C.DispatchKey.CPU)
    return lambda *arguments, **options: op.redispatch(keys, *arguments, **options)


def _tensors(tree: object) -> Iterator[Tensor]:
    return (leaf for leaf in tree_flatten(tree)[0] if isinstance(leaf, Tensor))


def _mutated(op: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> list[Any]:
    """The arguments that the operation writes to."""
    given = dict(zip((argument.name for argument in op._schema.arguments), arguments, strict=False)) | options
    return [
        given[argument.name]
        for argument in op._schema.arguments
        if argument.alias_info is not None and argument.alias_info.is_write and given.get(argument.name) is not None
    ]


def _check(op: Any, arguments: tuple[Any, ...], options: dict[str, Any], written: Iterable[object]) -> None:
    """Raises what PyTorch raises where an operation of a GPU meets tensors of the CPU."""
    name = op._schema.name
    if any(isinstance(leaf, torch.Generator) for leaf in tree_flatten((arguments, options))[0]):
        raise RuntimeError(f"Expected a '{NAME}' device type for generator but found 'cpu' ({name})")
    results = {id(tensor) for tensor in _tensors(list(written))}
    scalars = torch.Tag.pointwise in op.tags or name in _SCALARS_OF_THE_CPU or name.startswith("aten::_foreach")
    indices = {id(tensor) for tensor in _tensors(list(arguments[1:2]))} if name in _INDICES_OF_THE_CPU else set()
    devices = {
        tensor.device
        for tensor in _tensors((arguments, options))
        if id(tensor) in results or not (id(tensor) in indices or (scalars and tensor.ndim == 0))
    }
    if len(devices) > 1:
        first, second = sorted(map(str, devices), reverse=True)
        raise RuntimeError(_MIXED.format(first=first, second=second, name=name))


def _compute(op: Any, *arguments: Any, **options: Any) -> Any:
    """Any operation: by the CPU, in the memory of the tensors given."""
    written = _mutated(op, arguments, options)
    _check(op, arguments, options, written)
    # An empty result is one that the operation has yet to size.
    empty = {id(tensor) for tensor in _tensors(written) if tensor.numel() == 0}
    inside: dict[int, Tensor] = {}
    outside: dict[int, Tensor] = {}

    def enter(tensor: Tensor) -> Tensor:
        if id(tensor) not in inside:
            entered = torch.empty_like(tensor, device="cpu") if id(tensor) in empty else _here(tensor)
            inside[id(tensor)] = entered
            outside[id(entered)] = tensor
        return inside[id(tensor)]

    def leave(tensor: Tensor) -> Tensor:
        return outside[id(tensor)] if id(tensor) in outside else _there(tensor)

    arguments, options = tree_map_only(Tensor, enter, (arguments, options))
    options |= {"device": "cpu"} if options.get("device") is not None else {}
    # PyTorch hands a number over as one, also where the operation has a tensor of it; another overload has the number.
    numbers = [isinstance(given, (int, float)) for given in arguments]
    tensors = [isinstance(argument.type, torch.TensorType) for argument in op._schema.arguments]
    called = op.overloadpacket if any(map(operator.and_, numbers, tensors)) else op
    found = tree_map_only(Tensor, leave, called(*arguments, **options))
    for tensor in _tensors(written):
        if id(tensor) in empty and (sized := inside[id(tensor)]).numel():
            _native(torch.ops.aten.set_.source_Tensor)(tensor, _there(sized))
    return found


def _resize(tensor: Tensor, shape: Sequence[int], **_options: Any) -> Tensor:
    _native(torch.ops.aten.set_.source_Tensor)(tensor, _there(torch.empty(shape, dtype=tensor.dtype)))
    return tensor


def _make(op: Any) -> Callable[..., Any]:
    """A tensor from nothing."""

    def make(*arguments: Any, **options: Any) -> Any:
        if options.get("generator") is not None:
            raise RuntimeError(f"Expected a '{NAME}' device type for generator but found 'cpu' ({op})")
        return tree_map_only(Tensor, _there, op(*arguments, **options | {"device": "cpu", "pin_memory": None}))

    return make


def _copy(source: Tensor, target: Tensor, _without_waiting: bool = False) -> Tensor:
    _here(target).copy_(_here(source))
    return target


def _read(tensor: Tensor) -> Any:
    return _here(tensor).item()


def _convolve(*arguments: Any) -> Any:
    return _compute(torch.ops.aten.convolution.default, *arguments)


def _convolve_back(gradient: Tensor, images: Tensor, weights: Tensor, *rest: Any) -> Any:
    return _compute(torch.ops.aten.convolution_backward.default, gradient, images, weights, None, *rest)


def _cast(op: Any) -> Callable[..., Any]:
    """A product under autocast: in its type, from the tensors in fp32."""
    autocast = torch._C.DispatchKeySet(torch._C.DispatchKey.AutocastPrivateUse1)

    def cast(*arguments: Any, **options: Any) -> Any:
        dtype = torch.get_autocast_dtype(NAME)
        with torch._C._ExcludeDispatchKeyGuard(autocast):
            return op(*(tree_map_only(Tensor, lambda tensor: tensor.to(dtype), arguments)), **options)

    return cast


_kept: list[torch.library.Library] = []


def _register() -> None:
    """Make PyTorch know the device, in this process and for good."""
    _setup_privateuseone_for_python_backend(NAME, backend_module=_Module())
    everything, some = torch.library.Library("_", "IMPL"), torch.library.Library("aten", "IMPL")
    _kept.extend((everything, some))
    everything.fallback(_compute, "PrivateUse1")
    everything.fallback(torch.library.fallthrough_kernel, "AutocastPrivateUse1")
    for op in (torch.ops.aten.conv2d.default, torch.ops.aten.linear.default, torch.ops.aten.matmul.default):
        some.impl(op._schema.name.removeprefix("aten::"), _cast(op), "AutocastPrivateUse1")
    for name in torch._C._dispatch_get_all_op_names():
        if not name.startswith("aten::"):
            continue
        packet, _, overload = name.removeprefix("aten::").partition(".")
        op = getattr(getattr(torch.ops.aten, packet), overload or "default")
        arguments = op._schema.arguments
        makes = any(argument.name == "device" for argument in arguments)
        if makes and not any("Tensor" in str(argument.type) for argument in arguments):
            some.impl(name, _make(op), "PrivateUse1")
    aten = torch.ops.aten
    for name, kernel in {
        "as_strided": _native(aten.as_strided.default),
        "view": _native(aten.view.default),
        "_reshape_alias": _native(aten._reshape_alias.default),
        "unfold": _native(aten.unfold.default),
        "set_.source_Storage_storage_offset": _native(aten.set_.source_Storage_storage_offset),
        "set_.source_Tensor": _native(aten.set_.source_Tensor),
        "_copy_from": _copy,
        "_copy_from_and_resize": _copy,
        "_local_scalar_dense": _read,
        "resize_": _resize,
        "convolution_overrideable": _convolve,
        "convolution_backward_overrideable": _convolve_back,
    }.items():
        some.impl(name, kernel, "PrivateUse1")


@contextlib.contextmanager
def chosen() -> Iterator[torch.device]:
    """While entered, Atalho computes on the GPU of this machine; where there is none, on the device of this file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATALHO_DEVICE", "auto")
        if (real := precision.accelerator()) is not None:
            yield torch.device(real)
            return
        for module in (precision, provenance):
            patch.setattr(module, "accelerator", lambda: NAME)
            patch.setattr(module, "accelerator_name", lambda kind: kind)
        patch.setitem(memory.HELD, NAME, 1.15)
        yield torch.device(NAME)


# Before any test: autograd starts a thread for each device once, at the first backward pass of a process.
if precision.accelerator() is None:
    _register()
