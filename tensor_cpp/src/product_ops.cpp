// Products: matmul and linear are nodes; dot, outer and einsum are written in terms of other ops.

#include "gemm.hpp"

#include <trigrad/tensor/ops.hpp>
#include <trigrad/tensor/structural.hpp>

#include <algorithm>
#include <map>

namespace trigrad {
namespace {

void same_dtype(std::string_view op, const Tensor& x, const Tensor& y) {
  if (x.dtype() != y.dtype())
    throw DTypeError(std::string(op) + ": dtypes " + std::string(name_of(x.dtype())) + " and " + std::string(name_of(y.dtype())) +
                     " differ; convert one with .to()");
}

// The last two axes as a matrix: as they lie when one of them is contiguous, else as a copy. `keep` owns the copy.
template <class T>
Matrix<T> matrix_of(const Tensor& x, std::int64_t offset, Tensor& keep) {
  const auto strides = x.cell()->strides();
  const std::size_t n = strides.size();
  const std::int64_t rows = x.size(-2), columns = x.size(-1);
  const std::int64_t row_step = strides[n - 2], column_step = strides[n - 1];
  if ((column_step == 1 || columns <= 1) && (row_step >= columns || rows <= 1)) return {x.data<T>() + offset, std::max(row_step, std::int64_t{1}), false};
  if ((row_step == 1 || rows <= 1) && (column_step >= rows || columns <= 1)) return {x.data<T>() + offset, std::max(column_step, std::int64_t{1}), true};
  keep = Tensor(empty({rows, columns}, x.dtype()));
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c) keep.data<T>()[r * columns + c] = x.data<T>()[offset + r * row_step + c * column_step];
  return {keep.data<T>(), columns, false};
}

// x (..., M, K) · y (..., K, N), the leading axes broadcast: z (..., M, N)
template <class T>
void multiply(const Tensor& x, const Tensor& y, const Tensor& z) {
  const std::int64_t M = x.size(-2), K = x.size(-1), N = y.size(-1);
  Dims batch = z.shape();
  batch.erase(batch.size() - 1);
  batch.erase(batch.size() - 1);
  const auto batch_strides = [&](const Tensor& t) {
    Dims strides = Dims::filled(batch.size(), 0);
    const int shift = z.ndim() - t.ndim();
    for (int k = 0; k < t.ndim() - 2; ++k)
      if (t.size(k) != 1) strides[k + shift] = t.cell()->strides()[static_cast<std::size_t>(k)];
    return strides;
  };
  const Dims x_steps = batch_strides(x), y_steps = batch_strides(y);
  for (std::int64_t b = 0; b < batch.product(); ++b) {
    std::int64_t x_offset = 0, y_offset = 0, rest = b;
    for (int k = batch.size() - 1; k >= 0; --k) {
      x_offset += rest % batch[k] * x_steps[k];
      y_offset += rest % batch[k] * y_steps[k];
      rest /= batch[k];
    }
    Tensor keep_x, keep_y;
    gemm(matrix_of<T>(x, x_offset, keep_x), matrix_of<T>(y, y_offset, keep_y), z.data<T>() + b * M * N, M, N, K);
  }
}

Dims leading(const Dims& shape) { return Dims(std::span(shape.begin(), static_cast<std::size_t>(shape.size() - 2))); }

}  // namespace

Tensor Matmul::forward(const Tensor& x, const Tensor& y, const Attrs&) {
  Dims shape = broadcast("matmul", leading(x.shape()), leading(y.shape()));
  shape.push_back(x.size(-2));
  shape.push_back(y.size(-1));
  const bool real = is_floating(x.dtype());
  // Integers go through double: exact up to 2^53, which no index or mask exceeds.
  const Tensor a = real ? x : to_dtype(x, DType::Float64), b = real ? y : to_dtype(y, DType::Float64);
  Tensor z = empty(shape, a.dtype());
  visit_floating(a.dtype(), [&]<class T>() { multiply<T>(a, b, z); });
  return real ? z : to_dtype(z, DType::Int64);
}
Tensor Matmul::gx(const Tensor& g, const Tensor&, const Tensor& y, const Tensor&, const Attrs&) {
  return matmul(g, transpose(y, -1, -2));
}
Tensor Matmul::gy(const Tensor& g, const Tensor& x, const Tensor&, const Tensor&, const Attrs&) {
  return matmul(transpose(x, -1, -2), g);
}

Tensor matmul(const Tensor& x, const Tensor& y) {
  same_dtype("matmul", x, y);
  if (x.ndim() == 0 || y.ndim() == 0)
    throw ShapeError("matmul: shapes " + to_string(x.shape()) + " and " + to_string(y.shape()) + " do not multiply: both need at least one dim");
  const std::int64_t inner = y.size(y.ndim() == 1 ? 0 : -2);
  if (x.size(-1) != inner)
    throw ShapeError("matmul: shapes " + to_string(x.shape()) + " and " + to_string(y.shape()) + " do not multiply: inner sizes " +
                     std::to_string(x.size(-1)) + " and " + std::to_string(inner) + " differ");
  // A 1-D operand is a row on the left, a column on the right, and its axis is dropped from the result.
  Tensor z = apply_op<Matmul>({}, x.ndim() == 1 ? unsqueeze(x, 0) : x, y.ndim() == 1 ? unsqueeze(y, 1) : y);
  if (y.ndim() == 1) z = squeeze(z, -1);
  if (x.ndim() == 1) z = squeeze(z, y.ndim() == 1 ? -1 : -2);
  return z;
}

Tensor dot(const Tensor& x, const Tensor& y) {
  same_dtype("dot", x, y);
  if (x.ndim() != 1 || y.ndim() != 1 || x.size(0) != y.size(0))
    throw ShapeError("dot: needs two 1-D tensors of one length, not " + to_string(x.shape()) + " and " + to_string(y.shape()));
  return sum(x * y);
}

Tensor outer(const Tensor& x, const Tensor& y) {
  if (x.ndim() != 1 || y.ndim() != 1)
    throw ShapeError("outer: needs two 1-D tensors, not " + to_string(x.shape()) + " and " + to_string(y.shape()));
  return unsqueeze(x, 1) * unsqueeze(y, 0);
}

namespace {
// With an activation the rules read the output, too.
struct ActivatedLinear : Linear {
  static constexpr OpInfo info = [] {
    OpInfo with_output = Linear::info;
    with_output.saves = {Y | Z, X | Z, Z};
    return with_output;
  }();
};

// input (..., I) as (B, I) · weight (O, I) transposed + bias (O), then the activation: z (..., O)
Tensor linear_forward(const Tensor& input, const Tensor& weight, const Tensor* bias, Activation activation) {
  Dims shape = input.shape();
  shape[shape.size() - 1] = weight.size(0);
  const Tensor rows = reshape(input, {input.numel() / std::max<std::int64_t>(weight.size(1), 1), weight.size(1)});
  Tensor z = matmul(rows, transpose(weight, 0, 1));
  if (bias) z = z + *bias;
  switch (activation) {
    case Activation::None: break;
    case Activation::Relu: z = relu(z); break;
    case Activation::Tanh: z = tanh(z); break;
    case Activation::Sigmoid: z = sigmoid(z); break;
  }
  Tensor result = empty(shape, z.dtype());
  copy_elements(reshape(z, shape), result);
  return result;
}
}  // namespace

Tensor Linear::forward(const Tensor& input, const Tensor& weight, const Attrs& at) {
  return linear_forward(input, weight, nullptr, at.activation);
}
Tensor Linear::forward(const Tensor& input, const Tensor& weight, const Tensor& bias, const Attrs& at) {
  return linear_forward(input, weight, &bias, at.activation);
}

void Linear::vjp(Cell& node, const Tensor& g, Tensor* gradients) {
  const Tensor input = input_of(node, 0), weight = input_of(node, 1), z = Tensor::alias(&node);
  Tensor h = g;  // the gradient before the activation
  switch (attrs_of<Attrs>(node).activation) {
    case Activation::None: break;
    case Activation::Relu: h = where(z <= like(z, 0), like(g, 0), g); break;
    case Activation::Tanh: h = g * (like(z, 1) - z * z); break;
    case Activation::Sigmoid: h = g * (z * (like(z, 1) - z)); break;
  }
  const std::int64_t I = weight.size(1), O = weight.size(0);
  const std::int64_t B = input.numel() / std::max<std::int64_t>(I, 1);
  const Tensor rows = reshape(h, {B, O});
  if (wants_gradient(node, 0)) gradients[0] = reshape(matmul(rows, weight), input.shape());
  if (wants_gradient(node, 1)) gradients[1] = matmul(transpose(rows, 0, 1), reshape(input, {B, I}));
  if (node.input_count > 2 && wants_gradient(node, 2)) gradients[2] = sum(rows, {0});
}

Tensor linear(const Tensor& input, const Tensor& weight, const Tensor& bias, Activation activation) {
  same_dtype("linear", input, weight);
  if (bias.defined()) same_dtype("linear", input, bias);
  if (weight.ndim() != 2) throw ShapeError("linear: weight must be 2-D (out, in), not " + to_string(weight.shape()));
  if (input.ndim() == 0 || input.size(-1) != weight.size(1))
    throw ShapeError("linear: input is " + to_string(input.shape()) + " but weight is " + to_string(weight.shape()) + ", which takes " +
                     std::to_string(weight.size(1)) + " features" +
                     (input.ndim() == 0 ? std::string() : ": " + std::to_string(input.size(-1)) + " and " + std::to_string(weight.size(1)) + " differ"));
  if (bias.defined() && !(bias.shape() == Dims{weight.size(0)}))
    throw ShapeError("linear: bias is " + to_string(bias.shape()) + " but weight is " + to_string(weight.shape()) + ", which gives " +
                     std::to_string(weight.size(0)) + " features");
  const auto record_as = [&]<class Op>(Op) {
    return bias.defined() ? apply_op<Op>({activation}, input, weight, bias) : apply_op<Op>({activation}, input, weight);
  };
  return activation == Activation::None ? record_as(Linear{}) : record_as(ActivatedLinear{});
}

namespace {

using Letters = std::string;  // one per axis; an ellipsis has become capital letters from A on

struct Equation {
  std::vector<Letters> inputs;
  Letters output;
};

[[noreturn]] void bad_equation(std::string_view equation, const std::string& why) {
  throw ValueError("einsum: '" + std::string(equation) + "': " + why);
}

// Replaces "..." by as many capital letters as it covers axes, right-aligned so that they broadcast.
Letters expand_ellipsis(std::string_view equation, const Letters& term, int covered, int widest) {
  const auto at = term.find("...");
  if (at == Letters::npos) return term;
  if (term.find('.', at + 3) != Letters::npos) bad_equation(equation, "more than one ellipsis in a term");
  Letters axes;
  for (int k = widest - covered; k < widest; ++k) axes += static_cast<char>('A' + k);
  return term.substr(0, at) + axes + term.substr(at + 3);
}

Equation parse_equation(std::string_view equation, std::span<const Tensor> operands) {
  Letters text;
  for (const char c : equation)
    if (c != ' ') text += c;
  const auto arrow = text.find("->");
  Equation parsed;
  Letters left = text.substr(0, arrow);
  for (std::size_t start = 0; start <= left.size();) {
    const auto comma = std::min(left.find(',', start), left.size());
    parsed.inputs.push_back(left.substr(start, comma - start));
    start = comma + 1;
  }
  if (parsed.inputs.size() != operands.size())
    bad_equation(equation, "it names " + std::to_string(parsed.inputs.size()) + " operands, but " + std::to_string(operands.size()) + " were given");
  std::vector<int> covered;
  int widest = 0;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    const Letters& term = parsed.inputs[k];
    const bool dots = term.find("...") != Letters::npos;
    const int named = static_cast<int>(term.size()) - (dots ? 3 : 0);
    const int rest = operands[k].ndim() - named;
    if (rest < 0 || (rest > 0 && !dots))
      bad_equation(equation, "operand " + std::to_string(k) + " has shape " + to_string(operands[k].shape()) + ", which does not fit '" + term + "'");
    covered.push_back(dots ? rest : 0);
    widest = std::max(widest, covered.back());
  }
  std::map<char, int> uses;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    parsed.inputs[k] = expand_ellipsis(equation, parsed.inputs[k], covered[k], widest);
    for (const char c : parsed.inputs[k]) {
      if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))) bad_equation(equation, std::string("'") + c + "' is not a letter");
      ++uses[c];
    }
  }
  if (arrow != Letters::npos) {
    parsed.output = expand_ellipsis(equation, text.substr(arrow + 2), widest, widest);
  } else {  // implicit output: the ellipsis, then the letters used once, in alphabetical order
    for (int k = 0; k < widest; ++k) parsed.output += static_cast<char>('A' + k);
    for (const auto& [letter, count] : uses)
      if (count == 1 && letter >= 'a') parsed.output += letter;
  }
  for (const char c : parsed.output)
    if (!uses.count(c)) bad_equation(equation, std::string("output letter '") + c + "' is in no operand");
  return parsed;
}

// A letter twice in one term: the diagonal. x (..., n, ..., n, ...) as a strided view is a `take` of the diagonal positions.
Tensor take_diagonals(std::string_view equation, Tensor x, Letters& term) {
  for (std::size_t a = 0; a < term.size(); ++a)
    for (std::size_t b = term.size(); b-- > a + 1;) {
      if (term[a] != term[b]) continue;
      const int i = static_cast<int>(a), j = static_cast<int>(b);
      if (x.size(i) != x.size(j))
        bad_equation(equation, std::string("letter '") + term[a] + "' has sizes " + std::to_string(x.size(i)) + " and " + std::to_string(x.size(j)));
      Dims front, order;
      for (int k = 0; k < x.ndim(); ++k)
        if (k != i && k != j) order.push_back(k);
      order.push_back(i);
      order.push_back(j);
      Letters rest = term;
      rest.erase(b, 1);
      rest.erase(a, 1);
      const std::int64_t n = x.size(i);
      x = permute(x, order);
      Dims merged = x.shape();
      merged.erase(merged.size() - 1);
      merged[merged.size() - 1] = n * n;
      x = slice(reshape(x, merged), -1, 0, n * n, n + 1);
      term = rest + term[a];
      return take_diagonals(equation, x, term);
    }
  return x;
}

// x with its axes in the order of `letters`, size 1 where x lacks the letter.
Tensor align(const Tensor& x, const Letters& term, const Letters& letters) {
  Dims order;
  for (const char c : letters)
    if (const auto at = term.find(c); at != Letters::npos) order.push_back(static_cast<std::int64_t>(at));
  Tensor z = permute(x, order);
  for (std::size_t k = 0; k < letters.size(); ++k)
    if (term.find(letters[k]) == Letters::npos) z = unsqueeze(z, static_cast<std::int64_t>(k));
  return z;
}

Tensor sum_letters(const Tensor& x, Letters& term, const Letters& keep) {
  Dims dims;
  Letters left;
  for (std::size_t k = 0; k < term.size(); ++k) {
    if (keep.find(term[k]) == Letters::npos) dims.push_back(static_cast<std::int64_t>(k));
    else left += term[k];
  }
  term = left;
  return dims.empty() ? x : sum(x, dims);
}

// Two operands at a time, as one batched matrix product: shared letters that are still needed are the batch, shared ones
// that are not are summed.
Tensor contract(const Tensor& x, const Letters& xs, const Tensor& y, const Letters& ys, const Letters& needed, Letters& zs) {
  Letters batch, inner, left, right;
  for (const char c : xs) {
    const bool shared = ys.find(c) != Letters::npos, kept = needed.find(c) != Letters::npos;
    (shared ? (kept ? batch : inner) : left) += c;
  }
  for (const char c : ys)
    if (xs.find(c) == Letters::npos) right += c;
  const auto size_of_letters = [&](const Letters& letters) {
    std::int64_t n = 1;
    for (const char c : letters) {
      const auto in_x = xs.find(c), in_y = ys.find(c);
      n *= std::max(in_x == Letters::npos ? 0 : x.size(static_cast<int>(in_x)), in_y == Letters::npos ? 0 : y.size(static_cast<int>(in_y)));
    }
    return n;
  };
  // Axes of size 1 broadcast (an ellipsis may have them): elementwise product and sum is then the simple way.
  for (const char c : batch + inner)
    if (x.size(static_cast<int>(xs.find(c))) != y.size(static_cast<int>(ys.find(c)))) {
      Letters all = batch + left + right + inner;
      Tensor z = align(x, xs, all) * align(y, ys, all);
      zs = all;
      return sum_letters(z, zs, batch + left + right);
    }
  const std::int64_t B = size_of_letters(batch), M = size_of_letters(left), N = size_of_letters(right), K = size_of_letters(inner);
  const Tensor a = reshape(align(x, xs, batch + left + inner), {B, M, K});
  const Tensor b = reshape(align(y, ys, batch + inner + right), {B, K, N});
  zs = batch + left + right;
  Dims shape;
  for (const char c : zs) shape.push_back(size_of_letters(Letters(1, c)));
  return reshape(matmul(a, b), shape);
}

}  // namespace

Tensor einsum(std::string_view equation, std::span<const Tensor> operands) {
  if (operands.empty()) bad_equation(equation, "it needs at least one operand");
  Equation parsed = parse_equation(equation, operands);
  std::map<char, std::int64_t> sizes;
  std::vector<Tensor> terms;
  for (std::size_t k = 0; k < operands.size(); ++k) {
    same_dtype("einsum", operands[0], operands[k]);
    terms.push_back(take_diagonals(equation, operands[k], parsed.inputs[k]));
    for (std::size_t axis = 0; axis < parsed.inputs[k].size(); ++axis) {
      const std::int64_t size = terms[k].size(static_cast<int>(axis));
      auto& known = sizes.emplace(parsed.inputs[k][axis], size).first->second;
      if (known != size && known != 1 && size != 1)
        bad_equation(equation, std::string("letter '") + parsed.inputs[k][axis] + "' has sizes " + std::to_string(known) + " and " + std::to_string(size));
      known = std::max(known, size);
    }
  }
  Tensor z = terms[0];
  Letters zs = parsed.inputs[0];
  for (std::size_t k = 0; k < terms.size(); ++k) {
    Letters needed = parsed.output;  // by the output and by every later operand
    for (std::size_t later = k + 1; later < terms.size(); ++later) needed += parsed.inputs[later];
    if (k > 0) {
      Letters with = zs;
      Tensor y = sum_letters(terms[k], parsed.inputs[k], needed + with);
      z = contract(z, with, y, parsed.inputs[k], needed, zs);
    }
    z = sum_letters(z, zs, needed);
  }
  return align(z, zs, parsed.output);
}

}  // namespace trigrad
