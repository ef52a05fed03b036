// The one list of structural operations: those that move, reduce, multiply or index tensors.
//
// A record has the same facts as an elementwise op, with sample calls in place of a domain (f: random numbers, i: random
// integers below a bound, b: random booleans, p: probabilities). A record with `forward` and rules is a node of its own;
// one without is written in terms of the others (ops.hpp) and listed because users, tests and documentation know it by name.
// Rules are made of ops, so that they can be differentiated again.
#pragma once

#include <trigrad/tensor/tensor.hpp>

// clang-format off: one record, a few lines; wrapped to the limit they take twice the room
namespace trigrad {

// The base of a structural op: the names X, Y, Z for what its rules read.
struct Structural {
  using enum Saved;
};

enum class Activation : std::int64_t { None, Relu, Tanh, Sigmoid };

struct Sum : Structural {
  static constexpr OpInfo info{.name = "sum", .formula = "Σ x", .vjp = "g at every summed element",
                               .samples = {"sum(f(3, 4))", "sum(f(2, 3, 4), dim=1)", "sum(f(2, 3, 4), dim=(0, 2), keepdim=True)", "sum(f(0, 3), dim=0)", "sum(f(1))", "sum(f())"}};
  struct Attrs { DimMask dims; bool keepdim; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct Mean : Structural {
  static constexpr OpInfo info{.name = "mean", .formula = "Σ x / n", .vjp = "g / n",
                               .samples = {"mean(f(3, 4))", "mean(f(2, 3, 4), dim=-1)", "mean(f(2, 3, 4), dim=(0, 2), keepdim=True)", "mean(f(1, 1))"}};
  struct Attrs { DimMask dims; bool keepdim; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct Max : Structural {
  static constexpr OpInfo info{.name = "max", .formula = "max x", .vjp = "g to the largest, shared equally at ties", .gradient = Gradient::Kinked, .analytic = false,
                               .samples = {"max(f(3, 4))", "max(f(1))", "max(f())"}};
};

struct Min : Structural {
  static constexpr OpInfo info{.name = "min", .formula = "min x", .vjp = "g to the smallest, shared equally at ties", .gradient = Gradient::Kinked, .analytic = false,
                               .samples = {"min(f(3, 4))", "min(f(1))", "min(f())"}};
};

struct MaxDim : Structural {
  static constexpr OpInfo info{.name = "max_dim", .formula = "max x along a dim, and where", .vjp = "g to the first largest", .gradient = Gradient::Kinked, .analytic = false,
                               .samples = {"max(f(3, 4), dim=1)", "max(f(2, 3, 4), dim=0, keepdim=True)", "max(f(0, 3), dim=1)"}};
};

struct MinDim : Structural {
  static constexpr OpInfo info{.name = "min_dim", .formula = "min x along a dim, and where", .vjp = "g to the first smallest", .gradient = Gradient::Kinked, .analytic = false,
                               .samples = {"min(f(3, 4), dim=1)", "min(f(2, 3, 4), dim=0, keepdim=True)", "min(f(0, 3), dim=1)"}};
};

struct Amax : Structural {
  static constexpr OpInfo info{.name = "amax", .formula = "max x", .vjp = "g to the largest, shared equally at ties", .saves = {X | Z}, .gradient = Gradient::Kinked, .analytic = false,
                               .samples = {"amax(f(3, 4))", "amax(f(2, 3, 4), dim=(0, 2))", "amax(f(2, 3, 4), dim=1, keepdim=True)"}};
  struct Attrs { DimMask dims; bool keepdim; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct Amin : Structural {
  static constexpr OpInfo info{.name = "amin", .formula = "min x", .vjp = "g to the smallest, shared equally at ties", .saves = {X | Z}, .gradient = Gradient::Kinked, .analytic = false,
                               .samples = {"amin(f(3, 4))", "amin(f(2, 3, 4), dim=(0, 2))", "amin(f(2, 3, 4), dim=1, keepdim=True)"}};
  struct Attrs { DimMask dims; bool keepdim; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct Prod : Structural {
  static constexpr OpInfo info{.name = "prod", .formula = "Π x", .vjp = "g Π of the others", .saves = {X},
                               .samples = {"prod(f(3, 4))", "prod(f(2, 3, 4), dim=1)", "prod(f(2, 3), dim=1, keepdim=True)", "prod(f(0, 3), dim=0)"}};
  struct Attrs { DimMask dims; bool keepdim; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct Var : Structural {
  static constexpr OpInfo info{.name = "var", .formula = "Σ (x - mean)² / (n - c)", .vjp = "2 g (x - mean) / (n - c)", .saves = {X},
                               .samples = {"var(f(3, 4))", "var(f(2, 3, 4), dim=(0, 2), correction=0)", "var(f(2, 3, 4), dim=1, keepdim=True)", "var(f(1, 3), dim=0, correction=0)"}};
  struct Attrs { DimMask dims; bool keepdim; double correction; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct Std : Structural {
  static constexpr OpInfo info{.name = "std", .formula = "√var", .vjp = "g (x - mean) / (z (n - c)), 0 where z = 0", .saves = {X | Z},
                               .samples = {"std(f(3, 4))", "std(f(2, 3, 4), dim=(0, 2), correction=0)", "std(f(2, 3, 4), dim=1, keepdim=True)"}};
  struct Attrs { DimMask dims; bool keepdim; double correction; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct Norm : Structural {
  static constexpr OpInfo info{.name = "norm", .formula = "(Σ |x|^p)^(1/p)", .vjp = "g sign(x) |x|^(p-1) / z^(p-1), 0 where z = 0", .saves = {X | Z}, .gradient = Gradient::Kinked, .analytic = false,
                               .samples = {"norm(f(3, 4))", "norm(f(3, 4), p=1, dim=1)", "norm(f(2, 3, 4), p=3.5, dim=(0, 2), keepdim=True)", "norm(f(3, 4), p=float('inf'), dim=0)"}};
  struct Attrs { DimMask dims; bool keepdim; double p; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct LogSumExp : Structural {
  static constexpr OpInfo info{.name = "logsumexp", .formula = "ln Σ e^x", .vjp = "g e^(x - z)", .saves = {X | Z},
                               .samples = {"logsumexp(f(3, 4), dim=1)", "logsumexp(f(2, 3, 4), dim=(0, 2), keepdim=True)", "logsumexp(f(3, 4, lo=-1000, hi=1000), dim=0)"}};
  struct Attrs { DimMask dims; bool keepdim; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct ArgMax : Structural {
  static constexpr OpInfo info{.name = "argmax", .formula = "where x is largest, first of ties", .vjp = "", .gradient = Gradient::None, .analytic = false,
                               .samples = {"argmax(f(3, 4))", "argmax(f(2, 3, 4), dim=1)", "argmax(f(2, 3, 4), dim=-1, keepdim=True)"}};
};

struct ArgMin : Structural {
  static constexpr OpInfo info{.name = "argmin", .formula = "where x is smallest, first of ties", .vjp = "", .gradient = Gradient::None, .analytic = false,
                               .samples = {"argmin(f(3, 4))", "argmin(f(2, 3, 4), dim=1)", "argmin(f(2, 3, 4), dim=-1, keepdim=True)"}};
};

struct Any : Structural {
  static constexpr OpInfo info{.name = "any", .formula = "some x ≠ 0", .vjp = "", .gradient = Gradient::None, .analytic = false,
                               .samples = {"any(b(3, 4))", "any(b(2, 3, 4), dim=1)", "any(b(0, 3), dim=0, keepdim=True)"}};
};

struct All : Structural {
  static constexpr OpInfo info{.name = "all", .formula = "every x ≠ 0", .vjp = "", .gradient = Gradient::None, .analytic = false,
                               .samples = {"all(b(3, 4))", "all(b(2, 3, 4), dim=1)", "all(b(0, 3), dim=0, keepdim=True)"}};
};

struct CumSum : Structural {
  static constexpr OpInfo info{.name = "cumsum", .formula = "Σ of x up to here", .vjp = "Σ of g from here on",
                               .samples = {"cumsum(f(5), dim=0)", "cumsum(f(2, 3, 4), dim=1)", "cumsum(f(0, 3), dim=0)"}};
  struct Attrs { int dim; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct CumProd : Structural {
  static constexpr OpInfo info{.name = "cumprod", .formula = "Π of x up to here", .vjp = "Π before · Σ of g times Π between", .saves = {X | Z},
                               .samples = {"cumprod(f(5), dim=0)", "cumprod(f(2, 3, 4), dim=1)", "cumprod(f(0, 3), dim=0)"}};
  struct Attrs { int dim; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct Sort : Structural {
  static constexpr OpInfo info{.name = "sort", .formula = "x in order, and where from (stable)", .vjp = "g back where it came from", .gradient = Gradient::Kinked, .analytic = false,
                               .samples = {"sort(f(5))", "sort(f(3, 4), dim=0, descending=True)", "sort(f(2, 3, 4), dim=1)"}};
};

struct TopK : Structural {
  static constexpr OpInfo info{.name = "topk", .formula = "the k largest or smallest, and where from", .vjp = "g back where it came from", .gradient = Gradient::Kinked, .analytic = false,
                               .samples = {"topk(f(5), 2)", "topk(f(3, 4), 2, dim=0, largest=False)", "topk(f(2, 3, 4), 3, dim=2)"}};
};

struct Softmax : Structural {
  static constexpr OpInfo info{.name = "softmax", .formula = "e^x / Σ e^x", .vjp = "z (g - Σ g z)", .saves = {Z},
                               .samples = {"softmax(f(5), dim=0)", "softmax(f(3, 4), dim=1)", "softmax(f(2, 3, 4), dim=1)", "softmax(f(3, 4, lo=-1000, hi=1000), dim=-1)", "softmax(f(0, 3), dim=1)"}};
  struct Attrs { int dim; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct LogSoftmax : Structural {
  static constexpr OpInfo info{.name = "log_softmax", .formula = "x - ln Σ e^x", .vjp = "g - e^z Σ g", .saves = {Z},
                               .samples = {"log_softmax(f(5), dim=0)", "log_softmax(f(3, 4), dim=1)", "log_softmax(f(2, 3, 4), dim=1)", "log_softmax(f(3, 4, lo=-1000, hi=1000), dim=-1)", "log_softmax(f(0, 3), dim=1)"}};
  struct Attrs { int dim; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct Matmul : Structural {
  static constexpr OpInfo info{.name = "matmul", .formula = "x y", .vjp = "g yᵀ, xᵀ g", .saves = {Y, X},
                               .samples = {"matmul(f(3, 4), f(4, 5))", "matmul(f(4), f(4))", "matmul(f(3, 4), f(4))", "matmul(f(4), f(4, 5))", "matmul(f(2, 3, 4), f(2, 4, 5))", "matmul(f(2, 1, 3, 4), f(5, 4, 2))", "matmul(f(2, 3, 4), f(4, 5))", "matmul(f(4), f(2, 4, 3))", "matmul(f(2, 3, 4), f(4))", "matmul(f(0, 4), f(4, 3))", "matmul(f(3, 0), f(0, 2))", "matmul(f(1, 1), f(1, 1))"}};
  using Attrs = NoAttrs;
  static Tensor forward(const Tensor& x, const Tensor& y, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& y, const Tensor& z, const Attrs& at);
  static Tensor gy(const Tensor& g, const Tensor& x, const Tensor& y, const Tensor& z, const Attrs& at);
};

struct Dot : Structural {
  static constexpr OpInfo info{.name = "dot", .formula = "Σ x y", .vjp = "g y, g x",
                               .samples = {"dot(f(4), f(4))", "dot(f(1), f(1))", "dot(f(0), f(0))"}};
};

struct Outer : Structural {
  static constexpr OpInfo info{.name = "outer", .formula = "x yᵀ", .vjp = "g y, gᵀ x",
                               .samples = {"outer(f(3), f(4))", "outer(f(1), f(2))", "outer(f(0), f(3))"}};
};

struct Einsum : Structural {
  static constexpr OpInfo info{.name = "einsum", .formula = "sums of products by index letters", .vjp = "einsum with the letters exchanged",
                               .samples = {"einsum('ij,jk->ik', f(3, 4), f(4, 5))", "einsum('bij,bjk->bik', f(2, 3, 4), f(2, 4, 5))", "einsum('ij->ji', f(3, 4))", "einsum('ii->i', f(4, 4))", "einsum('ij,ij->', f(3, 4), f(3, 4))", "einsum('i,j,k->ijk', f(2), f(3), f(4))", "einsum('...ij,...jk', f(2, 3, 4), f(4, 5))"}};
};

struct Linear : Structural {
  static constexpr OpInfo info{.name = "linear", .formula = "act(x wᵀ + b)", .vjp = "h w, hᵀ x, Σ h with h = g act'", .saves = {Y, X}, .inputs = {"input", "weight", "bias"},
                               .samples = {"linear(f(3, 4), f(5, 4), f(5))", "linear(f(3, 4), f(5, 4))", "linear(f(4), f(5, 4), f(5))", "linear(f(2, 3, 4), f(5, 4), f(5))", "linear(f(3, 4), f(5, 4), f(5), activation='relu')", "linear(f(3, 4), f(5, 4), f(5), activation='tanh')", "linear(f(3, 4), f(5, 4), activation='sigmoid')", "linear(f(0, 4), f(5, 4), f(5))", "linear(f(1, 1), f(1, 1), f(1))"}};
  struct Attrs { Activation activation; };
  static Tensor forward(const Tensor& input, const Tensor& weight, const Attrs& at);
  static Tensor forward(const Tensor& input, const Tensor& weight, const Tensor& bias, const Attrs& at);
  static void vjp(Cell& node, const Tensor& g, Tensor* gradients);  // all three from one activation gradient
};

struct Reshape : Structural {
  static constexpr OpInfo info{.name = "reshape", .formula = "x in another shape", .vjp = "g in x's shape",
                               .samples = {"reshape(f(3, 4), (2, 6))", "reshape(f(2, 3, 4), (-1, 4))", "reshape(f(0, 3), (3, 0))", "reshape(f(1), ())"}};
  struct Attrs { Dims shape, strides; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct View : Structural {
  static constexpr OpInfo info{.name = "view", .formula = "x in another shape, without a copy", .vjp = "g in x's shape",
                               .samples = {"view(f(3, 4), (2, 6))", "view(f(2, 3, 4), (6, -1))", "view(f(1), (1, 1))"}};
};

struct Flatten : Structural {
  static constexpr OpInfo info{.name = "flatten", .formula = "x with a run of axes merged", .vjp = "g in x's shape",
                               .samples = {"flatten(f(2, 3, 4))", "flatten(f(2, 3, 4), start_dim=1)", "flatten(f())"}};
};

struct Transpose : Structural {
  static constexpr OpInfo info{.name = "transpose", .formula = "x with two axes exchanged", .vjp = "g with them exchanged",
                               .samples = {"transpose(f(3, 4), 0, 1)", "transpose(f(2, 3, 4), -1, 0)", "transpose(f(1), 0, 0)"}};
};

struct Permute : Structural {
  static constexpr OpInfo info{.name = "permute", .formula = "x with its axes reordered", .vjp = "g with the order undone",
                               .samples = {"permute(f(2, 3, 4), (2, 0, 1))", "permute(f(3, 4), (1, 0))", "permute(f(), ())"}};
  struct Attrs { Dims order; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct Squeeze : Structural {
  static constexpr OpInfo info{.name = "squeeze", .formula = "x without axes of size 1", .vjp = "g in x's shape",
                               .samples = {"squeeze(f(1, 3, 1))", "squeeze(f(1, 3, 1), dim=0)", "squeeze(f(2, 3), dim=1)"}};
};

struct Unsqueeze : Structural {
  static constexpr OpInfo info{.name = "unsqueeze", .formula = "x with a new axis of size 1", .vjp = "g in x's shape",
                               .samples = {"unsqueeze(f(3, 4), 0)", "unsqueeze(f(3, 4), -1)", "unsqueeze(f(), 0)"}};
};

struct Expand : Structural {
  static constexpr OpInfo info{.name = "expand", .formula = "x repeated", .vjp = "Σ g over the repeats",
                               .samples = {"expand(f(3, 1), (3, 4))", "expand(f(4), (2, 3, 4))", "expand(f(1, 3), (-1, 3))", "expand(f(1), (0,))"}};
  struct Attrs { Dims shape; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct Cat : Structural {
  static constexpr OpInfo info{.name = "cat", .formula = "x, y, ... one after the other", .vjp = "the pieces of g",
                               .samples = {"cat([f(2, 3), f(1, 3)], dim=0)", "cat([f(2, 3), f(2, 2), f(2, 0)], dim=-1)", "cat([f(4)])"}};
  struct Attrs { int dim; };
  static void vjp(Cell& node, const Tensor& g, Tensor* gradients);
};

struct Stack : Structural {
  static constexpr OpInfo info{.name = "stack", .formula = "x, y, ... along a new axis", .vjp = "the pieces of g",
                               .samples = {"stack([f(2, 3), f(2, 3)])", "stack([f(2, 3), f(2, 3), f(2, 3)], dim=-1)", "stack([f(), f()])"}};
};

struct Split : Structural {
  static constexpr OpInfo info{.name = "split", .formula = "x in pieces", .vjp = "g of each piece, else 0",
                               .samples = {"split(f(5, 3), 2)", "split(f(3, 6), [1, 2, 3], dim=1)", "split(f(4), 4)"}};
};

struct MaskedFill : Structural {
  static constexpr OpInfo info{.name = "masked_fill", .formula = "mask ? value : x", .vjp = "mask ? 0 : g",
                               .samples = {"masked_fill(f(3, 4), b(3, 4), 2.5)", "masked_fill(f(3, 4), b(4), float('-inf'))", "masked_fill(f(0, 2), b(0, 2), 1.0)"}};
};

struct Tril : Structural {
  static constexpr OpInfo info{.name = "tril", .formula = "x on and below a diagonal, else 0", .vjp = "g there",
                               .samples = {"tril(f(4, 3))", "tril(f(2, 3, 4), diagonal=1)", "tril(f(3, 3), diagonal=-1)"}};
  struct Attrs { std::int64_t diagonal; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct Triu : Structural {
  static constexpr OpInfo info{.name = "triu", .formula = "x on and above a diagonal, else 0", .vjp = "g there",
                               .samples = {"triu(f(4, 3))", "triu(f(2, 3, 4), diagonal=1)", "triu(f(3, 3), diagonal=-1)"}};
  struct Attrs { std::int64_t diagonal; };
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct IndexSelect : Structural {
  static constexpr OpInfo info{.name = "index_select", .formula = "rows of x along a dim", .vjp = "g added back to its rows",
                               .samples = {"index_select(f(5, 3), 0, i((4,), 5))", "index_select(f(2, 3, 4), -1, i((6,), 4))", "index_select(f(3), 0, i((0,), 3))"}};
};

struct Slice : Structural {
  static constexpr OpInfo info{.name = "slice", .formula = "a strided part of x", .vjp = "g there, else 0",
                               .samples = {"getitem(f(5, 6), (slice(1, 4), slice(None, None, 2)))", "getitem(f(2, 3, 4), (Ellipsis, 1))", "getitem(f(5), -1)", "getitem(f(3, 4), (None, slice(2)))", "getitem(f(4), slice(3, 1))"}};
  struct Attrs { std::int64_t dim, start, step, length; };  // step may be negative: flip
  static Tensor forward(const Tensor& x, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& z, const Attrs& at);
};

struct Take : Structural {
  static constexpr OpInfo info{.name = "index", .formula = "x at listed positions", .vjp = "g added at those positions", .saves = {Y}, .inputs = {"x", "positions"},
                               .samples = {"getitem(f(5, 3), i((4,), 5))", "getitem(f(5, 3), (i((4,), 5), i((4,), 3)))", "getitem(f(3, 4), b(3, 4))", "getitem(f(5, 3), b(5))", "getitem(f(4, 5, 6), (slice(1, 3), i((2, 1), 5), i((3,), 6)))", "getitem(f(4, 5, 6), (i((2,), 4), slice(None), i((2,), 6)))"}};
  using Attrs = NoAttrs;
  static Tensor forward(const Tensor& x, const Tensor& positions, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& positions, const Tensor& z, const Attrs& at);
};

struct Gather : Structural {
  static constexpr OpInfo info{.name = "gather", .formula = "x at index along a dim", .vjp = "g added back",
                               .samples = {"gather(f(4, 3), 0, i((2, 3), 4))", "gather(f(4, 3), 1, i((4, 5), 3))", "gather(f(2, 3, 4), -1, i((2, 3, 6), 4))"}};
};

struct PutAdd : Structural {
  static constexpr OpInfo info{.name = "scatter_add", .formula = "zeros, with x added at listed positions", .vjp = "g at those positions", .saves = {Y}, .inputs = {"x", "positions"},
                               .samples = {"scatter_add(f(4, 3), 0, i((5, 3), 4), f(5, 3))", "scatter_add(f(2, 4), 1, i((2, 6), 4), f(2, 6))"}};
  struct Attrs { Dims shape; };
  static Tensor forward(const Tensor& x, const Tensor& positions, const Attrs& at);
  static Tensor gx(const Tensor& g, const Tensor& x, const Tensor& positions, const Tensor& z, const Attrs& at);
};

struct Narrow : Structural {
  static constexpr OpInfo info{.name = "narrow", .formula = "a run of x along a dim", .vjp = "g there, else 0",
                               .samples = {"narrow(f(5, 3), 0, 1, 3)", "narrow(f(2, 6), -1, 2, 0)"}};
};

struct Embedding : Structural {
  static constexpr OpInfo info{.name = "embedding", .formula = "rows of a weight", .vjp = "g added to its rows",
                               .samples = {"embedding(i((4,), 5), f(5, 3))", "embedding(i((2, 3), 5), f(5, 2))", "embedding(i((0,), 5), f(5, 2))"}};
};

struct MseLoss : Structural {
  static constexpr OpInfo info{.name = "mse_loss", .formula = "(x - t)²", .vjp = "2 g (x - t)",
                               .samples = {"mse_loss(f(3, 4), f(3, 4))", "mse_loss(f(3, 4), f(3, 4), reduction='sum')", "mse_loss(f(3, 4), f(3, 4), reduction='none')"}};
};

struct L1Loss : Structural {
  static constexpr OpInfo info{.name = "l1_loss", .formula = "|x - t|", .vjp = "g sign(x - t)", .gradient = Gradient::Kinked, .analytic = false,
                               .samples = {"l1_loss(f(3, 4), f(3, 4))", "l1_loss(f(3, 4), f(3, 4), reduction='sum')", "l1_loss(f(3, 4), f(3, 4), reduction='none')"}};
};

struct HuberLoss : Structural {
  static constexpr OpInfo info{.name = "huber_loss", .formula = "|d| < δ ? d²/2 : δ (|d| - δ/2), d = x - t", .vjp = "g clamp(d, -δ, δ)", .analytic = false,
                               .samples = {"huber_loss(f(3, 4), f(3, 4))", "huber_loss(f(3, 4), f(3, 4), reduction='sum', delta=0.5)", "huber_loss(f(3, 4), f(3, 4), reduction='none', delta=2.0)"}};
};

struct CrossEntropy : Structural {
  static constexpr OpInfo info{.name = "cross_entropy", .formula = "-Σ t log_softmax x", .vjp = "g (softmax x - t)",
                               .samples = {"cross_entropy(f(4, 5), i((4,), 5))", "cross_entropy(f(4, 5), i((4,), 5), reduction='sum', label_smoothing=0.1)", "cross_entropy(f(4, 5), p(4, 5))", "cross_entropy(f(4, 5), p(4, 5), label_smoothing=0.2, reduction='none')", "cross_entropy(f(5), i((), 5))", "cross_entropy(f(2, 5, 3), i((2, 3), 5))", "cross_entropy(f(4, 5, lo=-1000, hi=1000), i((4,), 5))", "cross_entropy(f(4, 5), i((4,), 5), ignore_index=1, label_smoothing=0.1)"}};
};

struct NllLoss : Structural {
  static constexpr OpInfo info{.name = "nll_loss", .formula = "-x at the label", .vjp = "-g at the label",
                               .samples = {"nll_loss(f(4, 5), i((4,), 5))", "nll_loss(f(4, 5), i((4,), 5), reduction='none')", "nll_loss(f(5), i((), 5), reduction='sum')", "nll_loss(f(4, 5), i((4,), 5), ignore_index=2)"}};
};

struct BinaryCrossEntropyWithLogits : Structural {
  static constexpr OpInfo info{.name = "binary_cross_entropy_with_logits", .formula = "ln(1 + e^x) - x t", .vjp = "g (sigmoid x - t)",
                               .samples = {"binary_cross_entropy_with_logits(f(3, 4), f(3, 4, lo=0, hi=1))", "binary_cross_entropy_with_logits(f(3, 4, lo=-1000, hi=1000), f(3, 4, lo=0, hi=1), reduction='sum')", "binary_cross_entropy_with_logits(f(3, 4), f(3, 4, lo=0, hi=1), reduction='none')"}};
};

struct HingeLoss : Structural {
  static constexpr OpInfo info{.name = "hinge_loss", .formula = "max(0, margin - t x)", .vjp = "margin > t x ? -g t : 0", .gradient = Gradient::Kinked, .analytic = false,
                               .samples = {"hinge_loss(f(3, 4), f(3, 4))", "hinge_loss(f(3, 4), f(3, 4), reduction='sum', margin=0.5)", "hinge_loss(f(3, 4), f(3, 4), reduction='none')"}};
};

struct GaussianLogProb : Structural {
  static constexpr OpInfo info{.name = "gaussian_log_prob", .formula = "-(v - m)²/(2 s²) - ln s - ln(2π)/2", .vjp = "g (m - v)/s², ...",
                               .samples = {"gaussian_log_prob(f(3, 4), f(4), f(3, 1, lo=0.5, hi=2))", "gaussian_log_prob(f(3), f(3), f(3, lo=0.5, hi=2))", "gaussian_log_prob(f(0, 2), f(2), f(1, lo=0.5, hi=2))"}};
};

using StructuralOps = OpList<Sum, Mean, Max, Min, MaxDim, MinDim, Amax, Amin, Prod, Var, Std, Norm, LogSumExp, ArgMax, ArgMin, Any, All, CumSum, CumProd, Sort, TopK, Softmax, LogSoftmax, Matmul, Dot, Outer, Einsum, Linear, Reshape, View, Flatten, Transpose, Permute, Squeeze, Unsqueeze, Expand, Cat, Stack, Split, MaskedFill, Tril, Triu, IndexSelect, Slice, Take, Gather, PutAdd, Narrow, Embedding, MseLoss, L1Loss, HuberLoss, CrossEntropy, NllLoss, BinaryCrossEntropyWithLogits, HingeLoss, GaussianLogProb>;

}  // namespace trigrad
