// The vector functions against libm in long double: within 4 eps everywhere, right at the edges, the same bits wherever a
// number stands.
//
// They come from libmvec where glibc has it (trigrad/vector_math.hpp), in a version per instruction set, whose authors
// promise 4 units in the last place away from special values. Here they are asked through the engine's own kernels, on
// numbers of all magnitudes. The TSan build has no target_clones, so it runs these tests on the baseline's version.

#include "tensor_testing.hpp"

#include <trigrad/tensor/op_table.hpp>

#include <cmath>
#include <cstdio>
#include <limits>
#include <random>

namespace trigrad::testing {
namespace {

using Exact = long double (*)(long double);

struct Function {
  const char* name;
  Exact exact;
  double low, high;  // its domain
};

const double kInf = std::numeric_limits<double>::infinity();
const Function kFunctions[] = {
    {"exp", [](long double x) { return std::exp(x); }, -kInf, kInf},
    {"expm1", [](long double x) { return std::expm1(x); }, -kInf, kInf},
    {"log", [](long double x) { return std::log(x); }, 0, kInf},
    {"log1p", [](long double x) { return std::log1p(x); }, -1, kInf},
    {"log2", [](long double x) { return std::log2(x); }, 0, kInf},
    {"log10", [](long double x) { return std::log10(x); }, 0, kInf},
    {"sin", [](long double x) { return std::sin(x); }, -kInf, kInf},
    {"cos", [](long double x) { return std::cos(x); }, -kInf, kInf},
    {"tan", [](long double x) { return std::tan(x); }, -kInf, kInf},
    {"asin", [](long double x) { return std::asin(x); }, -1, 1},
    {"acos", [](long double x) { return std::acos(x); }, -1, 1},
    {"atan", [](long double x) { return std::atan(x); }, -kInf, kInf},
    {"sinh", [](long double x) { return std::sinh(x); }, -kInf, kInf},
    {"cosh", [](long double x) { return std::cosh(x); }, -kInf, kInf},
    {"tanh", [](long double x) { return std::tanh(x); }, -kInf, kInf},
    {"asinh", [](long double x) { return std::asinh(x); }, -kInf, kInf},
    {"acosh", [](long double x) { return std::acosh(x); }, 1, kInf},
    {"atanh", [](long double x) { return std::atanh(x); }, -1, 1},
    {"erf", [](long double x) { return std::erf(x); }, -kInf, kInf},
    {"sigmoid", [](long double x) { return 1 / (1 + std::exp(-x)); }, -kInf, kInf},
};

Block kernel(std::string_view name, ComputeType type) {
  for (const NamedRow& row : elementwise_rows())
    if (row.row().info->name == name) return row.row().kernels->forward[type];
  ADD_FAILURE() << "no op " << name;
  return nullptr;
}
template <class T>
constexpr ComputeType kCompute = std::is_same_v<T, float> ? ComputeFloat : ComputeDouble;

// z = f(x, y) by the kernel, x padded to whole blocks
template <class T>
std::vector<T> run(Block block, std::vector<T> x, std::vector<T> y = {}) {
  const std::size_t n = x.size(), whole = (n + kLanes - 1) / kLanes * kLanes;
  x.resize(whole, T{1});
  y.resize(whole, T{1});
  std::vector<T> z(whole);
  const void* in[] = {x.data(), y.data()};
  block({}, in, z.data(), whole);
  z.resize(n);
  return z;
}

// |got - exact| in units of eps · |exact|; below the normal numbers, in units of the smallest subnormal one.
template <class T>
double error_in_eps(T got, long double exact) {
  const auto rounded = static_cast<T>(exact);
  if (std::isnan(rounded) || std::isnan(got)) return std::isnan(rounded) && std::isnan(got) ? 0 : kInf;
  if (got == rounded) return 0;
  constexpr long double most = std::numeric_limits<T>::max();
  if (std::isinf(got)) return (got > 0 ? exact : -exact) >= most * (1 - 4 * std::numeric_limits<T>::epsilon()) ? 0 : kInf;
  if (std::isinf(exact)) return kInf;
  const long double scale = std::max(std::abs(exact), static_cast<long double>(std::numeric_limits<T>::min()));
  return static_cast<double>(std::abs(static_cast<long double>(got) - exact) / (std::numeric_limits<T>::epsilon() * scale));
}

// Half of the numbers spread over all magnitudes, half evenly where most use is; all within [low, high].
template <class T>
std::vector<T> spread(double low, double high, int count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  const double least = std::log2(std::numeric_limits<T>::denorm_min()), most = std::log2(std::numeric_limits<T>::max());
  std::uniform_real_distribution<double> exponent(least, most - 1e-6), near(std::max(low, -30.0), std::min(high, 30.0)), sign(-1, 1);
  std::vector<T> x;
  while (static_cast<int>(x.size()) < count) {
    const double value = x.size() % 2 ? near(random) : std::copysign(std::exp2(exponent(random)), sign(random));
    if (const T rounded = static_cast<T>(value); rounded >= static_cast<T>(low) && rounded <= static_cast<T>(high)) x.push_back(rounded);
  }
  return x;
}

struct Worst {
  double error = 0, x = 0, y = 0;
  void meet(double e, double at_x, double at_y = 0) {
    if (e > error) *this = {e, at_x, at_y};
  }
};

template <class T>
void check_accuracy() {
  for (const Function& f : kFunctions) {
    const std::vector<T> x = spread<T>(f.low, f.high, sized(100'000, 10'000), 1);
    const std::vector<T> z = run(kernel(f.name, kCompute<T>), x);
    const bool is_sigmoid = std::string_view(f.name) == "sigmoid";  // e^-x overflows where the result is subnormal: 0 is right then
    Worst worst;
    for (std::size_t k = 0; k < x.size(); ++k) {
      const long double exact = f.exact(x[k]);
      if (is_sigmoid && z[k] == 0 && exact <= std::numeric_limits<T>::min()) continue;
      worst.meet(error_in_eps(z[k], exact), x[k]);
    }
    EXPECT_LE(worst.error, 4) << f.name << " of " << worst.x << (sizeof(T) == 4 ? "f" : "");
    std::printf("  %-8s float%zu: %.2f eps, at %.17g\n", f.name, 8 * sizeof(T), worst.error, worst.x);
  }
}
TEST(OpsVectorMath, WithinFourEpsInFloat64) { check_accuracy<double>(); }
TEST(OpsVectorMath, WithinFourEpsInFloat32) { check_accuracy<float>(); }

template <class T>
void check_pow() {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> result(-1, 1), sign(-1, 1);
  const double most = std::log2(std::numeric_limits<T>::max());
  std::vector<T> x = spread<T>(std::numeric_limits<T>::denorm_min(), kInf, sized(100'000, 10'000), 3), y;
  for (std::size_t k = 0; k < x.size(); ++k) {
    const double exponent = result(random) * most / std::max(0.01, std::abs(std::log2(static_cast<double>(x[k]))));
    y.push_back(static_cast<T>(k % 4 ? exponent : std::round(exponent)));
    if (k % 4 == 0 && sign(random) < 0) x[k] = -x[k];  // whole powers of negative numbers
  }
  const std::vector<T> z = run(kernel("pow", kCompute<T>), x, y);
  Worst worst;
  for (std::size_t k = 0; k < x.size(); ++k)
    worst.meet(error_in_eps(z[k], std::pow(static_cast<long double>(x[k]), static_cast<long double>(y[k]))), x[k], y[k]);
  EXPECT_LE(worst.error, 4) << "pow of " << worst.x << " and " << worst.y << (sizeof(T) == 4 ? " (float)" : "");
  std::printf("  pow      float%zu: %.2f eps, at %.17g, %.17g\n", 8 * sizeof(T), worst.error, worst.x, worst.y);
}
TEST(OpsVectorMath, PowWithinFourEpsInFloat64) { check_pow<double>(); }
TEST(OpsVectorMath, PowWithinFourEpsInFloat32) { check_pow<float>(); }

// Every number at which a function may change its mind.
template <class T>
std::vector<T> special_numbers() {
  using Limits = std::numeric_limits<T>;
  const T one_below = std::nextafter(T{1}, T{0}), one_above = std::nextafter(T{1}, T{2});
  std::vector<T> x{0,
                   Limits::denorm_min(),
                   3 * Limits::denorm_min(),
                   Limits::min() / 2,
                   Limits::min(),
                   Limits::epsilon(),
                   T{0.5},
                   one_below,
                   1,
                   one_above,
                   2,
                   3,
                   T{1e4},
                   T{1e10},
                   Limits::max() / 2,
                   Limits::max(),
                   Limits::infinity()};
  for (std::size_t k = x.size(); k-- > 0;) x.push_back(-x[k]);
  x.push_back(Limits::quiet_NaN());
  return x;
}

template <class T>
void expect_special(T got, long double exact, const std::string& what) {
  EXPECT_LE(error_in_eps(got, exact), 4) << what << " gave " << got << ", not " << exact;
  EXPECT_TRUE(exact != 0 || got != 0 || std::signbit(got) == std::signbit(exact)) << what << " has the wrong sign of zero";
}

template <class T>
void check_special_values() {
  const std::vector<T> x = special_numbers<T>();
  for (const Function& f : kFunctions) {
    const std::vector<T> z = run(kernel(f.name, kCompute<T>), x);
    for (std::size_t k = 0; k < x.size(); ++k)
      expect_special(z[k], f.exact(x[k]), std::string(f.name) + " of " + std::to_string(x[k]) + " (" + std::to_string(k) + ")");
  }
  std::vector<T> left, right;
  for (const T a : x)
    for (const T b : x) {
      left.push_back(a);
      right.push_back(b);
    }
  const std::vector<T> z = run(kernel("pow", kCompute<T>), left, right);
  for (std::size_t k = 0; k < left.size(); ++k) {
    const long double exact = std::pow(static_cast<long double>(left[k]), static_cast<long double>(right[k]));
    char what[96];
    std::snprintf(what, sizeof what, "pow of %g and %g", static_cast<double>(left[k]), static_cast<double>(right[k]));
    expect_special(z[k], static_cast<T>(exact), what);
  }
}
TEST(OpsVectorMath, RightAtSpecialValuesInFloat64) { check_special_values<double>(); }
TEST(OpsVectorMath, RightAtSpecialValuesInFloat32) { check_special_values<float>(); }

// A loop that calls libm number by number would pass all tests above, five times slower. The two round differently, so
// somewhere among many numbers a bit must differ. Only the release build vectorises.
#if defined(TRIGRAD_HAS_LIBMVEC) && defined(NDEBUG)
TEST(OpsVectorMath, LoopsCallTheVectorForms) {
  const std::vector<float> x = spread<float>(-kInf, kInf, 20'000, 7);
  for (const Function& f : kFunctions) {
    float (*number)(float) = nullptr;
    ElementwiseOps::for_each([&]<class Op>(Op) {
      if constexpr (Op::arity == 1 && Op::info.result == Result::Float && attr_count<Op> == 0)
        if (Op::info.name == f.name) number = [](float at) -> float { return Op::forward(at); };
    });
    ASSERT_NE(number, nullptr) << f.name;
    const std::vector<float> z = run(kernel(f.name, ComputeFloat), x);
    bool differs = false;
    for (std::size_t k = 0; k < x.size() && !differs; ++k) {
      const volatile float one = x[k];  // volatile: keeps this loop itself from being vectorised
      const float scalar = number(one);
      differs = scalar == scalar && scalar != z[k];
    }
    EXPECT_TRUE(differs) << f.name << ": the loop was not vectorised";
  }
}
#endif

// --- the same bits everywhere --------------------------------------------------------------------------------------
template <class T>
bool equal_bits(T a, T b) {
  return std::memcmp(&a, &b, sizeof a) == 0 || (std::isnan(a) && std::isnan(b));
}

Tensor call(std::string_view name, const Tensor& x) {
  for (const NamedRow& row : elementwise_rows())
    if (row.row().info->name == name) {
      const Tensor* in[] = {&x, &x};
      return apply_elementwise(row.row(), {}, std::span(in).first(static_cast<std::size_t>(row.row().arity)));
    }
  throw ValueError("no op " + std::string(name));
}

template <class T>
void check_position(const char* name) {
  // Ordinary numbers among special ones: a lane must not notice its neighbours either.
  std::vector<T> x = spread<T>(-kInf, kInf, 150, 5);
  const std::vector<T> special = special_numbers<T>();
  for (std::size_t k = 0; k < special.size(); ++k) x[4 * k] = special[k];
  const auto n = static_cast<std::int64_t>(x.size());

  std::vector<T> alone;  // each number as a tensor of its own
  for (const T value : x) {
    const Tensor one = full({1}, 0, dtype_of<T>);
    one.data<T>()[0] = value;
    alone.push_back(call(name, one).template data<T>()[0]);
  }
  for (const std::int64_t stride : {1, 2, 3})
    for (const std::int64_t offset : {0, 1, 2, 3, 5, 7, 8, 15, 16}) {
      const Tensor room = zeros({offset + n * stride}, dtype_of<T>);
      for (std::int64_t k = 0; k < n; ++k) room.data<T>()[offset + k * stride] = x[static_cast<std::size_t>(k)];
      for (const std::int64_t first : {0, 1, 4, 9})
        for (const std::int64_t length : {1, 2, 7, 15, 16, 17, 31, 33, 64, 141}) {
          const Tensor part = slice(room, 0, offset + first * stride, offset + (first + length) * stride, stride);
          const Tensor z = contiguous_data(call(name, part));
          for (std::int64_t k = 0; k < z.numel(); ++k)
            ASSERT_TRUE(equal_bits(z.data<T>()[k], alone[static_cast<std::size_t>(first + k)]))
                << name << " of " << x[static_cast<std::size_t>(first + k)] << " at element " << k << " of " << length << ", offset "
                << offset + first << ", stride " << stride << ": " << z.data<T>()[k] << ", alone "
                << alone[static_cast<std::size_t>(first + k)];
        }
    }
}

TEST(OpsVectorMath, BitsDoNotDependOnPosition) {
  for (const Function& f : kFunctions) {
    check_position<double>(f.name);
    check_position<float>(f.name);
  }
  check_position<double>("pow");
  check_position<float>("pow");
}

}  // namespace
}  // namespace trigrad::testing
