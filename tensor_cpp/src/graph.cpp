// Recording: the thread's switches, and how a result becomes a node (see graph.hpp).

#include <trigrad/tensor/graph.hpp>
#include <trigrad/tensor/internal.hpp>
#include <trigrad/tensor/ops.hpp>
#include <trigrad/tensor/pool.hpp>

#include <algorithm>
#include <cmath>

namespace trigrad {
namespace {

std::string (*call_site_provider)() = nullptr;

std::uint32_t this_thread() {
  static std::atomic<std::uint32_t> threads{0};
  if (thread_state.number == 0) thread_state.number = threads.fetch_add(1, std::memory_order_relaxed) + 1;
  return thread_state.number;
}

}  // namespace

void refuse_other_thread(std::string_view op) {
  throw ThreadError(std::string(op) +
                    ": this graph belongs to another thread, the one that recorded it; detach() "
                    "shares values across threads");
}

void set_call_site_provider(std::string (*provider)()) { call_site_provider = provider; }

std::string call_site() { return call_site_provider ? call_site_provider() : std::string("a place C++ does not record"); }

bool has_nan(const Tensor& x) {
  return is_floating(x.dtype()) && visit_floating(x.dtype(), [&]<class T>() {
           const Tensor flat = contiguous_data(x);
           const T* data = flat.data<T>();
           for (std::int64_t k = 0; k < flat.numel(); ++k)
             if (std::isnan(data[k])) return true;
           return false;
         });
}

void check_output(const Tensor& z, std::string_view op, std::span<const Tensor* const> inputs) {
  if (has_nan(z) && std::none_of(inputs.begin(), inputs.end(), [](const Tensor* x) { return has_nan(*x); }))
    throw AnomalyError("detect_anomaly: " + std::string(op) + " gave NaN in its output, called at " + call_site());
}

void record(Tensor& z, const OpRow& row, std::span<const Tensor* const> inputs, const void* attrs) {
  if (!thread_state.recording && !mutant("no_grad.ignored")) return;
  unsigned tracked = 0;
  Saved saves = Saved::Nothing;  // what the rules of the inputs that want a gradient read
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (inputs[k]->requires_grad()) {
      tracked |= input_bit(k);
      if (k < row.info->saves.size()) saves = saves | row.info->saves[k];
      else saves = saves | row.info->saves.back();  // of a Function with many inputs: all are alike
      check_owner(*inputs[k]->cell(), row.info->name);
    }
  if (tracked == 0) return;
  if (mutant("saves.everything")) saves = Saved::X | Saved::Y | Saved::Z;
  if (capture::recording())
    capture::refuse(std::string(row.info->name) + ", a Function of your own, was called", "write it in terms of the engine's operations");

  Cell& node = *z.cell();
  node.requires_grad = true;
  node.weak = false;
  node.op = &row;
  node.thread = this_thread();
  node.created = ++thread_state.nodes_created;
  node.input_count = static_cast<std::uint32_t>(inputs.size());
  Cell** edges = node.inputs.few;
  unsigned held = 0;
  if (inputs.size() > kInlineInputs) edges = node.inputs.many = static_cast<Cell**>(pool_take(inputs.size() * sizeof(Cell*)));
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    Cell* input = inputs[k]->cell();
    const bool saved = saves_input(saves, k);
    // A structural rule may ask for an input's shape, so it keeps them all; an elementwise one needs those it reads.
    edges[k] = saved || input->requires_grad || !row.kernels ? input : nullptr;
    if (!edges[k]) continue;
    if (k >= kInlineInputs && !input->requires_grad) {  // they share a bit: one that may require a gradient later stays apart
      release(edges[k] = inputs[k]->detach().detach_ownership(), kHold);
      continue;
    }
    retain(input, saved ? kRef | kHold : kRef);
    if (saved) {
      held |= 1u << k;
      node.saved_version[k] = inputs[k]->version() + (mutant("version.of_the_future") ? 1 : 0);
    }
  }
  node.inputs_saved = held & 15u;
  node.inputs_tracked = tracked & 15u;
  if (saves_output(saves)) {
    node.holds_itself = true;
    retain(&node, kHold);
    node.saved_version[kInlineInputs] = z.version();
  }
  if (row.attrs_bytes > 0) {
    void* to = node.attrs;
    if (row.attrs_bytes > sizeof(node.attrs)) {
      to = pool_take(row.attrs_bytes);
      std::memcpy(node.attrs, &to, sizeof(to));
    }
    if (row.attrs_bytes == sizeof(node.attrs)) std::memcpy(to, attrs, sizeof(node.attrs));  // most of them, without a call
    else std::memcpy(to, attrs, row.attrs_bytes);
  }
  if (thread_state.anomaly) {
    if (!node.extra) node.extra = new Extra;
    node.extra->call_site = call_site();
  }
}

}  // namespace trigrad
