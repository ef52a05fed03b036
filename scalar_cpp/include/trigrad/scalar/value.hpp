// Value: a number that remembers how it was computed. micrograd's interface over the tape.
//
//   Value a = leaf(-4), b = leaf(2);
//   Value c = a * b + pow(b, 3);
//   c.backward();                    // a.grad() is ∂c/∂a
//
// A Value made from a number is a constant and is not recorded; leaf(x) is a variable whose gradient is wanted. A Value
// is 16 bytes, copied freely; the graph lives on the tape of the thread (tape.hpp), so it needs no owner. In a loop,
// keep the parameters and forget the rest:
//
//   const auto start = tape().mark();
//   for (...) { tape().rewind(start); ... loss.backward(); ... }
//
// Every op of the list works here through its own formula and rules (op.hpp): the rules, called with g = 1 on plain
// numbers, are the local derivatives that the node stores.
//
// Read before: tape.hpp, ../op.hpp. Read next: nn.hpp.
#pragma once

#include <trigrad/scalar/tape.hpp>

#include <array>
#include <bit>
#include <span>
#include <type_traits>

namespace trigrad {

// ∂Op/∂(input K) at these inputs, whose result is z.
template <class Op, int K>
double partial(const typename Op::Attrs& attrs, std::same_as<double> auto... x_and_z) {
  return static_cast<double>(rule<Op, K>(attrs, 1.0, x_and_z...));
}

class Value {
 public:
  using is_handle = void;

  double data = 0;

  Value() = default;
  Value(double constant) : data(constant) {}  // implicit on purpose: x + 1.0, 2.0 * x
  Value(double result, std::uint32_t owner, NodeId node) : data(result), id_(node), owner_(owner) {}

  double grad() const { return id_ ? recorded_on("grad").adjoint(id_) : 0.0; }
  void set_grad(double grad) { recorded_on("set_grad").set_adjoint(id_, grad); }
  void backward() const { recorded_on("backward").backward(id_); }

  NodeId id() const { return id_; }
  bool is_constant() const { return id_ == 0; }
  explicit operator bool() const { return data != 0; }  // of comparisons, which are constants 0 and 1

  template <class Op>
  [[gnu::always_inline]] static Value apply(const typename Op::Attrs& attrs, Value x) {
    const double z = static_cast<double>(evaluate<Op>(attrs, x.data));
    if constexpr (differentiable<Op>) {
      if (const Place place = place_of(Op::info.name, x.owner_))
        return {z, x.owner_, place.push(op_code<Op>, x.id_, partial<Op, 0>(attrs, x.data, z))};
    }
    return z;
  }

  template <class Op>
  [[gnu::always_inline]] static Value apply(const typename Op::Attrs& attrs, Value x, Value y) {
    const double z = static_cast<double>(evaluate<Op>(attrs, x.data, y.data));
    if constexpr (differentiable<Op>) {
      const std::uint32_t owner = x.owner_ | y.owner_;
      if (const Place place = place_of(Op::info.name, owner)) {
        if constexpr (std::is_same_v<Op, Add>) {
          const NodeId once = mutant("value.add_equals_once") && x.id_ == y.id_ ? 0 : y.id_;
          return {z, owner, place.tape->push_add_at(place.id, x.id_, once)};
        }
        constexpr bool at_hand = std::is_same_v<Op, Mul>;  // asking whether a derivative is wanted would take longer
        const double dx = at_hand || x.id_ ? partial<Op, 0>(attrs, x.data, y.data, z) : 0.0;
        const double dy = at_hand || y.id_ ? partial<Op, 1>(attrs, x.data, y.data, z) : 0.0;
        return {z, owner, place.push(op_code<Op>, x.id_, dx, y.id_, dy)};
      }
    }
    return z;
  }

  template <class Op>  // c chooses and has no derivative
  [[gnu::always_inline]] static Value apply(const typename Op::Attrs& attrs, Value c, Value x, Value y) {
    const double z = static_cast<double>(evaluate<Op>(attrs, c.data, x.data, y.data));
    const std::uint32_t owner = x.owner_ | y.owner_;
    if (const Place place = place_of(Op::info.name, owner)) {
      const double dx = partial<Op, 1>(attrs, c.data, x.data, y.data, z), dy = partial<Op, 2>(attrs, c.data, x.data, y.data, z);
      return {z, owner, place.push(op_code<Op>, x.id_, dx, y.id_, dy)};
    }
    return z;
  }

  // Where an operation's result is recorded: on this thread's tape, as node `id`; nowhere if all operands are constants.
  struct Place {
    Tape* tape;
    std::size_t id;

    explicit operator bool() const { return tape != nullptr; }
    [[gnu::always_inline]] NodeId push(OpCode op, NodeId a, double da, NodeId b = 0, double db = 0, NodeId c = 0) const {
      return tape->push_at(id, op, a, da, b, db, c);
    }
  };

  // For operands with these owner codes, combined. The id is read first, whether it is needed or not: see Tape::push_at.
  [[gnu::always_inline]] static Place place_of(std::string_view caller, std::uint32_t owners) {
    Tape& tape = detail::current_tape;
    const std::size_t id = tape.size();
    if (owners == tape.owner_code()) [[likely]]
      return {&tape, id};
    if (owners != 0) refuse_thread(caller);
    return {nullptr, id};
  }
  std::uint32_t owner() const { return owner_; }

  // Id and owner as one number: for a loop that combines the owners of many operands, it is one instruction an operand.
  std::uint64_t identity() const { return std::bit_cast<std::array<std::uint64_t, 2>>(*this)[1]; }
  static std::uint32_t owners_in(std::uint64_t identities) { return std::bit_cast<std::array<std::uint32_t, 2>>(identities)[1]; }

 private:
  Tape& recorded_on(std::string_view caller) const {
    if (const Place place = place_of(caller, owner_)) return *place.tape;
    throw GraphError(std::string(caller) +
                     ": the output does not require grad: it was computed from constants alone; make variables with leaf()");
  }

  [[noreturn, gnu::noinline, gnu::cold]] static void refuse_thread(std::string_view caller) {
    throw ThreadError(std::string(caller) +
                      ": this graph belongs to another thread, the one that recorded it; detach() shares values across threads");
  }

  NodeId id_ = 0;
  std::uint32_t owner_ = 0;  // the owner code of its tape, 0 for a constant: see Tape::owner_code
};
static_assert(sizeof(Value) == 16 && std::is_trivially_copyable_v<Value> && Handle<Value>);

inline Value leaf(double data) {
  Tape& t = tape();
  return {data, t.owner_code(), t.leaf()};
}

// A variable for each number. They have neighbouring ids: tape().adjoints(to[0].id(), to.size()) are their gradients.
inline void leaves(std::span<const double> data, std::span<Value> to) {
  if (data.size() != to.size())
    throw ShapeError("leaves: there are " + std::to_string(data.size()) + " numbers and places for " + std::to_string(to.size()) +
                     " variables");
  Tape& t = tape();
  NodeId id = t.leaves(data.size());
  const std::uint32_t owner = t.owner_code();
  for (std::size_t k = 0; k < data.size(); ++k) to[k] = {data[k], owner, id++};
}

inline Value like(Value /*x*/, double c) { return c; }
inline Value zeros_of(Value /*x*/) { return 0.0; }

inline Value& operator+=(Value& x, Value y) { return x = x + y; }
inline Value& operator-=(Value& x, Value y) { return x = x - y; }
inline Value& operator*=(Value& x, Value y) { return x = x * y; }
inline Value& operator/=(Value& x, Value y) { return x = x / y; }

// w · x + c as one node: a running sum of these is what the sweep is fastest at.
[[gnu::always_inline]] inline Value mul_add(Value w, Value x, Value c) {
  const double z = w.data * x.data + c.data;
  const std::uint32_t owner = w.owner() | x.owner() | c.owner();
  if (const Value::Place place = Value::place_of("mul_add", owner)) {
    if (mutant("value.mul_add_partials_exchanged")) return {z, owner, place.push(kMulAdd, w.id(), w.data, x.id(), x.data, c.id())};
    return {z, owner, place.push(kMulAdd, w.id(), x.data, x.id(), w.data, c.id())};
  }
  return z;
}

[[noreturn, gnu::noinline, gnu::cold]] inline void refuse_lengths(std::size_t w, std::size_t x) {
  throw ShapeError("dot: needs two 1-D tensors of one length, not (" + std::to_string(w) + ",) and (" + std::to_string(x) + ",)");
}

// bias + Σ w[k] · x[k] as one node. The inputs are Values, or numbers (a row of data), which need no terms.
template <class X>
  requires std::same_as<X, Value> || std::same_as<X, double>
Value dot(std::span<const Value> w, std::span<const X> x, Value bias = 0.0) {
  if (w.size() != x.size()) [[unlikely]]
    refuse_lengths(w.size(), x.size());
  Term* term = tape().reserve_terms(2 * w.size() + 1);
  std::uint64_t seen = bias.identity();
  double z = bias.data;
  for (std::size_t k = 0; k < w.size(); ++k) {
    const Value wk = w[k], xk = x[k];
    z += wk.data * xk.data;
    seen |= wk.identity() | xk.identity();
    *term++ = {mutant("value.dot_weights_get_weights") ? wk.data : xk.data, wk.id(), wk.owner()};
    if constexpr (std::same_as<X, Value>) *term++ = {wk.data, xk.id(), xk.owner()};
  }
  *term = {mutant("value.dot_forgets_bias") ? 0.0 : 1.0, bias.id()};
  const std::size_t count = (std::same_as<X, Value> ? 2 * w.size() : w.size()) + 1;
  const std::uint32_t owner = Value::owners_in(seen);
  if (const Value::Place place = Value::place_of("dot", owner)) return {z, owner, place.tape->push_sum(count)};
  return z;
}

}  // namespace trigrad
