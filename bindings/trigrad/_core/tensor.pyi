"""
The tensor engine.
"""
from __future__ import annotations
import collections.abc
from importlib._bootstrap import ValuesIndices
import numpy
import typing
__all__: list[str] = ['Generator', 'GradFn', 'Tensor', 'ValuesIndices', 'abs', 'acos', 'acosh', 'add', 'all', 'amax', 'amin', 'any', 'arange', 'argmax', 'argmin', 'as_tensor', 'asin', 'asinh', 'atan', 'atanh', 'binary_cross_entropy_with_logits', 'cat', 'ceil', 'clamp', 'concat', 'cos', 'cosh', 'cross_entropy', 'cumprod', 'cumsum', 'div', 'dot', 'einsum', 'elu', 'embedding', 'empty', 'eq', 'erf', 'exp', 'expand', 'expm1', 'eye', 'flatten', 'floor', 'from_numpy', 'full', 'full_like', 'gather', 'gaussian_log_prob', 'ge', 'gelu', 'gelu_tanh', 'get_default_dtype', 'getitem', 'gt', 'hinge_loss', 'huber_loss', 'index_select', 'is_grad_enabled', 'isfinite', 'isnan', 'l1_loss', 'le', 'leaky_relu', 'linear', 'linspace', 'log', 'log10', 'log1p', 'log2', 'log_softmax', 'logical_and', 'logical_not', 'logical_or', 'logsumexp', 'lt', 'manual_seed', 'masked_fill', 'matmul', 'max', 'maximum', 'mean', 'min', 'minimum', 'mse_loss', 'mul', 'narrow', 'ne', 'neg', 'nll_loss', 'norm', 'ones', 'ones_like', 'ops', 'outer', 'permute', 'pow', 'prod', 'rand', 'rand_like', 'randint', 'randn', 'randn_like', 'randperm', 'reciprocal', 'relu', 'reshape', 'round', 'rsqrt', 'scatter_add', 'set_default_dtype', 'sigmoid', 'sign', 'silu', 'sin', 'sinh', 'softmax', 'softplus', 'sort', 'split', 'sqrt', 'square', 'squeeze', 'stack', 'std', 'sub', 'sum', 'tan', 'tanh', 'tensor', 'topk', 'transpose', 'tril', 'triu', 'unsqueeze', 'var', 'view', 'where', 'zeros', 'zeros_like']
class Tensor:
    """
    An n-dimensional array that may be part of a graph.
    """
    __array_ufunc__ = None
    engine: typing.ClassVar[str] = 'tensor_cpp'
    requires_grad: bool
    def __abs__(self) -> Tensor:
        ...
    def __add__(self, arg0: typing.Any) -> Tensor:
        ...
    def __and__(self, arg0: typing.Any) -> Tensor:
        ...
    def __array__(self, dtype: typing.Any = None, copy: typing.Any = None) -> typing.Any:
        ...
    def __bool__(self) -> bool:
        ...
    def __deepcopy__(self, memo: dict[int, typing.Any]) -> typing.Any:
        ...
    def __dlpack__(self, **kwargs) -> typing.Any:
        ...
    def __dlpack_device__(self) -> tuple[int, int]:
        ...
    def __eq__(self, arg0: typing.Any) -> Tensor:
        ...
    def __float__(self) -> float:
        ...
    def __ge__(self, arg0: typing.Any) -> Tensor:
        ...
    def __getitem__(self, arg0: typing.Any) -> Tensor:
        ...
    def __gt__(self, arg0: typing.Any) -> Tensor:
        ...
    def __hash__(self) -> int:
        ...
    def __iadd__(self, arg0: typing.Any) -> typing.Any:
        ...
    def __imul__(self, arg0: typing.Any) -> typing.Any:
        ...
    def __index__(self) -> int:
        ...
    def __int__(self) -> int:
        ...
    def __invert__(self) -> Tensor:
        ...
    def __isub__(self, arg0: typing.Any) -> typing.Any:
        ...
    def __iter__(self) -> typing.Iterator[typing.Any]:
        ...
    def __itruediv__(self, arg0: typing.Any) -> typing.Any:
        ...
    def __le__(self, arg0: typing.Any) -> Tensor:
        ...
    def __len__(self) -> int:
        ...
    def __lt__(self, arg0: typing.Any) -> Tensor:
        ...
    def __matmul__(self, arg0: typing.Any) -> Tensor:
        ...
    def __mul__(self, arg0: typing.Any) -> Tensor:
        ...
    def __ne__(self, arg0: typing.Any) -> Tensor:
        ...
    def __neg__(self) -> Tensor:
        ...
    def __or__(self, arg0: typing.Any) -> Tensor:
        ...
    def __pos__(self) -> Tensor:
        ...
    def __pow__(self, arg0: typing.Any) -> Tensor:
        ...
    def __radd__(self, arg0: typing.Any) -> Tensor:
        ...
    def __rand__(self, arg0: typing.Any) -> Tensor:
        ...
    def __reduce__(self) -> tuple[typing.Any, ...]:
        """
        A pickle keeps the numbers and the flag, not the graph.
        """
    def __repr__(self) -> str:
        """
        As PyTorch prints: numbers, dtype unless it is the default for them, and where it came from.
        """
    def __rmatmul__(self, arg0: typing.Any) -> Tensor:
        ...
    def __rmul__(self, arg0: typing.Any) -> Tensor:
        ...
    def __ror__(self, arg0: typing.Any) -> Tensor:
        ...
    def __rpow__(self, arg0: typing.Any) -> Tensor:
        ...
    def __rsub__(self, arg0: typing.Any) -> Tensor:
        ...
    def __rtruediv__(self, arg0: typing.Any) -> Tensor:
        ...
    def __setitem__(self, arg0: typing.Any, arg1: typing.Any) -> None:
        ...
    def __sub__(self, arg0: typing.Any) -> Tensor:
        ...
    def __truediv__(self, arg0: typing.Any) -> Tensor:
        ...
    def _remove_hook(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> None:
        ...
    def abs(self) -> Tensor:
        """
        |x|, elementwise. Gradient: g sign x.
        """
    def acos(self) -> Tensor:
        """
        acos x, elementwise. Gradient: -g / √(1 - x²).
        """
    def acosh(self) -> Tensor:
        """
        acosh x, elementwise. Gradient: g / √(x² - 1).
        """
    def add(self, other: typing.Any) -> Tensor:
        """
        x + y, elementwise. Gradient: g, g.
        """
    def add_(self, other: typing.Any) -> typing.Any:
        ...
    def all(self, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
        """
        Whether every element is not zero.
        """
    def amax(self, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
        """
        The largest over dim; ties share the gradient equally.
        """
    def amin(self, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
        """
        The smallest over dim; ties share the gradient equally.
        """
    def any(self, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
        """
        Whether some element is not zero.
        """
    def argmax(self, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
        """
        Where the largest is; the first of ties.
        """
    def argmin(self, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
        """
        Where the smallest is; the first of ties.
        """
    def asin(self) -> Tensor:
        """
        asin x, elementwise. Gradient: g / √(1 - x²).
        """
    def asinh(self) -> Tensor:
        """
        asinh x, elementwise. Gradient: g / √(x² + 1).
        """
    def astype(self, dtype: typing.Any) -> Tensor:
        ...
    def atan(self) -> Tensor:
        """
        atan x, elementwise. Gradient: g / (1 + x²).
        """
    def atanh(self) -> Tensor:
        """
        atanh x, elementwise. Gradient: g / (1 - x²).
        """
    def backward(self, gradient: typing.Any = None, retain_graph: bool | None = None, create_graph: bool = False, order: str | None = None) -> None:
        """
        Adds ∂self/∂leaf to every leaf's .grad. order: 'tape' (the default), 'stack' or 'recursive'.
        """
    def bool(self) -> Tensor:
        ...
    def ceil(self) -> Tensor:
        """
        ⌈x⌉, elementwise. Gradient: 0.
        """
    def clamp(self, min: typing.SupportsFloat | typing.SupportsIndex | None = None, max: typing.SupportsFloat | typing.SupportsIndex | None = None) -> Tensor:
        """
        min(max(x, min), max), elementwise. The gradient passes where min <= x <= max.
        """
    def clone(self) -> Tensor:
        """
        A copy; gradients pass through.
        """
    def contiguous(self) -> Tensor:
        """
        Itself, or a copy in row-major order.
        """
    def copy_(self, source: typing.Any) -> typing.Any:
        ...
    def cos(self) -> Tensor:
        """
        cos x, elementwise. Gradient: -g sin x.
        """
    def cosh(self) -> Tensor:
        """
        cosh x, elementwise. Gradient: g sinh x.
        """
    def cumprod(self, dim: typing.Any = None, *, axis: typing.Any = None) -> Tensor:
        """
        Running products along dim.
        """
    def cumsum(self, dim: typing.Any = None, *, axis: typing.Any = None) -> Tensor:
        """
        Running sums along dim.
        """
    def data_ptr(self) -> int:
        ...
    def detach(self) -> Tensor:
        """
        The same numbers outside the graph.
        """
    def dim(self) -> int:
        ...
    def div(self, other: typing.Any) -> Tensor:
        """
        x / y, elementwise. Gradient: g / y, -g (x / y) / y.
        """
    def div_(self, other: typing.Any) -> typing.Any:
        ...
    def dot(self, other: typing.Any) -> Tensor:
        """
        Σ x y of two vectors.
        """
    def double(self) -> Tensor:
        ...
    def elu(self, alpha: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> Tensor:
        """
        x > 0 ? x : a (e^x - 1), elementwise. Gradient: x > 0 ? g : g a e^x.
        """
    def eq(self, other: typing.Any) -> Tensor:
        """
        x = y, elementwise. Gradient: none.
        """
    def erf(self) -> Tensor:
        """
        erf x, elementwise. Gradient: g 2/√π e^(-x²).
        """
    def exp(self) -> Tensor:
        """
        e^x, elementwise. Gradient: g z.
        """
    def expand(self, *args) -> Tensor:
        ...
    def expm1(self) -> Tensor:
        """
        e^x - 1, elementwise. Gradient: g (z + 1).
        """
    def fill_(self, value: typing.SupportsFloat | typing.SupportsIndex) -> typing.Any:
        ...
    def flatten(self, start_dim: typing.SupportsInt | typing.SupportsIndex = 0, end_dim: typing.SupportsInt | typing.SupportsIndex = -1) -> Tensor:
        """
        A run of axes merged into one.
        """
    def float(self) -> Tensor:
        ...
    def floor(self) -> Tensor:
        """
        ⌊x⌋, elementwise. Gradient: 0.
        """
    def gather(self, dim: typing.SupportsInt | typing.SupportsIndex, index: typing.Any) -> Tensor:
        """
        z[i][j] = x[index[i][j]][j] for dim 0, and so on.
        """
    def ge(self, other: typing.Any) -> Tensor:
        """
        x ≥ y, elementwise. Gradient: none.
        """
    def gelu(self, *, approximate: str = 'none') -> Tensor:
        """
        x Φ(x), or its tanh approximation, elementwise.
        """
    def gelu_tanh(self) -> Tensor:
        """
        x (1 + t) / 2, t = tanh(√(2/π) (x + 0.044715 x³)), elementwise. Gradient: g ((1 + t) / 2 + x (1 - t²) √(2/π) (1 + 0.134145 x²) / 2).
        """
    def gt(self, other: typing.Any) -> Tensor:
        """
        x > y, elementwise. Gradient: none.
        """
    def index_select(self, dim: typing.SupportsInt | typing.SupportsIndex, index: typing.Any) -> Tensor:
        """
        Rows along dim, in the order of index.
        """
    def is_contiguous(self) -> bool:
        ...
    def isfinite(self) -> Tensor:
        """
        x is finite, elementwise. Gradient: none.
        """
    def isnan(self) -> Tensor:
        """
        x is NaN, elementwise. Gradient: none.
        """
    def item(self) -> typing.Any:
        """
        The one element as a Python number.
        """
    def le(self, other: typing.Any) -> Tensor:
        """
        x ≤ y, elementwise. Gradient: none.
        """
    def leaky_relu(self, negative_slope: typing.SupportsFloat | typing.SupportsIndex = 0.01) -> Tensor:
        """
        x > 0 ? x : s x, elementwise. Gradient: x > 0 ? g : s g.
        """
    def log(self) -> Tensor:
        """
        ln x, elementwise. Gradient: g / x.
        """
    def log10(self) -> Tensor:
        """
        log10 x, elementwise. Gradient: g / (x ln 10).
        """
    def log1p(self) -> Tensor:
        """
        ln(1 + x), elementwise. Gradient: g / (1 + x).
        """
    def log2(self) -> Tensor:
        """
        log2 x, elementwise. Gradient: g / (x ln 2).
        """
    def log_softmax(self, dim: typing.Any = None, *, axis: typing.Any = None) -> Tensor:
        """
        x - ln Σ e^x along dim, without overflow.
        """
    def logical_and(self, other: typing.Any) -> Tensor:
        """
        x ≠ 0 and y ≠ 0, elementwise. Gradient: none.
        """
    def logical_not(self) -> Tensor:
        """
        x = 0, elementwise. Gradient: none.
        """
    def logical_or(self, other: typing.Any) -> Tensor:
        """
        x ≠ 0 or y ≠ 0, elementwise. Gradient: none.
        """
    def logsumexp(self, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
        """
        ln Σ e^x over dim, without overflow.
        """
    def long(self) -> Tensor:
        ...
    def lt(self, other: typing.Any) -> Tensor:
        """
        x < y, elementwise. Gradient: none.
        """
    def masked_fill(self, mask: typing.Any, value: typing.SupportsFloat | typing.SupportsIndex) -> Tensor:
        """
        value where mask is true, else input.
        """
    def matmul(self, other: typing.Any) -> Tensor:
        """
        The matrix product; 1-D operands are vectors, leading dims broadcast.
        """
    def max(self, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None, other: typing.Any = None) -> typing.Any:
        """
        max(x): the largest; max(x, dim): (values, indices); max(x, other): maximum.
        """
    def maximum(self, other: typing.Any) -> Tensor:
        """
        max(x, y), elementwise. Gradient: g to the larger, g/2 to each at a tie.
        """
    def mean(self, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
        """
        The mean over dim, or over everything.
        """
    def min(self, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None, other: typing.Any = None) -> typing.Any:
        """
        min(x): the smallest; min(x, dim): (values, indices); min(x, other): minimum.
        """
    def minimum(self, other: typing.Any) -> Tensor:
        """
        min(x, y), elementwise. Gradient: g to the smaller, g/2 to each at a tie.
        """
    def mul(self, other: typing.Any) -> Tensor:
        """
        x y, elementwise. Gradient: g y, g x.
        """
    def mul_(self, other: typing.Any) -> typing.Any:
        ...
    def narrow(self, dim: typing.SupportsInt | typing.SupportsIndex, start: typing.SupportsInt | typing.SupportsIndex, length: typing.SupportsInt | typing.SupportsIndex) -> Tensor:
        """
        A view of length elements along dim.
        """
    def ne(self, other: typing.Any) -> Tensor:
        """
        x ≠ y, elementwise. Gradient: none.
        """
    def neg(self) -> Tensor:
        """
        -x, elementwise. Gradient: -g.
        """
    def norm(self, p: typing.SupportsFloat | typing.SupportsIndex = 2.0, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
        """
        (Σ |x|^p)^(1/p) over dim; p may be inf.
        """
    def numel(self) -> int:
        ...
    def numpy(self) -> numpy.ndarray:
        """
        An array that shares memory. Writing through it is invisible to autograd.
        """
    def outer(self, other: typing.Any) -> Tensor:
        """
        x yᵀ of two vectors.
        """
    def permute(self, *args) -> Tensor:
        ...
    def pow(self, other: typing.Any) -> Tensor:
        """
        x^y, elementwise. Gradient: g y x^(y-1), g z log x.
        """
    def prod(self, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
        """
        The product over dim, or over everything.
        """
    def reciprocal(self) -> Tensor:
        """
        1 / x, elementwise. Gradient: -g z².
        """
    def register_hook(self, hook: typing.Any) -> HookHandle:
        """
        Call hook with the gradient of this tensor; what it returns, unless None, replaces the gradient.
        """
    def relu(self) -> Tensor:
        """
        max(x, 0), elementwise. Gradient: z > 0 ? g : 0.
        """
    def requires_grad_(self, requires_grad: bool = True) -> typing.Any:
        ...
    def reshape(self, *args) -> Tensor:
        """
        The same elements in another shape; -1 is whatever fits. A view where possible.
        """
    def retain_grad(self) -> None:
        """
        Keep .grad of this interior tensor, too.
        """
    def round(self) -> Tensor:
        """
        x to the nearest integer, ties to even, elementwise. Gradient: 0.
        """
    def rsqrt(self) -> Tensor:
        """
        1 / √x, elementwise. Gradient: -g z³ / 2.
        """
    def scatter_add(self, dim: typing.SupportsInt | typing.SupportsIndex, index: typing.Any, src: typing.Any) -> Tensor:
        """
        x with src added at index along dim; repeated places accumulate.
        """
    def sigmoid(self) -> Tensor:
        """
        1 / (1 + e^-x), elementwise. Gradient: g z (1 - z).
        """
    def sign(self) -> Tensor:
        """
        sign x, elementwise. Gradient: 0.
        """
    def silu(self, beta: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> Tensor:
        """
        x sigmoid(b x), elementwise. Gradient: g s (1 + b x (1 - s)), s = sigmoid(b x).
        """
    def sin(self) -> Tensor:
        """
        sin x, elementwise. Gradient: g cos x.
        """
    def sinh(self) -> Tensor:
        """
        sinh x, elementwise. Gradient: g cosh x.
        """
    def size(self, dim: typing.SupportsInt | typing.SupportsIndex | None = None) -> typing.Any:
        ...
    def softmax(self, dim: typing.Any = None, *, axis: typing.Any = None) -> Tensor:
        """
        e^x / Σ e^x along dim, without overflow.
        """
    def softplus(self, beta: typing.SupportsFloat | typing.SupportsIndex = 1.0, threshold: typing.SupportsFloat | typing.SupportsIndex = 20.0) -> Tensor:
        """
        b x > t ? x : ln(1 + e^(b x)) / b, elementwise. Gradient: b x > t ? g : g sigmoid(b x).
        """
    def sort(self, dim: typing.SupportsInt | typing.SupportsIndex = -1, descending: bool = False, stable: bool = False) -> typing.Any:
        """
        (values, indices) in order along dim; always stable.
        """
    def split(self, split_size_or_sections: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple:
        """
        Views of pieces of a size, or of listed sizes.
        """
    def sqrt(self) -> Tensor:
        """
        √x, elementwise. Gradient: g / (2 z).
        """
    def square(self) -> Tensor:
        """
        x², elementwise. Gradient: 2 g x.
        """
    def squeeze(self, dim: typing.SupportsInt | typing.SupportsIndex | None = None) -> Tensor:
        """
        Without the axes of size 1, or without that one.
        """
    def std(self, dim: typing.Any = None, *, correction: typing.SupportsFloat | typing.SupportsIndex = 1.0, keepdim: bool = False, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
        """
        The standard deviation over dim; its gradient is 0 where it is 0.
        """
    def stride(self) -> tuple:
        ...
    def sub(self, other: typing.Any) -> Tensor:
        """
        x - y, elementwise. Gradient: g, -g.
        """
    def sub_(self, other: typing.Any) -> typing.Any:
        ...
    def sum(self, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
        """
        The sum over dim, or over everything.
        """
    def tan(self) -> Tensor:
        """
        tan x, elementwise. Gradient: g (1 + z²).
        """
    def tanh(self) -> Tensor:
        """
        tanh x, elementwise. Gradient: g (1 - z²).
        """
    def to(self, dtype: typing.Any) -> Tensor:
        ...
    def tolist(self) -> typing.Any:
        ...
    def topk(self, k: typing.SupportsInt | typing.SupportsIndex, dim: typing.SupportsInt | typing.SupportsIndex = -1, largest: bool = True, sorted: bool = True) -> typing.Any:
        """
        (values, indices) of the k largest, or smallest, along dim; always in order.
        """
    def transpose(self, dim0: typing.SupportsInt | typing.SupportsIndex, dim1: typing.SupportsInt | typing.SupportsIndex) -> Tensor:
        """
        A view with two axes exchanged.
        """
    def tril(self, diagonal: typing.SupportsInt | typing.SupportsIndex = 0) -> Tensor:
        """
        Zero above a diagonal.
        """
    def triu(self, diagonal: typing.SupportsInt | typing.SupportsIndex = 0) -> Tensor:
        """
        Zero below a diagonal.
        """
    def unsqueeze(self, dim: typing.SupportsInt | typing.SupportsIndex) -> Tensor:
        """
        With a new axis of size 1.
        """
    def var(self, dim: typing.Any = None, *, correction: typing.SupportsFloat | typing.SupportsIndex = 1.0, keepdim: bool = False, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
        """
        The variance over dim: Σ (x - mean)² / (n - correction).
        """
    def view(self, *args) -> Tensor:
        """
        The same memory in another shape; raises where that needs a copy.
        """
    def where(self, condition: typing.Any, other: typing.Any) -> Tensor:
        ...
    def zero_(self) -> typing.Any:
        ...
    @property
    def T(self) -> Tensor:
        ...
    @property
    def _version(self) -> int:
        ...
    @property
    def data(self) -> Tensor:
        """
        The same numbers outside the graph; assigning copies into them.
        """
    @data.setter
    def data(self, arg1: typing.Any) -> None:
        ...
    @property
    def dtype(self) -> typing.Any:
        ...
    @property
    def grad(self) -> typing.Any:
        """
        ∂loss/∂this, or None.
        """
    @grad.setter
    def grad(self, arg1: typing.Any) -> None:
        ...
    @property
    def grad_fn(self) -> typing.Any:
        ...
    @property
    def is_leaf(self) -> bool:
        ...
    @property
    def ndim(self) -> int:
        ...
    @property
    def shape(self) -> tuple:
        ...
class Generator:
    """
    A stream of random numbers: Philox4x32-10, the same bits in every engine.
    """
    def __init__(self, seed: typing.SupportsInt | typing.SupportsIndex = 0) -> None:
        ...
    def get_state(self) -> tuple[int, int]:
        """
        (seed, next block)
        """
    def manual_seed(self, arg0: typing.SupportsInt | typing.SupportsIndex) -> Generator:
        ...
    def set_state(self, arg0: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex]) -> None:
        ...
class GradFn:
    """
    A node of the graph.
    """
    def __repr__(self) -> str:
        ...
    @property
    def id(self) -> int:
        ...
    @property
    def inputs(self) -> list[GradFn]:
        """
        The tracked inputs' nodes.
        """
    @property
    def name(self) -> str:
        ...
    @property
    def shape(self) -> tuple:
        ...
def _grad(outputs: collections.abc.Sequence[Tensor], inputs: collections.abc.Sequence[Tensor], grad_outputs: collections.abc.Sequence[typing.Any], retain_graph: bool | None, create_graph: bool, allow_unused: bool, order: str | None) -> tuple:
    ...
def _is_anomaly_enabled() -> bool:
    ...
def _pool_counters() -> dict:
    ...
def _record_function(arg0: str, arg1: Tensor, arg2: collections.abc.Sequence[Tensor], arg3: typing.Any) -> Tensor:
    ...
def _set_anomaly_enabled(arg0: bool) -> None:
    ...
def _set_grad_enabled(arg0: bool) -> None:
    ...
def abs(input: typing.Any) -> Tensor:
    """
    |x|, elementwise. Gradient: g sign x.
    """
def acos(input: typing.Any) -> Tensor:
    """
    acos x, elementwise. Gradient: -g / √(1 - x²).
    """
def acosh(input: typing.Any) -> Tensor:
    """
    acosh x, elementwise. Gradient: g / √(x² - 1).
    """
def add(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x + y, elementwise. Gradient: g, g.
    """
def all(input: typing.Any, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
    """
    Whether every element is not zero.
    """
def amax(input: typing.Any, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
    """
    The largest over dim; ties share the gradient equally.
    """
def amin(input: typing.Any, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
    """
    The smallest over dim; ties share the gradient equally.
    """
def any(input: typing.Any, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
    """
    Whether some element is not zero.
    """
def arange(start: typing.Any, end: typing.Any = None, step: typing.Any = 1, *, dtype: typing.Any = None, requires_grad: bool = False) -> Tensor:
    """
    start, start + step, ... below end.
    """
def argmax(input: typing.Any, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
    """
    Where the largest is; the first of ties.
    """
def argmin(input: typing.Any, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
    """
    Where the smallest is; the first of ties.
    """
def as_tensor(data: typing.Any, dtype: typing.Any = None) -> Tensor:
    """
    A tensor that shares memory with the data where it can.
    """
def asin(input: typing.Any) -> Tensor:
    """
    asin x, elementwise. Gradient: g / √(1 - x²).
    """
def asinh(input: typing.Any) -> Tensor:
    """
    asinh x, elementwise. Gradient: g / √(x² + 1).
    """
def atan(input: typing.Any) -> Tensor:
    """
    atan x, elementwise. Gradient: g / (1 + x²).
    """
def atanh(input: typing.Any) -> Tensor:
    """
    atanh x, elementwise. Gradient: g / (1 - x²).
    """
def binary_cross_entropy_with_logits(input: typing.Any, target: typing.Any, reduction: str = 'mean') -> Tensor:
    """
    ln(1 + e^x) - x t, for targets between 0 and 1.
    """
def cat(tensors: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex = 0, *, axis: typing.SupportsInt | typing.SupportsIndex | None = None) -> Tensor:
    """
    Tensors one after the other along an existing dim.
    """
def ceil(input: typing.Any) -> Tensor:
    """
    ⌈x⌉, elementwise. Gradient: 0.
    """
def clamp(input: typing.Any, min: typing.SupportsFloat | typing.SupportsIndex | None = None, max: typing.SupportsFloat | typing.SupportsIndex | None = None) -> Tensor:
    """
    min(max(x, min), max), elementwise. The gradient passes where min <= x <= max.
    """
def concat(tensors: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex = 0, *, axis: typing.SupportsInt | typing.SupportsIndex | None = None) -> Tensor:
    """
    Another name for cat.
    """
def cos(input: typing.Any) -> Tensor:
    """
    cos x, elementwise. Gradient: -g sin x.
    """
def cosh(input: typing.Any) -> Tensor:
    """
    cosh x, elementwise. Gradient: g sinh x.
    """
def cross_entropy(input: typing.Any, target: typing.Any, ignore_index: typing.SupportsInt | typing.SupportsIndex = -100, reduction: str = 'mean', label_smoothing: typing.SupportsFloat | typing.SupportsIndex = 0.0) -> Tensor:
    """
    From logits (C), (N, C) or (N, C, ...) and class indices or probabilities.
    """
def cumprod(input: typing.Any, dim: typing.Any = None, *, axis: typing.Any = None) -> Tensor:
    """
    Running products along dim.
    """
def cumsum(input: typing.Any, dim: typing.Any = None, *, axis: typing.Any = None) -> Tensor:
    """
    Running sums along dim.
    """
def div(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x / y, elementwise. Gradient: g / y, -g (x / y) / y.
    """
def dot(input: typing.Any, other: typing.Any) -> Tensor:
    """
    Σ x y of two vectors.
    """
def einsum(equation: str, *args) -> Tensor:
    """
    Sums of products by index letters: einsum('ij,jk->ik', x, y).
    """
def elu(input: typing.Any, alpha: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> Tensor:
    """
    x > 0 ? x : a (e^x - 1), elementwise. Gradient: x > 0 ? g : g a e^x.
    """
def embedding(input: typing.Any, weight: typing.Any) -> Tensor:
    """
    Rows of weight by index.
    """
def empty(*args, **kwargs) -> Tensor:
    """
    A tensor to be filled; its numbers are zero.
    """
def eq(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x = y, elementwise. Gradient: none.
    """
def erf(input: typing.Any) -> Tensor:
    """
    erf x, elementwise. Gradient: g 2/√π e^(-x²).
    """
def exp(input: typing.Any) -> Tensor:
    """
    e^x, elementwise. Gradient: g z.
    """
def expand(input: typing.Any, sizes: typing.Any) -> Tensor:
    """
    A view with axes of size 1 repeated; -1 keeps a size.
    """
def expm1(input: typing.Any) -> Tensor:
    """
    e^x - 1, elementwise. Gradient: g (z + 1).
    """
def eye(n: typing.SupportsInt | typing.SupportsIndex, m: typing.SupportsInt | typing.SupportsIndex | None = None, *, dtype: typing.Any = None, requires_grad: bool = False) -> Tensor:
    """
    Ones on the diagonal.
    """
def flatten(input: typing.Any, start_dim: typing.SupportsInt | typing.SupportsIndex = 0, end_dim: typing.SupportsInt | typing.SupportsIndex = -1) -> Tensor:
    """
    A run of axes merged into one.
    """
def floor(input: typing.Any) -> Tensor:
    """
    ⌊x⌋, elementwise. Gradient: 0.
    """
def from_numpy(array: numpy.ndarray) -> Tensor:
    """
    A tensor that shares the array's memory.
    """
def full(size: typing.Any, fill_value: typing.Any, *, dtype: typing.Any = None, requires_grad: bool = False) -> Tensor:
    """
    One value in a shape.
    """
def full_like(input: Tensor, fill_value: typing.SupportsFloat | typing.SupportsIndex, *, dtype: typing.Any = None, requires_grad: bool = False) -> Tensor:
    """
    One value in the shape and dtype of input.
    """
def gather(input: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex, index: typing.Any) -> Tensor:
    """
    z[i][j] = x[index[i][j]][j] for dim 0, and so on.
    """
def gaussian_log_prob(value: typing.Any, mean: typing.Any, std: typing.Any) -> Tensor:
    """
    The log-density of a normal distribution.
    """
def ge(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x ≥ y, elementwise. Gradient: none.
    """
def gelu(input: typing.Any, *, approximate: str = 'none') -> Tensor:
    """
    x Φ(x), or its tanh approximation, elementwise.
    """
def gelu_tanh(input: typing.Any) -> Tensor:
    """
    x (1 + t) / 2, t = tanh(√(2/π) (x + 0.044715 x³)), elementwise. Gradient: g ((1 + t) / 2 + x (1 - t²) √(2/π) (1 + 0.134145 x²) / 2).
    """
def get_default_dtype() -> typing.Any:
    ...
def getitem(input: Tensor, key: typing.Any) -> Tensor:
    """
    input[key].
    """
def gt(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x > y, elementwise. Gradient: none.
    """
def hinge_loss(input: typing.Any, target: typing.Any, margin: typing.SupportsFloat | typing.SupportsIndex = 1.0, reduction: str = 'mean') -> Tensor:
    """
    max(0, margin - t x), the max-margin loss.
    """
def huber_loss(input: typing.Any, target: typing.Any, reduction: str = 'mean', delta: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> Tensor:
    """
    Quadratic within delta of the target, linear outside.
    """
def index_select(input: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex, index: typing.Any) -> Tensor:
    """
    Rows along dim, in the order of index.
    """
def is_grad_enabled() -> bool:
    """
    Whether ops are being recorded on this thread.
    """
def isfinite(input: typing.Any) -> Tensor:
    """
    x is finite, elementwise. Gradient: none.
    """
def isnan(input: typing.Any) -> Tensor:
    """
    x is NaN, elementwise. Gradient: none.
    """
def l1_loss(input: typing.Any, target: typing.Any, reduction: str = 'mean') -> Tensor:
    """
    |x - t|.
    """
def le(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x ≤ y, elementwise. Gradient: none.
    """
def leaky_relu(input: typing.Any, negative_slope: typing.SupportsFloat | typing.SupportsIndex = 0.01) -> Tensor:
    """
    x > 0 ? x : s x, elementwise. Gradient: x > 0 ? g : s g.
    """
def linear(input: typing.Any, weight: typing.Any, bias: typing.Any = None, activation: str | None = None) -> Tensor:
    """
    input · weightᵀ + bias, weight being (out, in); activation ('relu', 'tanh', 'sigmoid') is applied inside.
    """
def linspace(start: typing.SupportsFloat | typing.SupportsIndex, end: typing.SupportsFloat | typing.SupportsIndex, steps: typing.SupportsInt | typing.SupportsIndex, *, dtype: typing.Any = None, requires_grad: bool = False) -> Tensor:
    """
    Evenly spaced numbers from start to end, both included.
    """
def log(input: typing.Any) -> Tensor:
    """
    ln x, elementwise. Gradient: g / x.
    """
def log10(input: typing.Any) -> Tensor:
    """
    log10 x, elementwise. Gradient: g / (x ln 10).
    """
def log1p(input: typing.Any) -> Tensor:
    """
    ln(1 + x), elementwise. Gradient: g / (1 + x).
    """
def log2(input: typing.Any) -> Tensor:
    """
    log2 x, elementwise. Gradient: g / (x ln 2).
    """
def log_softmax(input: typing.Any, dim: typing.Any = None, *, axis: typing.Any = None) -> Tensor:
    """
    x - ln Σ e^x along dim, without overflow.
    """
def logical_and(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x ≠ 0 and y ≠ 0, elementwise. Gradient: none.
    """
def logical_not(input: typing.Any) -> Tensor:
    """
    x = 0, elementwise. Gradient: none.
    """
def logical_or(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x ≠ 0 or y ≠ 0, elementwise. Gradient: none.
    """
def logsumexp(input: typing.Any, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
    """
    ln Σ e^x over dim, without overflow.
    """
def lt(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x < y, elementwise. Gradient: none.
    """
def manual_seed(seed: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    Restarts the default generator.
    """
def masked_fill(input: typing.Any, mask: typing.Any, value: typing.SupportsFloat | typing.SupportsIndex) -> Tensor:
    """
    value where mask is true, else input.
    """
def matmul(input: typing.Any, other: typing.Any) -> Tensor:
    """
    The matrix product; 1-D operands are vectors, leading dims broadcast.
    """
def max(input: typing.Any, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None, other: typing.Any = None) -> typing.Any:
    """
    max(x): the largest; max(x, dim): (values, indices); max(x, other): maximum.
    """
def maximum(input: typing.Any, other: typing.Any) -> Tensor:
    """
    max(x, y), elementwise. Gradient: g to the larger, g/2 to each at a tie.
    """
def mean(input: typing.Any, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
    """
    The mean over dim, or over everything.
    """
def min(input: typing.Any, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None, other: typing.Any = None) -> typing.Any:
    """
    min(x): the smallest; min(x, dim): (values, indices); min(x, other): minimum.
    """
def minimum(input: typing.Any, other: typing.Any) -> Tensor:
    """
    min(x, y), elementwise. Gradient: g to the smaller, g/2 to each at a tie.
    """
def mse_loss(input: typing.Any, target: typing.Any, reduction: str = 'mean') -> Tensor:
    """
    (x - t)².
    """
def mul(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x y, elementwise. Gradient: g y, g x.
    """
def narrow(input: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex, start: typing.SupportsInt | typing.SupportsIndex, length: typing.SupportsInt | typing.SupportsIndex) -> Tensor:
    """
    A view of length elements along dim.
    """
def ne(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x ≠ y, elementwise. Gradient: none.
    """
def neg(input: typing.Any) -> Tensor:
    """
    -x, elementwise. Gradient: -g.
    """
def nll_loss(input: typing.Any, target: typing.Any, ignore_index: typing.SupportsInt | typing.SupportsIndex = -100, reduction: str = 'mean') -> Tensor:
    """
    Minus the log-probability at the label.
    """
def norm(input: typing.Any, p: typing.SupportsFloat | typing.SupportsIndex = 2.0, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
    """
    (Σ |x|^p)^(1/p) over dim; p may be inf.
    """
def ones(*args, **kwargs) -> Tensor:
    """
    Ones of a shape.
    """
def ones_like(input: Tensor, *, dtype: typing.Any = None, requires_grad: bool = False) -> Tensor:
    """
    Ones of the shape and dtype of input.
    """
def ops() -> list:
    """
    The op list as records: what tests, documentation and benchmarks iterate.
    """
def outer(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x yᵀ of two vectors.
    """
def permute(input: typing.Any, dims: typing.Any) -> Tensor:
    """
    A view with the axes reordered.
    """
def pow(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x^y, elementwise. Gradient: g y x^(y-1), g z log x.
    """
def prod(input: typing.Any, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
    """
    The product over dim, or over everything.
    """
def rand(*args, **kwargs) -> Tensor:
    """
    Uniform numbers in [0, 1).
    """
def rand_like(input: Tensor, *, dtype: typing.Any = None, requires_grad: bool = False) -> Tensor:
    """
    Uniform numbers in the shape and dtype of input.
    """
def randint(low: typing.SupportsInt | typing.SupportsIndex, high: typing.Any, size: typing.Any = None, *, generator: Generator = None) -> Tensor:
    """
    Integers in [low, high).
    """
def randn(*args, **kwargs) -> Tensor:
    """
    Normal numbers (sums of twelve uniforms).
    """
def randn_like(input: Tensor, *, dtype: typing.Any = None, requires_grad: bool = False) -> Tensor:
    """
    Normal numbers in the shape and dtype of input.
    """
def randperm(n: typing.SupportsInt | typing.SupportsIndex, *, generator: Generator = None) -> Tensor:
    """
    The integers below n in random order.
    """
def reciprocal(input: typing.Any) -> Tensor:
    """
    1 / x, elementwise. Gradient: -g z².
    """
def relu(input: typing.Any) -> Tensor:
    """
    max(x, 0), elementwise. Gradient: z > 0 ? g : 0.
    """
def reshape(input: typing.Any, shape: typing.Any) -> Tensor:
    """
    The same elements in another shape; -1 is whatever fits. A view where possible.
    """
def round(input: typing.Any) -> Tensor:
    """
    x to the nearest integer, ties to even, elementwise. Gradient: 0.
    """
def rsqrt(input: typing.Any) -> Tensor:
    """
    1 / √x, elementwise. Gradient: -g z³ / 2.
    """
def scatter_add(input: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex, index: typing.Any, src: typing.Any) -> Tensor:
    """
    x with src added at index along dim; repeated places accumulate.
    """
def set_default_dtype(dtype: typing.Any) -> None:
    ...
def sigmoid(input: typing.Any) -> Tensor:
    """
    1 / (1 + e^-x), elementwise. Gradient: g z (1 - z).
    """
def sign(input: typing.Any) -> Tensor:
    """
    sign x, elementwise. Gradient: 0.
    """
def silu(input: typing.Any, beta: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> Tensor:
    """
    x sigmoid(b x), elementwise. Gradient: g s (1 + b x (1 - s)), s = sigmoid(b x).
    """
def sin(input: typing.Any) -> Tensor:
    """
    sin x, elementwise. Gradient: g cos x.
    """
def sinh(input: typing.Any) -> Tensor:
    """
    sinh x, elementwise. Gradient: g cosh x.
    """
def softmax(input: typing.Any, dim: typing.Any = None, *, axis: typing.Any = None) -> Tensor:
    """
    e^x / Σ e^x along dim, without overflow.
    """
def softplus(input: typing.Any, beta: typing.SupportsFloat | typing.SupportsIndex = 1.0, threshold: typing.SupportsFloat | typing.SupportsIndex = 20.0) -> Tensor:
    """
    b x > t ? x : ln(1 + e^(b x)) / b, elementwise. Gradient: b x > t ? g : g sigmoid(b x).
    """
def sort(input: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex = -1, descending: bool = False, stable: bool = False) -> typing.Any:
    """
    (values, indices) in order along dim; always stable.
    """
def split(input: typing.Any, split_size_or_sections: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple:
    """
    Views of pieces of a size, or of listed sizes.
    """
def sqrt(input: typing.Any) -> Tensor:
    """
    √x, elementwise. Gradient: g / (2 z).
    """
def square(input: typing.Any) -> Tensor:
    """
    x², elementwise. Gradient: 2 g x.
    """
def squeeze(input: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex | None = None) -> Tensor:
    """
    Without the axes of size 1, or without that one.
    """
def stack(tensors: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex = 0, *, axis: typing.SupportsInt | typing.SupportsIndex | None = None) -> Tensor:
    """
    Tensors side by side along a new dim.
    """
def std(input: typing.Any, dim: typing.Any = None, *, correction: typing.SupportsFloat | typing.SupportsIndex = 1.0, keepdim: bool = False, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
    """
    The standard deviation over dim; its gradient is 0 where it is 0.
    """
def sub(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x - y, elementwise. Gradient: g, -g.
    """
def sum(input: typing.Any, dim: typing.Any = None, keepdim: bool = False, *, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
    """
    The sum over dim, or over everything.
    """
def tan(input: typing.Any) -> Tensor:
    """
    tan x, elementwise. Gradient: g (1 + z²).
    """
def tanh(input: typing.Any) -> Tensor:
    """
    tanh x, elementwise. Gradient: g (1 - z²).
    """
def tensor(data: typing.Any, dtype: typing.Any = None, requires_grad: bool = False) -> Tensor:
    """
    A new tensor with a copy of the data.
    """
def topk(input: typing.Any, k: typing.SupportsInt | typing.SupportsIndex, dim: typing.SupportsInt | typing.SupportsIndex = -1, largest: bool = True, sorted: bool = True) -> typing.Any:
    """
    (values, indices) of the k largest, or smallest, along dim; always in order.
    """
def transpose(input: typing.Any, dim0: typing.SupportsInt | typing.SupportsIndex, dim1: typing.SupportsInt | typing.SupportsIndex) -> Tensor:
    """
    A view with two axes exchanged.
    """
def tril(input: typing.Any, diagonal: typing.SupportsInt | typing.SupportsIndex = 0) -> Tensor:
    """
    Zero above a diagonal.
    """
def triu(input: typing.Any, diagonal: typing.SupportsInt | typing.SupportsIndex = 0) -> Tensor:
    """
    Zero below a diagonal.
    """
def unsqueeze(input: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex) -> Tensor:
    """
    With a new axis of size 1.
    """
def var(input: typing.Any, dim: typing.Any = None, *, correction: typing.SupportsFloat | typing.SupportsIndex = 1.0, keepdim: bool = False, axis: typing.Any = None, keepdims: bool | None = None) -> Tensor:
    """
    The variance over dim: Σ (x - mean)² / (n - correction).
    """
def view(input: typing.Any, shape: typing.Any) -> Tensor:
    """
    The same memory in another shape; raises where that needs a copy.
    """
def where(condition: typing.Any, input: typing.Any, other: typing.Any) -> Tensor:
    """
    condition ? input : other, elementwise.
    """
def zeros(*args, **kwargs) -> Tensor:
    """
    Zeros of a shape.
    """
def zeros_like(input: Tensor, *, dtype: typing.Any = None, requires_grad: bool = False) -> Tensor:
    """
    Zeros of the shape and dtype of input.
    """
