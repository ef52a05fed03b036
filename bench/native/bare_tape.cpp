// native.bare_tape: the least that a tape of scalars can do, as a limit for scalar_cpp. Nobody should use it.
//
// It writes the same nodes and sweeps them alike, but asks nothing: not whose the operands are (one of another thread
// would be some number of this one), not whether any of them is a variable (a constant's id is 0, and what flows there
// is never read), not whether there is room (there is, for all that ScalarProgram lets through). What scalar_cpp takes
// longer is the price of its questions.
//
// Read before: scalar.cpp, trigrad/scalar/tape.hpp.
#include "styles.hpp"

#include <cmath>
#include <trigrad/scalar/buffer.hpp>

namespace {
using Id = std::uint32_t;

struct Node {
  Id a, b, c, unused;
  double da, db;  // adjoint[a] += da · g, adjoint[b] += db · g, adjoint[c] += g
};

constexpr Id kFirst = 2;                             // so that `a + 1 == id` never holds for "nothing"
constexpr std::size_t kRoom = std::size_t{1} << 26;  // nodes; memory that nobody writes to costs nothing
Node* node = nullptr;
Id size = kFirst;

struct Value {
  double data = 0;
  Id id = 0;

  Value() = default;
  Value(double constant) : data(constant) {}
  Value(double result, Id a, double da, Id b = 0, double db = 0, Id c = 0) : data(result), id(size) {
    node[size] = {a, b, c, 0, da, db};
    ++size;
  }
};

inline Value mul_add(Value w, Value x, Value c) { return {w.data * x.data + c.data, w.id, x.data, x.id, w.data, c.id}; }
inline Value operator+(Value x, Value y) { return {x.data + y.data, y.id, 1, 0, 0, x.id}; }
inline Value operator-(Value x, Value y) { return {x.data - y.data, y.id, -1, 0, 0, x.id}; }
inline Value operator-(Value x) { return {-x.data, x.id, -1}; }
inline Value operator*(Value x, Value y) { return {x.data * y.data, x.id, y.data, y.id, x.data}; }
inline Value operator/(Value x, Value y) { return {x.data / y.data, x.id, 1 / y.data, y.id, -x.data / (y.data * y.data)}; }
inline Value& operator+=(Value& x, Value y) { return x = x + y; }
inline Value& operator-=(Value& x, Value y) { return x = x - y; }
inline Value& operator*=(Value& x, Value y) { return x = x * y; }
inline Value relu(Value x) { return {x.data > 0 ? x.data : 0, x.id, x.data > 0 ? 1.0 : 0.0}; }
inline Value log(Value x) { return {std::log(x.data), x.id, 1 / x.data}; }
inline Value pow(Value x, double n) { return {std::pow(x.data, n), x.id, n * std::pow(x.data, n - 1)}; }
inline Value exp(Value x) {
  const double z = std::exp(x.data);
  return {z, x.id, z};
}
inline Value tanh(Value x) {
  const double z = std::tanh(x.data);
  return {z, x.id, 1 - z * z};
}
inline Value sqrt(Value x) {
  const double z = std::sqrt(x.data);
  return {z, x.id, 0.5 / z};
}

// Tape::sweep without sums of many terms: its comments say why an adjoint is kept in a register.
void sweep(double* adjoint, Id first, Id root) {
  for (Id i = root; i >= first; --i) {
    double g = adjoint[i];
    while (g != 0 && i >= first) {
      const Id a = node[i].a, b = node[i].b, c = node[i].c;
      const double da = node[i].da, db = node[i].db;
      if (c + 1 == i) {
        adjoint[a] += da * g;
        if (b) adjoint[b] += db * g;
        g = adjoint[--i] += g;
      } else if (a + 1 == i && c + 2 == i && i > first) {
        if (b) adjoint[b] += db * g;
        if (const double gm = adjoint[i - 1] += da * g; gm != 0) {
          const Node& m = node[i - 1];
          const Id ma = m.a, mb = m.b, mc = m.c;
          const double mda = m.da, mdb = m.db;
          adjoint[ma] += mda * gm;
          if (mb) adjoint[mb] += mdb * gm;
          if (mc) adjoint[mc] += gm;
        }
        i -= 2;
        g = adjoint[i] += g;
      } else {
        if (c) adjoint[c] += g;
        adjoint[b] += db * g;
        if (a + 1 != i) {
          adjoint[a] += da * g;
          break;
        }
        g = adjoint[--i] += da * g;
      }
    }
  }
}

class BareTape {
 public:
  using Number = Value;

  explicit BareTape(std::size_t count) : variables_(count) {
    node_.resize(kRoom);
    adjoint_.resize(kRoom);
    node = node_.data();
  }

  std::span<const Value> start(std::span<const double> values) {
    size = kFirst;
    for (Value& variable : variables_) {
      variable.data = values[size - kFirst];
      variable.id = size++;
    }
    return variables_;
  }
  double finish(Value loss) {
    loss_ = loss;
    return loss.data;
  }
  void reverse(std::span<double> gradient) {
    double* const adjoint = adjoint_.data();
    std::fill(adjoint, adjoint + size, 0.0);
    adjoint[loss_.id] = 1;
    sweep(adjoint, kFirst + static_cast<Id>(variables_.size()), loss_.id);
    std::copy(adjoint + kFirst, adjoint + kFirst + gradient.size(), gradient.begin());
  }

  static void affine(std::span<const Value> w, auto x, Value bias, Value& z) {
    for (std::size_t k = 0; k < w.size(); ++k) bias = ::mul_add(w[k], x[k], bias);
    z = bias;
  }
  static void mul_add(Value w, Value x, Value& z) { z = ::mul_add(w, x, z); }
  static void scale_add(Value& z, Value a, Value b) { z = ::mul_add(z, a, b); }
  static void relu(Value& z) { z = ::relu(z); }
  static void relu_node(Value& z) { relu(z); }
  static double value(Value z) { return z.data; }

  native::json counts() const {
    const std::size_t nodes = size - kFirst - variables_.size();
    return {{"nodes", nodes}, {"allocations", 0}, {"bytes_allocated", 0}, {"peak_live_bytes", nodes * (sizeof(Node) + sizeof(double))}};
  }
  static native::json info() { return {{"name", "native.bare_tape"}, {"version", TRIGRAD_VERSION}}; }

 private:
  trigrad::Buffer<Node> node_;
  trigrad::Buffer<double> adjoint_;
  std::vector<Value> variables_;
  Value loss_;
};
}  // namespace

int main(int count, char** words) { return native::serve_style<BareTape>(count, words); }
