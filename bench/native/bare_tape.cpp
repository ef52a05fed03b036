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
#include <trigrad/scalar/tape.hpp>

namespace {
using trigrad::Node, trigrad::op_code, trigrad::is_zero, trigrad::are_zero;
using Id = trigrad::NodeId;

constexpr Id kFirst = 2;                             // so that `a + 1 == id` never holds for "nothing"
constexpr std::size_t kRoom = std::size_t{1} << 26;  // nodes; memory that nobody writes to costs nothing
Node* node = nullptr;
Id size = kFirst;

struct Value {
  double data = 0;
  Id id = 0;

  Value() = default;
  Value(double constant) : data(constant) {}
  Value(double result, Id a, double da, Id b = 0, double db = 0, Id c = 0, trigrad::OpCode op = trigrad::kForeignOp)
      : data(result), id(size) {
    trigrad::write_node(&node[size], a, b, c, op, da, db);
    ++size;
  }
};

inline Value mul_add(Value w, Value x, Value c) { return {w.data * x.data + c.data, w.id, x.data, x.id, w.data, c.id}; }
inline Value operator+(Value x, Value y) { return {x.data + y.data, y.id, 1, 0, 0, x.id, op_code<trigrad::Add>}; }
inline Value operator-(Value x, Value y) { return {x.data - y.data, y.id, -1, 0, 0, x.id}; }
inline Value operator-(Value x) { return {-x.data, x.id, -1}; }
inline Value operator*(Value x, Value y) { return {x.data * y.data, x.id, y.data, y.id, x.data, 0, op_code<trigrad::Mul>}; }
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
[[gnu::noinline]] void sweep(double* adjoint, Id first, Id root) {
  for (std::size_t i = root; i >= first; --i) {
    double g = adjoint[i];
    if (is_zero(g)) {
      while (i >= first + 4 && are_zero(adjoint + i - 4)) i -= 4;
      continue;
    }
    while (!is_zero(g) && i >= first) {
      const Node& n = node[i];
      if (n.c + 1 == i) {
        adjoint[n.a] += n.da * g;
        if (n.b) adjoint[n.b] += n.db * g;
        g = adjoint[--i] += g;
      } else if (i > first && trigrad::adds_product(node, i) && is_zero(adjoint[i - 1])) {
        const Node& m = node[i - 1];
        adjoint[i - 1] = g;
        adjoint[m.a] += m.da * g;
        if (m.b) adjoint[m.b] += m.db * g;
        i -= 2;
        g = adjoint[i] += g;
      } else {
        if (n.c) adjoint[n.c] += g;
        if (n.b) adjoint[n.b] += n.db * g;
        if (n.a + 1 != i) {
          adjoint[n.a] += n.da * g;
          break;
        }
        g = adjoint[--i] += n.da * g;
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
