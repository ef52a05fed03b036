# Made by bindings/make_stubs.py from the extension; do not edit.
"""
The tensor engine.
"""
from __future__ import annotations
import collections.abc
import builtins
import numpy
import trigrad.tensor_cpp._tensor
import typing
__all__: list[str] = ['Generator', 'GradFn', 'Tensor', 'ValuesIndices', 'abs', 'acos', 'acosh', 'add', 'all', 'amax', 'amin', 'any', 'arange', 'argmax', 'argmin', 'as_tensor', 'asin', 'asinh', 'atan', 'atanh', 'binary_cross_entropy_with_logits', 'cat', 'ceil', 'clamp', 'concat', 'cos', 'cosh', 'cross_entropy', 'cumprod', 'cumsum', 'div', 'dot', 'einsum', 'elu', 'embedding', 'empty', 'eq', 'erf', 'exp', 'expand', 'expm1', 'eye', 'flatten', 'floor', 'from_numpy', 'full', 'full_like', 'gather', 'gaussian_log_prob', 'ge', 'gelu', 'gelu_tanh', 'gemm_backend', 'gemm_backends', 'get_default_dtype', 'get_num_threads', 'getitem', 'gt', 'hinge_loss', 'huber_loss', 'index_select', 'is_grad_enabled', 'isfinite', 'isnan', 'l1_loss', 'le', 'leaky_relu', 'linear', 'linspace', 'load_gemm_library', 'log', 'log10', 'log1p', 'log2', 'log_softmax', 'logical_and', 'logical_not', 'logical_or', 'logsumexp', 'lt', 'manual_seed', 'masked_fill', 'matmul', 'max', 'maximum', 'mean', 'min', 'minimum', 'mse_loss', 'mul', 'narrow', 'ne', 'neg', 'nll_loss', 'norm', 'ones', 'ones_like', 'ops', 'outer', 'permute', 'pow', 'prod', 'rand', 'rand_like', 'randint', 'randn', 'randn_like', 'randperm', 'reciprocal', 'relu', 'reshape', 'round', 'rsqrt', 'scatter_add', 'set_default_dtype', 'set_gemm_backend', 'set_num_threads', 'sigmoid', 'sign', 'silu', 'sin', 'sinh', 'softmax', 'softplus', 'sort', 'split', 'sqrt', 'square', 'squeeze', 'stack', 'std', 'sub', 'sum', 'tan', 'tanh', 'tensor', 'topk', 'transpose', 'tril', 'triu', 'unsqueeze', 'var', 'view', 'where', 'zeros', 'zeros_like']
class ValuesIndices(typing.NamedTuple):
    values: Tensor
    indices: Tensor
class Tensor:
    """
    An n-dimensional array that may be part of a graph.

        >>> x = tg.tensor([1.0, 2.0], requires_grad=True)
        >>> (x * x).sum().backward()
        >>> x.grad
        tensor([2., 4.])
    """
    __array_ufunc__ = None
    engine: typing.ClassVar[str] = 'tensor_cpp'
    def __abs__(self) -> Tensor:
        """
        abs(self)
        """
    def __add__(self, value: typing.Any) -> Tensor:
        """
        Return self+value.
        """
    def __and__(self, value: typing.Any) -> Tensor:
        """
        Return self&value.
        """
    def __array__(self, dtype: typing.Any = None, copy: typing.Any = None) -> typing.Any:
        """
        For np.asarray(x) and np.array(x): shares memory unless asked for a copy or another dtype.
        """
    def __bool__(self) -> builtins.bool:
        ...
    def __contains__(self, value: typing.Any) -> builtins.bool:
        """
        Whether some element equals value.
        """
    def __copy__(self) -> typing.Any:
        """
        Another tensor on the same memory, outside the graph.
        """
    def __deepcopy__(self, memo: dict[int, typing.Any]) -> typing.Any:
        ...
    def __dlpack__(self, **kwargs: typing.Any) -> typing.Any:
        """
        For np.from_dlpack(x), torch.from_dlpack(x) and the like; shares memory.
        """
    def __dlpack_device__(self) -> tuple[int, int]:
        ...
    def __eq__(self, value: object) -> Tensor:  # type: ignore[override]
        """
        Return self==value.
        """
    def __float__(self) -> builtins.float:
        ...
    def __format__(self, spec: str) -> str:
        """
        A 0-dim tensor formats as its number.
        """
    def __ge__(self, value: typing.Any) -> Tensor:
        """
        Return self>=value.
        """
    def __getitem__(self, arg0: typing.Any) -> Tensor:
        ...
    def __gt__(self, value: typing.Any) -> Tensor:
        """
        Return self>value.
        """
    def __hash__(self) -> builtins.int:
        """
        Return hash(self).
        """
    def __iadd__(self, value: typing.Any) -> Tensor:
        """
        Return self+=value.
        """
    def __imul__(self, value: typing.Any) -> Tensor:
        """
        Return self*=value.
        """
    def __index__(self) -> builtins.int:
        ...
    def __int__(self) -> builtins.int:
        ...
    def __invert__(self) -> Tensor:
        """
        ~self
        """
    def __ipow__(self, value: typing.Any) -> Tensor:
        """
        Return self**=value.
        """
    def __isub__(self, value: typing.Any) -> Tensor:
        """
        Return self-=value.
        """
    def __iter__(self) -> collections.abc.Iterator[Tensor]:
        ...
    def __itruediv__(self, value: typing.Any) -> Tensor:
        """
        Return self/=value.
        """
    def __le__(self, value: typing.Any) -> Tensor:
        """
        Return self<=value.
        """
    def __len__(self) -> builtins.int:
        ...
    def __lt__(self, value: typing.Any) -> Tensor:
        """
        Return self<value.
        """
    def __matmul__(self, value: typing.Any) -> Tensor:
        """
        Return self@value.
        """
    def __mul__(self, value: typing.Any) -> Tensor:
        """
        Return self*value.
        """
    def __ne__(self, value: object) -> Tensor:  # type: ignore[override]
        """
        Return self!=value.
        """
    def __neg__(self) -> Tensor:
        """
        -self
        """
    def __or__(self, value: typing.Any) -> Tensor:
        """
        Return self|value.
        """
    def __pos__(self) -> Tensor:
        """
        +self
        """
    def __pow__(self, value: typing.Any) -> Tensor:
        """
        Return pow(self, value, mod).
        """
    def __radd__(self, value: typing.Any) -> Tensor:
        """
        Return value+self.
        """
    def __rand__(self, value: typing.Any) -> Tensor:
        """
        Return value&self.
        """
    def __reduce__(self) -> tuple[typing.Any, ...]:
        """
        A pickle keeps the numbers and the flag, not the graph.
        """
    def __repr__(self) -> str:
        ...
    def __rmatmul__(self, value: typing.Any) -> Tensor:
        """
        Return value@self.
        """
    def __rmul__(self, value: typing.Any) -> Tensor:
        """
        Return value*self.
        """
    def __ror__(self, value: typing.Any) -> Tensor:
        """
        Return value|self.
        """
    def __rpow__(self, value: typing.Any) -> Tensor:
        """
        Return pow(value, self, mod).
        """
    def __rsub__(self, value: typing.Any) -> Tensor:
        """
        Return value-self.
        """
    def __rtruediv__(self, value: typing.Any) -> Tensor:
        """
        Return value/self.
        """
    def __setitem__(self, arg0: typing.Any, arg1: typing.Any) -> None:
        ...
    def __sub__(self, value: typing.Any) -> Tensor:
        """
        Return self-value.
        """
    def __truediv__(self, value: typing.Any) -> Tensor:
        """
        Return self/value.
        """
    def _remove_hook(self, number: typing.SupportsInt | typing.SupportsIndex) -> None:
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
        """
        Adds other in place; returns itself. Raises on a tensor that a graph tracks, unless inside no_grad().
        """
    def all(self, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """
        Whether every element is not zero.
        """
    def amax(self, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """
        The largest over dim; ties share the gradient equally.
        """
    def amin(self, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """
        The smallest over dim; ties share the gradient equally.
        """
    def any(self, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """
        Whether some element is not zero.
        """
    def argmax(self, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """
        Where the largest is; the first of ties.
        """
    def argmin(self, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
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
    def astype(self, dtype: typing.Any) -> typing.Any:
        """
        NumPy's name for to().
        """
    def atan(self) -> Tensor:
        """
        atan x, elementwise. Gradient: g / (1 + x²).
        """
    def atanh(self) -> Tensor:
        """
        atanh x, elementwise. Gradient: g / (1 - x²).
        """
    def backward(self, gradient: typing.Any = None, retain_graph: builtins.bool | None = None, create_graph: builtins.bool = False, order: str | None = None) -> None:
        """
        Adds ∂self/∂leaf to every leaf's .grad. order: 'tape' (the default), 'stack' or 'recursive'.

            gradient is ∂loss/∂self, needed unless self has one element. The graph is freed unless retain_graph=True; with
            create_graph=True the gradients can be differentiated themselves.

            >>> w = tg.tensor([1.0, -2.0, 3.0], requires_grad=True)
            >>> (w * w).backward(gradient=tg.tensor([1.0, 10.0, 100.0]))
            >>> w.grad
            tensor([  2., -40., 600.])
        """
    def bool(self) -> typing.Any:
        """
        to(bool): whether each element is not zero.
        """
    def ceil(self) -> Tensor:
        """
        ⌈x⌉, elementwise. Gradient: 0.
        """
    def clamp(self, min: typing.Any = None, max: typing.Any = None) -> Tensor:
        """
        min(max(x, min), max), elementwise. The gradient passes where min <= x <= max.
        """
    def clone(self) -> Tensor:
        """
        A copy; gradients pass through.
        """
    def contiguous(self) -> typing.Any:
        """
        Itself, or a copy in row-major order.
        """
    def copy_(self, source: typing.Any) -> typing.Any:
        """
        Takes the numbers of source, broadcast to this shape and converted to this dtype; returns itself.
        """
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
    def data_ptr(self) -> builtins.int:
        """
        The address of the first element.
        """
    def detach(self) -> Tensor:
        """
        The same numbers outside the graph; memory and version counter are shared.
        """
    def dim(self) -> builtins.int:
        """
        The number of dims.
        """
    def div(self, other: typing.Any) -> Tensor:
        """
        x / y, elementwise. Gradient: g / y, -g (x / y) / y.
        """
    def div_(self, other: typing.Any) -> typing.Any:
        """
        Divides by other in place, as add_ adds.
        """
    def dot(self, other: typing.Any) -> Tensor:
        """
        Σ x y of two vectors.
        """
    def double(self) -> typing.Any:
        """
        to(float64).
        """
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
    def expand(self, *args: typing.Any) -> Tensor:
        """
        A view with axes of size 1 repeated; -1 keeps a size.
        """
    def expm1(self) -> Tensor:
        """
        e^x - 1, elementwise. Gradient: g (z + 1).
        """
    def fill_(self, value: typing.Any) -> typing.Any:
        """
        Every element becomes value; returns itself.
        """
    def flatten(self, start_dim: typing.SupportsInt | typing.SupportsIndex = 0, end_dim: typing.SupportsInt | typing.SupportsIndex = -1) -> Tensor:
        """
        A run of axes merged into one.
        """
    def float(self) -> typing.Any:
        """
        to(float32).
        """
    def floor(self) -> Tensor:
        """
        ⌊x⌋, elementwise. Gradient: 0.
        """
    def gather(self, dim: typing.SupportsInt | typing.SupportsIndex, index: typing.Any) -> Tensor:
        """
        z[i][j] = x[index[i][j]][j] for dim 0, and so on.

            >>> tg.tensor([[1, 2], [3, 4]]).gather(1, tg.tensor([[1], [0]]))
            tensor([[2],
                    [3]])
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
    def is_contiguous(self) -> builtins.bool:
        """
        Whether the elements lie in row-major order without gaps.
        """
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
    def logsumexp(self, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """
        ln Σ e^x over dim, without overflow.
        """
    def long(self) -> typing.Any:
        """
        to(int64); fractions are cut off.
        """
    def lt(self, other: typing.Any) -> Tensor:
        """
        x < y, elementwise. Gradient: none.
        """
    def masked_fill(self, mask: typing.Any, value: typing.Any) -> Tensor:
        """
        value where mask is true, else input.
        """
    def matmul(self, other: typing.Any) -> Tensor:
        """
        The matrix product; 1-D operands are vectors, leading dims broadcast.

            >>> tg.matmul(tg.ones(5, 2, 3), tg.ones(3)).shape
            (5, 2)
        """
    def max(self, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None, other: typing.Any = None) -> typing.Any:
        """
        max(x): the largest; max(x, dim): (values, indices); max(x, other): maximum.

            >>> values, indices = tg.tensor([[1.0, 5.0], [7.0, 3.0]]).max(dim=1)
            >>> values, indices
            (tensor([5., 7.]), tensor([1, 0]))
        """
    def maximum(self, other: typing.Any) -> Tensor:
        """
        max(x, y), elementwise. Gradient: g to the larger, g/2 to each at a tie.
        """
    def mean(self, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """
        The mean over dim, or over everything.
        """
    def min(self, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None, other: typing.Any = None) -> typing.Any:
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
        """
        Multiplies by other in place, as add_ adds.
        """
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
    def norm(self, p: typing.SupportsFloat | typing.SupportsIndex = 2.0, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """
        (Σ |x|^p)^(1/p) over dim; p may be inf.
        """
    def numel(self) -> builtins.int:
        """
        The number of elements.
        """
    def numpy(self) -> numpy.ndarray[typing.Any, typing.Any]:
        """
        An array that shares memory. Writing through it is invisible to autograd.

            >>> x = tg.zeros(3)
            >>> x.numpy()[0] = 7
            >>> x
            tensor([7., 0., 0.])
        """
    def outer(self, other: typing.Any) -> Tensor:
        """
        x yᵀ of two vectors.
        """
    def permute(self, *args: typing.Any) -> Tensor:
        """
        A view with the axes reordered.
        """
    def pow(self, other: typing.Any) -> Tensor:
        """
        x^y, elementwise. Gradient: g y x^(y-1), g z log x.
        """
    def pow_(self, other: typing.Any) -> typing.Any:
        """
        Raises to the power of other in place, as add_ adds.
        """
    def prod(self, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """
        The product over dim, or over everything.
        """
    def reciprocal(self) -> Tensor:
        """
        1 / x, elementwise. Gradient: -g z².
        """
    def register_hook(self, hook: typing.Any) -> trigrad.tensor_cpp._tensor.HookHandle:
        """
        Call hook with the gradient of this tensor; what it returns, unless None, replaces the gradient.

            >>> x = tg.tensor(3.0, requires_grad=True)
            >>> handle = x.register_hook(lambda g: 10 * g)
            >>> (x * x).backward()
            >>> x.grad
            tensor(60.)
            >>> handle.remove()

        """
    def relu(self) -> Tensor:
        """
        max(x, 0), elementwise. Gradient: z > 0 ? g : 0.
        """
    def requires_grad_(self, requires_grad: builtins.bool = True) -> typing.Any:
        """
        Sets requires_grad; returns itself.
        """
    def reshape(self, *args: typing.Any) -> Tensor:
        """
        The same elements in another shape; -1 is whatever fits. A view where possible.
        """
    def retain_grad(self) -> None:
        """
        Keep .grad of this interior tensor, too.

            >>> x = tg.tensor(3.0, requires_grad=True)
            >>> y = x * x
            >>> y.retain_grad()
            >>> (y * 2).backward()
            >>> y.grad, x.grad
            (tensor(2.), tensor(12.))
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
        """
        The shape, or the size of one dim.
        """
    def softmax(self, dim: typing.Any = None, *, axis: typing.Any = None) -> Tensor:
        """
        e^x / Σ e^x along dim, without overflow.
        """
    def softplus(self, beta: typing.SupportsFloat | typing.SupportsIndex = 1.0, threshold: typing.SupportsFloat | typing.SupportsIndex = 20.0) -> Tensor:
        """
        b x > t ? x : ln(1 + e^(b x)) / b, elementwise. Gradient: b x > t ? g : g sigmoid(b x).
        """
    def sort(self, dim: typing.SupportsInt | typing.SupportsIndex = -1, descending: builtins.bool = False, stable: builtins.bool = False) -> ValuesIndices:
        """
        (values, indices) in order along dim; always stable.
        """
    def split(self, split_size_or_sections: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[Tensor, ...]:
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
    def std(self, dim: typing.Any = None, *, correction: typing.SupportsFloat | typing.SupportsIndex = 1.0, keepdim: builtins.bool = False, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """
        The standard deviation over dim; its gradient is 0 where it is 0.
        """
    def stride(self) -> tuple[int, ...]:
        """
        How many elements apart neighbours along each dim lie in memory.
        """
    def sub(self, other: typing.Any) -> Tensor:
        """
        x - y, elementwise. Gradient: g, -g.
        """
    def sub_(self, other: typing.Any) -> typing.Any:
        """
        Subtracts other in place, as add_ adds.
        """
    def sum(self, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """
        The sum over dim, or over everything.

            >>> x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
            >>> x.sum(), x.sum(dim=0), x.sum(dim=1, keepdim=True)
            (tensor(10.), tensor([4., 6.]), tensor([[3.],
                    [7.]]))
        """
    def tan(self) -> Tensor:
        """
        tan x, elementwise. Gradient: g (1 + z²).
        """
    def tanh(self) -> Tensor:
        """
        tanh x, elementwise. Gradient: g (1 - z²).
        """
    def to(self, dtype: typing.Any) -> typing.Any:
        """
        Itself, or a copy of another dtype; gradients pass through.

            >>> tg.tensor([1, 2]).to(tg.float64)
            tensor([1., 2.], dtype=float64)
        """
    def tolist(self) -> typing.Any:
        """
        Nested lists of Python numbers.
        """
    def topk(self, k: typing.SupportsInt | typing.SupportsIndex, dim: typing.SupportsInt | typing.SupportsIndex = -1, largest: builtins.bool = True, sorted: builtins.bool = True) -> ValuesIndices:
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
    def var(self, dim: typing.Any = None, *, correction: typing.SupportsFloat | typing.SupportsIndex = 1.0, keepdim: builtins.bool = False, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
        """
        The variance over dim: Σ (x - mean)² / (n - correction).
        """
    def view(self, *args: typing.Any) -> Tensor:
        """
        The same memory in another shape; raises where that needs a copy.
        """
    def where(self, condition: typing.Any, other: typing.Any) -> Tensor:
        """
        condition ? self : other, elementwise.
        """
    def zero_(self) -> typing.Any:
        """
        Every element becomes 0; returns itself.
        """
    @property
    def T(self) -> Tensor:
        """
        A view with the dims in reverse order: the transpose of a matrix.
        """
    @property
    def _version(self) -> builtins.int:
        """
        How often the storage was changed in place; views and detach() share it.
        """
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
        """
        NumPy's dtype: float32, float64, int64 or bool.
        """
    @property
    def grad(self) -> typing.Any:
        """
        ∂loss/∂this, or None. Leaves accumulate it until `x.grad = None` or `x.grad.zero_()`.
        """
    @grad.setter
    def grad(self, value: typing.Any) -> None:
        ...
    @property
    def grad_fn(self) -> typing.Any:
        """
        The node of the graph that made this, with .name and .inputs; None for a leaf.
        """
    @property
    def is_leaf(self) -> builtins.bool:
        """
        Whether no recorded op made this.
        """
    @property
    def mT(self) -> Tensor:
        """
        A view with the last two dims exchanged: a stack of matrices, transposed.
        """
    @property
    def ndim(self) -> builtins.int:
        """
        The number of dims.
        """
    @property
    def requires_grad(self) -> builtins.bool:
        """
        Whether what is computed from this is recorded, so that backward() can reach it.
        """
    @requires_grad.setter
    def requires_grad(self, arg1: builtins.bool) -> None:
        ...
    @property
    def shape(self) -> tuple[int, ...]:
        """
        The size of each dim, as a tuple.
        """
class Generator:
    """
    A stream of random numbers: Philox4x32-10, the same bits in every engine.
    """
    def __init__(self, seed: builtins.int = 0) -> None:
        ...
    def get_state(self) -> tuple[int, int]:
        """
        (seed, next block): all there is.
        """
    def manual_seed(self, seed: builtins.int) -> typing.Any:
        """
        Starts the stream anew; returns itself.
        """
    def set_state(self, state: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex]) -> typing.Any:
        """
        Goes on from what get_state returned; returns itself.
        """
class GradFn:
    """
    A node of the graph.
    """
    def __repr__(self) -> str:
        ...
    @property
    def id(self) -> builtins.int:
        """
        A number that tells this node from all others that are alive.
        """
    @property
    def inputs(self) -> list[GradFn]:
        """
        The tracked inputs' nodes.
        """
    @property
    def name(self) -> str:
        """
        The op's name; 'leaf' for a leaf.
        """
    @property
    def shape(self) -> tuple[int, ...]:
        """
        The shape of what it made.
        """
class _StepProgram:
    def __len__(self) -> builtins.int:
        ...
    def check(self, step: typing.Any, args: tuple, kwargs: dict) -> typing.Any:
        ...
    def replay(self, *args: typing.Any, **kwargs: typing.Any) -> typing.Any:
        ...
    def serves(self, args: tuple, kwargs: dict) -> builtins.bool:
        ...
    @property
    def checked(self) -> builtins.bool:
        ...
class _StepRecording:
    def __init__(self, args: tuple, kwargs: dict) -> None:
        ...
    def finish(self, result: typing.Any, checks: typing.SupportsInt | typing.SupportsIndex) -> typing.Any:
        ...
    def followed(self, optimizer: typing.Any, group: typing.Any) -> None:
        ...
    def remember_dict(self, dict: dict) -> None:
        ...
    def remember_variable(self, place: typing.Any, name: str) -> None:
        ...
    def stop(self) -> None:
        ...
def _adam_(parameters: typing.Any, state: dict, lr: typing.SupportsFloat | typing.SupportsIndex, beta1: typing.SupportsFloat | typing.SupportsIndex, beta2: typing.SupportsFloat | typing.SupportsIndex, eps: typing.SupportsFloat | typing.SupportsIndex, weight_decay: typing.SupportsFloat | typing.SupportsIndex, amsgrad: builtins.bool, maximize: builtins.bool, decoupled: builtins.bool) -> None:
    """
    One step of Adam, or with decoupled of AdamW: "step", "exp_avg", "exp_avg_sq" and "max_exp_avg_sq".
    """
def _grad(outputs: collections.abc.Sequence[Tensor], inputs: collections.abc.Sequence[Tensor], grad_outputs: collections.abc.Sequence[typing.Any], retain_graph: builtins.bool | None, create_graph: builtins.bool, allow_unused: builtins.bool, order: str | None) -> tuple[typing.Any, ...]:
    ...
def _is_anomaly_enabled() -> builtins.bool:
    ...
def _pool_counters() -> dict[str, typing.Any]:
    """
    What the pool of tensor memory has asked the system for, and holds.
    """
def _pool_reset_peak() -> None:
    """
    Counts the most that is live at once from now on.
    """
def _record_function(arg0: str, arg1: Tensor, arg2: collections.abc.Sequence[Tensor], arg3: typing.Any) -> Tensor:
    ...
def _runs_as_written() -> builtins.bool:
    ...
def _set_anomaly_enabled(arg0: builtins.bool) -> None:
    ...
def _set_grad_enabled(arg0: builtins.bool) -> None:
    ...
def _sgd_(parameters: typing.Any, state: dict, lr: typing.SupportsFloat | typing.SupportsIndex, momentum: typing.SupportsFloat | typing.SupportsIndex, dampening: typing.SupportsFloat | typing.SupportsIndex, weight_decay: typing.SupportsFloat | typing.SupportsIndex, nesterov: builtins.bool, maximize: builtins.bool) -> None:
    """
    One step of SGD. The velocity, "momentum_buffer", begins as the first gradient.
    """
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
def all(input: typing.Any, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
    """
    Whether every element is not zero.
    """
def amax(input: typing.Any, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
    """
    The largest over dim; ties share the gradient equally.
    """
def amin(input: typing.Any, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
    """
    The smallest over dim; ties share the gradient equally.
    """
def any(input: typing.Any, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
    """
    Whether some element is not zero.
    """
def arange(start: typing.Any, end: typing.Any = None, step: typing.Any = 1, *, dtype: typing.Any = None, requires_grad: builtins.bool = False) -> Tensor:
    """
    start, start + step, ... below end.
    """
def argmax(input: typing.Any, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
    """
    Where the largest is; the first of ties.
    """
def argmin(input: typing.Any, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
    """
    Where the smallest is; the first of ties.
    """
def as_tensor(data: typing.Any, dtype: typing.Any = None) -> typing.Any:
    """
    A tensor that shares memory with the data where it can; a tensor is returned as it is.
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

        >>> tg.cat([tg.zeros(2), tg.ones(1)])
        tensor([0., 0., 1.])
    """
def ceil(input: typing.Any) -> Tensor:
    """
    ⌈x⌉, elementwise. Gradient: 0.
    """
def clamp(input: typing.Any, min: typing.Any = None, max: typing.Any = None) -> Tensor:
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

        >>> tg.cross_entropy(tg.zeros(2, 4), tg.tensor([0, 3]))
        tensor(1.3863)
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
def einsum(equation: str, *args: typing.Any) -> Tensor:
    """
    Sums of products by index letters.

        >>> x, y = tg.ones(2, 3), tg.ones(3, 4)
        >>> tg.einsum('ij,jk->ik', x, y).shape
        (2, 4)
    """
def elu(input: typing.Any, alpha: typing.SupportsFloat | typing.SupportsIndex = 1.0) -> Tensor:
    """
    x > 0 ? x : a (e^x - 1), elementwise. Gradient: x > 0 ? g : g a e^x.
    """
def embedding(input: typing.Any, weight: typing.Any) -> Tensor:
    """
    Rows of weight by index.
    """
def empty(*args: typing.Any, **kwargs: typing.Any) -> Tensor:
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
def eye(n: typing.SupportsInt | typing.SupportsIndex, m: typing.SupportsInt | typing.SupportsIndex | None = None, *, dtype: typing.Any = None, requires_grad: builtins.bool = False) -> Tensor:
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
def from_numpy(array: typing.Any) -> Tensor:
    """
    A tensor that shares the array's memory.

        An array of another dtype or byte order, with a negative stride, or read-only, is copied.

        >>> a = np.zeros(3)
        >>> x = tg.from_numpy(a)
        >>> a[1] = 5
        >>> x
        tensor([0., 5., 0.], dtype=float64)
    """
def full(size: typing.Any, fill_value: typing.Any, *, dtype: typing.Any = None, requires_grad: builtins.bool = False) -> Tensor:
    """
    One value in a shape.
    """
def full_like(input: Tensor, fill_value: typing.Any, *, dtype: typing.Any = None, requires_grad: builtins.bool = False) -> Tensor:
    """
    One value in the shape and dtype of input.
    """
def gather(input: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex, index: typing.Any) -> Tensor:
    """
    z[i][j] = x[index[i][j]][j] for dim 0, and so on.

        >>> tg.tensor([[1, 2], [3, 4]]).gather(1, tg.tensor([[1], [0]]))
        tensor([[2],
                [3]])
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
def gemm_backend() -> str:
    """
    Who multiplies matrices now.
    """
def gemm_backends() -> list[str]:
    """
    Who can multiply matrices.
    """
def get_default_dtype() -> typing.Any:
    """
    What Python floats become: float32 unless set.
    """
def get_num_threads() -> builtins.int:
    """
    How many threads a large matrix product may use.
    """
def getitem(input: Tensor, key: typing.Any) -> Tensor:
    """
    input[key]: ints, slices, None and ... give a view; lists, int and bool tensors a copy.

        >>> x = tg.arange(6).reshape(2, 3)
        >>> tg.getitem(x, (0, [2, 0]))
        tensor([2, 0])
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
def is_grad_enabled() -> builtins.bool:
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

        >>> tg.linear(tg.tensor([[1.0, 2.0]]), tg.tensor([[3.0, 4.0]]), tg.tensor([-20.0]), activation='relu')
        tensor([[0.]])
    """
def linspace(start: typing.SupportsFloat | typing.SupportsIndex, end: typing.SupportsFloat | typing.SupportsIndex, steps: typing.SupportsInt | typing.SupportsIndex, *, dtype: typing.Any = None, requires_grad: builtins.bool = False) -> Tensor:
    """
    Evenly spaced numbers from start to end, both included.
    """
def load_gemm_library(path: str, name: str) -> None:
    """
    Adds a shared library with cblas_sgemm and cblas_dgemm, or dnnl_sgemm, to those who can multiply.
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
def logsumexp(input: typing.Any, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
    """
    ln Σ e^x over dim, without overflow.
    """
def lt(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x < y, elementwise. Gradient: none.
    """
def manual_seed(seed: builtins.int) -> typing.Any:
    """
    Starts the default generator anew, and returns it.

        >>> _ = tg.manual_seed(0)
        >>> first = tg.rand(2)
        >>> _ = tg.manual_seed(0)
        >>> (tg.rand(2) == first).all()
        tensor(True)
    """
def masked_fill(input: typing.Any, mask: typing.Any, value: typing.Any) -> Tensor:
    """
    value where mask is true, else input.
    """
def matmul(input: typing.Any, other: typing.Any) -> Tensor:
    """
    The matrix product; 1-D operands are vectors, leading dims broadcast.

        >>> tg.matmul(tg.ones(5, 2, 3), tg.ones(3)).shape
        (5, 2)
    """
def max(input: typing.Any, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None, other: typing.Any = None) -> typing.Any:
    """
    max(x): the largest; max(x, dim): (values, indices); max(x, other): maximum.

        >>> values, indices = tg.tensor([[1.0, 5.0], [7.0, 3.0]]).max(dim=1)
        >>> values, indices
        (tensor([5., 7.]), tensor([1, 0]))
    """
def maximum(input: typing.Any, other: typing.Any) -> Tensor:
    """
    max(x, y), elementwise. Gradient: g to the larger, g/2 to each at a tie.
    """
def mean(input: typing.Any, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
    """
    The mean over dim, or over everything.
    """
def min(input: typing.Any, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None, other: typing.Any = None) -> typing.Any:
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
def norm(input: typing.Any, p: typing.SupportsFloat | typing.SupportsIndex = 2.0, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
    """
    (Σ |x|^p)^(1/p) over dim; p may be inf.
    """
def ones(*args: typing.Any, **kwargs: typing.Any) -> Tensor:
    """
    Ones of a shape.
    """
def ones_like(input: Tensor, *, dtype: typing.Any = None, requires_grad: builtins.bool = False) -> Tensor:
    """
    Ones of the shape and dtype of input.
    """
def ops() -> list[dict[str, typing.Any]]:
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
def prod(input: typing.Any, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
    """
    The product over dim, or over everything.
    """
def rand(*args: typing.Any, **kwargs: typing.Any) -> Tensor:
    """
    Uniform numbers in [0, 1).
    """
def rand_like(input: Tensor, *, dtype: typing.Any = None, requires_grad: builtins.bool = False) -> Tensor:
    """
    Uniform numbers in the shape and dtype of input.
    """
def randint(low: typing.SupportsInt | typing.SupportsIndex, high: typing.Any = None, size: typing.Any = None, *, generator: Generator | None = None) -> Tensor:
    """
    Integers in [low, high).
    """
def randn(*args: typing.Any, **kwargs: typing.Any) -> Tensor:
    """
    Normal numbers (sums of twelve uniforms).
    """
def randn_like(input: Tensor, *, dtype: typing.Any = None, requires_grad: builtins.bool = False) -> Tensor:
    """
    Normal numbers in the shape and dtype of input.
    """
def randperm(n: typing.SupportsInt | typing.SupportsIndex, *, generator: Generator | None = None) -> Tensor:
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
    """
    What Python floats become, and what zeros() and the like make: float32 unless set.
    """
def set_gemm_backend(name: str) -> None:
    """
    Chooses who multiplies matrices, for comparisons.
    """
def set_num_threads(n: typing.SupportsInt | typing.SupportsIndex) -> None:
    """
    How many threads a large matrix product may use: as many as there are processors, unless OMP_NUM_THREADS or this says otherwise. Results do not depend on it.
    """
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
def sort(input: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex = -1, descending: builtins.bool = False, stable: builtins.bool = False) -> ValuesIndices:
    """
    (values, indices) in order along dim; always stable.
    """
def split(input: typing.Any, split_size_or_sections: typing.Any, dim: typing.SupportsInt | typing.SupportsIndex = 0) -> tuple[Tensor, ...]:
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
def std(input: typing.Any, dim: typing.Any = None, *, correction: typing.SupportsFloat | typing.SupportsIndex = 1.0, keepdim: builtins.bool = False, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
    """
    The standard deviation over dim; its gradient is 0 where it is 0.
    """
def sub(input: typing.Any, other: typing.Any) -> Tensor:
    """
    x - y, elementwise. Gradient: g, -g.
    """
def sum(input: typing.Any, dim: typing.Any = None, keepdim: builtins.bool = False, *, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
    """
    The sum over dim, or over everything.

        >>> x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])
        >>> x.sum(), x.sum(dim=0), x.sum(dim=1, keepdim=True)
        (tensor(10.), tensor([4., 6.]), tensor([[3.],
                [7.]]))
    """
def tan(input: typing.Any) -> Tensor:
    """
    tan x, elementwise. Gradient: g (1 + z²).
    """
def tanh(input: typing.Any) -> Tensor:
    """
    tanh x, elementwise. Gradient: g (1 - z²).
    """
def tensor(data: typing.Any, dtype: typing.Any = None, requires_grad: builtins.bool = False) -> Tensor:
    """
    A new tensor with a copy of the data: a number, nested lists, an array or another tensor.

        Floats take the default dtype, arrays keep theirs.

        >>> tg.tensor([[1.0, 2.0], [3.0, 4.0]])
        tensor([[1., 2.],
                [3., 4.]])
        >>> tg.tensor([1, 2]).dtype
        dtype('int64')
    """
def topk(input: typing.Any, k: typing.SupportsInt | typing.SupportsIndex, dim: typing.SupportsInt | typing.SupportsIndex = -1, largest: builtins.bool = True, sorted: builtins.bool = True) -> ValuesIndices:
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
def var(input: typing.Any, dim: typing.Any = None, *, correction: typing.SupportsFloat | typing.SupportsIndex = 1.0, keepdim: builtins.bool = False, axis: typing.Any = None, keepdims: builtins.bool | None = None) -> Tensor:
    """
    The variance over dim: Σ (x - mean)² / (n - correction).
    """
def view(input: typing.Any, shape: typing.Any) -> Tensor:
    """
    The same memory in another shape; raises where that needs a copy.
    """
def where(condition: typing.Any, input: typing.Any, other: typing.Any) -> Tensor:
    """
    condition ? input : other, elementwise. The gradient goes to the one that was taken.

        >>> x = tg.tensor([1.0, -2.0])
        >>> tg.where(x > 0, x, 0)
        tensor([1., 0.])
    """
def zeros(*args: typing.Any, **kwargs: typing.Any) -> Tensor:
    """
    Zeros of a shape.
    """
def zeros_like(input: Tensor, *, dtype: typing.Any = None, requires_grad: builtins.bool = False) -> Tensor:
    """
    Zeros of the shape and dtype of input.
    """
