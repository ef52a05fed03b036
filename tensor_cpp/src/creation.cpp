// New tensors: constants, sequences, random numbers, copies, conversions.

#include <trigrad/tensor/ops.hpp>
#include <trigrad/tensor/structural.hpp>

#include <algorithm>
#include <cmath>
#include <mutex>

namespace trigrad {

Tensor empty(const Dims& shape, DType dtype) {
  for (const auto size : shape)
    if (size < 0) throw ShapeError("empty: shape " + to_string(shape) + " has a negative size");
  return Tensor(new_cell(dtype, shape));
}

Tensor full(const Dims& shape, double value, DType dtype) {
  Tensor z = empty(shape, dtype);
  visit_dtype(dtype, [&]<class T>() { std::fill_n(z.data<T>(), z.numel(), static_cast<T>(value)); });
  return z;
}
Tensor zeros(const Dims& shape, DType dtype) { return full(shape, 0, dtype); }
Tensor ones(const Dims& shape, DType dtype) { return full(shape, 1, dtype); }

Tensor eye(std::int64_t rows, std::int64_t columns, DType dtype) {
  Tensor z = zeros({rows, columns}, dtype);
  visit_dtype(dtype, [&]<class T>() {
    for (std::int64_t k = 0; k < std::min(rows, columns); ++k) z.data<T>()[k * columns + k] = T{1};
  });
  return z;
}

Tensor arange(double start, double end, double step, DType dtype) {
  if (step == 0 || (end - start) / step < 0)
    throw ValueError("arange: step " + std::to_string(step) + " does not lead from " + std::to_string(start) + " to " +
                     std::to_string(end));
  const auto n = std::max<std::int64_t>(0, static_cast<std::int64_t>(std::ceil((end - start) / step)));
  Tensor z = empty({n}, dtype);
  visit_dtype(dtype, [&]<class T>() {
    for (std::int64_t k = 0; k < n; ++k) z.data<T>()[k] = static_cast<T>(start + static_cast<double>(k) * step);
  });
  return z;
}

Tensor linspace(double start, double end, std::int64_t steps, DType dtype) {
  if (steps < 0) throw ValueError("linspace: steps must not be negative, not " + std::to_string(steps));
  Tensor z = empty({steps}, dtype);
  const double step = steps > 1 ? (end - start) / static_cast<double>(steps - 1) : 0;
  visit_dtype(dtype, [&]<class T>() {
    for (std::int64_t k = 0; k < steps; ++k)  // from both ends, so that the last number is `end` exactly
      z.data<T>()[k] = static_cast<T>(k < steps / 2 || steps == 1 ? start + static_cast<double>(k) * step
                                                                  : end - static_cast<double>(steps - 1 - k) * step);
  });
  return z;
}

Tensor tensor(std::span<const double> values, const Dims& shape, DType dtype) {
  if (static_cast<std::int64_t>(values.size()) != shape.product())
    throw ShapeError("tensor: " + std::to_string(values.size()) + " values do not fit shape " + to_string(shape));
  Tensor z = empty(shape, dtype);
  visit_dtype(dtype,
              [&]<class T>() { std::transform(values.begin(), values.end(), z.data<T>(), [](double v) { return static_cast<T>(v); }); });
  return z;
}
Tensor tensor(std::initializer_list<double> values, const Dims& shape, DType dtype) {
  return tensor(std::span(values.begin(), values.size()), shape, dtype);
}

namespace {
std::vector<std::uint32_t> draw(std::int64_t words, Generator* generator) {
  std::vector<std::uint32_t> drawn(static_cast<std::size_t>(words));
  if (generator) {
    generator->fill(drawn.data(), drawn.size());
  } else {  // the default one is everybody's
    static std::mutex mutex;
    const std::lock_guard lock(mutex);
    default_generator().fill(drawn.data(), drawn.size());
  }
  return drawn;
}
std::uint64_t word64(const std::vector<std::uint32_t>& words, std::int64_t k) {
  const auto i = static_cast<std::size_t>(k);
  return words[2 * i] | static_cast<std::uint64_t>(words[2 * i + 1]) << 32;
}
constexpr double kUnit24 = 1.0 / (1 << 24), kUnit53 = 1.0 / (std::uint64_t{1} << 53);
}  // namespace

Tensor rand(const Dims& shape, DType dtype, Generator* generator) {
  if (capture::recording()) return capture::draw(generator, [=] { return rand(shape, dtype, generator); });
  Tensor z = empty(shape, dtype);
  const std::int64_t n = z.numel();
  if (dtype == DType::Float32) {
    const auto words = draw(n, generator);
    for (std::int64_t k = 0; k < n; ++k)
      z.data<float>()[k] = static_cast<float>(words[static_cast<std::size_t>(k)] >> 8) * static_cast<float>(kUnit24);
  } else if (dtype == DType::Float64) {
    const auto words = draw(2 * n, generator);
    for (std::int64_t k = 0; k < n; ++k) z.data<double>()[k] = static_cast<double>(word64(words, k) >> 11) * kUnit53;
  } else {
    throw DTypeError("rand: needs float32 or float64, not " + std::string(name_of(dtype)));
  }
  return z;
}

// The sum of twelve uniforms, less six: nearly normal (no value beyond ±6), and exact additions only, so that every
// engine and language gets the same bits.
Tensor randn(const Dims& shape, DType dtype, Generator* generator) {
  if (capture::recording()) return capture::draw(generator, [=] { return randn(shape, dtype, generator); });
  if (!is_floating(dtype)) throw DTypeError("randn: needs float32 or float64, not " + std::string(name_of(dtype)));
  Tensor z = empty(shape, dtype);
  const std::int64_t n = z.numel();
  const auto words = draw(12 * n, generator);
  visit_floating(dtype, [&]<class T>() {
    for (std::int64_t k = 0; k < n; ++k) {
      double sum = 0;
      for (std::int64_t i = 12 * k; i < 12 * (k + 1); ++i) sum += static_cast<double>(words[static_cast<std::size_t>(i)] >> 8) * kUnit24;
      z.data<T>()[k] = static_cast<T>(sum - 6);
    }
  });
  return z;
}

Tensor randint(std::int64_t low, std::int64_t high, const Dims& shape, Generator* generator) {
  if (capture::recording()) return capture::draw(generator, [=] { return randint(low, high, shape, generator); });
  if (high <= low) throw ValueError("randint: high must be greater than low, not " + std::to_string(low) + " and " + std::to_string(high));
  Tensor z = empty(shape, DType::Int64);
  const auto words = draw(2 * z.numel(), generator);
  for (std::int64_t k = 0; k < z.numel(); ++k)
    z.data<std::int64_t>()[k] = low + static_cast<std::int64_t>(word64(words, k) % static_cast<std::uint64_t>(high - low));
  return z;
}

Tensor randperm(std::int64_t n, Generator* generator) {
  if (capture::recording()) return capture::draw(generator, [=] { return randperm(n, generator); });
  Tensor z = arange(0, static_cast<double>(n));
  const auto words = draw(2 * std::max<std::int64_t>(n - 1, 0), generator);
  for (std::int64_t i = n - 1; i > 0; --i)  // Fisher-Yates from the end
    std::swap(z.data<std::int64_t>()[i], z.data<std::int64_t>()[word64(words, n - 1 - i) % static_cast<std::uint64_t>(i + 1)]);
  return z;
}

namespace {
struct Clone {
  static constexpr OpInfo info{.name = "clone"};
  using Attrs = NoAttrs;
  static Tensor forward(const Tensor& x, const Attrs&) {
    Tensor z = empty(x.shape(), x.dtype());
    copy_elements(x, z);
    return z;
  }
  static Tensor gx(const Tensor& g, const Tensor&, const Tensor&, const Attrs&) { return g; }
};
struct Cast {
  struct Attrs {
    DType dtype;
  };
  static constexpr OpInfo info{.name = "to"};
  static Tensor forward(const Tensor& x, const Attrs& at) {
    Tensor z = empty(x.shape(), at.dtype);
    copy_elements(x, z);
    return z;
  }
  static Tensor gx(const Tensor& g, const Tensor&, const Tensor&, const Attrs&) { return g; }  // the sweep converts
};
}  // namespace

Tensor clone(const Tensor& x) { return apply_op<Clone>({}, x); }
Tensor contiguous(const Tensor& x) { return x.is_contiguous() ? x : clone(x); }
Tensor contiguous_data(const Tensor& x) {
  if (x.is_contiguous()) return x;
  const NoGrad guard;
  return clone(x);
}
Tensor to_dtype(const Tensor& x, DType dtype) { return x.dtype() == dtype ? x : apply_op<Cast>({dtype}, x); }

}  // namespace trigrad
