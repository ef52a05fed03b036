// The graph: how an op is recorded, and how gradients are asked for.
//
// Read before: cell.hpp, row.hpp. The orders are src/orders.cpp, the sweep is src/backward.cpp.
#pragma once

#include <trigrad/tensor/tensor.hpp>
#include <trigrad/thread_variable.hpp>

#include <array>
#include <cstring>
#include <utility>

namespace trigrad {

// What a thread knows of its own graphs. In one place and in sight, because every op asks several times.
struct ThreadState {
  bool recording = true;
  bool anomaly = false;
  std::uint32_t number = 0;  // 1, 2, 3, ...; 0: nobody has asked yet
  std::uint32_t last_run = ~0u;  // the newest of this thread's marks
  std::uint32_t sweep = 0;   // cells marked with this number or a later one take part in the sweep that is running
  std::uint64_t nodes_created = 0;
};
TRIGRAD_NEAR inline constinit thread_local ThreadState thread_state;

// --- recording -----------------------------------------------------------------------------------------------------
inline bool grad_enabled() { return thread_state.recording; }
inline void set_grad_enabled(bool on) { thread_state.recording = on; }

class GradMode {  // sets recording on or off in a scope
 public:
  explicit GradMode(bool on) : before_(std::exchange(thread_state.recording, on)) {}
  ~GradMode() { set_grad_enabled(before_); }
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool before_;
};
struct NoGrad : GradMode {
  NoGrad() : GradMode(false) {}
};

// Makes z, just computed and held by nobody else, the output of an op; nothing happens where no input is tracked.
// `attrs` points to row.attrs_bytes bytes that are copied. ThreadError where an input's graph belongs to another thread.
void record(Tensor& z, const OpRow& row, std::span<const Tensor* const> inputs, const void* attrs);

// GraphError where `name` would change x in place though a graph tracks it, or store a value there whose gradient would
// be lost. Within no_grad everything may be changed.
void refuse_tracked(std::string_view name, const Tensor& x, const Tensor& value);

// Attributes of a node: in the cell where they fit, else in a block of their own.
template <class Attrs>
Attrs& attrs_of(Cell& node) {
  if constexpr (sizeof(Attrs) <= sizeof(node.attrs)) return *reinterpret_cast<Attrs*>(node.attrs);
  else return **reinterpret_cast<Attrs**>(node.attrs);
}

inline unsigned input_bit(std::size_t k) { return 1u << (k < kInlineInputs ? k : kInlineInputs); }

// Whether a rule has to compute the gradient of input k at all. Valid while the sweep visits the node. An input that began
// to require one after the node was recorded gets none: what its rule reads was not saved.
inline bool wants_gradient(const Cell& node, std::size_t k, const Cell* input) {
  if ((node.inputs_tracked & input_bit(k)) == 0 && !(mutant("record.asks_later") && input)) return false;
  return input->requires_grad && input->mark >= thread_state.sweep;
}
inline bool wants_gradient(const Cell& node, std::size_t k) { return wants_gradient(node, k, node.input_cells()[k]); }

inline Tensor input_of(const Cell& node, std::size_t k) { return Tensor::alias(node.input_cells()[k]); }

// A handle that neither counts nor lets go: for cells that somebody else is known to keep meanwhile, as a
// node does its inputs while its rule runs.
class Borrowed {
 public:
  explicit Borrowed(Cell* cell) : tensor_(cell) {}
  ~Borrowed() { tensor_.detach_ownership(); }
  Borrowed(const Borrowed&) = delete;
  Borrowed& operator=(const Borrowed&) = delete;
  const Tensor& operator*() const { return tensor_; }

 private:
  Tensor tensor_;
};

// --- anomalies -----------------------------------------------------------------------------------------------------
inline bool detect_anomaly() { return thread_state.anomaly; }
inline void set_detect_anomaly(bool on) { thread_state.anomaly = on; }
void set_call_site_provider(std::string (*provider)());  // the bindings name the user's Python line
// AnomalyError where z has a NaN that no input had.
void check_output(const Tensor& z, std::string_view op, std::span<const Tensor* const> inputs);

// --- gradients -----------------------------------------------------------------------------------------------------
Order parse_order(std::string_view name);  // ValueError unless "tape", "stack" or "recursive"

// ∂(Σ outputs · grad_outputs)/∂inputs, without touching any .grad. An entry is undefined where the input was not used,
// which is an error unless allow_unused.
std::vector<Tensor> gradients(std::span<const Tensor> outputs, std::span<const Tensor> inputs, std::span<const Tensor> grad_outputs,
                              const BackwardOptions& options, bool allow_unused);

// Sums over the axes that broadcasting stretched, so that x's shape becomes `shape`.
Tensor sum_to(const Tensor& x, const Dims& shape);

}  // namespace trigrad
