// The sweep: from the outputs back to the leaves.
//
// It walks a list of nodes in which every node comes before all nodes that it was computed from (orders.cpp): it takes the
// gradient gathered at a node, asks the op's rules for the gradients of its inputs and adds those to what the inputs have
// gathered so far.
//
// Read before: cell.hpp, graph.hpp, orders.cpp.

#include "orders.hpp"

#include <trigrad/tensor/ops.hpp>

#include <algorithm>

namespace trigrad {
namespace {

[[noreturn]] TRIGRAD_COLD void refuse_changed(const Cell& node, const Cell& saved, std::uint32_t then) {
  throw GraphError("backward: a tensor of shape " + to_string(Dims(saved.sizes())) + " that " + std::string(node.op->info->name) +
                   " saved was changed in place: it had version " + std::to_string(then) + " and now has " +
                   std::to_string(saved.storage->version.get()) + "; clone it before the change");
}

// Everything that can be wrong is found here, before any gradient moves.
void check_operations(std::span<Cell* const> operations) {
  for (const Cell* cell : operations) {
    check_owner(*cell, "backward");
    if (cell->freed)
      throw GraphError(
          "backward: this graph was already freed by an earlier backward; pass retain_graph=True to the "
          "first one");
    const auto check_version = [cell](const Cell& saved, std::uint32_t then) {
      if (saved.storage->version.get() != then && !mutant("version.not_checked")) refuse_changed(*cell, saved, then);
    };
    for_each_saved(*cell, [&](std::size_t k) { check_version(*cell->input_cells()[k], cell->saved_version[k]); });
    if (cell->holds_itself && !mutant("version.of_output_not_checked")) check_version(*cell, cell->saved_version[kInlineInputs]);
  }
}

#ifdef TRIGRAD_MUTANTS
// The planted faults `node.OP.INPUT.FAULT` (mutants.hpp).
void spoil(const Cell& cell, const Tensor& g, std::span<Tensor> gradients) {
  for (std::size_t k = 0; k < gradients.size(); ++k)
    if (gradients[k].defined() && mutant_of("node", cell.op->info->name, static_cast<int>(k)))
      gradients[k] =
          active_mutant().fault == "missing" ? Tensor() : spoiled(gradients[k], gradients[k].shape() == g.shape() ? g : gradients[k]);
}
#else
void spoil(const Cell&, const Tensor&, std::span<Tensor>) {}
#endif

// [sweep]
class Sweep {
 public:
  Sweep(std::span<const Tensor> outputs, const BackwardOptions& options, bool into_leaves)
      : found_(nodes_below(outputs, options.order)), options_(options), into_leaves_(into_leaves), unvisited_(found_.operations.size()) {
    check_operations(found_.operations);
    for (const Sweep* outer = innermost_; outer; outer = outer->outer_)  // that one has let go of values we would need
      for (const Cell* cell : outer->found_.operations)
        if (cell->mark == found_.run) throw GraphError("backward: a hook called backward on the graph that is being swept");
    outer_ = std::exchange(innermost_, this);
    outer_run_ = std::exchange(thread_state.sweep, found_.run);
    if (mutant("graph.never_freed")) retain_ = true;
    // A hook may have called us in the middle of another sweep: what that one has gathered at shared leaves waits here.
    for (Cell* leaf : found_.leaves)
      if (leaf->slot) waiting_.emplace_back(leaf, std::exchange(leaf->slot, nullptr));
  }

  ~Sweep() {  // also on the way out of an exception: no half-gathered gradient stays behind
    thread_state.sweep = outer_run_;
    innermost_ = outer_;
    const std::span<Cell*> operations = found_.operations;
    for (Cell* cell : operations.first(unvisited_)) drop_gathered(*cell);
    for (Cell* leaf : found_.leaves) drop_gathered(*leaf);
    for (auto& [cell, slot] : waiting_) cell->slot = slot;
    if (retain_) return;
    // Inputs first: a node is touched no more once what was computed from it lets go.
    for (Cell* cell : operations.subspan(unvisited_)) free_graph(cell);
  }
  Sweep(const Sweep&) = delete;
  Sweep& operator=(const Sweep&) = delete;

  // Marks the cells on the way to one of `inputs` with a number of their own; the others get no gradient work.
  void restrict_to(std::span<const Tensor> inputs) {
    thread_state.sweep = next_run();
    for (const Tensor& input : inputs) {
      targets_.push_back(input.cell());
      input.cell()->mark = thread_state.sweep;
    }
    for (Cell* cell : found_.operations)
      for (const Cell* input : cell->input_cells())
        if (input && input->mark == thread_state.sweep) cell->mark = thread_state.sweep;
    captured.resize(inputs.size());
  }

  void seed(const Tensor& output, Tensor gradient) { add(output.cell(), std::move(gradient)); }

  void run() {
    while (unvisited_ > 0) {
      Cell* cell = found_.operations[--unvisited_];
      Tensor g(std::exchange(cell->slot, nullptr));
      if (g.defined() && cell->mark >= thread_state.sweep) {
        deliver(*cell, g);
        if (cell->op->hands_on) hand_on(*cell, g);
        else pass_on(*cell, g);
      }
      if (!retain_) release_saved(cell);  // memory falls while the sweep goes on
    }
    for (Cell* leaf : found_.leaves) {
      Tensor g(std::exchange(leaf->slot, nullptr));
      if (!g.defined() || leaf->mark < thread_state.sweep) continue;
      deliver(*leaf, g);
      if (into_leaves_ || mutant("grad.fills_leaves")) leaf->slot = g.detach_ownership();
    }
    // Nothing can fail any more: until here nobody's .grad has changed.
    for (auto& [cell, g] : finished_) accumulate_grad(*cell, std::move(g));
    for (Cell* leaf : found_.leaves)
      if (Tensor g(std::exchange(leaf->slot, nullptr)); g.defined()) accumulate_grad(*leaf, std::move(g));
  }

  std::vector<Tensor> captured;  // under restrict_to: the gradient of each input

 private:
  // Shows the complete gradient to hooks, which may replace it.
  TRIGRAD_COLD static void call_hooks(const Extra& extra, Tensor& g) {
    const auto hooks = extra.hooks;  // a hook may remove itself
    for (const auto& [number, hook] : hooks) {
      Tensor replaced = hook(g);
      if (mutant("hook.called_twice")) hook(g);
      if (!replaced.defined() || mutant("hook.result_ignored")) continue;
      if (!same_sizes(replaced, g))
        throw ShapeError("hook: it returned shape " + to_string(replaced.shape()) + " for a gradient of shape " + to_string(g.shape()));
      if (replaced.cell()->weak) replaced = to_dtype(replaced, g.dtype());  // a plain number
      if (replaced.dtype() != g.dtype())
        throw DTypeError("hook: it returned dtype " + std::string(name_of(replaced.dtype())) + " for a gradient of dtype " +
                         std::string(name_of(g.dtype())));
      g = std::move(replaced);
    }
  }

  // Keeps the complete gradient where somebody asked for it.
  void deliver(Cell& cell, Tensor& g) {
    if (cell.extra) call_hooks(*cell.extra, g);
    for (std::size_t k = 0; k < targets_.size(); ++k)
      if (targets_[k] == &cell) captured[k] = g;
    const bool kept = into_leaves_ && cell.retain_grad && !cell.is_leaf() && !mutant("retain_grad.of_none");
    if (kept || mutant("retain_grad.of_all")) finished_.emplace_back(&cell, g);
  }

  static void drop_gathered(Cell& cell) {
    if (Cell* slot = std::exchange(cell.slot, nullptr)) release(slot, kRef | kHold);
  }

  void accumulate_grad(Cell& cell, Tensor g) {
    if (!cell.grad()) {
      Tensor kept = is_ours_alone(g) || mutant("leaf.aliases_gradient") ? std::move(g) : clone(g);
      cell.place_for_grad() = kept.detach_ownership();
      return;
    }
    const Tensor old = Tensor::alias(cell.grad());
    Tensor sum;
    if (mutant("leaf.overwrites")) sum = clone(g);
    else if (options_.create_graph) sum = old + g;
    else sum = add_in_place(old, g) ? old : Tensor(old).add_(g);
    if (!sum.is_same(old)) {
      Tensor dropped(std::exchange(cell.place_for_grad(), sum.detach_ownership()));
    }
  }

  // The gradient of every input is g itself.
  void hand_on(const Cell& cell, const Tensor& g) {
    const auto inputs = cell.input_cells();
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (!wants_gradient(cell, k, inputs[k])) continue;
      if (anomaly_) check_gradient(cell, k, g);
      if (!add_to_gathered(*inputs[k], g)) add(inputs[k], g);
    }
  }

  void pass_on(Cell& cell, const Tensor& g) {
    if (cell.input_count > kInlineInputs) return pass_on_to_many(cell, g);
    Tensor few[kInlineInputs];
    pass_on(cell, g, few);
  }
  TRIGRAD_COLD void pass_on_to_many(Cell& cell, const Tensor& g) {  // cat and Python functions only
    std::vector<Tensor> gradients(cell.input_count);
    pass_on(cell, g, gradients.data());
  }
  void pass_on(Cell& cell, const Tensor& g, Tensor* gradients) {
    const std::span<Cell*> inputs = cell.input_cells();
    if (cell.op->vjp == nullptr) throw GraphError("backward: " + std::string(cell.op->info->name) + " has no rule");
    cell.op->vjp(cell, g, gradients);
    spoil(cell, g, std::span(gradients, inputs.size()));
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (!gradients[k].defined() || !wants_gradient(cell, k, inputs[k])) continue;
      if (anomaly_) check_gradient(cell, k, gradients[k]);
      add(inputs[k], std::move(gradients[k]));
    }
  }
  TRIGRAD_COLD static void check_gradient(const Cell& cell, std::size_t k, const Tensor& gradient) {
    if (has_nan(gradient))
      throw AnomalyError("detect_anomaly: " + std::string(cell.op->info->name) + " gave NaN in the gradient of its input " +
                         std::to_string(k) + "; it was called at " + (cell.extra ? cell.extra->call_site : call_site()));
  }

  // In place, where something is gathered that nobody else can see, and g lies as it does.
  bool add_to_gathered(const Cell& input, const Tensor& g) const {
    if (!input.slot || options_.create_graph || mutant("sweep.subtracts") || mutant("sweep.overwrites")) return false;
    const Borrowed gathered(input.slot);
    return is_ours_alone(*gathered) && add_in_place(*gathered, g);
  }

  // Un-broadcasting and un-promotion happen here, once, for every rule.
  void add(Cell* input, Tensor g) {
    if (!same_sizes(*g.cell(), *input) && !mutant("sweep.does_not_unbroadcast")) g = sum_to(g, Dims(input->sizes()));
    if (g.dtype() != input->dtype && !mutant("sweep.keeps_dtype")) g = to_dtype(g, input->dtype);
    if (add_to_gathered(*input, g)) return;
    if (input->slot) {
      const Tensor gathered(std::exchange(input->slot, nullptr));
      if (mutant("sweep.subtracts")) g = gathered - g;
      else if (!mutant("sweep.overwrites")) g = gathered + g;
    }
    input->slot = g.detach_ownership();
  }

  NodeList found_;
  BackwardOptions options_;
  bool into_leaves_;
  bool anomaly_ = detect_anomaly();
  bool retain_ = options_.retain_graph.value_or(options_.create_graph);
  std::uint32_t outer_run_ = 0;  // of the sweep that called us, if any
  std::size_t unvisited_;        // the operations from here on have been visited
  static inline thread_local const Sweep* innermost_ = nullptr;
  const Sweep* outer_ = nullptr;
  std::vector<Cell*> targets_;
  std::vector<std::pair<Cell*, Cell*>> waiting_;
  std::vector<std::pair<Cell*, Tensor>> finished_;  // gradients of operations, under retain_grad
};
// [/sweep]

Tensor checked_seed(std::string_view name, const Tensor& output, const Tensor& gradient) {
  if (!output.requires_grad())
    throw GraphError(std::string(name) + ": the output does not require grad: nothing it was computed from has requires_grad=True");
  if (!gradient.defined()) {
    if (output.numel() != 1 && !mutant("backward.any_shape"))
      throw GraphError(std::string(name) + ": the output has shape " + to_string(output.shape()) +
                       ", not one element; pass gradient= of "
                       "that shape, or reduce it first (for example with .sum())");
    return ones_of(output);
  }
  if (!same_sizes(gradient, output))
    throw ShapeError(std::string(name) + ": gradient has shape " + to_string(gradient.shape()) + " but the output has shape " +
                     to_string(output.shape()));
  return gradient;
}

}  // namespace

void Tensor::backward(const Tensor& gradient, const BackwardOptions& options) const {
  if (capture::recording()) {
    capture::grad_changes(nullptr);
    return capture::call(std::array<const Tensor*, 2>{this, &gradient}, {},
                         [options](capture::Inputs in, Tensor*) { in[0]->backward(*in[1], options); });
  }
  const Tensor root = *this;  // a hook may drop the caller's handle
  Tensor seed = checked_seed("backward", root, gradient);
  const GradMode mode(options.create_graph && !mutant("create_graph.detached"));
  Sweep sweep({&root, 1}, options, /*into_leaves=*/true);
  sweep.seed(root, std::move(seed));
  sweep.run();
}

namespace {
std::vector<Tensor> noted_gradients(std::span<const Tensor> outputs, std::span<const Tensor> inputs, std::span<const Tensor> grad_outputs,
                                    const BackwardOptions& options, bool allow_unused) {
  std::vector<const Tensor*> all;
  for (const auto list : {outputs, inputs, grad_outputs})
    for (const Tensor& x : list) all.push_back(&x);
  std::vector<Tensor> found(inputs.size());
  const std::size_t m = outputs.size(), n = inputs.size();
  capture::call(all, found, [=](capture::Inputs in, Tensor* out) {
    std::vector<Tensor> now;
    for (const Tensor* x : in) now.push_back(*x);
    const std::span<const Tensor> given = now;
    std::ranges::move(gradients(given.first(m), given.subspan(m, n), given.subspan(m + n), options, allow_unused), out);
  });
  return found;
}
}  // namespace

std::vector<Tensor> gradients(std::span<const Tensor> outputs, std::span<const Tensor> inputs, std::span<const Tensor> grad_outputs,
                              const BackwardOptions& options, bool allow_unused) {
  if (capture::recording()) return noted_gradients(outputs, inputs, grad_outputs, options, allow_unused);
  const std::vector<Tensor> roots(outputs.begin(), outputs.end());  // a hook may drop the caller's handles
  std::vector<Tensor> seeds;
  for (std::size_t k = 0; k < outputs.size(); ++k)
    seeds.push_back(checked_seed("autograd.grad", outputs[k], k < grad_outputs.size() ? grad_outputs[k] : Tensor()));
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (!inputs[k].requires_grad()) throw GraphError("autograd.grad: input " + std::to_string(k) + " does not require grad");
  const GradMode mode(options.create_graph && !mutant("create_graph.detached"));
  Sweep sweep(roots, options, /*into_leaves=*/false);
  sweep.restrict_to(inputs);
  for (std::size_t k = 0; k < outputs.size(); ++k) sweep.seed(roots[k], seeds[k]);
  sweep.run();
  for (std::size_t k = 0; k < inputs.size(); ++k)
    if (!sweep.captured[k].defined() && !allow_unused)
      throw GraphError("autograd.grad: input " + std::to_string(k) +
                       " was not used to compute the outputs; pass allow_unused=True to get None for it");
  return std::move(sweep.captured);
}

}  // namespace trigrad
